"""What time alone triggers (R21, B.4, B.6 SUBMITTED, design §6)."""

from datetime import UTC, datetime, timedelta

from domain.clock import ClockStep, ClockType, Light
from domain.event import EventKind
from domain.incident import IncidentState
from domain.life.outcome import Outcome
from domain.rules import supervision
from domain.rules.step import Fired, due_steps
from domain.supervision import SupervisionLevel, SupervisionOrigin
from tests.domain.stage import DIRECTOR, NOW, SYSTEM, Story, act, story_at


def fired(story: Story) -> list[Fired]:
    steps = list(due_steps(act(SYSTEM, at=story.now), story.case))
    if steps:
        story.take(steps[-1].outcome)
    return steps


def kinds(outcome: Outcome) -> list[EventKind]:
    return [event.kind for event in outcome.events if event.subject.noun == "Incident"]


def test_nothing_is_due_at_first() -> None:
    assert fired(Story()) == []


def test_a_light_turns_yellow_and_then_red_each_once() -> None:
    story = Story().later(hours=3.2)
    (yellow,) = fired(story)
    assert (yellow.step, story.case.incident.light) == (ClockStep.YELLOW, Light.YELLOW)
    assert kinds(yellow.outcome) == [EventKind.LIGHT, EventKind.ESCALATED]
    assert fired(story) == []
    (red,) = fired(story.later(hours=5))
    assert (red.step, story.case.incident.light) == (ClockStep.RED, Light.RED)
    assert red.outcome.events[0].data["type"] == "INTAKE"
    assert story.case.incident.escalation_step == 0
    assert ClockStep.RED not in [step.step for step in fired(story.later(days=9))]


def test_light_changes_and_reminders_bump_no_version() -> None:
    story = Story().later(days=3)
    before = story.case.incident.version
    fired(story)
    assert story.case.incident.version == before


def test_a_late_sign_off_is_urged_once_and_first_contact_adds_no_second_card() -> None:
    story = story_at(2)
    story.now = datetime(2024, 10, 28, 1, tzinfo=UTC)  # Monday 9:00; both were due on Friday
    steps = fired(story)
    assert [step.clock.type for step in steps if step.step is ClockStep.RED] == [
        ClockType.CONTACT,
        ClockType.REPLY,  # of the card's own, four working hours later
        ClockType.SIGN,
    ]
    (card,) = story.case.supervisions
    assert (card.level, card.origin, card.trigger) == (
        SupervisionLevel.URGE,
        SupervisionOrigin.AUTO,
        "CONTACT.E2",
    )
    urged = [step for step in steps if "E2" in {event.row for event in step.outcome.events}]
    assert len(urged) == 2
    assert (story.case.incident.escalation_step, story.row.on_time_accept) == (2, False)
    assert story.row.on_time_handle is None


def test_a_higher_card_is_not_lowered_by_the_timer() -> None:
    story = story_at(2)
    story.take(supervision.supervise(act(DIRECTOR), story.case, SupervisionLevel.RED, "请抓紧"))
    fired(story.later(days=2))
    assert story.case.incident.supervision_level is SupervisionLevel.RED
    assert len(story.case.supervisions) == 1


def test_late_handling_is_written_and_urged_by_e3() -> None:
    story = story_at(4)
    story.now = datetime(2024, 10, 31, 12, tzinfo=UTC)  # the evening of the fifth working day
    fired(story)
    (card,) = story.case.supervisions
    assert (story.row.on_time_handle, story.row.light, card.trigger) == (False, Light.RED, "HANDLE.E3")


def test_a_clock_born_breached_fires_its_steps_in_order() -> None:
    story = story_at(2, external_due_at=NOW - timedelta(days=3)).later(minutes=1)
    assert [(step.clock.type, step.step) for step in fired(story)] == [
        (ClockType.HANDLE, ClockStep.E0),
        (ClockType.HANDLE, ClockStep.YELLOW),
        (ClockType.HANDLE, ClockStep.RED),
    ]


def test_the_timer_asks_for_the_check_when_nobody_did() -> None:
    story = story_at(5).later(days=1)
    steps = fired(story)
    assert [step.step for step in steps] == [ClockStep.YELLOW, ClockStep.RED]
    assert story.case.incident.state is IncidentState.CHECKING
    last = steps[-1].outcome.events[0]
    assert (last.row, last.action, last.actor_id) == ("T27", None, None)
    assert not any(clock.breached for clock in story.case.clocks if clock.type is ClockType.SUBMIT_WAIT)
    assert story.row.on_time_handle is True
