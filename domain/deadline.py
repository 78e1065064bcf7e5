"""A due time explained: every span from start to due, whether it counts, and why (design §6, domain.md D.9)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.calendar import Reason, Stretch, WorkCalendar, local_day, midnight
from domain.clock import (
    WORK_UNITS,
    Clock,
    Limit,
    TimeUnit,
    counted,
    due_time,
    is_provisional,
    yellow_time,
)
from domain.loop.pause import Pause

START_DAY = Reason("起算日不计", "The first day is not counted")
CONTINUOUS = Reason("自然时间连续计算", "Natural time, counted without a break")
MOVED_ON = Reason(
    "末日为休息日，顺延至下一工作日", "The last day is a day of rest: moved to the next working day"
)

START_DAY_LATER = Reason(
    "起算日余时，暂停后顺延，不计", "The rest of the first day, moved by a pause: not counted"
)
PAUSED = Reason("暂停", "Paused")

_DAY_UNITS = (TimeUnit.WORK_DAY, TimeUnit.NATURAL_DAY)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DeadlineInterval:
    """A span between start and due, its whole minutes, whether they count, and why in both languages."""

    start: datetime
    end: datetime
    counted: bool
    minutes: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A due time with its yellow time and the spans that lead to it."""

    due_at: datetime
    yellow_at: datetime
    provisional: bool
    explanation: tuple[DeadlineInterval, ...]


def deadline(start: datetime, limit: Limit, calendar: WorkCalendar) -> Deadline:
    """When the limit runs out and why, span by span (domain.md D.9). BAD_INPUT as `due_time`."""
    due = due_time(start, limit, calendar)
    return Deadline(
        due_at=due,
        yellow_at=yellow_time(start, due, limit.unit, calendar),
        provisional=is_provisional(start, limit, due, calendar),
        explanation=_explain(start, due, limit.unit, calendar, limit.amount),
    )


def external_deadline(start: datetime, due: datetime, unit: TimeUnit, calendar: WorkCalendar) -> Deadline:
    """A due time given from outside: never provisional; yellow at the due time when it is already past."""
    return Deadline(
        due_at=due.astimezone(UTC),
        yellow_at=yellow_time(start, due, unit, calendar),
        provisional=False,
        explanation=_explain(start, due, unit, calendar, None),
    )


def clock_explanation(
    clock: Clock, calendar: WorkCalendar, pauses: Collection[Pause] = ()
) -> tuple[DeadlineInterval, ...]:
    """The spans of a stored clock; its pauses do not count, and the counted minutes still add up."""
    amount = None if clock.external else clock.limit
    still = _before(clock, pauses)
    if not still:
        return _explain(clock.start_at, clock.due_at, clock.unit, calendar, amount)
    explained = _around if clock.unit in WORK_UNITS else _between
    return _summed(explained(clock, still, calendar, amount))


def used_ratio(
    start: datetime, due: datetime, unit: TimeUnit, now: datetime, calendar: WorkCalendar
) -> float:
    """The share of the time used at `now`: 0 before the start, over 1 when late.

    When nothing counts between start and due it is 0 until the due time and 1 from then on.
    """
    total = counted(start, due, unit, calendar)
    if now < start or (not total and now < due):
        return 0.0
    return counted(start, now, unit, calendar) / total if total else 1.0


def clock_used(clock: Clock, now: datetime, calendar: WorkCalendar, pauses: Collection[Pause] = ()) -> float:
    """The share of a clock's time used at `now`, its pauses aside; as `used_ratio` where it never paused."""
    if not pauses:
        return used_ratio(clock.start_at, clock.due_at, clock.unit, now, calendar)
    total = counted(clock.start_at, clock.due_at, clock.unit, calendar) - _gone(
        clock, clock.due_at, calendar, pauses
    )
    used = counted(clock.start_at, now, clock.unit, calendar) - _gone(clock, now, calendar, pauses)
    return used / total if total > timedelta() else float(now >= clock.due_at)


def _gone(clock: Clock, until: datetime, calendar: WorkCalendar, pauses: Collection[Pause]) -> timedelta:
    """The counted time that pauses took out until then."""
    spans = (counted(it.from_at, min(it.to_at, until), clock.unit, calendar) for it in pauses)
    return sum(spans, timedelta())


def _before(clock: Clock, pauses: Collection[Pause]) -> list[Pause]:
    """The pauses on the way to the due time, in order: a later one, of a late clock, moved nothing."""
    found = [it for it in pauses if it.from_at < clock.due_at and it.to_at > it.from_at]
    return sorted(found, key=lambda it: it.from_at)


def _around(
    clock: Clock, pauses: list[Pause], calendar: WorkCalendar, amount: int | None
) -> Iterable[Stretch]:
    """Working spans with the pauses cut out; what a pause left of the uncounted first day comes after it."""
    owed = timedelta()
    eve = midnight(local_day(clock.start_at) + timedelta(days=1))
    if amount is not None and clock.unit in _DAY_UNITS:
        owed = sum((calendar.work_between(it.from_at, min(it.to_at, eve)) for it in pauses), timedelta())
    at = clock.start_at
    for it in (*pauses, None):
        until = it.from_at if it else clock.due_at
        for span in _spans_from(clock, at, until, calendar, amount):
            late = min(owed, span.end - span.start) if span.working and at > clock.start_at else timedelta()
            owed -= late
            if late:
                yield Stretch(span.start, span.start + late, working=False, reason=START_DAY_LATER)
            if span.start + late < span.end:
                yield Stretch(span.start + late, span.end, span.working, span.reason)
        if it:
            at = it.to_at
            yield Stretch(it.from_at, it.to_at, working=False, reason=PAUSED)


def _spans_from(
    clock: Clock, at: datetime, until: datetime, calendar: WorkCalendar, amount: int | None
) -> Iterable[Stretch]:
    """Working spans of a part of the way; the first day, if the part is of it, is not counted."""
    first = max(at, midnight(local_day(clock.start_at) + timedelta(days=1)))
    if amount is not None and clock.unit in _DAY_UNITS and at < first:
        yield Stretch(at, min(first, until), working=False, reason=START_DAY)
        at = min(first, until)
    yield from calendar.stretches(at, until)


def _between(
    clock: Clock, pauses: list[Pause], calendar: WorkCalendar, amount: int | None
) -> Iterable[Stretch]:
    """Natural spans as they would be without the pauses, each pause put in where it came."""
    whole = sum((it.to_at - it.from_at for it in pauses), timedelta())
    spans = list(_spans(clock.start_at, clock.due_at - whole, clock.unit, calendar, amount))
    shift, waiting = timedelta(), list(pauses)
    for span in spans:
        start = span.start
        while waiting and waiting[0].from_at - shift < span.end:
            it = waiting.pop(0)
            if start < it.from_at - shift:
                yield Stretch(start + shift, it.from_at, span.working, span.reason)
            yield Stretch(it.from_at, it.to_at, working=False, reason=PAUSED)
            start = max(start, it.from_at - shift)
            shift += it.to_at - it.from_at
        if start < span.end:
            yield Stretch(start + shift, span.end + shift, span.working, span.reason)


def _explain(
    start: datetime, due: datetime, unit: TimeUnit, calendar: WorkCalendar, amount: int | None
) -> tuple[DeadlineInterval, ...]:
    """The contiguous spans from start to due; the counted ones add up to the limit's own time.

    `amount` is None for a due time given from outside: no first day is left out, no last day moves on.
    """
    return _summed(_spans(start.astimezone(UTC), due.astimezone(UTC), unit, calendar, amount))


def _summed(spans: Iterable[Stretch]) -> tuple[DeadlineInterval, ...]:
    """The spans with their whole minutes: seconds carry over, so the sums stay exact."""
    done = {True: timedelta(), False: timedelta()}
    intervals = []
    for span in spans:
        before = done[span.working]
        done[span.working] = after = before + (span.end - span.start)
        minutes = after // _MINUTE - before // _MINUTE
        intervals.append(DeadlineInterval(span.start, span.end, span.working, minutes, *span.reason))
    return tuple(intervals)


def _spans(
    start: datetime, due: datetime, unit: TimeUnit, calendar: WorkCalendar, amount: int | None
) -> Iterable[Stretch]:
    first, last, day = start, due, local_day(start)
    if amount is not None and unit in _DAY_UNITS:
        first = midnight(day + timedelta(days=1))
        yield Stretch(start, first, working=False, reason=START_DAY)
    if unit in WORK_UNITS:
        yield from calendar.stretches(first, due)
        return
    if amount is not None and unit is TimeUnit.NATURAL_DAY:
        last = calendar.closing(day + timedelta(days=amount))
    if first < last:
        yield Stretch(first, last, working=True, reason=CONTINUOUS)
    moved = min(due, calendar.closing(calendar.next_workday(local_day(last) - timedelta(days=1))))
    if last < moved:
        yield Stretch(last, moved, working=False, reason=MOVED_ON)
    if max(last, moved) < due:  # an extension came after
        yield Stretch(max(last, moved), due, working=True, reason=CONTINUOUS)
