"""About 400 recent cases: replayed in the order of time through the services, with the sweep between them."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from channels.demo.cast import Cast
from channels.demo.ground import Ground
from channels.demo.plans import Drawing
from channels.demo.steps import PATH, REFUSED, Journey, Stage, Step, find_again, request_check
from db import dictionaries, incidents
from db.lists.filters import Test
from domain.calendar import WorkCalendar
from domain.errors import DomainError, ErrorCode
from domain.incident import Urgency
from services.command import SYSTEM
from services.sweep import drain

CASES = 400
SEED = 20241024
SERIES = "demo case"
PAST = timedelta(days=30)
SWEEP_EVERY = timedelta(hours=1)
REFUSED_SHARE = 0.03
SLOW_SHARE = 0.1

# Minutes before each step of the path: usual least and most, then those of a slow unit.
PACE: dict[str, tuple[int, int, int, int]] = {
    "reject": (10, 60, 60, 110),
    "file": (5, 60, 70, 200),
    "dispatch": (5, 120, 150, 500),
    "accept": (5, 120, 430, 700),
    "contact": (5, 100, 300, 800),
    "submit": (120, 1500, 1800, 3300),
    "request_check": (10, 150, 200, 230),
    "check": (30, 240, 400, 600),
    "follow_up": (30, 500, 600, 1100),
    "close": (5, 120, 150, 300),
}
HASTE = {Urgency.CRITICAL: 0.02, Urgency.URGENT: 0.06}
"""Urgent cases go that much faster, and by night too; others wait for the office's hours."""

Report = Callable[[int, int], None]


@dataclass(order=True, slots=True)
class _Due:
    """The next step of one case, in the order of time."""

    at: datetime
    number: int
    step: int
    journey: Journey = field(compare=False)
    path: tuple[Step, ...] = field(compare=False)


async def load_cases(ground: Ground, told: Report | None = None, *, count: int = CASES) -> int:
    """Load the recent cases before `ground.loaded_at`, or what is missing of them; how many cases there are.

    `told(done, of)` hears of the progress. Killed midway and called again, it goes on where it stopped.
    """
    end = ground.loaded_at
    recent = (Test("reportedAt", "gte", end - PAST), Test("reportedAt", "lte", end))
    present, _ = await incidents.count(viewer=SYSTEM, tests=recent)
    if present >= count:
        return present
    drawing = Drawing(SEED)
    book = await dictionaries.rulebook(end)
    plans = list(drawing.plans(drawing.arrivals(count, end - PAST, end)))
    waiting = [
        _Due(plan.reported_at, plan.number, 0, Journey(plan, SERIES), _path(drawing)) for plan in plans
    ]
    heapq.heapify(waiting)
    await _replay(waiting, drawing, book.calendar, end, told)
    return count


async def _replay(
    waiting: list[_Due], drawing: Drawing, calendar: WorkCalendar, end: datetime, told: Report | None
) -> None:
    """Step by step in the order of time, so that numbers, events and lights are those of real days."""
    cast, swept, reported, total = Cast(), waiting[0].at, 0, len(waiting)
    while waiting:
        due = heapq.heappop(waiting)
        if due.at - swept > SWEEP_EVERY:
            swept = due.at
            await drain(swept)
        cast.at(due.at)
        await _take(Stage(cast, due.at), due)
        reported += due.step == 0
        if told and due.step == 0:
            told(reported, total)
        due.step += 1
        if due.step < len(due.path):
            due.at = _next(drawing, calendar, due)
            if due.at < end:
                heapq.heappush(waiting, due)
    await drain(end)


async def _take(stage: Stage, due: _Due) -> None:
    """One step; what an earlier run or the timer did already stays as it is."""
    step = due.path[due.step]
    try:
        await step(stage, due.journey)
    except DomainError as refusal:
        timer_came_first = step is request_check and refusal.code is ErrorCode.ILLEGAL_TRANSITION
        if refusal.code is ErrorCode.IDEMPOTENCY_KEY_REUSED:
            await find_again(due.journey)
        elif not timer_came_first:
            raise


def _path(drawing: Drawing) -> tuple[Step, ...]:
    return REFUSED if drawing.chance.random() < REFUSED_SHARE else PATH


def _next(drawing: Drawing, calendar: WorkCalendar, due: _Due) -> datetime:
    """When the next step is taken."""
    least, most, slow_least, slow_most = PACE[due.path[due.step].__name__]
    slow = drawing.chance.random() < SLOW_SHARE
    minutes = drawing.chance.randint(slow_least, slow_most) if slow else drawing.chance.randint(least, most)
    haste = HASTE.get(due.journey.plan.urgency)
    if haste is None:
        return calendar.add_work(due.at, timedelta(minutes=minutes))
    return due.at + timedelta(minutes=minutes * haste)
