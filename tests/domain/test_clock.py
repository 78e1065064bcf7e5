"""Clocks: their lights, their steps in order, and breaches that stay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.calendar import DISTRICT_TIME
from domain.clock import (
    Clock,
    ClockStep,
    ClockType,
    Light,
    Limit,
    TimeUnit,
    case_light,
    start_clock,
    step,
    stop,
    worst,
    yellow_time,
)
from domain.deadline import clock_explanation, deadline, used_ratio
from tests.domain.calendar_days import CALENDAR

START = datetime(2024, 9, 30, 15, tzinfo=DISTRICT_TIME)
FIVE_DAYS = Limit(5, TimeUnit.WORK_DAY)
SECOND = timedelta(seconds=1)


def clock(external_due: datetime | None = None, limit: Limit = FIVE_DAYS) -> Clock:
    return start_clock(
        clock_id=UUID(int=1),
        incident_id=UUID(int=2),
        assignment_id=UUID(int=3),
        clock_type=ClockType.SIGN,
        round_number=1,
        limit=limit,
        start=START,
        calendar=CALENDAR,
        external_due=external_due,
    )


def turned(found: Clock, now: datetime) -> tuple[Clock, list[ClockStep]]:
    """The clock after every step due by now, and the steps in the order they fired."""
    fired = []
    while (result := step(found, now)) is not None:
        found, name = result
        fired.append(name)
    return found, fired


def test_a_new_clock_is_green_and_waits_for_yellow() -> None:
    found, expected = clock(), deadline(START, FIVE_DAYS, CALENDAR)
    assert (found.due_at, found.yellow_at) == (expected.due_at, expected.yellow_at)
    assert (found.light, found.next_step, found.next_at) == (
        Light.GREEN,
        ClockStep.YELLOW,
        expected.yellow_at,
    )
    assert (found.start_at, found.start_at.tzinfo) == (START, UTC)
    assert (found.limit, found.unit, found.calendar_version) == (5, TimeUnit.WORK_DAY, 3)
    assert (found.running, found.breached, found.provisional, found.external) == (True, False, False, False)


def test_yellow_begins_at_a_whole_millisecond_as_times_are_served() -> None:
    start, due = START + timedelta(milliseconds=1), START + timedelta(minutes=10)
    yellow = yellow_time(start, due, TimeUnit.NATURAL_MIN, CALENDAR)
    assert yellow == START + timedelta(minutes=8, milliseconds=1)  # 80 % is 0.2 ms after the eighth minute
    assert used_ratio(start, due, TimeUnit.NATURAL_MIN, yellow, CALENDAR) >= 0.8


def test_a_clock_turns_yellow_at_its_time_and_red_only_after_the_due_time() -> None:
    green = clock()
    assert step(green, green.yellow_at - SECOND) is None
    yellow, fired = turned(green, green.due_at)
    assert fired == [ClockStep.YELLOW]
    assert (yellow.light, yellow.next_step, yellow.next_at) == (Light.YELLOW, ClockStep.RED, green.due_at)
    assert not yellow.breached
    red, fired = turned(yellow, green.due_at + SECOND)
    assert fired == [ClockStep.RED]
    assert (red.light, red.next_step, red.next_at, red.breached) == (Light.RED, None, None, True)
    assert step(red, green.due_at + timedelta(days=900)) is None


def test_a_late_sweep_fires_both_steps_in_order_each_once() -> None:
    red, fired = turned(clock(), START + timedelta(days=400))
    assert fired == [ClockStep.YELLOW, ClockStep.RED]
    assert red.breached


def test_a_clock_whose_external_due_time_is_past_is_born_breached_and_steps_in_order() -> None:
    born = clock(external_due=START - timedelta(days=3))
    assert (born.breached, born.external, born.light) == (True, True, Light.GREEN)
    assert born.next_at == born.yellow_at == born.due_at == START - timedelta(days=3)
    red, fired = turned(born, START)
    assert fired == [ClockStep.YELLOW, ClockStep.RED]
    assert red.breached


def test_an_external_due_time_at_the_very_start_is_still_on_time() -> None:
    born = clock(external_due=START)
    assert not born.breached
    assert turned(born, START)[1] == [ClockStep.YELLOW]


def test_an_external_due_time_ahead_is_kept_and_not_provisional() -> None:
    due = datetime(2027, 3, 1, 9, tzinfo=DISTRICT_TIME)
    found = clock(external_due=due)
    assert (found.due_at, found.provisional, found.breached) == (due, False, False)
    assert START < found.yellow_at < due


def test_a_clock_into_a_year_without_a_notice_is_provisional() -> None:
    assert clock(limit=Limit(800, TimeUnit.WORK_DAY)).provisional


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_a_clock_that_does_not_run_does_not_step(state: str) -> None:
    found = clock()
    still = replace(found, paused_at=START) if state == "paused" else stop(found, START)
    assert not still.running
    assert step(still, START + timedelta(days=400)) is None


def test_stopping_at_the_due_time_is_on_time_and_keeps_the_light() -> None:
    yellow, _ = turned(clock(), clock().yellow_at)
    stopped = stop(yellow, yellow.due_at)
    assert (stopped.light, stopped.breached) == (Light.YELLOW, False)
    assert (stopped.stopped_at, stopped.next_step, stopped.next_at) == (yellow.due_at, None, None)


def test_stopping_late_is_a_breach_though_no_sweep_saw_it() -> None:
    found = clock()
    stopped = stop(found, found.due_at + SECOND)
    assert (stopped.light, stopped.breached) == (Light.RED, True)


def test_a_breach_is_never_undone_by_stopping() -> None:
    born = clock(external_due=START - SECOND)
    assert stop(born, START - timedelta(days=9)).breached


def test_a_paused_clock_is_judged_by_the_moment_of_its_pause() -> None:
    found = clock()
    paused = replace(found, paused_at=found.due_at - SECOND)
    assert not stop(paused, found.due_at + timedelta(days=30)).breached


def test_stopping_twice_changes_nothing() -> None:
    stopped = stop(clock(), START)
    assert stop(stopped, START + timedelta(days=400)) is stopped


def test_the_worst_light_wins_and_no_light_is_green() -> None:
    assert worst([Light.GREEN, Light.RED, Light.YELLOW]) is Light.RED
    assert worst([Light.YELLOW, Light.GREEN]) is Light.YELLOW
    assert worst([]) is Light.GREEN


def test_the_light_of_a_case_is_the_worst_of_its_running_clocks() -> None:
    green = clock()
    yellow, _ = turned(green, green.yellow_at)
    red, _ = turned(green, green.due_at + SECOND)
    assert case_light([green, yellow, stop(red, red.due_at)]) is Light.YELLOW
    assert case_light([green, red]) is Light.RED
    assert case_light([stop(red, red.due_at)]) is Light.GREEN


def test_a_stored_clock_explains_itself_as_its_deadline_did() -> None:
    assert clock_explanation(clock(), CALENDAR) == deadline(START, FIVE_DAYS, CALENDAR).explanation
    external = clock_explanation(clock(external_due=START + timedelta(hours=1)), CALENDAR)
    assert [(span.zh, span.minutes) for span in external] == [("工作时间", 60)]


def test_the_vocabularies_are_labelled_in_both_languages() -> None:
    for term in (TimeUnit, Light, ClockType, ClockStep):
        assert all(member.zh and member.en for member in term)
    assert " ".join(ClockType) == (
        "INTAKE VERIFY DISPATCH SIGN CONTACT HANDLE MILESTONE READ RETURN_DECIDE EXT_DECIDE HANG_DECIDE HANG_REVIEW"
        " ARBITRATE SUBMIT_WAIT CHECK FOLLOWUP REPLY ARCHIVE"
    )
