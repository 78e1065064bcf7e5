"""A year lived through: the test clock goes from moment to moment, and whoever has something to do then does it."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from bench.year.acts import office, rarely, reporting, review, unit
from bench.year.desks import waiting
from bench.year.matter import Matter, Task
from bench.year.notice import notices, publish
from bench.year.pace import rounded, when
from bench.year.stage import Stage, case_of
from channels.demo.plans import Drawing, Plan
from db import cases, dictionaries
from db.unit_of_work import in_transaction
from domain.calendar import WorkCalendar
from domain.clock import ClockStep, ClockType
from domain.errors import DomainError
from services import clocks
from services.command import SYSTEM, Call, business_now, new_id
from services.sweep import drain

ACTS = {**reporting.ACTS, **office.ACTS, **unit.ACTS, **review.ACTS, **rarely.ACTS}
ONCE = frozenset({"merge", "merge_late", "unmerge", "claim", "blow", "rate", "come"})
"""What is not tried again when it was refused: the moment has gone."""

HOUR = timedelta(hours=1)
GIVEN_UP = 40  # visits in which a matter's task is refused before the run says so
_TELLING = frozenset({ClockStep.RED, ClockStep.E4, ClockStep.E5})
_WAITED_FOR = frozenset({ClockType.SUBMIT_WAIT, ClockType.HANG_REVIEW})
ECHOED = 60
Told = Callable[[datetime, int, int], bool]


@dataclass(slots=True)
class Year:
    """How far it has come: `visits` are moments at which a matter is looked at."""

    stage: Stage
    calendar: WorkCalendar
    end: datetime
    visits: list[tuple[datetime, int]]
    matters: dict[int, Matter]
    notices: list[datetime] = field(default_factory=list)
    fired: int = 0
    refused_in_a_row: int = 0


def matters_of(drawing: Drawing, count: int, start: datetime, end: datetime, seed: int) -> dict[int, Matter]:
    """The matters of the year by number, some of them reports of what was reported just before."""
    moments = [rounded(it) for it in drawing.arrivals(count, start, end)]
    found: dict[int, Matter] = {}
    for number, moment in enumerate(moments):
        matter = Matter.drawn(number, drawing.plan(number, moment), seed)
        if "echo" in matter.fates and number:
            before = found[number - 1 - matter.chance.randrange(min(number, ECHOED))]
            matter = replace(matter, plan=_repeated(matter.plan, before.plan), echo_of=before)
            before.echoes.append(matter)
        found[number] = matter
    return found


def _repeated(plan: Plan, before: Plan) -> Plan:
    """The same thing at the same place, reported by somebody else."""
    names = ("category", "domain", "grid", "address", "lng", "lat", "lead", "urgency", "title", "content")
    return replace(plan, **{name: getattr(before, name) for name in names})


async def live(stage: Stage, matters: dict[int, Matter], end: datetime, told: Told | None = None) -> Year:
    """Live from the first arrival to `end`, or until `told` says that it is enough; the test clock runs already."""
    book = await dictionaries.rulebook(end)
    visits = [(it.plan.reported_at, it.number) for it in matters.values() if it.plan.reported_at < end]
    heapq.heapify(visits)
    year = Year(stage, book.calendar, end, visits, matters, notices(stage.now, end))
    while visits and visits[0][0] < end:
        at, number = heapq.heappop(visits)
        await _until(year, at)
        await _visit(year, matters[number])
        if told and told(at, number, len(stage.diary)):
            year.end = stage.now
            break
    await _until(year, year.end)
    return year


async def _until(year: Year, at: datetime) -> None:
    """Let the clock go on; what is published on the way is published then."""
    while year.notices and year.notices[0] < at:
        await _forward(year, year.notices.pop(0))
        year.calendar = await publish(year.stage)
        for matter in year.matters.values():
            matter.stale = matter.case is not None
    await _forward(year, at)


async def _forward(year: Year, at: datetime) -> None:
    """Hour by hour, everything firing that is due (design §6)."""
    stage = year.stage
    while stage.now < at:
        stage.now = min(at, stage.now + HOUR)
        actor = await stage.cast.named("admin")
        await clocks.forward(Call(actor, stage.now, new_id, new_id()), clocks.ForwardClock(to=stage.now))
        if await business_now() != stage.now:
            raise RuntimeError("the test clock runs by itself: start it with speed 0")


async def _visit(year: Year, matter: Matter) -> None:
    """Do what is due in the matter, one thing after the other, and come again when something is."""
    if matter.case is None:
        await ACTS["report"](year.stage, matter, Task("report"))
    while task := await _pending(year, matter):
        del matter.due[task]
        try:
            await ACTS[task.name](year.stage, matter, task)
        except DomainError as refusal:
            year.stage.refusals[f"{task.name} {refusal.code.value} {refusal.rule}"] += 1
            matter.stale = True
            matter.due[task] = rounded(year.stage.now + HOUR * 20)
            matter.dropped |= {task.name} & ONCE
    _wake(year)
    following = _following(matter)
    if following is not None:
        heapq.heappush(year.visits, (max(following, year.stage.now + timedelta(minutes=5)), matter.number))


def _wake(year: Year) -> None:
    """Whatever this visit changed besides is looked at next."""
    for matter in year.stage.woken:
        heapq.heappush(year.visits, (year.stage.now + timedelta(minutes=5), matter.number))
    year.stage.woken.clear()


async def _pending(year: Year, matter: Matter) -> Task | None:
    """The first task whose time has come."""
    case, now = case_of(matter), year.stage.now
    if matter.stale or any(it.running and it.next_at and it.next_at <= now for it in case.clocks):
        case = await in_transaction(partial(cases.load, incident_id=case.incident.id, viewer=SYSTEM))
        matter.case, matter.stale = case, False
    found = dict.fromkeys(waiting(matter, year.stage.codes))
    there = [task for task in found if task.name not in matter.dropped]
    matter.due = {task: matter.due.get(task) or when(matter, task, now, year.calendar) for task in there}
    due = [task for task in there if matter.due[task] <= now]
    return min(due, key=lambda task: matter.due[task], default=None)


def _following(matter: Matter) -> datetime | None:
    """When to look again: at the next task, or just after time itself has changed the case."""
    moments = list(matter.due.values())
    case = case_of(matter)
    for clock in case.clocks:
        tells = clock.next_step in _TELLING or clock.type in _WAITED_FOR
        if clock.running and clock.next_at and tells:
            moments.append(rounded(clock.next_at + timedelta(minutes=1)))
    return min(moments, default=None)


async def finish(year: Year) -> None:
    """Everything due at the end has fired."""
    year.fired += await drain(year.end)
