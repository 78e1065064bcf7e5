"""Working days and office hours of the district and of units, and what their changes moved (R78, D.9)."""

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

from db import rows
from db.rows import Connection, Row, Sql, both, identity, read, select, to_domain
from db.unit_of_work import Work
from db.visibility import everyone
from domain.calendar import DEFAULT_WINDOWS, CalendarDay, Hours, Windows, WorkCalendar, local_day, midnight
from domain.clock import ClockType
from domain.rules.rulebook.hours import minutes_of, over, time_of
from domain.rules.time.calendar import Move
from domain.viewer import Viewer

Own = list[tuple[date, Windows | None]]


@dataclass(frozen=True, slots=True)
class NamedDay(CalendarDay):
    """A named day, and the unit that keeps it, if it is no notice's."""

    org_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class HoursSet:
    """Office hours from a day on (always, where there is none), and whether a unit set them itself."""

    since: date | None
    windows: Windows
    own: bool


async def calendars(connection: Connection | None = None) -> tuple[WorkCalendar, dict[UUID, WorkCalendar]]:
    """The district's calendar, and those of the units that keep days or hours of their own."""
    named = await days_of(None, connection=connection)
    hours = await hours_set(connection)
    district = [Hours(since, windows) for since, windows in hours.get(None, []) if windows]
    by_unit: dict[UUID, list[CalendarDay]] = {}
    for row in await read(select("*", "org_calendar_day", rows.TRUE, 'ORDER BY "date"'), connection):
        by_unit.setdefault(identity(row["org_id"]), []).append(to_domain(CalendarDay, row))
    years = frozenset(day.date.year for day in named)
    units = {it for it in (*by_unit, *hours) if it is not None}
    return _calendar(named, years, district), {
        unit: _calendar(
            [*named, *by_unit.get(unit, ())], years, over(DEFAULT_WINDOWS, district, hours.get(unit, []))
        )
        for unit in units
    }


def _calendar(days: Collection[CalendarDay], years: frozenset[int], hours: Collection[Hours]) -> WorkCalendar:
    """The version tells its days and hours apart from others."""
    told = [(day.date, day.is_workday) for day in days]
    words = repr([*told, *((it.since, it.windows) for it in hours)])
    return WorkCalendar(tuple(days), years, hours=tuple(hours), version=zlib.crc32(words.encode()) >> 1)


async def days_of(org_id: UUID | None, *, connection: Connection | None = None) -> list[CalendarDay]:
    """The days that notices name, or that one unit keeps otherwise, by date."""
    query = (
        select("*", "calendar_day", rows.TRUE, 'ORDER BY "date"')
        if org_id is None
        else select("*", "org_calendar_day", Sql("org_id = ?", (org_id,)), 'ORDER BY "date"')
    )
    return [to_domain(CalendarDay, row) for row in await read(query, connection)]


async def named_days(
    year: int, org_id: UUID | None = None, *, viewer: Viewer, connection: Connection | None = None
) -> list[NamedDay]:
    """The days of a year that a notice names, a unit's own in the place of these."""
    everyone(viewer)
    own = await days_of(org_id, connection=connection) if org_id else []
    found = [(it, None) for it in await days_of(None, connection=connection)] + [(it, org_id) for it in own]
    named = {
        it.date: NamedDay(it.date, it.is_workday, it.name, it.source, unit)
        for it, unit in found
        if it.date.year == year
    }
    return [named[day] for day in sorted(named)]


async def office_hours(
    org_id: UUID | None = None, *, viewer: Viewer, connection: Connection | None = None
) -> list[HoursSet]:
    """Office hours from the usual ones on, past and to come, of the district or as they hold for a unit."""
    everyone(viewer)
    hours = await hours_set(connection)
    district = [Hours(since, windows) for since, windows in hours.get(None, []) if windows]
    own = hours.get(org_id, []) if org_id is not None else []
    held: dict[date, Windows | None] = {}
    told = [HoursSet(None, DEFAULT_WINDOWS, own=False)]
    for it in over(DEFAULT_WINDOWS, district, own):
        held |= {since: windows for since, windows in own if since <= it.since}
        mine = held[max(held)] if held else None
        told.append(HoursSet(it.since, it.windows, own=mine is not None))
    return told


async def put_days_of(work: Work, org_id: UUID, year: int, days: Iterable[CalendarDay]) -> None:
    """The unit keeps these days of that year otherwise, and no others."""
    known = Sql(
        'DELETE FROM org_calendar_day WHERE org_id = ? AND "date" >= ? AND "date" < ?',
        (org_id, date(year, 1, 1), date(year + 1, 1, 1)),
    )
    await rows.write(known, work.connection)
    columns = [
        {
            "id": uuid5(org_id, day.date.isoformat()),
            "org_id": org_id,
            "date": day.date,
            "is_workday": day.is_workday,
            "name": day.name,
            "source": day.source,
        }
        for day in days
    ]
    await rows.insert(work.connection, "org_calendar_day", columns)


async def hours_set(connection: Connection | None = None) -> dict[UUID | None, Own]:
    """Which office hours were set from which day on: of the district (None) and of units, in order.

    None for a unit's windows: the district's again.
    """
    found: dict[UUID | None, dict[date, list[Row]]] = {}
    for row in await read(select("*", "work_window", rows.TRUE, "ORDER BY valid_from, opens"), connection):
        unit = identity(row["org_id"]) if row["org_id"] else None
        found.setdefault(unit, {}).setdefault(local_day(rows.moment(row["valid_from"])), []).append(row)
    return {
        unit: [(since, _windows(of_day)) for since, of_day in by_day.items()]
        for unit, by_day in found.items()
    }


def _windows(found: list[Row]) -> Windows | None:
    """A single window without length stands for the district's hours."""
    windows = tuple(
        (time_of(int(it["opens"])), time_of(int(it["closes"]))) for it in found if it["closes"] > it["opens"]
    )
    return windows or None


async def put_hours(work: Work, org_id: UUID | None, since: date, windows: Windows) -> None:
    """Hours from that day on; those set for the same day before are replaced."""
    begins = midnight(since)
    unit = Sql("org_id IS NULL") if org_id is None else Sql("org_id = ?", (org_id,))
    same = both(unit, Sql("valid_from = ?", (begins,)))
    await rows.write(Sql(f"DELETE FROM work_window WHERE {same.text}", same.params), work.connection)  # noqa: S608 - parts of ours
    spans = [(minutes_of(opens), minutes_of(closes)) for opens, closes in windows] or [(0, 0)]
    columns = [
        {
            "id": uuid5(org_id or UUID(int=0), f"{since}.{opens}"),
            "org_id": org_id,
            "opens": opens,
            "closes": closes,
            "valid_from": begins,
        }
        for opens, closes in spans
    ]
    await rows.insert(work.connection, "work_window", columns)


async def keep_moves(work: Work, change_id: UUID, incident_id: UUID, moves: Iterable[Move]) -> None:
    """What one change moved, for whoever sends the request again."""
    columns = [
        {
            "id": uuid5(change_id, str(it.clock_id)),
            "change_id": change_id,
            "incident_id": incident_id,
            "clock_id": it.clock_id,
            "type": it.type,
            "incident_no": it.incident_no,
            "before": it.before,
            "after": it.after,
        }
        for it in moves
    ]
    await rows.insert(work.connection, "calendar_move", columns, "ON CONFLICT DO NOTHING")


async def moves_of(change_id: UUID, most: int) -> tuple[list[Move], int]:
    """What one change moved, in the order of the cases, `most` of them; and how many there were."""
    of_change = Sql("change_id = ?", (change_id,))
    counted = await read(select("COUNT(*) AS n", "calendar_move", of_change))
    tail = f"ORDER BY incident_id, clock_id LIMIT {most:d}"
    found = await read(select("*", "calendar_move", of_change, tail))
    return [_move(row) for row in found], int(counted[0]["n"])


def _move(row: Mapping[str, object]) -> Move:
    return Move(
        identity(row["clock_id"]),
        ClockType(str(row["type"])),
        str(row["incident_no"]),
        rows.moment(row["before"]),
        rows.moment(row["after"]),
    )
