"""Starting and stopping the clocks of a state (domain.md B.6 "State → running clocks")."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.assignment import Assignment, AssignmentState
from domain.calendar import WorkCalendar
from domain.case import Case, put
from domain.clock import Clock, ClockType, Limit, start_clock, stop
from domain.errors import ErrorCode, Warned
from domain.incident import Incident, IncidentKind
from domain.life.derivation import DERIVED_STATES
from domain.loop.ladder import OWED_BY, rescheduled
from domain.loop.milestone import undone
from domain.loop.pause import Pause, pause, resume
from domain.rules.act import Act
from domain.rules.loop.breach import booked

OF_POSTS = OWED_BY.keys() - {ClockType.REPLY}
"""What a post of the command centre owes, though it is about a unit's row; a card is answered by the unit."""


def start(
    act: Act,
    incident: Incident,
    kind: ClockType,
    *,
    assignment_id: UUID | None = None,
    limit: Limit | None = None,
    external_due: datetime | None = None,
) -> Clock:
    """A clock that starts now, by default with the limit B.2 gives for the case's urgency.

    For a clock of a unit's row, `act` is `act.at_unit(org_id)`.
    """
    return start_clock(
        clock_id=act.new_id(),
        incident_id=incident.id,
        assignment_id=assignment_id,
        clock_type=kind,
        round_number=incident.round,
        limit=limit or act.policy.limit(kind, incident.urgency.value),
        start=act.now,
        calendar=act.calendar,
        external_due=external_due,
    )


def start_handling(act: Act, incident: Incident, assignment_id: UUID) -> Clock:
    """The HANDLE clock of a dispatch: an earlier due time of the source wins (B.2, last line)."""
    consult = incident.kind is IncidentKind.CONSULT
    limit = act.policy.limit(ClockType.HANDLE, incident.urgency.value, consult=consult)
    clock = start(act, incident, ClockType.HANDLE, assignment_id=assignment_id, limit=limit)
    due = act.policy.effective_due(clock.due_at, incident.external_due_at, act.calendar)
    if due == clock.due_at:
        return clock
    return replace(
        start(act, incident, ClockType.HANDLE, assignment_id=assignment_id, limit=limit, external_due=due),
        id=clock.id,
    )


def calendar_of(act: Act, case: Case, clock: Clock) -> WorkCalendar:
    """Whose working time a clock counts: its row's unit's, or the district's where a post of the centre owes it."""
    org_id = unit_of(case, clock)
    return act.calendar if org_id is None else act.calendar_of(org_id)


def unit_of(case: Case, clock: Clock) -> UUID | None:
    """The unit that a clock measures; None where it is the command centre."""
    if clock.assignment_id is None or clock.type in OF_POSTS:
        return None
    return case.assignment(clock.assignment_id).org_id


def with_clocks(case: Case, *clocks: Clock) -> Case:
    """The case with these clocks added or replaced."""
    return replace(case, clocks=put(case.clocks, *clocks))


def stopped(
    case: Case, now: datetime, kinds: Collection[ClockType] = tuple(ClockType), row_id: UUID | None = None
) -> Case:
    """The case with those clocks stopped (of that row, when given); a late stop is a breach (B.6 D)."""
    ended = [
        stop(clock, now)
        for clock in case.clocks
        if clock.stopped_at is None and clock.type in kinds and row_id in {None, clock.assignment_id}
    ]
    return with_clocks(booked(judged(case, *ended), *ended), *ended)


def paused(case: Case, now: datetime, kinds: Collection[ClockType], row_id: UUID | None = None) -> Case:
    """The case with those running clocks (of that row, when given) standing still (T8, T23, T25)."""
    chosen = [
        it for it in case.clocks if it.running and it.type in kinds and row_id in {None, it.assignment_id}
    ]
    held = [pause(clock, now) for clock in chosen]
    return with_clocks(booked(judged(case, *held), *held), *held)


def resumed(
    act: Act, case: Case, kinds: Collection[ClockType], rule: str, row_id: UUID | None = None
) -> Case:
    """The case with those paused clocks running again with what was left, each pause noted (T9, T24, T26).

    A row's due time for handling moves with its clock.
    """
    for clock in case.clocks:
        if clock.paused_at is None or clock.stopped_at is not None or clock.type not in kinds:
            continue
        if row_id not in {None, clock.assignment_id}:
            continue
        again = from_pause(act, case, clock)
        note = Pause(id=act.new_id(), clock_id=clock.id, from_at=clock.paused_at, to_at=act.now, row=rule)
        case = with_due(replace(with_clocks(case, again), pauses=(*case.pauses, note)), again)
    return case


def kept(before: Case, after: Case, row_id: UUID) -> Case:
    """The case with what the row's clocks, stopped just now, were to do next: T26 may set them going again."""
    waiting = {it.id: it for it in before.clocks if it.stopped_at is None and it.assignment_id == row_id}
    held = [
        replace(it, next_step=waiting[it.id].next_step, next_at=waiting[it.id].next_at)
        for it in after.clocks
        if it.id in waiting and it.stopped_at is not None and it.type in _BEGUN_AGAIN
    ]
    return with_clocks(after, *held)


def from_pause(act: Act, case: Case, clock: Clock) -> Clock:
    """The clock running again; the ladder of one that was given time though late (T22) waits for its new due time."""
    calendar = calendar_of(act, case, clock)
    again = resume(clock, act.now, calendar)
    given = clock.breached and again.due_at != clock.due_at
    return rescheduled(again, case.incident.urgency, calendar) if given else again


def with_due(case: Case, clock: Clock) -> Case:
    """The case with the due time of a row's clock written on that row."""
    name = _DUE_OF.get(clock.type)
    if name is None or clock.assignment_id is None:
        return case
    row = replace(case.assignment(clock.assignment_id), **{name: clock.due_at})  # type: ignore[arg-type]  # fields of the row
    return replace(case, assignments=put(case.assignments, row))


def begun_again(case: Case, row_id: UUID) -> tuple[Clock, ...]:
    """The clocks that run again when the row's result is sent back: its HANDLE and every stage not done (T26, R24)."""
    of_row = [it for it in case.clocks if it.assignment_id == row_id]
    handling = [it for it in of_row if it.type is ClockType.HANDLE]
    waiting = {it.clock_id for it in undone(case.assignment(row_id).stages)}
    latest = sorted(handling, key=lambda it: it.start_at)[-1:]
    return (*latest, *(it for it in of_row if it.id in waiting))


def resumable(case: Case) -> tuple[Clock, ...]:
    """The clocks of every result that may be sent back (T26)."""
    if case.incident.state not in DERIVED_STATES:
        return ()
    rows = (it.id for it in case.leads if it.state is AssignmentState.SUBMITTED)
    return tuple(clock for row_id in rows for clock in begun_again(case, row_id))


_BEGUN_AGAIN = frozenset({ClockType.HANDLE, ClockType.MILESTONE})
_DUE_OF = {
    ClockType.SIGN: "accept_due_at",
    ClockType.CONTACT: "contact_due_at",
    ClockType.HANDLE: "handle_due_at",
}


def judged(case: Case, *clocks: Clock) -> Case:
    """The case with the lateness of those clocks written on their rows, for ever (B.6 D)."""
    rows = {row.id: row for row in case.assignments}
    for clock in clocks:
        if clock.breached and clock.assignment_id is not None:
            rows[clock.assignment_id] = _late(rows[clock.assignment_id], clock.type)
    return replace(case, assignments=tuple(rows.values()))


def provisional(before: Case | None, after: Case) -> tuple[Warned, ...]:
    """CALENDAR_MISSING when a clock came to run through a year whose calendar is not published yet."""
    known = {clock.id for clock in before.clocks if clock.provisional} if before else set()
    new = any(clock.provisional for clock in after.clocks if clock.id not in known)
    return (Warned(ErrorCode.CALENDAR_MISSING),) if new else ()


def _late(row: Assignment, kind: ClockType) -> Assignment:
    if kind is ClockType.SIGN:
        return replace(row, on_time_accept=False)
    return replace(row, on_time_handle=False) if kind is ClockType.HANDLE else row
