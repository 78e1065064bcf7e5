"""A due time explained: every span from start to due, whether it counts, and why (design §6, domain.md D.9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.calendar import Reason, Stretch, WorkCalendar, local_day, midnight
from domain.clock import WORK_UNITS, Clock, Limit, TimeUnit, due_time, is_provisional, yellow_time

START_DAY = Reason("起算日不计", "The first day is not counted")
CONTINUOUS = Reason("自然时间连续计算", "Natural time, counted without a break")
MOVED_ON = Reason(
    "末日为休息日，顺延至下一工作日", "The last day is a day of rest: moved to the next working day"
)

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


def clock_explanation(clock: Clock, calendar: WorkCalendar) -> tuple[DeadlineInterval, ...]:
    """The spans of a stored clock."""
    amount = None if clock.external else clock.limit
    return _explain(clock.start_at, clock.due_at, clock.unit, calendar, amount)


def _explain(
    start: datetime, due: datetime, unit: TimeUnit, calendar: WorkCalendar, amount: int | None
) -> tuple[DeadlineInterval, ...]:
    """The contiguous spans from start to due; the counted ones add up to the limit's own time.

    `amount` is None for a due time given from outside: no first day is left out, no last day moves on.
    """
    done = {True: timedelta(), False: timedelta()}
    intervals = []
    for span in _spans(start.astimezone(UTC), due.astimezone(UTC), unit, calendar, amount):
        before = done[span.working]
        done[span.working] = after = before + (span.end - span.start)
        minutes = after // _MINUTE - before // _MINUTE  # seconds carry over, so the sums stay exact
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
    if last < due:
        yield Stretch(last, due, working=False, reason=MOVED_ON)
