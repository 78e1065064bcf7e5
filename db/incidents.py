"""Cases as lists, look-ups and counts; whole cases for commands come from `db/cases.py`, offered here too."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from db import rows
from db.cases import (
    cases,
    incident_of,
    insert,
    load,
    load_of_assignment,
    next_number,
    save,
    try_lock,
)
from db.connection import dialect
from db.lists import search as full_text
from db.lists.costs import check_cost, rare_values
from db.lists.filters import OVERDUE, Asked, Column, Test, compiled, tests_in
from db.lists.meanings import near, overdue, within
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, Way, order_of, read_count, read_page
from db.rows import Connection, Sql, both, identity, one_of, read, select, to_domain
from db.visibility import children, held_by, listed, of_case, owned, unprotected
from domain.clock import Light
from domain.incident import (
    CaseOutcome,
    Incident,
    IncidentDomain,
    IncidentKind,
    IncidentState,
    Note,
    Source,
    Urgency,
)
from domain.masking import may_search_content
from domain.place import Crs, Point, distance_m
from domain.supervision import SupervisionLevel
from domain.viewer import Viewer

__all__ = [
    "Duplicate",
    "by_external_id",
    "by_no",
    "cases",
    "count",
    "duplicates",
    "get",
    "insert",
    "listing",
    "load",
    "load_of_assignment",
    "next_number",
    "notes_of",
    "page",
    "public",
    "save",
    "try_lock",
]

DUPLICATES, DUPLICATE_M, DUPLICATE_DAYS = 5, 100.0, 30  # R03
_OPEN = tuple(state for state in IncidentState if state.open)
_COMPARED = (*_OPEN, IncidentState.CLOSED, IncidentState.ARCHIVED)
_LNG_DEGREE_M, _LAT_DEGREE_M = 55_000.0, 110_000.0  # metres per degree, low for every place of the country
_ENDED = frozenset({IncidentState.CLOSED, IncidentState.ARCHIVED})
PROTECTED = frozenset({"reporter", "complainedOrgUnit"})
"""R81: a filter would reveal them."""

ORDERS = {
    "REPORTED_AT_DESC": Order("i.reported_at", datetime, "i.id", descending=True),
    "REPORTED_AT_ASC": Order("i.reported_at", datetime, "i.id"),
    "DUE_AT_ASC": Order("i.due_at", datetime, "i.id", nullable=True),
    "DUE_AT_DESC": Order("i.due_at", datetime, "i.id", descending=True, nullable=True),
    "CLOSED_AT_DESC": Order("i.closed_at", datetime, "i.id", descending=True, nullable=True),
    "CLOSED_AT_ASC": Order("i.closed_at", datetime, "i.id", nullable=True),
    "NO_ASC": Order("i.no", str, "i.id"),
    "NO_DESC": Order("i.no", str, "i.id", descending=True),
}
COLUMNS = {
    "no": Column("i.no", indexed=True),
    "title": Column("i.title"),
    "state": Column("i.state", IncidentState, indexed=True, common=_ENDED),
    "light": Column("i.light", Light, indexed=True, common=frozenset({Light.GREEN})),
    "source": Column("i.source", Source),
    "kind": Column("i.kind", IncidentKind),
    "domain": Column("i.domain", IncidentDomain),
    "urgency": Column("i.urgency", Urgency),
    "outcome": Column("i.outcome", CaseOutcome),
    "supervisionLevel": Column("i.supervision_level", SupervisionLevel),
    "category": Column(
        "i.category_id",
        UUID,
        lambda ids: rows.within("i.category_id", rows.below("category", ids)),
        indexed=True,
    ),
    "region": Column(
        "i.region_id", UUID, lambda ids: rows.within("i.region_id", rows.below("region", ids)), indexed=True
    ),
    "grid": Column("i.grid_id", UUID, indexed=True),
    "orgUnit": Column("", UUID, held_by, indexed=True),
    "reporter": Column("i.reporter_id", UUID, indexed=True),
    "complainedOrgUnit": Column("i.complained_org_id", UUID),
    "reportedAt": Column("i.reported_at", datetime, indexed=True),
    "dueAt": Column("i.due_at", datetime, indexed=True),
    "closedAt": Column("i.closed_at", datetime, indexed=True),
    OVERDUE: Column("i.due_at", meaning=overdue("i.due_at", one_of("i.state", _OPEN)), indexed=True),
    "onTime": Column("i.on_time", bool),
    "round": Column("i.round", int),
    "escalationStep": Column("i.escalation_step", int),
    "returnPending": Column("i.return_pending", bool),
    "place.within": Column("", meaning=within("i.lng", "i.lat"), indexed=True),
    "place.near": Column("", meaning=near("i.lng", "i.lat"), indexed=True),
}


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A case that may be the same matter (R03); `visible` tells whether the viewer may open it."""

    incident: Incident
    distance_m: float
    visible: bool


async def page(
    *,
    viewer: Viewer,
    tests: Asked = (),
    order: str = "REPORTED_AT_DESC",
    search: str | None = None,
    now: datetime | None = None,
    slice_: Slice,
    connection: Connection | None = None,
) -> Page[Incident]:
    """Cases the viewer may see; `category` and `region` mean the node or what is below it.

    BAD_INPUT with `orderBy`, `search` or the field of a test; TOO_COSTLY with the field; BAD_CURSOR.
    """
    chosen = order_of(ORDERS, order)
    return await read_page(listing(viewer, tests, search, now), chosen, slice_, incident_of, connection)


async def count(
    *,
    viewer: Viewer,
    tests: Asked = (),
    search: str | None = None,
    now: datetime | None = None,
    cap: int = COUNT_CAP,
    connection: Connection | None = None,
) -> tuple[int, bool]:
    """How many cases, exact up to `cap`."""
    return await read_count(listing(viewer, tests, search, now), cap, connection)


def listing(
    viewer: Viewer, tests: Asked = (), search: str | None = None, now: datetime | None = None
) -> Listing:
    """What pages and counts of cases are taken from; `now` is the business time, for `overdueBy`.

    BAD_INPUT and TOO_COSTLY with the field. A protected field anywhere in the filter keeps the cases away that
    it would reveal (R81).
    """
    parts = [compiled(tests, COLUMNS, now)]
    if any(test.field in PROTECTED for test in tests_in(tests)):
        parts.append(unprotected(viewer))
    ways: list[Way] = []
    if search is None:
        check_cost(tests, COLUMNS)
        rare = rare_values(tests, COLUMNS)
        if rare is not None:
            ways.append(Way(_of_values(rare), both(*parts, of_case(viewer))))
    else:
        private, open_ = may_search_content(viewer), unprotected(viewer)
        ids, besides = full_text.found(search, private=private, unprotected=open_)
        ways.append(Way(ids, both(*parts, of_case(viewer), besides)))
        parts.append(full_text.condition(search, private=private, unprotected=open_))
    own = owned(viewer)
    if own is not None:
        ways.append(Way(own, both(*parts)))
    return Listing("i.*", "incident i", both(listed(viewer), *parts), tuple(ways))


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Incident]:
    """Cases by id; those the viewer may not see are absent."""
    where = both(one_of("i.id", sorted(set(ids))), of_case(viewer))
    return {it.id: it for it in await _incidents(where, connection)}


def key(row_id: UUID | None, no: str | None) -> Sql:
    """One case, by its id or else by its number."""
    return one_of("i.id", [row_id]) if row_id is not None else one_of("i.no", [no])


async def by_no(no: str, *, viewer: Viewer, connection: Connection | None = None) -> Incident | None:
    """The case of that number, if the viewer may see it."""
    found = await _incidents(both(one_of("i.no", [no]), of_case(viewer)), connection)
    return found[0] if found else None


async def public(code: str, *, connection: Connection | None = None) -> Incident | None:
    """The case of a public code, for the page without sign-in; the caller shows no personal data."""
    found = await _incidents(one_of("i.public_code", [code]), connection)
    return found[0] if found else None


async def by_external_id(
    source: Source, external_id: str, *, connection: Connection | None = None
) -> Incident | None:
    """The case an outside source knows by that id, for channels and imports."""
    same = both(Sql("i.source = ?", (source,)), one_of("i.source_external_id", [external_id]))
    found = await _incidents(same, connection)
    return found[0] if found else None


async def notes_of(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Note]]:
    """The notes of visible cases in the order of writing, leaders' instructions before all others (T39)."""
    found: dict[UUID, list[Note]] = {incident_id: [] for incident_id in ids}
    order = "c.kind <> 'INSTRUCTION', c.at, c.id"
    for row in await children("note", ids, viewer=viewer, order=order, connection=connection):
        found[identity(row["incident_id"])].append(to_domain(Note, row))
    return found


async def duplicates(
    *,
    viewer: Viewer,
    category_id: UUID,
    point: Point,
    now: datetime,
    exclude: UUID | None = None,
    connection: Connection | None = None,
) -> list[Duplicate]:
    """Cases of the same level-2 category within 100 m and 30 days, nearest first, five at most (R03)."""
    family = rows.below("category", [await _second_level(category_id, connection)])
    where = both(
        rows.within("i.category_id", family),
        one_of("i.state", _COMPARED),
        Sql("i.reported_at >= ?", (now - timedelta(days=DUPLICATE_DAYS),)),
        _between("i.lng", point.lng, DUPLICATE_M / _LNG_DEGREE_M),
        _between("i.lat", point.lat, DUPLICATE_M / _LAT_DEGREE_M),
        Sql("i.id <> ?", (exclude,)) if exclude else rows.TRUE,
    )
    near = [(it, _distance(it, point)) for it in await _incidents(where, connection)]
    near = sorted((pair for pair in near if pair[1] <= DUPLICATE_M), key=lambda pair: (pair[1], pair[0].id))
    seen = await get([it.id for it, _ in near[:DUPLICATES]], viewer=viewer, connection=connection)
    return [Duplicate(it, distance, it.id in seen) for it, distance in near[:DUPLICATES]]


def _of_values(test: Test) -> Sql:
    """The ids (`id`) of all cases that meet a test of values, by its index."""
    column = COLUMNS[test.field].expression.replace("i.", "o.")
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    if dialect() == "postgres":
        return select("o.id", "incident o", one_of(column, values))
    places = ", ".join(["(?)"] * len(values))  # SQLite keeps to this order
    return select("o.id", f"(VALUES {places}) v CROSS JOIN incident o", Sql(f"{column} = v.column1", values))


async def _incidents(where: Sql, connection: Connection | None) -> list[Incident]:
    return [incident_of(row) for row in await read(select("i.*", "incident i", where), connection)]


async def _second_level(category_id: UUID, connection: Connection | None) -> UUID:
    """The level-2 category above (or at) this one; itself when it is higher."""
    up = rows.above("category", [category_id])
    query = select("c.id", f"category c JOIN ({up.text}) up ON up.id = c.id", Sql("c.level = 2", up.params))
    found = await read(query, connection)
    return identity(found[0]["id"]) if found else category_id


def _between(column: str, middle: float, reach: float) -> Sql:
    return Sql(f"{column} BETWEEN ? AND ?", (middle - reach, middle + reach))


def _distance(incident: Incident, point: Point) -> float:
    spot = incident.spot
    return distance_m(Point(spot.lng, spot.lat, Crs.WGS84), point) if spot else float("inf")
