"""The work calendar: workdays, windows, and working time by arithmetic."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.calendar import DISTRICT_TIME, CalendarDay, WorkCalendar
from domain.errors import DomainError, ErrorCode
from tests.domain.calendar_days import CALENDAR

EXCHANGED = {
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), DISTRICT_TIME)


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize(("year", "count"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_the_workdays_its_notice_gives_it(year: int, count: int) -> None:
    assert sum(CALENDAR.is_workday(day) for day in days_of(year)) == count
    whole = CALENDAR.work_between(at(date(year, 1, 1), 0), at(date(year + 1, 1, 1), 0))
    assert whole == count * timedelta(hours=7)


@pytest.mark.parametrize("year", EXCHANGED)
def test_weekend_days_are_worked_exactly_where_exchanged(year: int) -> None:
    worked = [f"{day:%m-%d}" for day in days_of(year) if day.weekday() > 4 and CALENDAR.is_workday(day)]
    assert worked == EXCHANGED[year].split()


def test_a_year_without_a_notice_is_provisional_and_keeps_the_weekly_pattern() -> None:
    friday, saturday = date(2027, 1, 1), date(2027, 1, 2)
    assert CALENDAR.is_provisional(friday)
    assert not CALENDAR.is_provisional(date(2026, 12, 31))
    assert CALENDAR.is_workday(friday)
    assert not CALENDAR.is_workday(saturday)


def test_the_next_workday_skips_the_holiday_and_finds_the_exchanged_day() -> None:
    assert CALENDAR.next_workday(date(2024, 9, 30)) == date(2024, 10, 8)
    assert CALENDAR.next_workday(date(2024, 4, 3)) == date(2024, 4, 7)
    assert CALENDAR.workday_after(date(2024, 9, 30), 5) == date(2024, 10, 12)


def test_walking_workday_by_workday_agrees_with_counting_them_at_once() -> None:
    start = date(2023, 12, 20)
    workdays = [day for year in (2023, 2024, 2025) for day in days_of(year) if day > start]
    workdays = [day for day in workdays if CALENDAR.is_workday(day)]
    assert [CALENDAR.workday_after(start, number) for number in range(1, 400)] == workdays[:399]


def test_the_windows_of_a_day_are_the_districts_office_hours() -> None:
    morning, afternoon = CALENDAR.windows_of(date(2024, 10, 12))
    assert morning == (datetime(2024, 10, 12, 0, 30, tzinfo=UTC), datetime(2024, 10, 12, 3, 30, tzinfo=UTC))
    assert afternoon == (datetime(2024, 10, 12, 5, tzinfo=UTC), datetime(2024, 10, 12, 9, tzinfo=UTC))
    assert CALENDAR.windows_of(date(2024, 10, 13)) == ()


def test_other_office_hours_count_their_own_minutes() -> None:
    short = WorkCalendar(windows=((time(9), time(12)),))
    monday = date(2024, 9, 23)
    assert short.work_between(at(monday, 0), at(monday + timedelta(days=7), 0)) == timedelta(hours=15)
    assert short.add_work(at(monday, 10), timedelta(hours=4)) == at(monday + timedelta(days=1), 11)


@pytest.mark.parametrize(
    "windows",
    [
        (),
        ((time(9), time(9)),),
        ((time(12), time(9)),),
        ((time(9), time(12)), (time(11), time(13))),
    ],
)
def test_windows_that_are_empty_or_out_of_order_are_refused(windows: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(DomainError) as refused:
        WorkCalendar(windows=windows)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "windows")


def test_no_work_lies_between_a_moment_and_an_earlier_one() -> None:
    monday = date(2024, 9, 23)
    assert CALENDAR.work_between(at(monday, 16), at(monday, 9)) == timedelta()


def test_added_work_ends_at_closing_time_and_subtracted_work_begins_at_opening_time() -> None:
    monday = date(2024, 9, 23)
    assert CALENDAR.add_work(at(monday, 8, 30), timedelta(hours=7)) == at(monday, 17)
    assert CALENDAR.add_work(at(monday, 8, 30), timedelta(hours=3)) == at(monday, 11, 30)
    assert CALENDAR.subtract_work(at(monday, 17), timedelta(hours=4)) == at(monday, 13)
    assert CALENDAR.subtract_work(at(monday, 17), timedelta(hours=7)) == at(monday, 8, 30)
    assert CALENDAR.subtract_work(at(monday, 10), timedelta(hours=4)) == at(date(2024, 9, 20), 14, 30)


def test_no_work_added_or_subtracted_moves_nothing() -> None:
    for moment in (at(date(2024, 9, 22), 12), at(date(2024, 9, 23), 7), at(date(2024, 9, 23), 12)):
        assert CALENDAR.add_work(moment, timedelta()) == moment
        assert CALENDAR.subtract_work(moment, timedelta()) == moment


def test_a_later_notice_replaces_a_day_of_an_earlier_one() -> None:
    day = date(2020, 1, 31)
    first, second = (CalendarDay(day, works, "春节", "国务院办公厅 2020") for works in (True, False))
    assert not WorkCalendar(days=(first, second)).is_workday(day)


def test_a_confirmed_ordinary_workday_is_plain_working_time() -> None:
    day = date(2024, 9, 23)
    confirmed = WorkCalendar(
        days=(CalendarDay(day, True, "国庆节", "国务院办公厅 2024"),), years=frozenset({2024})
    )
    stretch = confirmed.stretches(at(day, 9), at(day, 10))[0]
    assert (stretch.working, stretch.reason.zh) == (True, "工作时间")
