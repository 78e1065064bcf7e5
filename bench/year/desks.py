"""What lies on which desk: everything that waits in a case, as its state and rows have it."""

from collections.abc import Iterator

from bench.year.matter import Matter, Task
from bench.year.sideboard import called, claimed, on_the_spot
from domain.assignment import Assignment, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import ClockType
from domain.followup import FollowUpLayer
from domain.incident import IncidentState, Source
from domain.life.guards.review import attempts_at, has_passed, reworks, unhappy
from domain.loop.milestone import undone
from domain.loop.request import ENDINGS, RequestKind
from domain.policy import REWORK_ROUNDS
from domain.supervision import SupervisionLevel
from domain.verification import TaskState

R, S = AssignmentState, IncidentState
MERGEABLE = frozenset({S.DISPATCHED, S.HANDLING, S.RETURN_REVIEW})
# Before filing, and what did not come to it: what waits there, if anything always does.
_UNFILED = {
    S.REPORTED: None,
    S.VERIFYING: "find",
    S.SELF_DONE: "review_self",
    S.MERGED: None,
    S.REJECTED: None,
    S.TRANSFERRED: None,
}
_WORKING = frozenset({S.DISPATCHED, S.HANDLING, S.RETURN_REVIEW, S.HUNG, S.ARBITRATING})


def waiting(matter: Matter, codes: dict[object, str]) -> Iterator[Task]:
    """Every task of the case now; `codes` are those of units."""
    case = matter.case
    if case is None:
        return
    state = case.incident.state
    if case.waiting(*ENDINGS):
        yield Task("decide_ending", mark=len(case.requests))
    elif state.open:
        yield from _endings(matter, case)
    if state.open:
        yield from _cards(matter, case, codes)
        yield from called(matter, case)
    yield from _by_state(matter, case, codes)
    yield from _of_rows(matter, case, codes)
    if state in MERGEABLE and "late_echo" in matter.fates and _may_merge(matter, case):
        yield Task("merge_late")


def _of_rows(matter: Matter, case: Case, codes: dict[object, str]) -> Iterator[Task]:
    state = case.incident.state
    for row in case.assignments:
        if state in _WORKING and row.state.live and row.round == case.incident.round:
            yield from _of_row(matter, case, row, codes[row.org_id])
        if row.role is AssignmentRole.CC and row.state is R.PENDING and state is not S.ARCHIVED:
            yield Task("read", codes[row.org_id], row=row.id)


def _endings(matter: Matter, case: Case) -> Iterator[Task]:
    """Voided and withdrawn matters, at some stage; of those that others were merged into some are voided."""
    state, alone = case.incident.state, not (case.incident.merged_count and matter.number % 2)
    stage = ("REPORTED", "FILED", "DISPATCHED", "HANDLING", "SUBMITTED", "CHECKING", "FOLLOWUP")[
        matter.number % 7
    ]
    if state.value == stage and alone and not case.requests:
        if "void" in matter.fates:
            yield Task("propose_void")
        elif "withdraw" in matter.fates and case.complainants and not case.incident.merged_count:
            yield Task("withdraw")


def _by_state(matter: Matter, case: Case, codes: dict[object, str]) -> Iterator[Task]:
    incident, fates = case.incident, matter.fates
    if incident.state is S.FILED:
        yield from claimed(matter, case)
        yield Task("dispatch", mark=sum(it.type is ClockType.DISPATCH for it in case.clocks))
    elif incident.state is S.ARBITRATING:
        (ruling,) = case.waiting(RequestKind.ARBITRATION)
        for org in ruling.participants:
            yield Task("speak", codes[org], mark=ruling.id)
        yield Task("rule", mark=ruling.id)
    elif incident.state is S.CLOSED and "reopen" in fates and not incident.reopened:
        yield Task("reopen")
    elif incident.state in _UNFILED:
        yield from _before(matter, case)
    else:
        yield from _after_work(matter, case)


def _before(matter: Matter, case: Case) -> Iterator[Task]:
    """Before filing, and what did not come to it."""
    state = case.incident.state
    if state is S.REPORTED:
        yield _intake(matter, case)
    elif state is S.MERGED and "part" in matter.fates:
        yield Task("unmerge")
    elif state in {S.REJECTED, S.TRANSFERRED} and "reinstate" in matter.fates:
        yield Task("reinstate")
    elif waits := _UNFILED[state]:
        yield Task(waits)


def _intake(matter: Matter, case: Case) -> Task:
    times = sum(it.type is ClockType.INTAKE for it in case.clocks)
    if "late_echo" not in matter.fates and _may_merge(matter, case):
        return Task("merge")
    if on_the_spot(matter, case):
        return Task("self_handle")
    if times == 1:
        for name in ("reject", "transfer"):
            if name in matter.fates:
                return Task(name)
    if "verify" in matter.fates and not case.verifications and matter.plan.source is not Source.GRID_PATROL:
        return Task("verify")
    return Task("file", mark=times)


def _may_merge(matter: Matter, case: Case) -> bool:
    """T7: into what is open, or closed not long ago; asked once."""
    master = matter.echo_of.case if matter.echo_of else None
    asked = any(it.kind is RequestKind.MERGE for it in case.requests) or case.waiting(*ENDINGS)
    if master is None or asked or "merge" in matter.dropped:
        return False
    return master.incident.state.open or master.incident.state is S.CLOSED


def _after_work(matter: Matter, case: Case) -> Iterator[Task]:
    incident, fates = case.incident, matter.fates
    round_ = incident.round
    if incident.state is S.SUBMITTED:
        returned = any(it.type is ClockType.SUBMIT_WAIT and it.stopped_at for it in case.clocks)
        if "sloppy" in fates and not returned:
            yield Task("send_back", mark=round_)
        elif "waved" not in fates:
            yield Task("request_check", mark=(round_, returned))
    elif incident.state is S.CHECKING:
        pending = sum(it.state is TaskState.DONE for it in case.verifications)
        if "recuse" in fates and matter.checker is None:
            yield Task("recuse")
            return
        yield Task("close", mark=round_) if has_passed(case) else Task("check", mark=(round_, pending))
    elif incident.state is S.FOLLOWUP:
        yield from _asking(matter, case)


def _asking(matter: Matter, case: Case) -> Iterator[Task]:
    pending = [it for it in case.followups if it.state is TaskState.PENDING]
    for it in pending:
        if it.layer is FollowUpLayer.COMMUNITY:
            yield Task("opinion", mark=it.id)
        else:
            failed = len(attempts_at(case, FollowUpLayer.COMMAND, it.complainant_id))
            yield Task("follow_up", mark=(it.id, failed))
    if pending:
        return
    if not unhappy(case):
        yield Task("close", mark=case.incident.round)
    elif reworks(case) < REWORK_ROUNDS and "unreasonable" not in matter.fates:
        yield Task("rework", mark=case.incident.round)
    elif not case.waiting(RequestKind.ENDING):
        yield Task("propose_unreasonable", mark=case.incident.round)


def _cards(matter: Matter, case: Case, codes: dict[object, str]) -> Iterator[Task]:
    """Cards that wait for a reply, and those a person gives and takes back."""
    open_cards = [it for it in case.supervisions if it.open]
    for card in open_cards:
        rows = [it for it in case.assignments if it.id == card.assignment_id] or list(case.leads)
        if rows and rows[0].state.visible and "unanswered" not in matter.fates:
            yield Task("answer", codes[rows[0].org_id], mark=card.id, row=rows[0].id)
    level = case.incident.supervision_level
    if "card" in matter.fates and level is SupervisionLevel.NONE and not case.supervisions and case.leads:
        yield Task("supervise")
    if "pardon" in matter.fates and open_cards and level is SupervisionLevel.YELLOW:
        yield Task("pardon", mark=len(case.supervisions))


def _of_row(matter: Matter, case: Case, row: Assignment, org: str) -> Iterator[Task]:
    if row.role is AssignmentRole.CC:
        return
    if row.state is R.PENDING and _recalled(matter, case):
        yield Task("recall")
    if row.state is R.PENDING:
        yield Task("return" if _returns(matter, case, row) else "accept", org, row=row.id)
    if "redispatch" in matter.fates and row.role is AssignmentRole.LEAD and _may_move(case, row):
        yield Task("redispatch")
    if row.role is AssignmentRole.SUPPORT:
        if row.state is R.ACCEPTED:
            silent = "release" in matter.fates and matter.hand(org) == "silent"
            yield Task("release" if silent else "help", org, row=row.id)
        return
    if case.running(ClockType.CONTACT, row.id) and row.state is not R.HANG_REQ:
        yield Task("contact", org, row=row.id)
    yield from _of_lead(matter, case, row, org)


def _of_lead(matter: Matter, case: Case, row: Assignment, org: str) -> Iterator[Task]:
    decided = {R.RETURN_REQ: "decide_return", R.EXT_REQ: "decide_extension", R.HANG_REQ: "decide_hang"}
    if row.state is R.RETURN_REQ and case.incident.state is not S.ARBITRATING:
        refers = "refer" in matter.fates and case.incident.state is S.RETURN_REVIEW
        yield Task("refer" if refers else "decide_return", mark=org, row=row.id)
    elif row.state in {R.EXT_REQ, R.HANG_REQ}:
        yield Task(decided[row.state], mark=(org, len(case.requests)), row=row.id)
    elif row.state is R.HUNG:
        yield Task("review_hang", mark=len(case.notes), row=row.id)
        if "silence" not in matter.fates:
            yield Task("report_progress", org, mark=len(case.requests), row=row.id)
    if row.state in {R.ACCEPTED, R.HUNG} and (stages := undone(row.stages)):
        yield Task("stage", org, mark=stages[0].name, row=row.id)
    if row.state is R.HUNG and row.close_hung:
        yield Task("submit", org, mark="hung", row=row.id)
    if row.state is R.ACCEPTED:
        yield from _of_worker(matter, case, row, org)


def _of_worker(matter: Matter, case: Case, row: Assignment, org: str) -> Iterator[Task]:
    asked = {it.kind for it in case.requests if it.assignment_id == row.id}
    extensions = sum(it.kind is RequestKind.EXTENSION and it.assignment_id == row.id for it in case.requests)
    once = "extend" in matter.fates and extensions < (2 if "twice" in matter.fates else 1)
    handling = case.incident.state in {S.HANDLING, S.ARBITRATING}
    if (
        once
        and handling
        and row.on_time_handle is None
        and matter.plan.urgency.value in {"NORMAL", "COMPLEX"}
    ):
        yield Task("extend", org, mark=extensions, row=row.id)
    if "hang" in matter.fates and handling and RequestKind.HANG not in asked and row.first_contact_at:
        yield Task("hang", org, row=row.id)
    if all(it.state is R.REPLIED for it in case.supports) and not undone(row.stages):
        yield Task("submit", org, mark=row.submitted_at, row=row.id)


def _may_move(case: Case, row: Assignment) -> bool:
    """T13b, once, by the director: of work that has begun."""
    moved = any(it.born_by == "T13b" for it in case.assignments)
    there = case.incident.state in {S.HANDLING, S.RETURN_REVIEW, S.HUNG}
    return there and not moved and row.accepted_at is not None


def _recalled(matter: Matter, case: Case) -> bool:
    first = sum(it.type is ClockType.DISPATCH for it in case.clocks) == 1
    return "recall" in matter.fates and first and case.incident.state is S.DISPATCHED


def _returns(matter: Matter, case: Case, row: Assignment) -> bool:
    asked = any(it.org_id == row.org_id for it in case.requests if it.kind is RequestKind.RETURN)
    allowed = row.return_due_at is not None and not row.designated and row.role is AssignmentRole.LEAD
    again = len(case.requests) == 0 or "disputed" in matter.fates
    return "return" in matter.fates and allowed and not asked and again
