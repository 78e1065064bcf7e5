"""Pauses and extensions in any order against a minute-by-minute reference, 2,500 lives of a clock."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest

from domain.clock import Clock, ClockType, Limit, TimeUnit, start_clock
from domain.deadline import clock_explanation, clock_used
from domain.incident import Urgency
from domain.loop.ladder import climb
from domain.loop.pause import Pause, pause, resume
from domain.loop.shift import Granted, extended_due, moved_to, recomputed
from tests.domain.calendar_days import CALENDAR
from tests.domain.test_deadline import FIRST, LENGTH, MINUTE, WORK, WORKED, WORKING, slow_counted, slow_due

LIVES = 2_500
NORMAL = Urgency.NORMAL
AMOUNTS = {
    TimeUnit.NATURAL_MIN: 6_000,
    TimeUnit.WORK_MIN: 1_500,
    TimeUnit.WORK_DAY: 5,
    TimeUnit.NATURAL_DAY: 6,
}


def at(minute: int) -> datetime:
    """That minute of the reference."""
    return FIRST + minute * MINUTE


@dataclass
class Walked:
    """The reference: minutes from FIRST; `used` are the counted minutes up to `now`, `due` where they run out."""

    unit: TimeUnit
    start: int
    due: int

    def paused(self, since: int, until: int) -> None:
        """Nothing is used up meanwhile: the minutes that were left come after."""
        left = slow_counted(since, self.due, self.unit)
        if self.unit not in WORK:
            self.due = until + left
        elif left:
            self.due = bisect_left(WORKED, WORKED[until] + left, until)
        else:
            self.due = until

    def extended(self, days: int) -> None:
        """To the closing of the last of so many working days after the day it is due."""
        day = self.due // 1440
        while days:
            day += 1
            days -= WORKING[day * 1440 + 600]
        self.due = day * 1440 + 1020


def a_clock(start: int, limit: Limit) -> Clock:
    """A clock from that minute on."""
    return start_clock(
        clock_id=UUID(int=1),
        incident_id=UUID(int=2),
        assignment_id=None,
        clock_type=ClockType.HANDLE,
        round_number=1,
        limit=limit,
        start=at(start),
        calendar=CALENDAR,
    )


def climbed(clock: Clock, now: datetime) -> Clock:
    """The clock after every step that is due by then."""
    while turned := climb(clock, now, NORMAL, CALENDAR):
        clock, _ = turned
    return clock


def lived(chance: Random) -> None:
    """One clock, paused and extended up to three times, compared after each; some extensions come when it is late."""
    unit = chance.choice(list(TimeUnit))
    limit = Limit(chance.randint(1, AMOUNTS[unit]), unit)
    start = chance.randint(0, 6 * 1440)
    clock, walked = a_clock(start, limit), Walked(unit, start, slow_due(start, limit.amount, unit))
    pauses: list[Pause] = []
    granted: list[Granted] = []
    now, late = start, False
    for _ in range(chance.randint(1, 3)):
        if now + 1 >= walked.due or walked.due > LENGTH - 20 * 1440:
            break
        now = chance.randint(now, walked.due - 1)
        if chance.random() < 0.6:
            until = now + chance.randint(1, 3 * 1440)
            held = pause(clock, at(now))
            clock = resume(held, at(until), CALENDAR)
            pauses.append(
                Pause(id=UUID(int=now), clock_id=clock.id, from_at=at(now), to_at=at(until), row="T24")
            )
            walked.paused(now, until)
            now = until
        else:
            days = chance.randint(1, 3)
            if chance.random() < 0.3:
                now, late = walked.due + chance.randint(1, 1440), True
                clock = climbed(clock, at(now))
            clock = moved_to(clock, extended_due(clock.due_at, days, CALENDAR), NORMAL, CALENDAR)
            granted.append(Granted(at(now), days))
            walked.extended(days)
            now += 1  # whatever comes next comes after it
        assert clock.due_at == at(walked.due)
        assert clock.breached is late
    _agrees(clock, pauses, granted)


def _agrees(clock: Clock, pauses: list[Pause], granted: list[Granted]) -> None:
    """What is derived from the clock holds together."""
    again = recomputed(clock, pauses, granted, NORMAL, CALENDAR)
    assert (again.due_at, again.paused_seconds) == (clock.due_at, clock.paused_seconds)
    assert clock_used(clock, clock.start_at, CALENDAR, pauses) == 0
    assert clock_used(clock, clock.due_at, CALENDAR, pauses) == pytest.approx(1)
    for it in pauses:
        before = clock_used(clock, it.from_at, CALENDAR, pauses)
        assert clock_used(clock, it.to_at, CALENDAR, pauses) == pytest.approx(before)
    _explained(clock, pauses)


def _explained(clock: Clock, pauses: list[Pause]) -> None:
    spans = clock_explanation(clock, CALENDAR, pauses)
    assert (spans[0].start, spans[-1].end) == (clock.start_at, clock.due_at)
    assert all(one.end == two.start for one, two in pairwise(spans))
    assert all(span.start < span.end for span in spans)
    stood = [(it.start, it.end) for it in spans if it.zh == "暂停"]
    assert stood == [(it.from_at, it.to_at) for it in pauses]
    if clock.unit is TimeUnit.NATURAL_DAY:
        return
    start, due = (int((moment - FIRST) / MINUTE) for moment in (clock.start_at, clock.due_at))
    net = slow_counted(start, due, clock.unit) - sum(
        slow_counted(int((it.from_at - FIRST) / MINUTE), int((it.to_at - FIRST) / MINUTE), clock.unit)
        for it in pauses
    )
    if clock.unit is TimeUnit.WORK_DAY:  # the rest of the first day is used up but never counted
        net -= slow_counted(start, (start // 1440 + 1) * 1440, clock.unit)
    assert sum(it.minutes for it in spans if it.counted) == net


def test_pauses_and_extensions_agree_with_walking_every_minute() -> None:
    chance = Random(20240930)  # noqa: S311 - a test's own dice
    for number in range(LIVES):
        try:
            lived(chance)
        except AssertionError as error:
            raise AssertionError(f"life {number} of {LIVES}") from error


def test_a_pause_on_the_first_day_gives_its_working_time_back_and_the_sums_hold() -> None:
    start = int((datetime.fromisoformat("2024-09-23T15:00+08:00") - FIRST) / MINUTE)
    clock = a_clock(start, Limit(1, TimeUnit.WORK_DAY))
    since, until = at(start + 60), at(start + 18 * 60)  # 16:00 to 09:00 of the next day
    again = resume(pause(clock, since), until, CALENDAR)
    found = Pause(id=UUID(int=9), clock_id=clock.id, from_at=since, to_at=until, row="T24")
    assert again.due_at - clock.due_at == timedelta(hours=17)  # 90 minutes, from 08:30 on the day after
    spans = [(it.zh, it.minutes) for it in clock_explanation(again, CALENDAR, [found])][:4]
    assert spans == [
        ("起算日不计", 60),
        ("暂停", 17 * 60),
        ("起算日余时，暂停后顺延，不计", 60),
        ("工作时间", 90),
    ]
