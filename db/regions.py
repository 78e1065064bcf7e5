"""Administrative divisions."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from db.rows import (
    Connection,
    Sql,
    both,
    identity,
    insert,
    one_of,
    read,
    select,
    to_columns,
    to_domain,
    update,
)
from db.unit_of_work import Work
from db.visibility import everyone
from db.work.reference import Reference
from domain.region import Region, RegionLevel
from domain.viewer import Viewer

_TABLE = "region"


@dataclass(frozen=True, slots=True)
class _Tree:
    """Every region's parent, and the district in force."""

    parents: Mapping[UUID, UUID | None]
    district: Region | None


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Region]:
    """Regions by id, those of the past too."""
    return {it.id: it for it in await _found(both(one_of("id", ids), everyone(viewer)), connection)}


async def in_force(*, viewer: Viewer, connection: Connection | None = None) -> list[Region]:
    """Every region in force, from the district down, by code."""
    return await _found(both(Sql("valid_to IS NULL"), everyone(viewer)), connection)


async def by_code(
    code: str, on: date | None = None, *, connection: Connection | None = None
) -> Region | None:
    """The region that bore the code on that day; by default the one in force, else the last that bore it."""
    if on is not None:
        day = Sql("code = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)", (code, on, on))
        found = await _found(day, connection)
    else:
        found = await _found(Sql("code = ?", (code,)), connection)
    return max(found, key=lambda it: (it.valid_to is None, it.valid_from), default=None)


async def district(*, connection: Connection | None = None) -> Region | None:
    """The district in force; None before any data was loaded."""
    return (await _kept.get(connection, lambda tree: tree.district is not None)).district


async def ancestors(region_id: UUID, *, connection: Connection | None = None) -> tuple[UUID, ...]:
    """The region and every region above it, from the bottom up; the input of `Scopes.regions`."""
    return (await ancestors_of([region_id], connection=connection))[region_id]


async def ancestors_of(
    ids: Collection[UUID], *, connection: Connection | None = None
) -> dict[UUID, tuple[UUID, ...]]:
    """`ancestors` of several regions."""
    parents = (await _kept.get(connection, lambda tree: tree.parents.keys() >= set(ids))).parents
    return {one: tuple(_upwards(one, parents)) for one in ids}


async def outlined(*, connection: Connection | None = None) -> list[Region]:
    """The regions in force whose outline is known, by code."""
    return await _found(Sql("valid_to IS NULL AND polygon IS NOT NULL"), connection)


async def of_ids(ids: Collection[UUID], *, connection: Connection | None = None) -> list[Region]:
    """Regions by id, for the map."""
    return await _found(one_of("id", sorted(ids)), connection)


async def insert_all(work: Work, regions: Iterable[Region]) -> None:
    """Write new regions, parents before children."""
    _kept.change(work)
    for region in regions:
        await insert(work.connection, _TABLE, [to_columns(region)])


async def close(work: Work, region_id: UUID, valid_to: date) -> None:
    """End a region's validity (exclusive)."""
    _kept.change(work)
    await update(work.connection, _TABLE, {"valid_to": valid_to}, Sql("id = ?", (region_id,)))


def forget() -> None:
    """Read the tree anew: a division was changed."""
    _kept.forget()


def _upwards(region_id: UUID, parents: Mapping[UUID, UUID | None]) -> Iterator[UUID]:
    above: UUID | None = region_id
    while above is not None and above in parents:
        yield above
        above = parents[above]


async def _tree(connection: Connection | None) -> _Tree:
    found = await read(select("id, parent_id", _TABLE), connection)
    top = await _found(Sql("level = ? AND valid_to IS NULL", (RegionLevel.DISTRICT,)), connection)
    parents = {identity(row["id"]): identity(row["parent_id"]) if row["parent_id"] else None for row in found}
    return _Tree(parents, top[0] if top else None)


_STAMP = "COUNT(*) AS regions, SUM(CASE WHEN valid_to IS NULL THEN 1 ELSE 0 END) AS valid"
_kept: Reference[_Tree] = Reference(select(_STAMP, _TABLE), _tree)


async def _found(where: Sql, connection: Connection | None) -> list[Region]:
    rows = await read(select("*", _TABLE, where, "ORDER BY path, valid_from, id"), connection)
    return [to_domain(Region, row) for row in rows]
