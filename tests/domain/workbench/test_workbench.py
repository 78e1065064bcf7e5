"""Desks: who reads which, since when something is too late, and what is said of an entry."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from domain.calendar import WorkCalendar
from domain.clock import Limit, TimeUnit, due_time
from domain.loop.workbench import (
    READERS,
    Desk,
    TaskReason,
    late_minutes,
    marks,
    reasons,
    run_out_before,
)
from domain.person import Role
from domain.policy import Policy
from tests.domain.calendar_days import CALENDAR

NOW = datetime(2024, 10, 24, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("unit", list(TimeUnit))
def test_what_began_before_the_mark_was_due_and_what_began_later_is_not(unit: TimeUnit) -> None:
    """Against `due_time` itself, around National Day with its worked Saturdays."""
    chance, calendar = Random(11), CALENDAR  # noqa: S311 - drawn for a test, and always alike
    for _ in range(60):
        now = datetime(2024, 9, 20, tzinfo=UTC) + timedelta(seconds=chance.randrange(40 * 86_400))
        days = unit in {TimeUnit.WORK_DAY, TimeUnit.NATURAL_DAY}
        limit = Limit(chance.randrange(1, 9) if days else chance.randrange(1, 3_000), unit)
        mark = run_out_before(now, limit, calendar)
        assert due_time(mark - SECOND, limit, calendar) < now
        later = mark + 2 * SECOND
        assert later > now or due_time(later, limit, calendar) >= now


def test_every_desk_has_readers_and_none_is_read_by_the_public() -> None:
    assert READERS.keys() == set(Desk)
    public = {Role.RESIDENT, Role.VOLUNTEER, Role.REPORTER, Role.CHANNEL, Role.SYS_ADMIN, Role.SEC_ADMIN}
    assert not [desk for desk, roles in READERS.items() if not roles or roles & public]


def test_the_marks_of_a_moment_are_those_of_the_policy() -> None:
    known = marks(NOW, Policy.default(), WorkCalendar())
    assert (known.returns, known.short, known.copied) == (2, 20, 3)
    assert known.day_end == datetime(2024, 10, 24, 16, tzinfo=UTC)  # trap 30: midnight there
    assert known.undispatched == known.unread == datetime(2024, 10, 22, 16, tzinfo=UTC)
    assert known.recent == datetime(2024, 9, 23, 16, tzinfo=UTC)


def test_an_entry_says_how_late_it_is_and_why_it_is_there() -> None:
    assert late_minutes(None, NOW) == late_minutes(NOW, NOW) == late_minutes(NOW + SECOND, NOW) == 0
    assert late_minutes(NOW - timedelta(minutes=5, seconds=59), NOW) == 5
    assert reasons("") == []
    assert reasons("NO_CONTACT,LATE_SIGN,") == [TaskReason.LATE_SIGN, TaskReason.NO_CONTACT]
