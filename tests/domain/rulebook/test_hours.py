"""Calendars of units with odd windows that change, against a reference that walks every minute: 150 calendars."""

from datetime import date, datetime, time, timedelta
from itertools import accumulate, pairwise
from random import Random

from domain.calendar import DISTRICT_TIME, CalendarDay, Hours, Windows, WorkCalendar
from domain.clock import Limit, TimeUnit, counted, due_time, yellow_time
from domain.deadline import deadline, used_ratio
from domain.loop.pause import delayed
from domain.rules.rulebook.hours import over
from tests.domain.calendar_days import CALENDAR

CALENDARS, QUESTIONS = 150, 30
DAYS = 40
LENGTH = DAYS * 1440
FIRST = datetime(2024, 9, 20, tzinfo=DISTRICT_TIME)
MINUTE = timedelta(minutes=1)


def at(minute: int) -> datetime:
    """That minute of the reference."""
    return FIRST + minute * MINUTE


def odd_windows(chance: Random) -> Windows:
    """One to five windows that follow each other, from a minute long, two hours together at least."""
    edges = sorted(chance.sample(range(1440), 2 * chance.randint(1, 5)))
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    if sum(closes - opens for opens, closes in spans) < 120:
        return odd_windows(chance)
    return tuple((time(*divmod(opens, 60)), time(*divmod(closes, 60))) for opens, closes in spans)


def a_calendar(chance: Random) -> WorkCalendar:
    """The notices' days with some of a unit's own over them, and hours that change up to three times."""
    days = [FIRST.date() + timedelta(days=it) for it in chance.sample(range(DAYS), 8)]
    own = tuple(CalendarDay(day, chance.random() < 0.5, "自定", "单位") for day in days)
    changes = sorted(chance.sample(range(DAYS), chance.randint(0, 3)))
    hours = [Hours(FIRST.date() + timedelta(days=it), odd_windows(chance)) for it in changes]
    return WorkCalendar((*CALENDAR.days, *own), CALENDAR.years, odd_windows(chance), tuple(hours))


class Walked:
    """The reference: whether each minute is worked, by the text of the rules."""

    def __init__(self, calendar: WorkCalendar) -> None:
        self.calendar = calendar
        self.working: list[bool] = []
        self.closes: list[int] = []
        for number in range(DAYS):
            day = FIRST.date() + timedelta(days=number)
            windows = self.windows(day)
            minutes = [False] * 1440
            for opens, closes in windows if self.worked(day) else ():
                for minute in range(opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute):
                    minutes[minute] = True
            self.working += minutes
            last = windows[-1][1]
            self.closes.append(number * 1440 + last.hour * 60 + last.minute)
        self.before = list(accumulate(self.working, initial=0))

    def worked(self, day: date) -> bool:
        """The last word about the day, else its weekday."""
        named = [it.is_workday for it in self.calendar.days if it.date == day]
        return named[-1] if named else day.weekday() < 5

    def windows(self, day: date) -> Windows:
        """The last hours that have begun."""
        held = self.calendar.windows
        for it in self.calendar.hours:
            if it.since <= day:
                held = it.windows
        return held

    def due(self, start: int, amount: int, unit: TimeUnit) -> int | None:
        """The minute it runs out; None beyond what is walked."""
        minute, left = start, amount
        if unit is TimeUnit.WORK_MIN:
            while left and minute < LENGTH:
                left -= self.working[minute]
                minute += 1
            return None if left else minute
        day = start // 1440
        while left and day + 1 < DAYS:
            day += 1
            left -= unit is TimeUnit.NATURAL_DAY or self.worked(at(day * 1440).date())
        while day + 1 < DAYS and not self.worked(at(day * 1440).date()):
            day += 1
        return None if left or day + 1 >= DAYS else self.closes[day]


def asked(chance: Random, calendar: WorkCalendar, walked: Walked) -> bool:
    """One question to both; whether the reference reached its end."""
    unit = chance.choice([TimeUnit.WORK_MIN, TimeUnit.WORK_DAY, TimeUnit.NATURAL_DAY])
    amount = chance.randint(1, 2_000 if unit is TimeUnit.WORK_MIN else 8)
    start = chance.randint(0, LENGTH // 2)
    due = walked.due(start, amount, unit)
    if due is None:
        return False
    limit = Limit(amount, unit)
    assert due_time(at(start), limit, calendar) == at(due)
    end = chance.randint(start, LENGTH - 1)
    worked = (walked.before[end] - walked.before[start]) * MINUTE
    assert calendar.work_between(at(start), at(end)) == worked
    assert calendar.work_between(at(start), calendar.add_work(at(start), worked)) == worked
    assert calendar.work_between(calendar.subtract_work(at(end), worked), at(end)) == worked
    _explained(at(start), limit, calendar)
    if due > start:
        _delayed(chance, start, due, unit, calendar)
    return True


def _explained(start: datetime, limit: Limit, calendar: WorkCalendar) -> None:
    found = deadline(start, limit, calendar)
    spans = found.explanation
    assert (spans[0].start, spans[-1].end) == (start, found.due_at)
    assert all(one.end == two.start for one, two in pairwise(spans))
    if limit.unit is TimeUnit.WORK_MIN:
        assert sum(it.minutes for it in spans if it.counted) == limit.amount
        yellow = yellow_time(start, found.due_at, limit.unit, calendar)
        assert used_ratio(start, found.due_at, limit.unit, yellow, calendar) >= 0.8
        assert used_ratio(start, found.due_at, limit.unit, yellow - timedelta(milliseconds=2), calendar) < 0.8


def _delayed(chance: Random, start: int, due: int, unit: TimeUnit, calendar: WorkCalendar) -> None:
    """A pause gives back exactly the time that was left."""
    since = chance.randint(start, due - 1)
    until = chance.randint(since, LENGTH - 1)
    later = delayed(at(due), at(since), at(until), unit, calendar)
    assert counted(at(until), later, unit, calendar) == counted(at(since), at(due), unit, calendar)


def test_odd_hours_agree_with_walking_every_minute() -> None:
    chance = Random(20241024)  # noqa: S311 - a test's own dice
    reached = 0
    for number in range(CALENDARS):
        calendar = a_calendar(chance)
        walked = Walked(calendar)
        try:
            reached += sum(asked(chance, calendar, walked) for _ in range(QUESTIONS))
        except AssertionError as error:
            raise AssertionError(f"calendar {number} of {CALENDARS}: {calendar}") from error
    assert reached > CALENDARS * QUESTIONS / 2


def test_hours_that_change_to_what_they_were_change_nothing() -> None:
    same = WorkCalendar(
        CALENDAR.days, CALENDAR.years, hours=over(CALENDAR.windows, (), [(date(2024, 10, 1), None)])
    )
    start = datetime(2024, 9, 25, 9, tzinfo=DISTRICT_TIME)
    for unit, amount in ((TimeUnit.WORK_MIN, 4_000), (TimeUnit.WORK_DAY, 9), (TimeUnit.NATURAL_DAY, 9)):
        limit = Limit(amount, unit)
        assert due_time(start, limit, same) == due_time(start, limit, CALENDAR)
        assert deadline(start, limit, same).explanation == deadline(start, limit, CALENDAR).explanation


def test_a_pause_between_two_shifts_is_lunch_at_noon_alone() -> None:
    windows = ((time(7), time(9)), (time(10), time(12)), (time(14), time(17)))
    calendar = WorkCalendar(CALENDAR.days, CALENDAR.years, windows)
    start = datetime(2024, 9, 23, 7, tzinfo=DISTRICT_TIME)
    spans = [
        (it.zh, it.minutes) for it in deadline(start, Limit(420, TimeUnit.WORK_MIN), calendar).explanation
    ]
    assert spans == [("工作时间", 120), ("班间休息", 60), ("工作时间", 120), ("午休", 120), ("工作时间", 180)]
