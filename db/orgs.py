"""Units."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from db import rows
from db.lists.filters import Column, Test, compiled
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, order_of, read_count, read_page
from db.rows import Connection, Sql, both, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import everyone
from domain.errors import DomainError, ErrorCode
from domain.org import OrgKind, OrgUnit
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
    tests: Sequence[Test] = (),
    order: str = "CODE_ASC",
    slice_: Slice,
    connection: Connection | None = None,
) -> Page[OrgUnit]:
    """Units in an order."""
    chosen = order_of(ORDERS, order)
    return await read_page(_listing(viewer, tests), chosen, slice_, _unit, connection)


async def count(
    *, viewer: Viewer, tests: Sequence[Test] = (), cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many units, exact up to `cap`."""
    return await read_count(_listing(viewer, tests), cap, connection)


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, OrgUnit]:
    """Units by id."""
    return {it.id: it for it in await _found(both(one_of("id", ids), everyone(viewer)), connection)}


async def by_code(code: str, *, connection: Connection | None = None) -> OrgUnit | None:
    """The unit of that code."""
    found = await _found(Sql("code = ?", (code,)), connection)
    return found[0] if found else None


async def all_by_code(*, connection: Connection | None = None) -> dict[str, OrgUnit]:
    """Every unit, by code."""
    return {it.code: it for it in await _found(rows.TRUE, connection)}


async def insert(work: Work, org: OrgUnit) -> None:
    """Write a new unit. BAD_INPUT, field `code`, when the code is taken."""
    if not await rows.insert_unless_taken(work.connection, _TABLE, to_columns(org)):
        raise DomainError(ErrorCode.BAD_INPUT, "code", zh="单位代码已存在", en="The code is taken")


async def insert_all(work: Work, orgs: Iterable[OrgUnit]) -> None:
    """Write new units, parents before children."""
    for org in orgs:
        await rows.insert(work.connection, _TABLE, [to_columns(org)])


def _listing(viewer: Viewer, tests: Sequence[Test]) -> Listing:
    return Listing("o.*", "org_unit o", both(everyone(viewer), compiled(tests, COLUMNS)))


async def _found(where: Sql, connection: Connection | None) -> list[OrgUnit]:
    return [_unit(row) for row in await read(select("*", _TABLE, where, "ORDER BY code"), connection)]


def _unit(row: rows.Row) -> OrgUnit:
    return to_domain(OrgUnit, row)
