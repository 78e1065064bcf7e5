"""Units."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from db import rows
from db.lists.filters import Asked, Column, compiled
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, order_of, read_count, read_page
from db.rows import Connection, Sql, both, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import everyone
from db.work.reference import Reference
from domain.errors import DomainError, ErrorCode
from domain.org import LOCAL, OrgKind, OrgUnit
from domain.viewer import Viewer

_TABLE = "org_unit"
ORDERS = {
    "CODE_ASC": Order("o.code", str, "o.id"),
    "CODE_DESC": Order("o.code", str, "o.id", descending=True),
}
COLUMNS = {
    "code": Column("o.code"),
    "name": Column("o.name"),
    "shortName": Column("o.short_name"),
    "kind": Column("o.kind", OrgKind),
    "active": Column("o.active", bool),
    "parent": Column("o.parent_id", UUID),
    "region": Column("o.region_id", UUID, lambda ids: rows.within("o.region_id", rows.below("region", ids))),
}


async def page(
    *,
    viewer: Viewer,
    tests: Asked = (),
    order: str = "CODE_ASC",
    slice_: Slice,
    connection: Connection | None = None,
) -> Page[OrgUnit]:
    """Units in an order."""
    chosen = order_of(ORDERS, order)
    return await read_page(listing(viewer, tests), chosen, slice_, _unit, connection)


async def count(
    *, viewer: Viewer, tests: Asked = (), cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many units, exact up to `cap`."""
    return await read_count(listing(viewer, tests), cap, connection)


def listing(viewer: Viewer, tests: Asked = (), search: str | None = None) -> Listing:
    """What pages and counts of units are taken from. BAD_INPUT with the field; nothing is found by words."""
    if search is not None:
        raise DomainError(ErrorCode.BAD_INPUT, "search")
    return Listing("o.*", "org_unit o", both(everyone(viewer), compiled(tests, COLUMNS)))


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, OrgUnit]:
    """Units by id."""
    return {it.id: it for it in await _found(both(one_of("id", ids), everyone(viewer)), connection)}


async def known(ids: Collection[UUID], connection: Connection | None = None) -> dict[UUID, OrgUnit]:
    """Units by id, for commands: kept in the process until a unit changes."""
    kept = await _kept.get(connection, lambda units: units.keys() >= set(ids))
    return {it: kept[it] for it in ids if it in kept}


async def serving(
    region_ids: Collection[UUID], connection: Connection | None = None
) -> dict[UUID, frozenset[UUID]]:
    """The active units of a street or community that serve each of these divisions itself (S49)."""
    local = [it for it in (await _kept.get(connection)).values() if it.active and it.kind in LOCAL]
    return {one: frozenset(it.id for it in local if it.region_id == one) for one in region_ids}


async def by_code(code: str, *, connection: Connection | None = None) -> OrgUnit | None:
    """The unit of that code."""
    found = await _found(Sql("code = ?", (code,)), connection)
    return found[0] if found else None


async def all_by_code(*, connection: Connection | None = None) -> dict[str, OrgUnit]:
    """Every unit, by code."""
    return {it.code: it for it in await _found(rows.TRUE, connection)}


async def insert(work: Work, org: OrgUnit) -> None:
    """Write a new unit. BAD_INPUT, field `code`, when the code is taken."""
    _kept.change(work)
    if not await rows.insert_unless_taken(work.connection, _TABLE, to_columns(org)):
        raise DomainError(ErrorCode.BAD_INPUT, "code", zh="单位代码已存在", en="The code is taken")


async def insert_all(work: Work, orgs: Iterable[OrgUnit]) -> None:
    """Write new units, parents before children."""
    _kept.change(work)
    for org in orgs:
        await rows.insert(work.connection, _TABLE, [to_columns(org)])


async def load(work: Work, org_id: UUID) -> OrgUnit:
    """The unit, locked. NOT_FOUND, field `id`."""
    if not await rows.lock(work.connection, _TABLE, org_id):
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    return (await _found(Sql("id = ?", (org_id,)), work.connection))[0]


async def save(work: Work, before: OrgUnit, after: OrgUnit) -> None:
    """Write what changed of a unit."""
    _kept.change(work)
    await rows.save(work.connection, _TABLE, to_columns(before), to_columns(after))


def as_set(org: OrgUnit, data: Mapping[str, object]) -> OrgUnit:
    """The unit as a version of its history says."""
    return to_domain(OrgUnit, {**to_columns(org), **data})


def forget() -> None:
    """Read every unit anew: one was changed."""
    _kept.forget()


async def _found(where: Sql, connection: Connection | None) -> list[OrgUnit]:
    return [_unit(row) for row in await read(select("*", _TABLE, where, "ORDER BY code"), connection)]


async def _all(connection: Connection | None) -> dict[UUID, OrgUnit]:
    return {it.id: it for it in await _found(rows.TRUE, connection)}


_kept: Reference[dict[UUID, OrgUnit]] = Reference(
    select("COUNT(*) AS units, SUM(version) AS versions", _TABLE), _all
)


def _unit(row: rows.Row) -> OrgUnit:
    return to_domain(OrgUnit, row)
