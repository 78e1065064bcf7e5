"""The ladder of a row whose result came and was sent back (T25, T26, B.4): no step is lost, none comes twice."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.clock import ClockStep, Light
from domain.clock import ClockType as C
from domain.rules.step import due_steps
from tests.domain.loop.play.steps_joint import SINGLE, Joint
from tests.domain.stage import CALENDAR, HOUSING, LEAD, SYSTEM, act


def swept(story: Joint) -> None:
    """What is due by now happens, as it does before every command."""
    for fired in due_steps(act(SYSTEM, at=story.now), story.case):
        story.take(fired.outcome)


def _at_light(light: Light) -> tuple[Joint, datetime]:
    """A row submitted under that light, everything due before it fired; when the next step was to fire."""
    story = Joint().to(SINGLE, (HOUSING,)).accept(HOUSING)
    (clock,) = story.case.running(C.HANDLE)
    last = {Light.GREEN: clock.start_at, Light.YELLOW: clock.yellow_at, Light.RED: clock.due_at}[light]
    story.now = last + timedelta(hours=1)
    swept(story)
    (clock,) = story.case.running(C.HANDLE)
    assert (clock.light, clock.next_at is not None) == (light, True)
    assert clock.next_at is not None
    return story, clock.next_at


@pytest.mark.parametrize("light", list(Light))
def test_the_ladder_goes_on_where_it_stood_when_the_result_came(light: Light) -> None:
    story, following = _at_light(light)
    (before,) = story.case.running(C.HANDLE)
    story.submit(HOUSING).sent_back()
    (again,) = story.case.running(C.HANDLE)
    assert (again.light, again.breached) == (before.light, before.breached)
    skipped = before.next_step is ClockStep.E0  # nobody is reminded to call once a result was there
    assert again.next_step is (ClockStep.YELLOW if skipped else before.next_step)
    assert again.next_at == (before.yellow_at if skipped else following)
    assert again.due_at == before.due_at


def test_a_breach_stays_one_when_the_result_is_sent_back() -> None:
    story, _ = _at_light(Light.RED)
    story.submit(HOUSING).later(hours=1).sent_back()
    (clock,) = story.case.running(C.HANDLE)
    assert (clock.breached, clock.light, story.of(HOUSING).on_time_handle) == (True, Light.RED, False)
    assert story.submit(HOUSING).of(HOUSING).on_time_handle is False


def climbed(story: Joint) -> list[tuple[ClockStep, datetime | None]]:
    """What the handling clock would still do by itself, and when."""
    steps = due_steps(act(LEAD, at=story.now + timedelta(days=60)), story.case)
    return [(it.step, it.clock.next_at) for it in steps if it.clock.type is C.HANDLE]


def test_days_on_which_a_late_result_lay_with_the_command_centre_bring_no_card_and_cost_no_points() -> None:
    story, _ = _at_light(Light.RED)
    alone, since = climbed(story), story.now
    assert len(alone) == 8  # E4, E5 and six days
    story.submit(HOUSING).later(hours=7 * 24).sent_back()
    gone = CALENDAR.work_between(since, story.now)
    assert gone == timedelta(hours=35)
    assert climbed(story) == [(step, CALENDAR.add_work(at, gone)) for step, at in alone if at]


@pytest.mark.parametrize("light", list(Light))
def test_of_a_clock_that_came_stopped_the_ladder_is_climbed_anew(light: Light) -> None:
    """An imported row that was submitted elsewhere: nothing says what was to come next."""
    story, following = _at_light(light)
    (before,) = story.case.running(C.HANDLE)
    story.submit(HOUSING)
    clocks = tuple(replace(it, next_step=None, next_at=None) for it in story.case.clocks)
    story.take(replace(story.outcome, case=replace(story.case, clocks=clocks)))
    story.sent_back()
    (again,) = story.case.running(C.HANDLE)
    skipped = before.next_step is ClockStep.E0
    assert again.next_step is (ClockStep.YELLOW if skipped else before.next_step)
    assert again.next_at == (before.yellow_at if skipped else following)


def test_a_late_clock_that_came_stopped_and_is_not_due_any_more_climbs_no_further() -> None:
    story, _ = _at_light(Light.RED)
    story.submit(HOUSING)
    due = story.now + timedelta(days=9)
    clocks = tuple(
        replace(it, next_step=None, next_at=None, due_at=due) if it.type is C.HANDLE else it
        for it in story.case.clocks
    )
    story.take(replace(story.outcome, case=replace(story.case, clocks=clocks)))
    story.sent_back()
    (again,) = story.case.running(C.HANDLE)
    assert (again.next_step, again.next_at) == (None, None)


def test_a_result_that_is_handed_in_twice_gives_no_step_away() -> None:
    """T26 twice while late: what stood still the first time is not forgotten, so E4 comes and comes later."""
    story, following = _at_light(Light.RED)
    story.submit(HOUSING).later(hours=22).sent_back()
    (once,) = story.case.running(C.HANDLE)
    assert once.next_at is not None
    assert once.next_at > following
    story.now = following + timedelta(minutes=1)
    story.submit(HOUSING).sent_back()
    (twice,) = story.case.running(C.HANDLE)
    assert (twice.next_step, twice.next_at) == (ClockStep.E4, once.next_at)


def test_a_stopped_clock_waits_for_nothing_once_its_result_cannot_come_back() -> None:
    story, _ = _at_light(Light.RED)
    story.submit(HOUSING)
    (stopped,) = [it for it in story.case.clocks if it.type is C.HANDLE]
    assert (stopped.running, stopped.next_step) == (False, ClockStep.E4)
    story.checking()
    assert {it.next_step for it in story.case.clocks if it.stopped_at} == {None}
