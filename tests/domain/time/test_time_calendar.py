"""A year's calendar is published while clocks run: they follow it, and nothing that was late is forgiven (trap 11)."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from domain.calendar import DISTRICT_TIME, CalendarDay, WorkCalendar, local_day
from domain.case import Case
from domain.clock import ClockType, Light
from domain.errors import DomainError
from domain.followup import FollowUpLayer
from domain.loop.pause import Pause, delayed
from domain.loop.shift import recomputed
from domain.rules.loop.joint import return_result
from domain.rules.loop.opinion import with_opinion
from domain.rules.time import hang
from domain.rules.time.calendar import Move, change_of_year, follow, follows, year_of_days
from domain.verification import TaskState
from tests.domain.loop.play.steps_time import Timed, at_work, hung, refusal_of
from tests.domain.stage import ADMIN, CALENDAR, DIRECTOR, INSPECTOR, a_complainant, act

MONDAY = CalendarDay(date(2024, 10, 28), False, "节日", "通知")  # inside the five days of handling
SATURDAY = CalendarDay(date(2024, 10, 26), True, "节日", "通知")  # worked in exchange


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=DISTRICT_TIME)


def published(*days: CalendarDay) -> WorkCalendar:
    return replace(CALENDAR, days=days, version=7)


def followed(
    story: Timed, calendar: WorkCalendar, pauses: tuple[Pause, ...] = ()
) -> tuple[Case, tuple[Move, ...]]:
    doing = replace(act(ADMIN, at=story.now), calendar=calendar)
    found = follow(doing, story.case, change_of_year(2024), pauses)
    assert found is not None
    outcome, moves = found
    story.take(outcome)
    return outcome.case, moves


def test_trap_11_running_clocks_follow_a_new_calendar() -> None:
    story = at_work()
    before = story.clock()
    case, moves = followed(story, published(MONDAY))
    after = story.clock()
    assert (before.due_at, after.due_at) == (local("2024-10-31T17:00"), local("2024-11-01T17:00"))
    assert after.yellow_at > before.yellow_at
    assert (story.row.handle_due_at, case.incident.due_at) == (after.due_at, after.due_at)
    assert after.calendar_version == 7
    assert moves == (Move(after.id, ClockType.HANDLE, case.incident.no, before.due_at, after.due_at),)
    kinds = [(it.kind.value, it.row, it.subject.noun) for it in story.outcome.events]
    assert kinds == [("CLOCK_MOVED", "R78", "Incident"), ("CHANGED", "R78", "Assignment")]
    _, moves = followed(story, published(SATURDAY))
    assert (story.clock().due_at, len(moves)) == (local("2024-10-30T17:00"), 1)


def test_trap_11_a_breach_stays_and_no_light_turns_greener() -> None:
    story = at_work()
    story.until(story.clock().due_at + timedelta(minutes=1))
    followed(story, published(MONDAY))
    late = story.clock()
    assert late.due_at > story.now
    assert (late.breached, late.light, story.row.on_time_handle) == (True, Light.RED, False)
    yellow = at_work()
    yellow.until(yellow.clock().yellow_at)
    followed(yellow, published(MONDAY))
    turned = yellow.clock()
    assert (turned.light, turned.next_at) == (
        Light.YELLOW,
        turned.due_at,
    )  # the step has fired: it fires once


def test_pauses_and_extensions_are_counted_again_as_they_came() -> None:
    story = at_work().extension_asked(2).extension_decided()
    followed(story, published(MONDAY))
    assert story.clock().due_at == local("2024-11-05T17:00")  # seven working days, one of them a holiday
    story = hung()
    story.later(days=2)
    pauses = story.resumed().case.pauses
    left = story.clock().due_at
    followed(story, published(MONDAY), pauses)
    assert story.clock().due_at - left >= timedelta(days=1)


def test_a_hung_clock_follows_and_goes_on_with_the_days_it_had_left() -> None:
    story = hung()
    before = story.clock()
    left = CALENDAR.work_between(story.now, before.due_at)
    _, moves = followed(story, published(MONDAY))
    assert [it.clock_id for it in moves] == [before.id]
    after = story.clock()
    assert (after.paused_at, after.due_at) == (before.paused_at, local("2024-11-01T17:00"))
    story.later(days=20)
    doing = replace(act(DIRECTOR, at=story.now), calendar=published(MONDAY))
    story.take(hang.resume(doing, story.case, story.row, "可以施工"))
    assert published(MONDAY).work_between(story.now, story.clock().due_at) == left


def test_a_result_sent_back_goes_on_with_the_days_it_had_left_by_the_new_calendar() -> None:
    story = at_work()
    story.submitted()
    handed_in = story.now
    left = published(MONDAY).work_between(handed_in, local("2024-11-01T17:00"))
    _, moves = followed(story, published(MONDAY))
    assert local("2024-11-01T17:00") in [it.after for it in moves]
    assert story.row.handle_due_at == story.clock().due_at == local("2024-11-01T17:00")
    assert story.clock().stopped_at == handed_in
    story.later(days=1)
    doing = replace(act(INSPECTOR, at=story.now), calendar=published(MONDAY))
    story.take(return_result(doing, story.case, [story.row.id], "缺少照片"))
    assert published(MONDAY).work_between(story.now, story.clock().due_at) == left


def test_a_result_that_is_being_checked_follows_no_calendar() -> None:
    story = at_work()
    story.submitted()
    story.checking()
    assert not follows(story.case, story.clock(), change_of_year(2024))


def test_a_pause_after_it_turned_yellow_puts_no_yellow_off() -> None:
    story = at_work()
    clock = story.clock()
    still = Pause(
        id=act(ADMIN).new_id(),
        clock_id=clock.id,
        from_at=clock.yellow_at + timedelta(hours=1),
        to_at=clock.yellow_at + timedelta(days=3),
        row="T23",
    )
    plain = recomputed(clock, (), (), story.case.incident.urgency, CALENDAR)
    found = recomputed(clock, (still,), (), story.case.incident.urgency, CALENDAR)
    assert found.yellow_at == plain.yellow_at
    assert found.due_at > plain.due_at
    sooner = replace(still, from_at=clock.yellow_at - timedelta(minutes=1))
    assert recomputed(clock, (sooner,), (), story.case.incident.urgency, CALENDAR).yellow_at > still.to_at


def test_a_stopped_clock_and_one_that_is_over_before_follow_no_calendar() -> None:
    this, next_ = change_of_year(2024), change_of_year(2025)
    story = at_work()
    assert follows(story.case, story.clock(), this)
    assert not follows(story.case, story.clock(), next_)
    assert not any(follows(story.case, it, this) for it in story.case.clocks if it.stopped_at)
    assert follow(act(ADMIN, at=story.now), story.case, this, ()) is None


def test_a_clock_of_the_sources_keeps_its_due_time_and_turns_yellow_by_the_new_calendar() -> None:
    story = at_work(external_due_at=local("2024-10-29T17:00"))
    before = story.clock()
    _, moves = followed(story, published(MONDAY))
    after = story.clock()
    assert (before.due_at, after.due_at, moves) == (local("2024-10-29T13:00"), before.due_at, ())
    counted = published(MONDAY).work_between(after.start_at, after.due_at)
    assert published(MONDAY).work_between(after.start_at, after.yellow_at) == counted * 4 // 5
    assert after.yellow_at != before.yellow_at


def test_a_late_clock_of_minutes_climbs_by_the_working_days_of_the_new_calendar() -> None:
    story = Timed(complainant=a_complainant())
    story.filed()
    story.dispatched()
    story.until(story.clock(ClockType.CONTACT).due_at + timedelta(minutes=1))
    before = story.clock(ClockType.CONTACT)
    holiday = replace(MONDAY, date=local_day(before.next_at or story.now))
    followed(story, published(holiday))
    after = story.clock(ClockType.CONTACT)
    assert (after.due_at, after.yellow_at) == (before.due_at, before.yellow_at)
    assert before.next_at
    assert after.next_at
    assert after.next_at > before.next_at


def test_waiting_tasks_are_due_with_their_clock() -> None:
    story = at_work()
    story.submitted()
    story.checking()
    followed(story, published(replace(MONDAY, date=date(2024, 10, 25))))
    assert (
        story.case.verifications[-1].due_at
        == story.clock(ClockType.CHECK).due_at
        == local("2024-10-28T17:00")
    )


def test_a_notice_names_days_of_its_year_each_once() -> None:
    days = year_of_days(
        2027, [(date(2027, 1, 3), True, "元旦"), (date(2027, 1, 1), False, "元旦")], "国办发明电"
    )
    assert [it.date.day for it in days] == [1, 3]
    assert days[0].source == "国办发明电"
    one = (date(2027, 1, 1), False, "元旦")
    for year, given, source, field in (
        (1999, [one], "国办", "year"),
        (2027, [], "国办", "days"),
        (2027, [one, one], "国办", "days"),
        (2026, [one], "国办", "days"),
        (2027, [one], "", "source"),
        (2027, [(date(2027, 1, 1), False, "名" * 41)], "国办", "days.name"),
    ):
        with pytest.raises(DomainError) as refusal:
            year_of_days(year, given, source)
        assert refusal_of(refusal.value)[:2] == ("BAD_INPUT", field)


def test_a_follow_up_is_not_due_before_the_opinion_that_is_waited_for() -> None:
    story = at_work()
    story.submitted()
    story.checking()
    story.checked()
    doing = act(ADMIN, at=story.now)
    story.take(replace(story.outcome, case=with_opinion(doing, story.case)))
    (opinion,) = [it for it in story.case.followups if it.layer is FollowUpLayer.COMMUNITY]
    assert opinion.due_at == story.clock(ClockType.FOLLOWUP).due_at == local("2024-10-29T17:00")
    case, _ = followed(story, published(MONDAY))
    (opinion,) = [it for it in case.followups if it.layer is FollowUpLayer.COMMUNITY]
    assert opinion.due_at == story.clock(ClockType.FOLLOWUP).due_at == local("2024-10-30T17:00")


def test_an_opinion_that_is_in_holds_the_follow_up_as_one_that_is_waited_for() -> None:
    story = at_work()
    story.submitted()
    story.checking()
    story.checked()
    story.take(replace(story.outcome, case=with_opinion(act(ADMIN, at=story.now), story.case)))
    given = tuple(replace(it, state=TaskState.DONE) for it in story.case.followups)
    story.take(replace(story.outcome, case=replace(story.case, followups=given)))
    before = story.clock(ClockType.FOLLOWUP).due_at
    followed(story, published(replace(MONDAY, date=date(2024, 12, 2))))
    assert story.clock(ClockType.FOLLOWUP).due_at == before


def test_what_stood_still_after_the_due_time_turns_no_light_and_brings_no_rung_sooner() -> None:
    story = at_work()
    story.until(story.clock().due_at + timedelta(days=1))
    late = story.clock()
    still = Pause(
        id=act(ADMIN).new_id(),
        clock_id=late.id,
        from_at=late.due_at + timedelta(hours=17),
        to_at=late.due_at + timedelta(hours=18),
        row="T26",
    )
    plain = recomputed(late, (), (), story.case.incident.urgency, published())
    found = recomputed(late, (still,), (), story.case.incident.urgency, published())
    assert (found.due_at, found.yellow_at) == (plain.due_at, plain.yellow_at)
    assert found.paused_seconds == 3600
    assert plain.next_at
    assert found.next_at == delayed(plain.next_at, still.from_at, still.to_at, late.unit, published())
    assert found.next_at > plain.next_at


def test_a_missed_review_still_ends_with_the_time_agreed() -> None:
    story = at_work().hang_asked(review=5, until=6).hang_decided()
    end = story.now + timedelta(days=6)
    story.until(end - timedelta(hours=20))
    assert story.clock(ClockType.HANG_REVIEW).next_at == end
    followed(story, published(replace(MONDAY, date=local_day(end))))
    assert story.clock(ClockType.HANG_REVIEW).next_at == end
