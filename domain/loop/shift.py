"""Due times that move while a clock runs: more time is granted, or a calendar is published (T22, R78)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from domain.calendar import WorkCalendar, local_day
from domain.clock import (
    HALF,
    YELLOW_SHARE,
    Clock,
    ClockStep,
    Limit,
    at_share,
    counted,
    due_time,
    is_provisional,
)
from domain.incident import Urgency
from domain.loop.ladder import BY_LIGHT, rescheduled
from domain.loop.pause import Pause, delayed


@dataclass(frozen=True, slots=True)
class Granted:
    """So many working days more, granted at that moment."""

    at: datetime
    days: int


def extended_due(due: datetime, days: int, calendar: WorkCalendar) -> datetime:
    """That many working days after the day it is due now, at the closing hour (T22)."""
    return calendar.closing(calendar.workday_after(local_day(due), days))


def moved_to(
    clock: Clock,
    due: datetime,
    urgency: Urgency,
    calendar: WorkCalendar,
    pauses: Collection[Pause] | None = None,
) -> Clock:
    """The clock due at another time, its yellow time and its next step with it; what has fired stays fired.

    A light never turns greener, and a breach is never undone (B.6 D, trap 3). Without its `pauses`, all of them count
    as come before it turned yellow.
    """
    yellow = _at(YELLOW_SHARE, clock, due, calendar, pauses)
    limit = Limit(clock.limit, clock.unit)
    unsure = not clock.external and is_provisional(clock.start_at, limit, due, calendar)
    moved = replace(clock, due_at=due, yellow_at=yellow, provisional=unsure)
    after = rescheduled(moved, urgency, calendar)
    if after.next_step is ClockStep.E0:
        return replace(after, next_at=_at(HALF, clock, due, calendar, pauses))
    return after


def _at(
    share: Fraction,
    clock: Clock,
    due: datetime,
    calendar: WorkCalendar,
    pauses: Collection[Pause] | None,
) -> datetime:
    """When that share of the time is used up: a pause that began later does not put it off (R21)."""
    start, unit = clock.start_at, clock.unit
    if pauses is None:
        return at_share(start, due, unit, calendar, share, timedelta(seconds=clock.paused_seconds))
    still = [it for it in sorted(pauses, key=lambda it: it.from_at) if it.from_at <= due]
    gone = sum((counted(it.from_at, it.to_at, unit, calendar) for it in still), timedelta())
    found = at_share(start, due, unit, calendar, share, gone, timedelta())
    for it in still:
        if it.from_at < found:
            found = delayed(found, it.from_at, it.to_at, unit, calendar)
    return min(found, due)


def recomputed(
    clock: Clock,
    pauses: Collection[Pause],
    granted: Collection[Granted],
    urgency: Urgency,
    calendar: WorkCalendar,
) -> Clock:
    """The clock by another calendar: its limit from its start, then its pauses and extensions as they came."""
    limit = Limit(clock.limit, clock.unit)
    due = due_time(clock.start_at, limit, calendar)
    gone = timedelta()
    history: list[Pause | Granted] = [*pauses, *granted]
    for it in sorted(history, key=lambda it: it.at if isinstance(it, Granted) else it.from_at):
        if isinstance(it, Granted):
            due = extended_due(due, it.days, calendar)
            continue
        gone += counted(it.from_at, it.to_at, clock.unit, calendar)
        if it.from_at <= due:  # a pause after the due time gave nothing back
            due = delayed(due, it.from_at, it.to_at, clock.unit, calendar)
    known = replace(clock, paused_seconds=int(gone.total_seconds()), calendar_version=calendar.version)
    return slipped(moved_to(known, due, urgency, calendar, pauses), pauses, calendar)


def slipped(clock: Clock, pauses: Collection[Pause], calendar: WorkCalendar) -> Clock:
    """The clock with its next rung later by what it stood still after its due time: that brings no card (T26, D.9)."""
    if clock.next_step in BY_LIGHT or clock.next_at is None:
        return clock
    at = clock.next_at
    for it in sorted(pauses, key=lambda it: it.from_at):
        if clock.due_at < it.from_at < at:
            at = delayed(at, it.from_at, it.to_at, clock.unit, calendar)
    return replace(clock, next_at=at)
