"""Grids, the versions of their outlines, and where a point lies (R61, domain.md §7)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from uuid import UUID

from shapely.geometry import shape

from db import regions, rows
from db.geometry import BORDER_M, Area, GridIndex
from db.lists.filters import Asked, Column, compiled, tests_in
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, order_of, read_count, read_page
from db.rows import Connection, Row, Sql, both, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import everyone
from db.work.reference import Reference
from domain.errors import DomainError, ErrorCode
from domain.grid import Grid, GridKind, GridOutline
from domain.region import Region, RegionLevel
from domain.viewer import Viewer

_TABLE = "grid"
ORDERS = {
    "CODE_ASC": Order("g.code", str, "g.id"),
    "CODE_DESC": Order("g.code", str, "g.id", descending=True),
}
COLUMNS = {
    "code": Column("g.code"),
    "name": Column("g.name"),
    "kind": Column("g.kind", GridKind),
    "region": Column("g.region_id", UUID, lambda ids: rows.within("g.region_id", rows.below("region", ids))),
    "retired": Column("(g.valid_to IS NOT NULL)", bool),
}
_IN_FORCE = Sql("g.valid_to IS NULL")


class Located(NamedTuple):
    """Where a point lies: its grid, if any, and the lowest region known there."""

    grid: Grid | None
    region: Region


@dataclass(frozen=True, slots=True)
class _Map:
    grids: dict[UUID, Grid]
    regions: dict[UUID, Region]
    grid_index: GridIndex
    region_indexes: tuple[GridIndex, ...]  # from the lowest level up


async def page(
    *,
    viewer: Viewer,
    tests: Asked = (),
    order: str = "CODE_ASC",
    slice_: Slice,
    connection: Connection | None = None,
) -> Page[Grid]:
    """Grids in force, by code; with a test on `retired` the retired ones too."""
    chosen = order_of(ORDERS, order)
    return await read_page(listing(viewer, tests), chosen, slice_, _grid, connection)


async def count(
    *, viewer: Viewer, tests: Asked = (), cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many grids, exact up to `cap`."""
    return await read_count(listing(viewer, tests), cap, connection)


def listing(viewer: Viewer, tests: Asked = (), search: str | None = None) -> Listing:
    """What pages and counts of grids are taken from. BAD_INPUT with the field; nothing is found by words."""
    if search is not None:
        raise DomainError(ErrorCode.BAD_INPUT, "search")
    shown = rows.TRUE if any(test.field == "retired" for test in tests_in(tests)) else _IN_FORCE
    return Listing("g.*", "grid g", both(shown, everyone(viewer), compiled(tests, COLUMNS)))


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Grid]:
    """Grids by id, retired ones too: old cases name them (R61)."""
    found = await _grids(both(one_of("g.id", sorted(set(ids))), everyone(viewer)), connection)
    return {it.id: it for it in found}


async def in_force(*, connection: Connection | None = None) -> list[Grid]:
    """Every grid in force, by code."""
    return await _grids(_IN_FORCE, connection)


async def locate(lng: float, lat: float, *, connection: Connection | None = None) -> Located | None:
    """Where a WGS-84 position lies; None outside the district. A shared border belongs to the smaller code."""
    known = await _kept.get(connection)
    grid_id = known.grid_index.locate(lng, lat)
    if grid_id is not None:
        grid = known.grids[grid_id]
        return Located(grid, known.regions[grid.region_id])
    for index in known.region_indexes:
        region_id = index.locate(lng, lat)
        if region_id is not None:
            return Located(None, known.regions[region_id])
    return None


async def at(lng: float, lat: float, *, viewer: Viewer, connection: Connection | None = None) -> Grid | None:
    """The grid of a WGS-84 position."""
    everyone(viewer)
    found = await locate(lng, lat, connection=connection)
    return found.grid if found else None


async def candidates(
    lng: float, lat: float, within_m: float = BORDER_M, *, connection: Connection | None = None
) -> list[Grid]:
    """The grids within so many metres of a WGS-84 position, nearest first; several ask for confirmation."""
    known = await _kept.get(connection)
    return [known.grids[grid_id] for grid_id in known.grid_index.candidates(lng, lat, within_m)]


def forget() -> None:
    """Draw the map anew: an outline was changed."""
    _kept.forget()


async def load(work: Work, grid_id: UUID) -> Grid:
    """The grid, locked. NOT_FOUND, field `id`."""
    if not await rows.lock(work.connection, _TABLE, grid_id):
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    return (await _grids(Sql("g.id = ?", (grid_id,)), work.connection))[0]


async def outlines(
    grid_id: UUID, *, viewer: Viewer, connection: Connection | None = None
) -> list[GridOutline]:
    """Every outline a grid had, the first one first (R61)."""
    where = both(Sql("grid_id = ?", (grid_id,)), everyone(viewer))
    found = await read(select("*", "grid_outline", where, "ORDER BY number"), connection)
    return [to_domain(GridOutline, row) for row in found]


async def insert(work: Work, grid: Grid, outline: GridOutline) -> None:
    """Write a new grid with its first outline. BAD_INPUT, field `code`, when the code is taken."""
    _kept.change(work)
    if not await rows.insert_unless_taken(work.connection, _TABLE, to_columns(grid)):
        raise DomainError(ErrorCode.BAD_INPUT, "code", zh="网格代码已存在", en="The code is taken")
    await rows.insert(work.connection, "grid_outline", [to_columns(outline)])


async def save(work: Work, before: Grid, after: Grid, outline: GridOutline | None = None) -> None:
    """Write a changed grid; a new `outline`, or the grid's retirement, ends the one in force."""
    _kept.change(work)
    await rows.save(work.connection, _TABLE, to_columns(before), to_columns(after))
    ends = outline.valid_from if outline else after.valid_to
    if ends is not None:
        current = Sql("grid_id = ? AND valid_to IS NULL", (after.id,))
        await rows.update(work.connection, "grid_outline", {"valid_to": ends}, current)
    if outline:
        await rows.insert(work.connection, "grid_outline", [to_columns(outline)])


async def _grids(where: Sql, connection: Connection | None) -> list[Grid]:
    return [_grid(row) for row in await read(select("g.*", "grid g", where, "ORDER BY g.code"), connection)]


def _grid(row: Row) -> Grid:
    return to_domain(Grid, row)


async def _drawn(connection: Connection | None) -> _Map:
    grids = await in_force(connection=connection)
    valid = await regions.outlined(connection=connection)
    named = await regions.of_ids({grid.region_id for grid in grids}, connection=connection)
    levels = [RegionLevel.COMMUNITY, RegionLevel.STREET, RegionLevel.DISTRICT]
    return _Map(
        grids={grid.id: grid for grid in grids},
        regions={region.id: region for region in (*named, *valid)},
        grid_index=_index(grids, lambda grid: grid.polygon),
        region_indexes=tuple(
            _index([region for region in valid if region.level is level], lambda region: region.polygon)
            for level in levels
        ),
    )


# what other processes change without an event
_STAMP = (
    "COUNT(*) AS grids, SUM(version) AS versions, SUM(area_m2) AS area, "
    "(SELECT COUNT(*) FROM region) AS regions, "
    "(SELECT COUNT(*) FROM region WHERE valid_to IS NULL) AS valid"
)
_kept: Reference[_Map] = Reference(select(_STAMP, "grid"), _drawn)


def _index(areas: Sequence[Any], outline: Callable[[Any], Any]) -> GridIndex:
    return GridIndex((area.id, area.code, cast("Area", shape(outline(area)))) for area in areas)
