"""The counts of the wall."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db.rows import Connection, Sql, both, identity, one_of, read, select
from db.visibility import listed, of_case, owned
from domain.assignment import AssignmentState
from domain.calendar import local_day, midnight
from domain.incident import IncidentState
from domain.viewer import Viewer

_ENDED = ", ".join(f"'{state}'" for state in IncidentState if not state.open)
_SUMS = (
    "COUNT(*) AS n, SUM(CASE WHEN i.light = 'YELLOW' THEN 1 ELSE 0 END) AS yellow, "
    "SUM(CASE WHEN i.light = 'RED' THEN 1 ELSE 0 END) AS red, "
    "SUM(CASE WHEN i.supervision_level <> 'NONE' THEN 1 ELSE 0 END) AS supervised"
)
_HOLDING = (
    "a.org_id AS code, COUNT(DISTINCT a.incident_id) AS open, "
    "COUNT(DISTINCT CASE WHEN a.light = 'RED' THEN a.incident_id END) AS red"
)
_LIVE = tuple(state for state in AssignmentState if state.live)


@dataclass(frozen=True, slots=True)
class OrgCount:
    """The open cases a unit holds live rows of, and how many of them have a red row."""

    org_id: UUID
    open: int
    red: int


@dataclass(frozen=True, slots=True)
class BoardCounts:
    """The numbers of the wall, over the cases the viewer may see; today is the district's day."""

    at: datetime
    open: int
    yellow: int
    red: int
    supervised: int
    reported_today: int
    closed_today: int
    by_state: tuple[tuple[IncidentState, int], ...]
    by_org: tuple[OrgCount, ...]


async def counts(*, viewer: Viewer, now: datetime, connection: Connection | None = None) -> BoardCounts:
    """The counts of the wall in five statements; call it inside `read_cut` where they must be one instant."""
    visible, today = listed(viewer), midnight(local_day(now))
    opened = both(Sql(f"i.state NOT IN ({_ENDED})"), visible)
    states = await _grouped(f"i.state AS code, {_SUMS}", "incident i", opened, "i.state", connection)
    totals = {name: sum(int(row[name]) for row in states) for name in ("n", "yellow", "red", "supervised")}
    held = both(Sql("a.incident_id = i.id"), one_of("a.state", _LIVE), opened)
    # from the few open cases to their rows; SQLite keeps to the order of a CROSS JOIN
    units = await _grouped(_HOLDING, "incident i CROSS JOIN assignment a", held, "a.org_id", connection)
    by_state = {str(row["code"]): int(row["n"]) for row in [*states, *await _ended(viewer, connection)]}
    return BoardCounts(
        at=now,
        open=totals.pop("n"),
        **totals,
        reported_today=await _since("i.reported_at", today, visible, connection),
        closed_today=await _since("i.closed_at", today, visible, connection),
        by_state=tuple((IncidentState(code), n) for code, n in sorted(by_state.items())),
        by_org=tuple(OrgCount(identity(row["code"]), int(row["open"]), int(row["red"])) for row in units),
    )


async def _ended(viewer: Viewer, connection: Connection | None) -> list[dict[str, Any]]:
    """The visible cases that are not open, by state."""
    ended, own = Sql(f"i.state IN ({_ENDED})"), owned(viewer)
    if own is None:
        ended = both(ended, of_case(viewer))
        return await _grouped("i.state AS code, COUNT(*) AS n", "incident i", ended, "i.state", connection)
    source = f"({own.text}) seen CROSS JOIN incident i"
    mine = Sql(f"i.id = seen.id AND {ended.text}", own.params)
    return await _grouped("i.state AS code, COUNT(*) AS n", source, mine, "i.state", connection)


async def _grouped(
    columns: str, source: str, where: Sql, by: str, connection: Connection | None
) -> list[dict[str, Any]]:
    return await read(select(columns, source, where, f"GROUP BY {by} ORDER BY {by}"), connection)


async def _since(column: str, start: datetime, visible: Sql, connection: Connection | None) -> int:
    fits = both(Sql(f"{column} >= ?", (start,)), visible)
    return int((await read(select("COUNT(*) AS n", "incident i", fits), connection))[0]["n"])
