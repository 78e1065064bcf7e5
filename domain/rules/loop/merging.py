"""One matter reported twice: merging keeps every reporter's reply and follow-up (domain.md T7, T7u, R03, R05)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain import text
from domain.case import Case, put
from domain.clock import Clock, ClockStep, ClockType, Light
from domain.complainant import Complainant
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.followup import FollowUp
from domain.incident import CaseOutcome, Incident, IncidentState, NoteKind
from domain.life.guards.review import key_of, owed
from domain.life.outcome import Happening, Outcome, conclude
from domain.loop.ladder import climb
from domain.loop.request import Request, RequestKind, RequestState
from domain.place import Crs, Point, distance_m
from domain.rules.act import Act
from domain.rules.clock import calendar_of, start, with_clocks
from domain.rules.ending import left_open
from domain.rules.incident import noted
from domain.rules.loop.opinion import with_task
from domain.rules.loop.reopening import may_reopen, reopened, row_of
from domain.verification import TaskState, Verification, VerificationPhase

SAME_PLACE_M = 100.0
"""How far, in metres, two reports of one matter may lie apart (R03)."""

UNMERGED_WITHIN = timedelta(hours=24)
"""How long a merge can be undone (R04)."""

BEFORE_DISPATCH = frozenset({IncidentState.REPORTED, IncidentState.VERIFYING, IncidentState.FILED})
_RUNNING = {
    IncidentState.REPORTED: {ClockType.INTAKE},
    IncidentState.VERIFYING: {ClockType.INTAKE, ClockType.VERIFY},
    IncidentState.FILED: {ClockType.DISPATCH},
}
"""B.6 State → running clocks: what a case of that state waits by."""
_LEVEL_2 = 2


@dataclass(frozen=True, slots=True)
class Merge:
    """What a merge makes of both cases, and of those that were merged into the merged one before."""

    child: Outcome
    master: Outcome
    moved: tuple[Outcome, ...] = ()


def join(act: Act, case: Case) -> Outcome:
    """R03: somebody says "me too": 件次 rises, nothing else does (trap 15)."""
    count = case.incident.report_count + 1
    after = replace(case, incident=replace(case.incident, report_count=count))
    return conclude(case, after, [act.happening("R03", data={"reportCount": count})])


def ask_merge(act: Act, child: Case, master: Case) -> Outcome:
    """T7 after dispatch (B.6): the shift leader asks, the director decides. GUARD_FAILED as `merge`."""
    check_pair(act, child, master)
    asked = Request(
        id=act.new_id(),
        incident_id=child.incident.id,
        kind=RequestKind.MERGE,
        asked_by_id=act.actor_id,
        asked_at=act.now,
        target_id=master.incident.id,
    )
    after = replace(child, requests=(*child.requests, asked))
    return conclude(child, after, [act.happening("T7", data={"master": str(master.incident.id)})])


def merge(act: Act, child: Case, master: Case, moved: Sequence[Case] = (), words: str | None = None) -> Merge:
    """T7: the child ends in the master, which answers its complainants too; a CLOSED master is reopened (T34).

    `moved` are the cases merged into the child before: they are the master's from now on. `words` are the director's,
    who was asked. GUARD_FAILED (field `masterId`) by `check_pair`, BAD_INPUT (field `text`).
    """
    check_pair(act, child, master)
    told = {"master": str(master.incident.id)}
    ended = left_open(act, _agreed(act, child, words), IncidentState.MERGED)
    carried = sum(it.incident.report_count for it in moved)
    incident = replace(
        ended.incident,
        master_id=master.incident.id,
        merged_from=child.incident.state,
        merged_count=0,
        report_count=child.incident.report_count - carried,
        outcome=CaseOutcome.DUPLICATE,
    )
    after = replace(ended, incident=incident, others=())
    return Merge(
        conclude(child, after, [act.happening("T7", data=told)]),
        _grown(act, child, master, len(moved)),
        tuple(_moved(act, it, master.incident.id) for it in moved),
    )


def check_pair(act: Act, child: Case, master: Case) -> None:
    """T7: another case, open or closed for less than 30 days (else R05), of one level-2 category, at one place."""
    one, other = child.incident, master.incident
    closed = other.state is IncidentState.CLOSED
    if one.id == other.id or not (other.state.open or closed):
        raise DomainError(ErrorCode.GUARD_FAILED, "masterId", rule="T7")
    if closed and not may_reopen(act, master):
        raise DomainError(ErrorCode.GUARD_FAILED, "masterId", rule="R05")
    if family(child) != family(master) or not same_place(one, other):
        raise DomainError(ErrorCode.GUARD_FAILED, "masterId", rule="T7")


def unmerge(act: Act, child: Case, master: Case, reason: str) -> Merge:
    """T7u: as if never merged; a dispatched case is FILED again. Within 24 hours, while nobody was answered.

    GUARD_FAILED (T7u): too late, the master is not open, its follow-up or reply has reached this complainant;
    BAD_INPUT (field `reason`).
    """
    words = text.checked(reason, "reason")
    since = child.incident.ended_at
    late = since is None or act.now > since + UNMERGED_WITHIN
    if late or not master.incident.state.open or _answered(child, master, since):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T7u")
    told = {"master": str(master.incident.id)}
    after = noted(act, restored(act, child), words)
    left = without(master, child)
    count = left.incident.report_count
    return Merge(
        conclude(child, after, [act.happening("T7u", data=told)]),
        conclude(
            master, left, [act.happening("T7u", data={"child": str(child.incident.id), "reportCount": count})]
        ),
    )


def released(act: Act, child: Case) -> Outcome:
    """T7u (B.6): its master is VOIDED: the child goes on by itself, however long ago it was merged."""
    told = {"master": str(child.incident.master_id)}
    return conclude(child, restored(act, child), [act.happening("T7u", data=told)])


def restored(act: Act, child: Case) -> Case:
    """The merged case as it stood, its clocks as if never stopped; dispatched before: FILED with a new DISPATCH."""
    before = child.incident.merged_from
    again = before in BEFORE_DISPATCH
    incident = replace(
        child.incident,
        state=before if again and before else IncidentState.FILED,
        master_id=None,
        merged_from=None,
        ended_at=None,
        outcome=None,
    )
    after = replace(child, incident=incident)
    if not again:
        return with_clocks(after, start(act, incident, ClockType.DISPATCH))
    return _revived(act, after, child.incident.ended_at)


def without(master: Case, child: Case) -> Case:
    """The master without that child: 件次 and the merged fall, its complainant is asked nothing more."""
    gone = child.incident.complainant_id
    incident = replace(
        master.incident,
        report_count=master.incident.report_count - child.incident.report_count,
        merged_count=master.incident.merged_count - 1,
    )
    tasks = tuple(_cancelled(it) if gone and it.complainant_id == gone else it for it in master.followups)
    others = tuple(it for it in master.others if it.id != gone)
    return replace(master, incident=incident, others=others, followups=tasks)


def _grown(act: Act, child: Case, master: Case, moved: int) -> Outcome:
    """The master with one report more, or several, and their complainants to be answered."""
    happenings: list[Happening] = []
    after = master
    if master.incident.state is IncidentState.CLOSED:
        after = reopened(act, master)
        happenings.append(act.happening(row_of(after)))
    count = master.incident.report_count + child.incident.report_count
    incident = replace(
        after.incident, report_count=count, merged_count=after.incident.merged_count + 1 + moved
    )
    joining = _complainants(child)
    after = replace(after, incident=incident, others=(*after.others, *joining))
    if incident.state is IncidentState.FOLLOWUP:
        for who in owed(after):
            after = with_task(act, after, key_of(after, who)) if who in joining else after
    data: dict[str, Fact] = {"child": str(child.incident.id), "reportCount": count}
    return conclude(master, after, [act.happening("T7", data=data), *happenings])


def _moved(act: Act, case: Case, master_id: UUID) -> Outcome:
    """B.5: what was merged into a case that is merged itself hangs on the new master."""
    after = replace(case, incident=replace(case.incident, master_id=master_id))
    return conclude(case, after, [act.happening("T7", data={"master": str(master_id)})])


def _agreed(act: Act, child: Case, words: str | None) -> Case:
    """The director's confirmation, where one was asked for."""
    decided = {
        "state": RequestState.APPROVED,
        "decided_by_id": act.actor_id,
        "decided_at": act.now,
        "answer": text.optional(words, "text"),
    }
    agreed = [replace(it, **decided) for it in child.waiting(RequestKind.MERGE)]  # type: ignore[arg-type]  # its fields
    return replace(child, requests=put(child.requests, *agreed))


def _complainants(case: Case) -> tuple[Complainant, ...]:
    own = (case.complainant,) if case.complainant else ()
    return (*own, *case.others)


def family(case: Case) -> UUID | None:
    """The level-2 category (R03); itself where it is higher."""
    return case.category.id if case.category.level <= _LEVEL_2 else case.category.parent_id


def same_place(one: Incident, other: Incident) -> bool:
    """Within 100 metres, or at one address."""
    if one.address is not None and one.address == other.address:
        return True
    if one.spot is None or other.spot is None:
        return False
    here, there = (Point(it.lng, it.lat, Crs.WGS84) for it in (one.spot, other.spot))
    return distance_m(here, there) <= SAME_PLACE_M


def _answered(child: Case, master: Case, since: datetime | None) -> bool:
    """T7u: this complainant was asked or answered by the master meanwhile."""
    who = child.incident.complainant_id
    if who is None or since is None:
        return False
    asked = any(it.complainant_id == who and it.attempted_at for it in master.followups)
    return asked or any(it.kind is NoteKind.REPLY and it.at >= since for it in master.notes)


def _revived(act: Act, case: Case, since: datetime | None) -> Case:
    """What the merge stopped, at that moment, runs and waits again; lateness and what had fired stay.

    What had ended before it, perhaps in the same moment (T10, T13), is no clock of this state.
    """
    stopped_then = [it for it in case.clocks if it.stopped_at == since and it.assignment_id is None]
    cards = [it for it in stopped_then if it.type is ClockType.REPLY]
    last = {it.type: it for it in stopped_then if it.type in _RUNNING[case.incident.state]}
    clocks = [_running_again(act, case, it, since) for it in (*last.values(), *cards) if since]
    requests = [
        replace(it, state=RequestState.PENDING, decided_at=None)
        for it in case.requests
        if it.decided_by_id is None and it.decided_at == since and not it.pending
    ]
    after = with_clocks(replace(case, requests=put(case.requests, *requests)), *clocks)
    return replace(after, verifications=_waiting_again(after))


def _running_again(act: Act, case: Case, clock: Clock, since: datetime) -> Clock:
    """The clock as it ran, with the steps it had taken by then; a pause goes on."""
    fresh = replace(
        clock,
        stopped_at=None,
        paused_at=None,
        light=Light.GREEN,
        next_step=ClockStep.YELLOW,
        next_at=clock.yellow_at,
        repeated=0,
    )
    until = min(since, clock.paused_at or since)
    while turned := climb(fresh, until, case.incident.urgency, calendar_of(act, case, clock)):
        fresh, _ = turned
    return replace(fresh, paused_at=clock.paused_at, light=clock.light, breached=clock.breached)


def _waiting_again(case: Case) -> tuple[Verification, ...]:
    """In VERIFYING its task waits again (T8)."""
    tasks = [it for it in case.verifications if it.phase is VerificationPhase.INTAKE]
    if case.incident.state is not IncidentState.VERIFYING or not tasks:
        return case.verifications
    return put(case.verifications, replace(tasks[-1], state=TaskState.PENDING))


def _cancelled(task: FollowUp) -> FollowUp:
    return replace(task, state=TaskState.CANCELLED) if task.state is TaskState.PENDING else task
