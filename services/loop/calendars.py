"""Importing a year's working calendar (R78, trap 11)."""

import logging
from dataclasses import dataclass
from datetime import date
from functools import partial
from uuid import NAMESPACE_OID, UUID, uuid5

from db import cases, clocks
from db.loop import calendars
from db.unit_of_work import Work, in_transaction
from domain.action import ActionName as A
from domain.calendar import CalendarDay
from domain.event import Event, EventKind, Subject
from domain.permission import permit
from domain.rules.time.calendar import Move, follow, follows, span_of, year_of_days
from services.apply import act_of, apply, caught_up
from services.command import SYSTEM, Call, Result, perform

LISTED = 100
"""How many moved clocks an answer lists."""

log = logging.getLogger("fengqiao.calendar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a notice."""

    date: date
    is_workday: bool
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCalendar:
    """The days a year's notice names, and which notice it is."""

    year: int
    days: tuple[Day, ...]
    source: str


async def import_year(call: Call, given: ImportCalendar) -> Result:
    """Store the year's days, then let every open case follow them; `facts` has what `moved` and the `total`.

    BAD_INPUT (year, days, source). Each case moves in a transaction of its own, under its lock; a request sent again
    moves what the first did not come to.
    """
    permit(call.actor, A.importCalendar)

    async def body(work: Work) -> Result:
        named = [(it.date, it.is_workday, it.name) for it in given.days]
        days = year_of_days(given.year, named, given.source)
        await calendars.put_year(work, given.year, days)
        work.append(_imported(call, given.year, days))
        return Result()

    await perform(call, A.importCalendar, given, body)
    moved = await _moved(call, given.year)
    return Result(facts={"moved": moved[:LISTED], "total": len(moved)})


async def _moved(call: Call, year: int) -> list[Move]:
    """What moves in every case that counts days of the year, in the order of the cases' ids."""
    moved: list[Move] = []
    for incident_id in await calendars.find_cases(*span_of(year), viewer=SYSTEM):
        try:
            moved += await in_transaction(partial(_follow, call=call, incident_id=incident_id, year=year))
        except Exception:
            log.exception("a case could not follow the calendar", extra={"incident": str(incident_id)})
    return moved


async def _follow(work: Work, *, call: Call, incident_id: UUID, year: int) -> tuple[Move, ...]:
    """One case under its lock: what was late by the days before is late first."""
    case = await cases.load(work, incident_id, viewer=SYSTEM)
    act = await act_of(work, call, A.importCalendar, case)
    late, _ = await caught_up(work, act, case)
    ids = [clock.id for clock in late.clocks if follows(clock, year)]
    pauses = await clocks.pauses_of(ids, viewer=SYSTEM, connection=work.connection) if ids else {}
    found = follow(act, late, year, [it for some in pauses.values() for it in some])
    if found is None:
        return ()
    outcome, moves = found
    await apply(work, late, outcome)
    return moves


def _imported(call: Call, year: int, days: tuple[CalendarDay, ...]) -> Event:
    return Event(
        at=call.now,
        kind=EventKind.DICTIONARY,
        subject=Subject("WorkCalendar", uuid5(NAMESPACE_OID, f"calendar.{year}"), 1),
        row="R78",
        action=A.importCalendar,
        actor_id=None if call.actor.system else call.actor.person_id,
        data={"year": year, "days": len(days), "worked": sum(it.is_workday for it in days)},
    )
