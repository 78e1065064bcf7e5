"""How rows, tasks and cases end, and how a round begins anew (domain.md B.6 C, D, T30, T32)."""

from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.followup import FollowUp
from domain.incident import IncidentState
from domain.policy import REWORK_ROUNDS
from domain.rules.act import Act
from domain.rules.clock import start, stopped, with_clocks
from domain.verification import TaskState, Verification

T = TypeVar("T", Verification, FollowUp)
_ANSWERED = frozenset({AssignmentState.SUBMITTED, AssignmentState.REPLIED})


def closed(act: Act, case: Case) -> Case:
    """T29, T31: answered rows are done, tasks cancelled, every clock stops, on time is frozen (B.6 C, D)."""
    after = stopped(_without_tasks(case), act.now)
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
    return replace(after, incident=incident, assignments=rows)


def on_time(rows: Collection[Assignment]) -> bool:
    """B.6 D: no LEAD row of any round is late, RETURNED rows aside."""
    return not any(
        row.on_time_handle is False
        for row in rows
        if row.role is AssignmentRole.LEAD and row.state is not AssignmentState.RETURNED
    )


def sent_back(act: Act, case: Case, leads: Collection[UUID], rule: str) -> Case:
    """T30, T32: the leading units named begin a new round, already accepted, with the rework limit; none named: all.

    Refuses with GUARD_FAILED after two such rounds (then T32b), NOT_FOUND a unit that does not lead (field `leads`).
    """
    if case.incident.round > REWORK_ROUNDS:
        raise DomainError(ErrorCode.GUARD_FAILED, rule=rule)
    leading = {row.org_id for row in case.leads}
    units = set(leads) or leading
    if not units <= leading:
        raise DomainError(ErrorCode.NOT_FOUND, "leads", rule=rule)
    named = {row.id for row in case.leads if row.org_id in units}
    after = stopped(_without_tasks(case), act.now)
    rows = tuple(_refused_or_done(row, named) for row in after.assignments)
    incident = replace(after.incident, state=IncidentState.HANDLING, round=case.incident.round + 1)
    after = replace(after, incident=incident, assignments=rows)
    for old in (row for row in rows if row.id in named):
        after = _born_again(act, after, old, single=len(named) == 1)
    return after


def _born_again(act: Act, case: Case, old: Assignment, *, single: bool) -> Case:
    """A row of the new round: not returnable, born ACCEPTED by whoever handled the old one (B.5)."""
    incident = case.incident
    row_id = act.new_id()
    limit = act.policy.limit(ClockType.HANDLE, incident.urgency.value, rework=True)
    clock = start(act, incident, ClockType.HANDLE, assignment_id=row_id, limit=limit)
    row = Assignment(
        id=row_id,
        incident_id=incident.id,
        incident_no=incident.no,
        round=incident.round,
        seq=1 + sum(it.round == incident.round for it in case.assignments),
        org_id=old.org_id,
        role=AssignmentRole.LEAD,
        mode=AssignmentMode.SINGLE if single else old.mode,
        state=AssignmentState.ACCEPTED,
        rule_id=old.rule_id,
        basis=old.basis,
        dispatched_by_id=act.actor_id,
        dispatched_at=act.now,
        handle_due_at=clock.due_at,
        accepted_at=act.now,
        handler_id=old.handler_id,
    )
    return with_clocks(replace(case, assignments=(*case.assignments, row)), clock)


def _without_tasks(case: Case) -> Case:
    """PENDING checks and follow-ups are cancelled (B.6 C)."""
    return replace(case, verifications=_cancelled(case.verifications), followups=_cancelled(case.followups))


def _cancelled(tasks: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(
        replace(it, state=TaskState.CANCELLED) if it.state is TaskState.PENDING else it for it in tasks
    )


def _done(row: Assignment) -> Assignment:
    state = AssignmentState.DONE if row.state in _ANSWERED else AssignmentState.CANCELLED
    return replace(row, state=state)


def _refused_or_done(row: Assignment, named: Collection[UUID]) -> Assignment:
    if row.id in named:
        return replace(row, state=AssignmentState.REJECTED_RESULT)
    return _done(row) if row.state.live else row
