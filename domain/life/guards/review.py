"""Guards of checks, follow-ups, closing, rework and merging (domain.md B.3 T7, T26 to T34, B.6 E)."""

from uuid import UUID

from domain.assignment import Assignment, AssignmentState
from domain.calendar import local_day
from domain.case import Case
from domain.complainant import Complainant
from domain.errors import DomainError, ErrorCode
from domain.followup import FollowUp, FollowUpLayer, Satisfaction, Solved
from domain.incident import IncidentState
from domain.loop.request import EndingKind, RequestKind
from domain.person import Role
from domain.policy import REWORK_ROUNDS
from domain.verification import CheckResult, TaskState, Verification, VerificationPhase
from domain.viewer import Viewer

S = IncidentState

DISSATISFIED = frozenset({Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED})
FAILED_ATTEMPTS, ATTEMPT_DAYS = 3, 2  # T31, R29
UNABLE_CHECKS = 2  # T28b
# Rounds that a check or a resident began (T30, T32); rows of before this was written down have no mark at all.
_REWORKS = frozenset({"T30", "T32", None})


def _checks(case: Case) -> tuple[Verification, ...]:
    """The checks of results in this round; verifications before filing are others' (R25)."""
    return tuple(
        v
        for v in case.verifications
        if v.round == case.incident.round and v.phase is VerificationPhase.COMPLETION
    )


def has_passed(case: Case) -> bool:
    """Whether the check of this round has passed."""
    return any(v.result is CheckResult.PASS for v in _checks(case))


def pending_check(case: Case) -> bool:
    """Whether a check of this round waits to be recorded."""
    return any(v.state is TaskState.PENDING for v in _checks(case))


def unhappy(case: Case, round_number: int | None = None) -> bool:
    """Whether an independent follow-up of a round, by default this one, was dissatisfied or unsolved (B.6 T31)."""
    return any(
        f.round == (round_number or case.incident.round)
        and f.layer is not FollowUpLayer.HANDLER
        and f.valid
        and is_unhappy(f.satisfaction, f.solved)
        and _still_asks(case, f)
        for f in case.followups
    )


def is_unhappy(satisfaction: Satisfaction | None, solved: Solved | None) -> bool:
    """Whether the person answered dissatisfied, or that the matter is not solved."""
    return satisfaction in DISSATISFIED or solved is Solved.NO


def _still_asks(case: Case, followup: FollowUp) -> bool:
    """Who withdrew (T40) holds nobody up."""
    if followup.complainant_id is None:
        return case.complainant is None or case.complainant.withdrawn_at is None
    return any(it.id == followup.complainant_id for it in case.complainants)


def reworks(case: Case) -> int:
    """How many rounds T30 and T32 began (B.6: together two at most)."""
    return len({row.round for row in case.assignments if row.round > 1 and row.born_by in _REWORKS})


def worked_out(case: Case) -> bool:
    """T32b (B.6): after two reworks, still dissatisfied or unproven: the director's case meeting decides."""
    if reworks(case) < REWORK_ROUNDS:
        return False
    if case.incident.state is S.FOLLOWUP:
        return unhappy(case)
    return case.incident.state is S.CHECKING and not has_passed(case)


def not_handler(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T28, B.6 E: no unit of the inspector's held a LEAD or SUPPORT row in any round (trap 7)."""
    if _of_handler(viewer, case):
        raise DomainError(ErrorCode.VERIFIER_IS_HANDLER, rule="T28")


def check_waits(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T28: a check waits to be recorded."""
    if not pending_check(case):
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T28")


def at_desk(case: Case) -> bool:
    """T28b: after a second UNABLE of this round the shift leader decides at the desk."""
    return sum(v.result is CheckResult.UNABLE for v in _checks(case)) >= UNABLE_CHECKS


def may_check(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T27, T28b: an inspector, or a clerk or worker of the unit the task was given to; at last the shift leader."""
    if at_desk(case):
        if Role.SHIFT_LEADER not in viewer.roles:
            raise DomainError(ErrorCode.FORBIDDEN, rule="T28b")
        return
    tasks = [v for v in _checks(case) if v.state is TaskState.PENDING]
    given = {v.org_id for v in tasks} & (
        viewer.orgs_as(Role.COMMUNITY_CLERK) | viewer.orgs_as(Role.GRID_WORKER)
    )
    if Role.INSPECTOR not in viewer.roles and not given:
        raise DomainError(ErrorCode.FORBIDDEN, rule="T28")
    if any(v.not_by == viewer.person_id for v in tasks):
        raise DomainError(ErrorCode.FORBIDDEN, rule="T28b")


def _of_handler(viewer: Viewer, case: Case) -> bool:
    return case.handled_by(viewer.org_id) or any(case.handled_by(post.org_id) for post in viewer.posts)


def closable(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T29, T31 by the shift leader; T32b, T33 by the director."""
    director, leader = Role.COMMAND_DIRECTOR in viewer.roles, Role.SHIFT_LEADER in viewer.roles
    if director and worked_out(case):
        return
    if director and (unhappy(case) or not leader):
        reviewed_twice(viewer, case)
        return
    closes(viewer, case)


def closes(viewer: Viewer, case: Case) -> None:
    """T29, T31 (S46): closing needs a passed check and, where they are due, valid follow-ups by others."""
    if not has_passed(case):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T29")
    if case.incident.state is S.FOLLOWUP:
        _followed_up(viewer, case)
    elif any(v.inspector_id == viewer.person_id for v in _checks(case)):  # B.6 E: INS and SHL are two persons
        raise DomainError(ErrorCode.FORBIDDEN, rule="T29")


def reviewed_twice(viewer: Viewer, case: Case) -> None:
    """T33: two reviewers, and someone dissatisfied, from FOLLOWUP only."""
    judged = [it for it in case.waiting(RequestKind.ENDING) if it.reason == EndingKind.UNREASONABLE.value]
    if case.incident.state is not S.FOLLOWUP or not judged or not unhappy(case):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T33")
    if judged[0].asked_by_id == viewer.person_id:
        raise DomainError(ErrorCode.FORBIDDEN, rule="T33")


def _followed_up(viewer: Viewer, case: Case) -> None:
    """T31 (B.6): who wants a reply was asked or tried for, demanded opinions are in, nobody is dissatisfied."""
    if unhappy(case):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T31")
    if any(not _asked(case, key_of(case, it)) for it in owed(case)) or _opinion_waits(case):
        raise DomainError(ErrorCode.FOLLOWUP_REQUIRED, rule="T31")
    asked = [f for f in case.followups if f.layer is not FollowUpLayer.HANDLER and _of_round(f, case)]
    if any(f.recorded_by_id == viewer.person_id for f in asked):  # B.6 E: FUP and SHL are two persons
        raise DomainError(ErrorCode.FORBIDDEN, rule="T31")


def _asked(case: Case, complainant_id: UUID | None) -> bool:
    """A valid COMMAND follow-up of this person, or enough failed attempts (R29)."""
    attempts = attempts_at(case, FollowUpLayer.COMMAND, complainant_id)
    return any(f.valid for f in attempts) or given_up(attempts)


def _opinion_waits(case: Case) -> bool:
    """S49: a demanded opinion of the household is not in yet."""
    return any(
        f.layer is FollowUpLayer.COMMUNITY and f.state is TaskState.PENDING and _still_asks(case, f)
        for f in case.followups
    )


def owed(case: Case) -> tuple[Complainant, ...]:
    """T31 (B.6): each linked complainant who wants a reply and can be reached, those of merged cases too (trap 10)."""
    return tuple(it for it in case.complainants if it.reachable and it.reply_wanted)


def awaits_reply(case: Case) -> bool:
    """Whether somebody is owed a reply."""
    return bool(owed(case))


def key_of(case: Case, who: Complainant) -> UUID | None:
    """How follow-ups of a case name a complainant: None for the case's own."""
    return None if case.incident.complainant_id == who.id else who.id


def attempts_at(case: Case, layer: FollowUpLayer, complainant_id: UUID | None) -> tuple[FollowUp, ...]:
    """What was tried of that person in this round, by one layer."""
    return tuple(
        f
        for f in case.followups
        if f.layer is layer and f.complainant_id == complainant_id and _of_round(f, case)
    )


def _of_round(followup: FollowUp, case: Case) -> bool:
    """An attempt of this round, not a task that still waits or was cancelled."""
    return followup.round == case.incident.round and followup.attempted_at is not None


def given_up(attempts: tuple[FollowUp, ...]) -> bool:
    """T31, R29: three failed attempts on at least two district days; the rule asks for the hours besides."""
    failed = [local_day(f.attempted_at) for f in attempts if f.attempted_at is not None and not f.valid]
    return len(failed) >= FAILED_ATTEMPTS and len(set(failed)) >= ATTEMPT_DAYS


def open_layers(viewer: Viewer, case: Case) -> frozenset[FollowUpLayer]:
    """The layers of follow-up this viewer may record now (§0-7).

    COMMAND by the callback officer, COMMUNITY by clerk or worker of the place, neither by the unit that
    handled (R30, trap 28); HANDLER by the lead's own unit while it works. Where the community itself handled, or
    none serves the place, the callback officer asks the household: a demanded opinion would wait for ever (B.6,
    head), and the centre stands in for a community as it does at the check (B.6 T27).
    """
    layers = set()
    if case.incident.state is S.HANDLING:
        working = {row.org_id for row in case.leads if row.state is AssignmentState.ACCEPTED}
        if working & viewer.handler_orgs:
            layers.add(FollowUpLayer.HANDLER)
    elif case.incident.state is S.FOLLOWUP and not _of_handler(viewer, case):
        if Role.CALLBACK in viewer.roles:
            layers.add(FollowUpLayer.COMMAND)
            if all(case.handled_by(it) for it in case.community_ids):
                layers.add(FollowUpLayer.COMMUNITY)
        if case.incident.grid_id in viewer.grids or viewer.clerk_regions.intersection(case.region_ids):
            layers.add(FollowUpLayer.COMMUNITY)
    return frozenset(layers)


_ASKING = {
    S.HANDLING: frozenset({Role.HANDLER}),
    S.FOLLOWUP: frozenset({Role.CALLBACK, Role.COMMUNITY_CLERK, Role.GRID_WORKER}),
}


def may_ask(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T31: some layer is this viewer's now."""
    state = case.incident.state
    if not viewer.roles & _ASKING[state]:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T31", facts={"from": state.value})
    if not open_layers(viewer, case):
        raise DomainError(ErrorCode.FORBIDDEN, rule="T31")


def reworkable(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T32: someone was dissatisfied, and fewer than two reworks so far; then only T32b, from CHECKING too."""
    if Role.COMMAND_DIRECTOR in viewer.roles and worked_out(case):
        return
    if case.incident.state is not S.FOLLOWUP:
        state = case.incident.state.value
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T32", facts={"from": state})
    if Role.SHIFT_LEADER not in viewer.roles or not unhappy(case) or reworks(case) >= REWORK_ROUNDS:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T32")


def submitted_result(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T26: some lead's result waits."""
    if not any(row.state is AssignmentState.SUBMITTED for row in case.leads):
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T26")


_BEFORE_DISPATCH = frozenset({S.REPORTED, S.VERIFYING, S.FILED})


def mergeable(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T7: the acceptor before dispatch; afterwards the shift leader, whom the director confirms (B.6)."""
    if case.incident.state not in _BEFORE_DISPATCH and Role.SHIFT_LEADER not in viewer.roles:
        raise DomainError(ErrorCode.FORBIDDEN, rule="T7")
