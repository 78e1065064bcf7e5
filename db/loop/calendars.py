"""The days of a year as its notice names them, and which cases count them (R78)."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from db import dictionaries, rows
from db.rows import Connection, Sql, both, identity, read, select, within
from db.unit_of_work import Work
from db.visibility import of_case
from domain.assignment import AssignmentState
from domain.calendar import CalendarDay
from domain.rules.time.calendar import Change
from domain.viewer import Viewer


async def put_year(work: Work, year: int, days: Iterable[CalendarDay]) -> None:
    """The year has these days and no others."""
    known = Sql(
        'DELETE FROM calendar_day WHERE "date" >= ? AND "date" < ?', (date(year, 1, 1), date(year + 1, 1, 1))
    )
    await rows.write(known, work.connection)
    await dictionaries.insert_calendar(work, days)


async def find_cases(change: Change, *, viewer: Viewer, connection: Connection | None = None) -> list[UUID]:
    """Visible cases with a clock that may run and count time that changed, by id.

    One that a result stopped may run again while the result may be sent back (domain.md B.3 T26).
    """
    counting = Sql(
        "(c.stopped_at IS NULL OR c.assignment_id IN (SELECT id FROM assignment WHERE state = ?)) "
        "AND c.start_at < ? AND (c.due_at >= ? OR c.next_at >= ?)",
        (AssignmentState.SUBMITTED.value, change.end, change.start, change.start),
    )
    if change.org_id is not None:
        of_unit = select("id", "assignment", Sql("org_id = ?", (change.org_id,)))
        counting = both(counting, within("c.assignment_id", of_unit))
    source = "clock c JOIN incident i ON i.id = c.incident_id"
    where = both(counting, of_case(viewer))
    found = await read(select("DISTINCT c.incident_id AS id", source, where, "ORDER BY id"), connection)
    return [identity(row["id"]) for row in found]
