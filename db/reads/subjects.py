"""Rows of cases and assignments whole, with who may see them: read once for all who are told of an event."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from db.connection import dialect, numbered
from db.reads import wire
from db.reads.nouns import NOUNS
from db.reads.statements import Columns
from db.visibility import GIVEN_UP
from domain.event import Scopes

NOUNS_OF_EVENTS = ("Incident", "Assignment")

_REFUSED = ", ".join(f"'{state}'" for state in GIVEN_UP)
_ABOVE = (
    "(WITH RECURSIVE up(id, parent_id) AS (SELECT id, parent_id FROM region WHERE id = i.region_id "
    "UNION ALL SELECT node.id, node.parent_id FROM region node JOIN up ON node.id = up.parent_id) "
    "SELECT {listed} FROM up)"
)
_ORGS = (
    "(SELECT {listed} FROM assignment va "  # noqa: S608 - parts of ours
    f"WHERE va.incident_id = i.id AND va.state NOT IN ({_REFUSED}))"
)
_ASKING = "(SELECT vc.person_id FROM complainant vc WHERE vc.id = i.complainant_id)"
_SCOPES = 6
_BETWEEN = '","'

Seen = tuple[Sequence[Any], Scopes]
"""A row of `whole(noun)`, and the scopes of its case at the same moment."""


@lru_cache
def whole(noun: str) -> Columns:
    """Every column of the noun."""
    names = dict.fromkeys(("id", *NOUNS[noun].kinds))
    return Columns(noun, tuple(names))


async def seen(noun: str, ids: Sequence[str]) -> list[Seen]:
    """These rows, whoever may see them, each with the scopes by which `Visibility.sees` decides that."""
    sqlite = dialect() == "sqlite"
    text = _statement(noun, sqlite=sqlite)
    params: list[object] = [f'["{_BETWEEN.join(ids)}"]' if sqlite else list(ids)]
    found = wire.at_once(text, params)
    rows = await wire.tuples(text, params) if found is None else found
    return [(row[:-_SCOPES], _scopes(*row[-_SCOPES:])) for row in rows]


@lru_cache
def _statement(noun: str, *, sqlite: bool) -> str:
    of = NOUNS[noun]
    listed = "group_concat({it})" if sqlite else "string_agg({it}::text, ',')"
    orgs = _ORGS.format(listed=listed.format(it="va.org_id"))
    above = _ABOVE.format(listed=listed.format(it="id"))
    which = "IN (SELECT value FROM json_each(?))" if sqlite else "= ANY(?::uuid[])"
    text = (
        f"SELECT {whole(noun).text}, {orgs}, {above}, i.grid_id, i.reporter_id, {_ASKING}, i.id AS of_case "  # noqa: S608 - parts of ours
        f"FROM {of.table} {of.alias} {of.join} WHERE {of.alias}.id {which}"
    )
    return text if sqlite else numbered(text)


@lru_cache(2048)
def _scopes(
    orgs: str | None,
    regions: str | None,
    grid: str | None,
    reporter: str | None,
    asking: str | None,
    incident: str,
) -> Scopes:
    return Scopes(
        orgs=frozenset(map(UUID, orgs.split(","))) if orgs else frozenset(),
        regions=tuple(map(UUID, regions.split(","))) if regions else (),
        grid=UUID(grid) if grid else None,
        reporter=UUID(reporter) if reporter else None,
        complainant=UUID(asking) if asking else None,
        incident=UUID(incident),
    )
