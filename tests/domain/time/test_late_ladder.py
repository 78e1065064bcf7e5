"""The ladder of a clock that is late, was given more time all the same, and then stood still (T22, T23, T26, B.6 D)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.action import ActionName as A
from domain.assignment import AssignmentState
from domain.clock import Clock, ClockStep, ClockType
from domain.loop.shift import Granted, recomputed
from domain.rules.loop import joint
from domain.rules.step import due_steps
from domain.rules.time import extension
from tests.domain.stage import ACCEPTOR, CALENDAR, DISPATCHER, LEAD, SYSTEM, Story, act, story_at

# Reported on Thursday 24 October at 10:00: HANDLE is due on Thursday 31 October at 17:00.
WISH = extension.Wish(days=5, reason="缺料", text="等料", informed_at=None)


def local(text: str) -> datetime:
    """That moment of the district."""
    return datetime.fromisoformat(f"2024-11-{text}+08:00").astimezone(UTC)


def climbing(story: Story, until: datetime) -> tuple[Story, list[ClockStep]]:
    """What HANDLE alone fires until then."""
    fired = []
    for it in due_steps(act(SYSTEM, at=until), story.case):
        if it.clock.type is ClockType.HANDLE:
            fired.append(it.step)
        story.take(it.outcome)
    story.now = until
    return story, fired


def handling(story: Story) -> Clock:
    """The row's HANDLE clock."""
    return next(it for it in story.case.clocks if it.type is ClockType.HANDLE)


def given_time_when_late() -> Story:
    """Asked on the last day, approved a day later: five working days, to Thursday 7 November; late for ever."""
    story = story_at(4).later(days=6)
    wish = replace(WISH, informed_at=story.now)
    story.take(extension.request(story.by(LEAD, A.requestExtension, row=True), story.case, story.row, wish))
    story, fired = climbing(story, local("01T11:00"))
    assert fired == [ClockStep.E0, ClockStep.YELLOW, ClockStep.RED]
    doing = story.by(DISPATCHER, A.decideExtension, row=True)
    story.take(extension.decide(doing, story.case, story.row, accept=True))
    assert (handling(story).due_at, handling(story).breached) == (local("07T17:00"), True)
    assert handling(story).next_at == local("08T17:00")  # E4, a working day after
    return story


def sent_back(story: Story, submitted: datetime, returned: datetime) -> Story:
    """T25, T26."""
    story.now = submitted
    story.submitted()
    story.now = returned
    doing = story.by(ACCEPTOR, A.returnResult)
    return story.take(joint.return_result(doing, story.case, [story.row.id], "缺少照片"))


def test_what_was_left_of_time_granted_after_the_breach_is_left_after_a_pause() -> None:
    """T26: HANDLE resumes with what was left; two and a half working hours did not count. Rule D: it stays late."""
    story = sent_back(given_time_when_late(), local("04T10:00"), local("04T14:00"))
    clock = handling(story)
    assert (clock.due_at, clock.breached) == (local("08T11:00"), True)
    assert story.row.handle_due_at == clock.due_at
    assert (story.row.state, story.row.on_time_handle) == (AssignmentState.ACCEPTED, False)
    _, fired = climbing(story, local("11T16:59"))
    assert fired == []
    story, fired = climbing(story, local("11T17:00") + timedelta(seconds=1))
    assert fired == [ClockStep.E4, ClockStep.D1]
    assert handling(story).next_at == local("12T17:00")


def test_a_calendar_imported_meanwhile_finds_the_same_due_time() -> None:
    story = sent_back(given_time_when_late(), local("04T10:00"), local("04T14:00"))
    clock, urgency = handling(story), story.case.incident.urgency
    again = recomputed(clock, story.case.pauses, [Granted(local("01T11:00"), 5)], urgency, CALENDAR)
    assert (again.due_at, again.next_at) == (clock.due_at, clock.next_at)


def test_late_by_the_new_time_too_a_pause_gives_nothing_back_but_brings_no_card() -> None:
    """D.9: what is late has nothing left; the ladder waits for what did not count, and no longer."""
    story = given_time_when_late()
    story = sent_back(story, local("08T10:00"), local("08T14:00"))
    clock = handling(story)
    assert clock.due_at == local("07T17:00")
    assert clock.next_at == local("11T11:00")  # E4 was due at 17:00, two and a half hours stood still
    story, fired = climbing(story, local("11T11:00"))
    assert fired == [ClockStep.E4, ClockStep.D1]
    assert [
        card.trigger for card in story.case.supervisions if (card.trigger or "").startswith("HANDLE")
    ] == [
        "HANDLE.E3",
        "HANDLE.E4",
    ]
