"""How rows, tasks and cases end, and how a round begins anew (domain.md B.6 C, D, T30, T32)."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case, put
from domain.clock import ClockType, stop
from domain.errors import DomainError, ErrorCode
from domain.followup import FollowUp
from domain.incident import IncidentState
from domain.life.guards.review import reworks
from domain.loop.request import RequestKind, RequestState
from domain.loop.score import ScoreType, entry
from domain.policy import REWORK_ROUNDS
from domain.rules.act import Act
from domain.rules.clock import start, stopped, with_clocks
from domain.rules.loop.archive import archiving
from domain.verification import TaskState, Verification

T = TypeVar("T", Verification, FollowUp)
_UNANSWERED = {RequestKind.CLAIM: RequestState.REJECTED}
_OF_THE_ROUND = tuple(it for it in ClockType if it is not ClockType.REPLY)
"""What a rework ends: a card waits for its reply in any open state (B.6 State → running clocks)."""

_ANSWERED = frozenset({AssignmentState.SUBMITTED, AssignmentState.REPLIED})


def closed(act: Act, case: Case) -> Case:
    """T29, T31: answered rows are done, tasks cancelled, every clock stops, on time is frozen (B.6 C, D)."""
    after = stopped(lapsed(act, without_tasks(case)), act.now)
    rows = tuple(_done(row) if row.state.live else row for row in after.assignments)
    submitted = [row for row in rows if row.submitted_at is not None]
    last = max(submitted, key=lambda row: (row.submitted_at, row.seq), default=None)
    incident = replace(
        after.incident,
        state=IncidentState.CLOSED,
        closed_at=act.now,
        on_time=on_time(rows),
        outcome=last.outcome if last else None,
    )
    return archiving(act, replace(after, incident=incident, assignments=rows))


def end_rows(
    act: Act, case: Case, ids: Collection[UUID], end: Callable[[Assignment], AssignmentState]
) -> Case:
    """B.6 C: these live rows end as `end` says, their clocks stop, lateness kept, their requests lapse."""
    for row in case.assignments:
        if row.id in ids and row.state.live:
            case = lapsed(act, stopped(case, act.now, row_id=row.id), row.id)
            ended = replace(case.assignment(row.id), state=end(row))
            case = replace(case, assignments=put(case.assignments, ended))
    return case


def lapsed(act: Act, case: Case, row_id: UUID | None = None) -> Case:
    """B.6 C: open requests (of that row, when given) LAPSED, no penalty; a claim is refused."""
    rows = {row_id} if row_id is not None else {it.assignment_id for it in case.requests}
    gone = [
        replace(it, state=_UNANSWERED.get(it.kind, RequestState.LAPSED), decided_at=act.now)
        for it in case.requests
        if it.pending and it.assignment_id in rows
    ]
    return replace(case, requests=put(case.requests, *gone))


def left_open(act: Act, case: Case, state: IncidentState, *, done: bool = False) -> Case:
    """B.6 C: the case leaves the open set for `state`: rows, requests, tasks and clocks all end with it.

    `done` (T40 from SUBMITTED, CHECKING, FOLLOWUP): SUBMITTED and REPLIED rows are DONE, else all CANCELLED.
    """
    after = end_rows(
        act,
        case,
        {row.id for row in case.assignments},
        _done_state if done else lambda _: AssignmentState.CANCELLED,
    )
    after = stopped(lapsed(act, without_tasks(after)), act.now)
    return archiving(act, replace(after, incident=replace(after.incident, state=state, ended_at=act.now)))


def on_time(rows: Collection[Assignment]) -> bool:
    """B.6 D: no LEAD row of any round is late, RETURNED rows aside."""
    return not any(
        row.on_time_handle is False
        for row in rows
        if row.role is AssignmentRole.LEAD and row.state is not AssignmentState.RETURNED
    )


def sent_back(
    act: Act, case: Case, leads: Collection[UUID], rule: str, supports: Collection[UUID] = ()
) -> tuple[Case, tuple[Assignment, ...]]:
    """T30, T32, T32b: the leads named (none: all) begin a new round, supports only if named; and their old rows.

    Refuses with GUARD_FAILED after two reworks (then only T32b) or supports of several leads, NOT_FOUND a unit that
    does not lead or support (field `leads`, `supports`).
    """
    if rule != "T32b" and reworks(case) >= REWORK_ROUNDS:
        raise DomainError(ErrorCode.GUARD_FAILED, rule=rule)
    named = named_rows(case.leads, leads, "leads", rule) if leads else case.leads
    helping = named_rows(case.supports, supports, "supports", rule)
    ids = {row.id for row in named}
    after = stopped(lapsed(act, without_tasks(case)), act.now, _OF_THE_ROUND)
    rows = tuple(_refused_or_done(row, ids) for row in after.assignments)
    incident = replace(after.incident, state=IncidentState.HANDLING, round=case.incident.round + 1)
    reborn = born_again(act, replace(after, incident=incident, assignments=rows), named, rule, helping)
    return _cards_passed_on(act, reborn), named


def _cards_passed_on(act: Act, case: Case) -> Case:
    """A card of a row that ended waits on with its unit's new row; with a unit that is let go it waits no more."""
    heirs = {row.org_id: row.id for row in case.assignments if row.round == case.incident.round}
    ended = {row.id: row.org_id for row in case.assignments if not row.state.live}
    for clock in case.clocks:
        if clock.type is not ClockType.REPLY or clock.stopped_at or clock.assignment_id not in ended:
            continue
        heir = heirs.get(ended[clock.assignment_id])
        if heir is None:
            case = with_clocks(case, stop(clock, act.now))
            continue
        cards = [replace(it, assignment_id=heir) for it in case.supervisions if it.clock_id == clock.id]
        case = with_clocks(case, replace(clock, assignment_id=heir))
        case = replace(case, supervisions=put(case.supervisions, *cards))
    return case


def named_rows(
    rows: Collection[Assignment], units: Collection[UUID], field: str, rule: str
) -> tuple[Assignment, ...]:
    """The rows of the units named. NOT_FOUND (with that field) for a unit that has none."""
    if not set(units) <= {row.org_id for row in rows}:
        raise DomainError(ErrorCode.NOT_FOUND, field, rule=rule)
    return tuple(row for row in rows if row.org_id in set(units))


def born_again(
    act: Act,
    case: Case,
    leads: Collection[Assignment],
    rule: str,
    supports: Collection[Assignment] = (),
) -> Case:
    """B.5: rows of the present round for whoever held these, not returnable, born ACCEPTED, with the rework limit.

    One lead without supports is SINGLE. GUARD_FAILED (field `supports`) for supports of several leads.
    """
    several = len(leads) > 1
    if several and supports:
        raise DomainError(ErrorCode.GUARD_FAILED, "supports", rule=rule)
    alone = AssignmentMode.LED_JOINT if supports else AssignmentMode.SINGLE
    mode = AssignmentMode.EQUAL_JOINT if several else alone
    for old in (*leads, *supports):
        case = _born_again(act, case, replace(old, mode=mode), rule)
    return case


def lone_lead(case: Case) -> UUID | None:
    """The row a card of the whole case is about: the lead's, where there is one alone."""
    return case.leads[0].id if len(case.leads) == 1 else None


def scored(act: Act, case: Case, rows: Collection[Assignment], kind: ScoreType, rule: str) -> Case:
    """The case with these rows' units booked that entry; which is written once, whatever happens (decided 10)."""
    entries = tuple(
        entry(
            act.new_id(),
            case.incident.id,
            row.org_id,
            kind,
            act.now,
            row=rule,
            round_number=row.round,
            assignment_id=row.id,
        )
        for row in rows
    )
    return replace(case, scores=(*case.scores, *entries))


def _born_again(act: Act, case: Case, old: Assignment, rule: str) -> Case:
    incident = case.incident
    row_id = act.new_id()
    limit = act.policy.limit(ClockType.HANDLE, incident.urgency.value, rework=True)
    clock = start(act.at_unit(old.org_id), incident, ClockType.HANDLE, assignment_id=row_id, limit=limit)
    row = Assignment(
        id=row_id,
        incident_id=incident.id,
        incident_no=incident.no,
        round=incident.round,
        seq=1 + sum(it.round == incident.round for it in case.assignments),
        org_id=old.org_id,
        role=old.role,
        mode=old.mode,
        state=AssignmentState.ACCEPTED,
        rule_id=old.rule_id,
        basis=old.basis,
        dispatched_by_id=act.actor_id,
        dispatched_at=act.now,
        handle_due_at=clock.due_at,
        accepted_at=act.now,
        handler_id=old.handler_id,
        policy_version=act.policy.version,
        born_by=rule,
    )
    return with_clocks(replace(case, assignments=(*case.assignments, row)), clock)


def without_tasks(case: Case) -> Case:
    """PENDING checks and follow-ups are cancelled (B.6 C)."""
    return replace(case, verifications=_cancelled(case.verifications), followups=_cancelled(case.followups))


def _cancelled(tasks: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(
        replace(it, state=TaskState.CANCELLED) if it.state is TaskState.PENDING else it for it in tasks
    )


def _done(row: Assignment) -> Assignment:
    """A copy can still be read in a closed case (B.6 C)."""
    if row.role is AssignmentRole.CC:
        return row
    return replace(row, state=_done_state(row))


def _done_state(row: Assignment) -> AssignmentState:
    return AssignmentState.DONE if row.state in _ANSWERED else AssignmentState.CANCELLED


def _refused_or_done(row: Assignment, named: Collection[UUID]) -> Assignment:
    if row.id in named:
        return replace(row, state=AssignmentState.REJECTED_RESULT)
    return _done(row) if row.state.live else row
