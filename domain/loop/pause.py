"""A clock that stands still: from when to when, and why (domain.md A.4 pauses, B.6)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from domain.calendar import WorkCalendar
from domain.clock import WORK_UNITS, Clock, ClockStep, Limit, TimeUnit, counted, is_provisional


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """暂停: a span of a clock that did not count; `row` cites domain.md (T8, T23, T26)."""

    id: UUID
    clock_id: UUID
    from_at: datetime
    to_at: datetime
    row: str


def pause(clock: Clock, now: datetime) -> Clock:
    """The clock standing still from now on (B.6, T8, T23, T25); a stopped or paused one is unchanged."""
    if not clock.running:
        return clock
    late = clock.breached or now > clock.due_at
    return replace(clock, paused_at=now, breached=late)


def resume(clock: Clock, now: datetime, calendar: WorkCalendar) -> Clock:
    """A paused clock running again with the time it had left; what was breached stays so (B.6 D).

    A late clock has none left, unless an extension approved after the breach had given it some (T22).
    """
    if clock.paused_at is None or clock.stopped_at is not None:
        return clock
    since, unit = clock.paused_at, clock.unit
    gone, limit = counted(since, now, unit, calendar), Limit(clock.limit, unit)
    spent = clock.breached and since >= clock.due_at
    due = clock.due_at if spent else delayed(clock.due_at, since, now, unit, calendar)
    yellow = clock.yellow_at
    if yellow > since:
        yellow = delayed(yellow, since, now, unit, calendar)
    at = {ClockStep.YELLOW: yellow, ClockStep.RED: due}.get(clock.next_step) if clock.next_step else None
    if at is None and clock.next_at is not None and clock.next_at > since:
        at = delayed(clock.next_at, since, now, unit, calendar)
    return replace(
        clock,
        due_at=due,
        yellow_at=yellow,
        next_at=at or clock.next_at,
        paused_at=None,
        provisional=not clock.external and is_provisional(clock.start_at, limit, due, calendar),
        paused_seconds=clock.paused_seconds + int(gone.total_seconds()),
    )


def delayed(
    moment: datetime, since: datetime, now: datetime, unit: TimeUnit, calendar: WorkCalendar
) -> datetime:
    """When that moment comes if counted time stood still from `since` to `now`."""
    left = counted(since, moment, unit, calendar)
    return calendar.add_work(now, left) if unit in WORK_UNITS else now.astimezone(UTC) + left
