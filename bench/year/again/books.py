"""The product's own books, read as plain rows: what its clocks, rows, cards, points and log say at the end."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bench.year.again.limits import Limit
from bench.year.again.tables import Tables, Value
from db.rows import Sql, identity, moment, read

Line = Mapping[str, Any]
RowName = tuple[str, str, int, datetime]
_TABLES = {
    "clocks": "SELECT * FROM clock ORDER BY start_at, id",
    "steps": "SELECT s.*, c.incident_id FROM clock_step s JOIN clock c ON c.id = s.clock_id ORDER BY s.id",
    "pauses": "SELECT p.*, c.incident_id FROM clock_pause p JOIN clock c ON c.id = p.clock_id ORDER BY p.from_at, p.id",
    "rows": "SELECT a.*, o.code FROM assignment a JOIN org_unit o ON o.id = a.org_id",
    "cards": "SELECT * FROM supervision ORDER BY issued_at, id",
    "scores": "SELECT s.*, o.code FROM score_entry s JOIN org_unit o ON o.id = s.org_id",
    "replies": "SELECT incident_id, at FROM note WHERE kind = 'REPLY'",
    "called": "SELECT c.*, o.code FROM whistle_call c JOIN org_unit o ON o.id = c.org_id ORDER BY c.id",
    "listings": "SELECT incident_id, at, data FROM event_log WHERE \"row\" = 'E6' ORDER BY seq",
    "acts": "SELECT incident_id, action, at, actor_id FROM event_log"
    " WHERE action IS NOT NULL AND incident_id IS NOT NULL",
}


@dataclass(slots=True)
class Book:
    """Everything the store holds of one case."""

    case: Line
    clocks: list[Line] = field(default_factory=list)
    steps: list[Line] = field(default_factory=list)
    pauses: list[Line] = field(default_factory=list)
    rows: list[Line] = field(default_factory=list)
    cards: list[Line] = field(default_factory=list)
    scores: list[Line] = field(default_factory=list)
    replies: list[Line] = field(default_factory=list)
    acts: list[Line] = field(default_factory=list)
    called: list[Line] = field(default_factory=list)
    listings: list[Line] = field(default_factory=list)

    def names(self) -> dict[UUID, RowName]:
        """What tells each row from the others, by its id."""
        return {
            identity(it["id"]): (it["code"], it["role"], it["round"], moment(it["dispatched_at"]))
            for it in self.rows
        }


async def books() -> dict[UUID, Book]:
    """Every case's."""
    found = {identity(it["id"]): Book(it) for it in await read(Sql("SELECT * FROM incident"))}
    for name, query in _TABLES.items():
        by_case: dict[UUID, list[Line]] = defaultdict(list)
        for line in await read(Sql(query)):
            by_case[identity(line["incident_id"])].append(line)
        for case, lines in by_case.items():
            setattr(found[case], name, lines)
    return found


async def named_days() -> dict[date, bool]:
    """The calendar table: which named days are worked."""
    return {
        date.fromisoformat(str(it["date"])[:10]): bool(it["is_workday"])
        for it in await read(Sql("SELECT date, is_workday FROM calendar_day"))
    }


async def tables() -> Tables:
    """The district's own limits and the stages of categories, as they are published."""
    values = [
        Value(
            it["key"],
            Limit(it["amount"], it["unit"]),
            moment(it["valid_from"]),
            moment(it["valid_to"]) if it["valid_to"] else None,
        )
        for it in await read(Sql("SELECT * FROM policy_value"))
    ]
    return Tables.of(values, {code: found for code, found in await _stages() if found})


async def _stages() -> list[tuple[str, tuple[tuple[str, Limit], ...]]]:
    found = []
    for it in await read(Sql("SELECT code, milestones FROM category")):
        stored = it["milestones"] or []
        listed = json.loads(stored) if isinstance(stored, str) else stored
        found.append((it["code"], tuple((one["name"], Limit(one["limit"], one["unit"])) for one in listed)))
    return found


async def unusual() -> list[str]:
    """Rows that would give units hours of their own, which the second bookkeeping does not know."""
    return [
        f"{table}: {len(rows)} rows"
        for table in ("org_calendar_day", "work_window")
        if (rows := await read(Sql(f"SELECT 1 FROM {table}")))  # noqa: S608 - names of ours
    ]
