"""Deadlines against the vectors of domain.md D.9 and a minute-by-minute reference."""

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.calendar import DISTRICT_TIME
from domain.clock import Limit, TimeUnit, counted_minutes, due_time, yellow_time
from domain.deadline import Deadline, deadline, external_deadline, used_ratio
from domain.errors import DomainError, ErrorCode
from tests.domain.calendar_days import CALENDAR

MINUTE = timedelta(minutes=1)
WORK = (TimeUnit.WORK_MIN, TimeUnit.WORK_DAY)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=DISTRICT_TIME)


VECTORS = [
    ("2024-09-30T15:00", 5, TimeUnit.WORK_DAY, "2024-10-12T17:00"),
    ("2024-09-30T15:00", 240, TimeUnit.WORK_MIN, "2024-10-08T10:30"),
    ("2024-04-03T16:00", 2, TimeUnit.WORK_DAY, "2024-04-08T17:00"),
    ("2024-04-04T10:00", 1440, TimeUnit.NATURAL_MIN, "2024-04-05T10:00"),
    ("2024-04-04T10:00", 5, TimeUnit.WORK_DAY, "2024-04-11T17:00"),
    ("2025-01-24T09:00", 5, TimeUnit.WORK_DAY, "2025-02-07T17:00"),
    ("2026-02-13T09:00", 7, TimeUnit.WORK_DAY, "2026-03-02T17:00"),
    ("2026-09-30T09:00", 5, TimeUnit.WORK_DAY, "2026-10-13T17:00"),
    ("2024-09-23T09:00", 2, TimeUnit.NATURAL_DAY, "2024-09-25T17:00"),
    ("2024-09-28T09:00", 3, TimeUnit.NATURAL_DAY, "2024-10-08T17:00"),
    ("2024-09-23T08:30", 420, TimeUnit.WORK_MIN, "2024-09-23T17:00"),
]


@pytest.mark.parametrize(("start", "amount", "unit", "due"), VECTORS)
def test_a_limit_runs_out_when_the_vector_says(start: str, amount: int, unit: TimeUnit, due: str) -> None:
    found = deadline(local(start), Limit(amount, unit), CALENDAR)
    assert found.due_at == local(due)
    assert found.due_at.tzinfo is UTC
    assert not found.provisional


# The reference: every minute from FIRST on, walked one by one by the text of the rules.
FIRST = local("2024-09-20T00:00")
LENGTH = 45 * 1440


def _is_working(minute: int) -> bool:
    moment = FIRST + minute * MINUTE
    clock = moment.hour * 60 + moment.minute
    return CALENDAR.is_workday(moment.date()) and (510 <= clock < 690 or 780 <= clock < 1020)


WORKING = [_is_working(minute) for minute in range(LENGTH)]
WORKED = list(accumulate(WORKING, initial=0))  # working minutes before each minute


def slow_due(start: int, amount: int, unit: TimeUnit) -> int:
    if unit is TimeUnit.NATURAL_MIN:
        return start + amount
    minute, left = start, amount
    if unit is TimeUnit.WORK_MIN:
        while left:
            left -= WORKING[minute]
            minute += 1
        return minute
    day = start // 1440
    while left:
        day += 1
        left -= unit is TimeUnit.NATURAL_DAY or WORKING[day * 1440 + 600]
    while not WORKING[day * 1440 + 600]:
        day += 1
    return day * 1440 + 1020


def slow_counted(start: int, end: int, unit: TimeUnit) -> int:
    return WORKED[end] - WORKED[start] if unit in WORK else end - start


AMOUNTS = {
    TimeUnit.NATURAL_MIN: 20_000,
    TimeUnit.WORK_MIN: 4_200,
    TimeUnit.WORK_DAY: 10,
    TimeUnit.NATURAL_DAY: 20,
}
LIMITS = st.sampled_from(TimeUnit).flatmap(
    lambda unit: st.builds(Limit, st.integers(1, AMOUNTS[unit]), st.just(unit))
)


@settings(max_examples=150, deadline=None)
@given(start=st.integers(0, 20 * 1440), limit=LIMITS, now=st.integers(0, LENGTH))
@example(start=15 * 60, limit=Limit(1, TimeUnit.WORK_DAY), now=0)
def test_the_arithmetic_agrees_with_walking_every_minute(start: int, limit: Limit, now: int) -> None:
    start_at, unit = FIRST + start * MINUTE, limit.unit
    due = slow_due(start, limit.amount, unit)
    found = deadline(start_at, limit, CALENDAR)
    assert found.due_at == FIRST + due * MINUTE
    total = slow_counted(start, due, unit)
    minutes = [slow_counted(start, minute, unit) for minute in range(start, due + 1)]
    yellow = start + bisect_left(minutes, total * 0.8 - 1e-9)
    assert yellow - 1 < (found.yellow_at - FIRST) / MINUTE <= yellow
    used = slow_counted(start, now, unit) / total if now > start else 0.0
    moment = FIRST + now * MINUTE
    assert used_ratio(start_at, found.due_at, unit, moment, CALENDAR) == pytest.approx(used)
    assert_explained(start_at, limit, found)


def own_time(start: datetime, limit: Limit, due: datetime) -> int:
    """The minutes the limit itself grants."""
    midnight = start.astimezone(DISTRICT_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    last = midnight + timedelta(days=limit.amount, hours=17)
    natural_days = min(last, due) - midnight - timedelta(days=1)
    return {
        TimeUnit.NATURAL_MIN: limit.amount,
        TimeUnit.WORK_MIN: limit.amount,
        TimeUnit.WORK_DAY: limit.amount * 420,
        TimeUnit.NATURAL_DAY: natural_days // MINUTE,
    }[limit.unit]


def assert_explained(start: datetime, limit: Limit, found: Deadline) -> None:
    spans = found.explanation
    assert (spans[0].start, spans[-1].end) == (start, found.due_at)
    assert all(one.end == two.start for one, two in pairwise(spans))
    assert all((one.counted, one.zh) != (two.counted, two.zh) for one, two in pairwise(spans))
    assert sum(span.minutes for span in spans if span.counted) == own_time(start, limit, found.due_at)
    assert sum(span.minutes for span in spans) == (found.due_at - start) // MINUTE


def test_the_national_day_deadline_is_explained_span_by_span() -> None:
    found = deadline(local("2024-09-30T15:00"), Limit(240, TimeUnit.WORK_MIN), CALENDAR)
    assert [(span.zh, span.en, span.counted, span.minutes) for span in found.explanation] == [
        ("工作时间", "Working time", True, 120),
        ("下班后", "After working hours", False, 420),
        ("法定节假日（国庆节）", "Public holiday (National Day)", False, 7 * 1440),
        ("上班前", "Before working hours", False, 510),
        ("工作时间", "Working time", True, 120),
    ]


def test_the_first_day_and_an_exchanged_day_are_named_in_the_explanation() -> None:
    found = deadline(local("2024-04-03T16:00"), Limit(2, TimeUnit.WORK_DAY), CALENDAR)
    assert [span.zh for span in found.explanation] == [
        "起算日不计",
        "法定节假日（清明节）",
        "上班前",
        "调休工作日（清明节）",
        "午休",
        "调休工作日（清明节）",
        "下班后",
        "工作时间",
        "午休",
        "工作时间",
    ]


def test_a_natural_day_limit_names_the_move_to_the_next_workday() -> None:
    found = deadline(local("2024-09-28T09:00"), Limit(3, TimeUnit.NATURAL_DAY), CALENDAR)
    assert [(span.zh, span.counted) for span in found.explanation] == [
        ("起算日不计", False),
        ("自然时间连续计算", True),
        ("末日为休息日，顺延至下一工作日", False),
    ]


def test_fifteen_working_days_give_a_list_a_person_can_read() -> None:
    found = deadline(local("2024-10-14T15:00"), Limit(15, TimeUnit.WORK_DAY), CALENDAR)
    assert len(found.explanation) == 1 + 15 * 4 + 3 * 2
    assert {span.zh for span in found.explanation} == {
        "起算日不计",
        "上班前",
        "工作时间",
        "午休",
        "下班后",
        "周末",
    }


def test_seconds_are_neither_lost_nor_counted_twice() -> None:
    found = deadline(local("2024-09-23T15:00:30"), Limit(240, TimeUnit.WORK_MIN), CALENDAR)
    assert found.due_at == local("2024-09-24T10:30:30")
    assert sum(span.minutes for span in found.explanation if span.counted) == 240


def test_yellow_is_at_four_fifths_of_the_working_time_with_the_start_days_rest() -> None:
    start = local("2024-09-23T15:00")
    found = deadline(start, Limit(1, TimeUnit.WORK_DAY), CALENDAR)
    assert counted_minutes(start, found.due_at, TimeUnit.WORK_DAY, CALENDAR) == 120 + 420
    assert found.yellow_at == local("2024-09-24T15:12")  # 432 of 540 minutes
    assert used_ratio(start, found.due_at, TimeUnit.WORK_DAY, found.yellow_at, CALENDAR) == 0.8


def test_a_ratio_is_zero_before_the_start_and_exceeds_one_when_late() -> None:
    start, due = local("2024-09-23T09:00"), local("2024-09-23T10:00")
    ratio = [
        used_ratio(start, due, TimeUnit.NATURAL_MIN, start + hours * timedelta(hours=1), CALENDAR)
        for hours in (-1, 0, 1, 3)
    ]
    assert ratio == [0, 0, 1, 3]


def test_when_nothing_counts_before_the_due_time_the_clock_turns_only_there() -> None:
    start, due = local("2024-10-01T09:00"), local("2024-10-02T09:00")
    assert yellow_time(start, due, TimeUnit.WORK_MIN, CALENDAR) == due
    before = used_ratio(start, due, TimeUnit.WORK_MIN, due - MINUTE, CALENDAR)
    at_due = used_ratio(start, due, TimeUnit.WORK_MIN, due, CALENDAR)
    assert (before, at_due) == (0, 1)


def test_a_due_time_given_from_outside_is_never_provisional_and_counts_its_first_day() -> None:
    start, due = local("2027-03-01T08:30"), local("2027-03-01T17:00")
    found = external_deadline(start, due, TimeUnit.WORK_DAY, CALENDAR)
    assert (found.due_at, found.provisional) == (due, False)
    assert found.yellow_at == local("2027-03-01T15:36")
    assert sum(span.minutes for span in found.explanation if span.counted) == 420


def test_an_external_natural_due_time_is_one_counted_span() -> None:
    start, due = local("2024-09-28T08:00"), local("2024-09-29T08:00")
    (span,) = external_deadline(start, due, TimeUnit.NATURAL_DAY, CALENDAR).explanation
    assert (span.counted, span.minutes) == (True, 1440)


@pytest.mark.parametrize("unit", TimeUnit)
def test_an_external_due_time_already_past_is_yellow_at_the_due_time(unit: TimeUnit) -> None:
    start = local("2024-09-23T09:00")
    found = external_deadline(start, start - timedelta(days=1), unit, CALENDAR)
    assert found.yellow_at == found.due_at
    assert found.explanation == ()


@pytest.mark.parametrize(
    ("start", "limit", "provisional"),
    [
        ("2026-12-31T09:00", Limit(1, TimeUnit.WORK_DAY), True),
        ("2026-12-31T16:00", Limit(120, TimeUnit.WORK_MIN), True),
        ("2026-12-31T15:00", Limit(120, TimeUnit.WORK_MIN), False),
        ("2026-12-31T09:00", Limit(1, TimeUnit.NATURAL_DAY), True),
        ("2026-12-31T09:00", Limit(1440, TimeUnit.NATURAL_MIN), False),
        ("2023-12-31T09:00", Limit(1, TimeUnit.NATURAL_DAY), False),
        ("2023-12-29T09:00", Limit(2, TimeUnit.WORK_DAY), True),
    ],
)
def test_a_due_time_is_provisional_when_a_year_that_decides_it_has_no_notice(
    start: str, limit: Limit, *, provisional: bool
) -> None:
    assert deadline(local(start), limit, CALENDAR).provisional is provisional


def test_a_provisional_year_says_so_in_the_explanation() -> None:
    found = deadline(local("2027-03-05T16:00"), Limit(120, TimeUnit.WORK_MIN), CALENDAR)
    assert [span.zh for span in found.explanation if "暂定" in span.zh] == [
        "工作时间（日历未公布，暂定）",
        "周末（日历未公布，暂定）",
        "工作时间（日历未公布，暂定）",
    ]


@pytest.mark.parametrize("year", [1900, 2000, 2100])
@pytest.mark.parametrize("unit", TimeUnit)
def test_dates_far_from_any_notice_get_a_due_time(year: int, unit: TimeUnit) -> None:
    start = datetime(year, 12, 31, 23, 59, tzinfo=UTC)
    found = deadline(start, Limit(3, unit), CALENDAR)
    assert start < found.yellow_at <= found.due_at
    assert found.provisional is (unit is not TimeUnit.NATURAL_MIN)


def test_working_time_over_two_centuries_is_counted_at_once() -> None:
    start, end = datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    weekdays = sum(date.fromordinal(day).weekday() < 5 for day in range(start.toordinal(), end.toordinal()))
    off = 3 * 261 + 1 - (251 + 248 + 248)  # 2024 to 2026 have 262, 261 and 261 days from Monday to Friday
    assert counted_minutes(start, end, TimeUnit.WORK_MIN, CALENDAR) == (weekdays - off) * 420


@pytest.mark.parametrize("unit", TimeUnit)
@pytest.mark.parametrize("amount", [0, -1, 2_000_000, 2**31 - 1])
def test_an_amount_no_limit_can_have_is_refused(amount: int, unit: TimeUnit) -> None:
    with pytest.raises(DomainError) as refused:
        due_time(local("2024-09-23T09:00"), Limit(amount, unit), CALENDAR)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "limit")


@pytest.mark.parametrize("start", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_a_start_at_the_edge_of_the_calendar_is_refused(start: datetime) -> None:
    with pytest.raises(DomainError) as refused:
        due_time(start, Limit(1, TimeUnit.WORK_DAY), CALENDAR)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "start")
