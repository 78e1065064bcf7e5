"""The work calendar: which minutes are working time (domain.md D.9; the State Council's yearly notices).

Every span is answered by arithmetic on day numbers, never by walking minutes, so years cost what hours cost.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import NamedTuple

from domain.errors import DomainError, ErrorCode

DISTRICT_TIME = timezone(timedelta(hours=8))
"""Asia/Shanghai: fixed, without summer time."""

DEFAULT_WINDOWS = ((time(8, 30), time(11, 30)), (time(13), time(17)))
"""Office hours of a working day: seven hours (domain.md D.9)."""

_DAY, _NOON = timedelta(days=1), timedelta(hours=12)
_WEEKDAYS = 5
_HOLIDAYS = {
    "元旦": "New Year",
    "春节": "Spring Festival",
    "清明节": "Qingming Festival",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day a notice names: a holiday, or a weekend day worked in exchange. `source` cites the notice."""

    date: date
    is_workday: bool
    name: str
    source: str


Windows = tuple[tuple[time, time], ...]
"""Office hours of a working day, in order and apart."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Other office hours from a day on, in the district's time."""

    since: date
    windows: Windows


class Reason(NamedTuple):
    """Why a stretch of time counts or not, in both languages."""

    zh: str
    en: str


WORKING = Reason("工作时间", "Working time")
LUNCH = Reason("午休", "Lunch break")
BREAK = Reason("班间休息", "Between two shifts")
BEFORE_HOURS = Reason("上班前", "Before working hours")
AFTER_HOURS = Reason("下班后", "After working hours")
WEEKEND = Reason("周末", "Weekend")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span of one kind: all of it working time, or none."""

    start: datetime
    end: datetime
    working: bool
    reason: Reason


class _Era(NamedTuple):
    """Days of equal hours: from the day of that ordinal, with the working days and the working time before it."""

    first: int
    opens: tuple[tuple[timedelta, timedelta], ...]
    workday: timedelta
    days: int
    before: timedelta


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Monday to Friday, corrected by the days the notices name; office hours in district time.

    `years` are those with a notice; any other year follows the plain weekly pattern and is provisional. `windows`
    hold until the first of `hours`, each of which holds until the next. Refuses windows that are empty or out of
    order, and hours that do not follow each other, with BAD_INPUT.
    """

    days: tuple[CalendarDay, ...] = ()
    years: frozenset[int] = frozenset()
    windows: Windows = DEFAULT_WINDOWS
    hours: tuple[Hours, ...] = ()
    version: int = 1
    _named: Mapping[date, CalendarDay] = field(init=False, repr=False, compare=False)
    _worked: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _rested: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _eras: tuple[_Era, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the exceptions once; every later answer is a look-up in them."""
        if any(later.since <= it.since for it, later in pairwise(self.hours)):
            raise DomainError(ErrorCode.BAD_INPUT, "hours")
        named = {day.date: day for day in self.days}  # a later notice replaces an earlier one's day
        worked = (d.toordinal() for d, fact in named.items() if fact.is_workday and _is_weekend(d))
        rested = (d.toordinal() for d, fact in named.items() if not fact.is_workday and not _is_weekend(d))
        derived = {"_named": named, "_worked": tuple(sorted(worked)), "_rested": tuple(sorted(rested))}
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_eras", tuple(self._in_eras()))

    def _in_eras(self) -> Iterator[_Era]:
        """The hours in their order; each era knows what was worked before it."""
        before = _Era(1, (), timedelta(), 0, timedelta())
        for since, windows in ((date.min, self.windows), *((it.since, it.windows) for it in self.hours)):
            opens = tuple((_since_midnight(start), _since_midnight(end)) for start, end in checked(windows))
            days = self._workdays_to(since.toordinal() - 1)
            worked = before.before + (days - before.days) * before.workday
            workday = sum((end - start for start, end in opens), timedelta())
            before = _Era(since.toordinal(), opens, workday, days, worked)
            yield before

    def _era(self, day: date) -> _Era:
        return self._eras[bisect_right(self._eras, day.toordinal(), key=lambda it: it.first) - 1]

    def is_workday(self, day: date) -> bool:
        """Whether offices are open on that day."""
        fact = self._named.get(day)
        return fact.is_workday if fact else not _is_weekend(day)

    def is_provisional(self, day: date) -> bool:
        """Whether its year has no notice yet, so that the weekly pattern stands in (CALENDAR_MISSING)."""
        return day.year not in self.years

    def workday_after(self, day: date, count: int) -> date:
        """The count-th working day after that day, which is not counted itself (Civil Code §201)."""
        return self._numbered(self._workdays_to(day.toordinal()) + count)

    def next_workday(self, day: date) -> date:
        """The first working day after that day."""
        return self.workday_after(day, 1)

    def windows_of(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The day's office hours; none on a day of rest."""
        if not self.is_workday(day):
            return ()
        start = midnight(day)
        return tuple((start + opens, start + closes) for opens, closes in self._era(day).opens)

    def closing(self, day: date) -> datetime:
        """When the last window of a working day ends (17:00), whether or not that day is worked."""
        return midnight(day) + self._era(day).opens[-1][1]

    def work_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from start to end; zero when end is not later."""
        return max(self._work_to(end) - self._work_to(start), timedelta())

    def add_work(self, start: datetime, work: timedelta) -> datetime:
        """The earliest moment by which that much working time has passed since start."""
        whole = self._work_to(start) + work
        era = self._eras[max(bisect_left(self._eras, whole, key=lambda it: it.before), 1) - 1]
        days, rest = divmod(whole - era.before, era.workday)
        if not rest:
            return max(start, self.closing(self._numbered(era.days + days)))
        for opens, closes in era.opens:
            if rest <= closes - opens:
                return max(start, midnight(self._numbered(era.days + days + 1)) + opens + rest)
            rest -= closes - opens
        raise AssertionError  # pragma: no cover  # rest is shorter than the windows together

    def subtract_work(self, end: datetime, work: timedelta) -> datetime:
        """The latest moment from which that much working time is left until end."""
        whole = self._work_to(end) - work
        era = self._eras[max(bisect_right(self._eras, whole, key=lambda it: it.before), 1) - 1]
        days, rest = divmod(whole - era.before, era.workday)
        for opens, closes in era.opens:
            if rest < closes - opens:
                return min(end, midnight(self._numbered(era.days + days + 1)) + opens + rest)
            rest -= closes - opens
        raise AssertionError  # pragma: no cover  # rest is shorter than the windows together

    def stretches(self, start: datetime, end: datetime) -> list[Stretch]:
        """The contiguous spans from start to end, neighbours of one kind joined, each with its reason."""
        joined: list[Stretch] = []
        for piece in self._pieces(local_day(start), local_day(end)):
            first, last = max(piece.start, start), min(piece.end, end)
            if first >= last:
                continue
            before = joined[-1] if joined else None
            if before and _is_one_rest(before, piece):
                joined[-1] = Stretch(before.start, last, before.working, before.reason)
            else:
                joined.append(Stretch(first, last, piece.working, piece.reason))
        return joined

    def _pieces(self, first: date, last: date) -> Iterator[Stretch]:
        for number in range(first.toordinal(), last.toordinal() + 1):
            day = date.fromordinal(number)
            at, end, opening = midnight(day), midnight(day) + _DAY, BEFORE_HOURS
            windows = self.windows_of(day)
            for opens, closes in windows:
                noon = opening is BREAK and at <= midnight(day) + _NOON < opens
                yield Stretch(at, opens, False, LUNCH if noon else opening)
                yield Stretch(opens, closes, True, self._day_reason(day))
                at, opening = closes, BREAK
            yield Stretch(at, end, False, AFTER_HOURS if windows else self._day_reason(day))

    def _day_reason(self, day: date) -> Reason:
        reason = self._plain_reason(day)
        if self.is_provisional(day):
            return Reason(f"{reason.zh}（日历未公布，暂定）", f"{reason.en} (provisional, no calendar yet)")
        return reason

    def _plain_reason(self, day: date) -> Reason:
        fact, works, weekend = self._named.get(day), self.is_workday(day), _is_weekend(day)
        if fact is None or (works and not weekend):
            return WORKING if works else WEEKEND
        english = ", ".join(_HOLIDAYS.get(name, name) for name in fact.name.split("、"))
        if works:
            return Reason(f"调休工作日（{fact.name}）", f"Working day in exchange ({english})")
        return Reason(f"法定节假日（{fact.name}）", f"Public holiday ({english})")

    def _workdays_to(self, number: int) -> int:
        """Working days from 0001-01-01, a Monday, to the day of that ordinal, inclusive."""
        weeks, days = divmod(number, 7)
        plain = weeks * _WEEKDAYS + min(days, _WEEKDAYS)
        return plain + bisect_left(self._worked, number + 1) - bisect_left(self._rested, number + 1)

    def _numbered(self, count: int) -> date:
        every = range(1, date.max.toordinal())
        # five of seven days are worked; the days named shift that by their own number at most
        first = (count - len(self._worked)) * 7 // _WEEKDAYS - 7
        last = (count + len(self._rested)) * 7 // _WEEKDAYS + 7
        low, high = (min(max(it, 0), len(every)) for it in (first, last))
        return date.fromordinal(every[bisect_left(every, count, low, high, key=self._workdays_to)])

    def _work_to(self, moment: datetime) -> timedelta:
        """Working time since the first day of the era: a coordinate on which spans subtract."""
        day = local_day(moment)
        era = self._era(day)
        whole = era.before + (self._workdays_to(day.toordinal() - 1) - era.days) * era.workday
        within = (min(max(moment, opens), closes) - opens for opens, closes in self.windows_of(day))
        return whole + sum(within, timedelta())


def checked(windows: Windows) -> Windows:
    """The windows of one day, in order and apart. BAD_INPUT (windows) otherwise, and for none."""
    edges = [edge for window in windows for edge in window]
    if not edges or any(late <= early for early, late in pairwise(edges)):
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "windows",
            zh="工作时段须先后有序、互不重叠",
            en="Windows follow each other, each ending after it begins",
        )
    return windows


def local_day(moment: datetime) -> date:
    """The date that moment has in the district."""
    return moment.astimezone(DISTRICT_TIME).date()


def midnight(day: date) -> datetime:
    """When that day begins in the district, in UTC."""
    return datetime.combine(day, time(), DISTRICT_TIME).astimezone(UTC)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= _WEEKDAYS


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)


def _is_one_rest(before: Stretch, after: Stretch) -> bool:
    """Equal neighbours are one stretch, and so are an evening and the morning that follows it."""
    if before.reason == after.reason:
        return before.working == after.working
    return before.reason == AFTER_HOURS and after.reason == BEFORE_HOURS
