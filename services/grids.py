"""Grids and the versions of their outlines (domain.md A.1, R61, R62)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from shapely.geometry import shape

from db import grids, people, regions, rows
from db.geometry import Area, area_m2, covers, overlap_m2, parse_polygon, to_geojson
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.errors import DomainError, ErrorCode
from domain.event import Event, EventKind, Subject
from domain.grid import Grid, GridKind, GridOutline
from domain.permission import permit
from domain.place import Crs
from domain.region import Region, RegionLevel
from domain.text import line
from services.command import Call, Result, check_version, perform

CODE = re.compile(r"[0-9]{15}")
NAME = 100
"""Characters."""

MOST = 10_000_000
"""People or households of a grid at most."""

TOLERANCE_M2 = 1.0
"""What neighbours may share and a community's border may lack, square metres (A.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGrid:
    """A grid with its outline as drawn on a base map of `crs`."""

    code: str
    name: str
    kind: GridKind
    region_id: UUID
    polygon: Mapping[str, Any]
    crs: Crs | None = None
    households: int | None = None
    population: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseGrid:
    """What changes of the grid `id`; a field left out stays."""

    id: UUID
    expected_version: int
    name: str | None = None
    polygon: Mapping[str, Any] | None = None
    crs: Crs | None = None
    households: int | None = None
    population: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireGrid:
    """The grid `id` ends now."""

    id: UUID
    expected_version: int


@dataclass(frozen=True, slots=True)
class _Drawn:
    area: Area
    polygon: dict[str, Any]
    area_m2: float
    crs: Crs


async def create(call: Call, given: CreateGrid) -> Result:
    """A grid with its first outline; `made["grid"]`.

    CRS_REQUIRED (crs), NOT_FOUND (regionId), BAD_INPUT naming the field: a code that is not the community's
    twelve digits and three more, an outline beyond the community or over another grid of the kind.
    """
    permit(call.actor, A.createGrid)
    drawn = await _drawn(given.polygon, given.crs)

    async def body(work: Work) -> Result:
        region = await _community(work, call, given.region_id)
        if not CODE.fullmatch(given.code) or not given.code.startswith(region.code):
            raise _refusal(
                "code", "网格代码须为所属社区代码加三位数字", "The community's code and three digits"
            )
        grid = Grid(
            id=call.new_id(),
            code=given.code,
            name=line(given.name, "name", most=NAME),
            kind=given.kind,
            region_id=region.id,
            households=_number(given.households, "households"),
            population=_number(given.population, "population"),
            polygon=drawn.polygon,
            area_m2=drawn.area_m2,
            outline_version=1,
            valid_from=call.now,
            valid_to=None,
        )
        await _fit(work, grid, drawn, region)
        await grids.insert(work, grid, _outline(call, grid, drawn))
        return _told(work, call, grid, A.createGrid)

    return await _performed(call, A.createGrid, given, body)


async def revise(call: Call, given: ReviseGrid) -> Result:
    """Change a grid; a new outline becomes its next version and old cases keep the number they had (R61).

    `made["grid"]`. NOT_FOUND, CONFLICT, GUARD_FAILED for a retired grid, CRS_REQUIRED and BAD_INPUT as `create`.
    """
    permit(call.actor, A.reviseGrid)
    drawn = await _drawn(given.polygon, given.crs) if given.polygon is not None else None

    async def body(work: Work) -> Result:
        before = await _in_force(work, given.id, given.expected_version)
        after = replace(
            before,
            name=before.name if given.name is None else line(given.name, "name", most=NAME),
            households=_number(given.households, "households", before.households),
            population=_number(given.population, "population", before.population),
            version=before.version + 1,
        )
        if drawn is not None:
            number = before.outline_version + 1
            after = replace(after, polygon=drawn.polygon, area_m2=drawn.area_m2, outline_version=number)
            await _fit(work, after, drawn, await _region(work, call, before.region_id))
        await grids.save(work, before, after, _outline(call, after, drawn) if drawn else None)
        return _told(work, call, after, A.reviseGrid)

    return await _performed(call, A.reviseGrid, given, body)


async def retire(call: Call, given: RetireGrid) -> Result:
    """End a grid now; `made["grid"]`.

    NOT_FOUND, CONFLICT, GUARD_FAILED when it has ended, or somebody walks it or is to walk it: their
    posts are ended one by one, not in silence.
    """
    permit(call.actor, A.retireGrid)

    async def body(work: Work) -> Result:
        before = await _in_force(work, given.id, given.expected_version)
        posts = await people.posts_in(work, before.id, call.now)
        if posts:
            raise DomainError(
                ErrorCode.GUARD_FAILED,
                rule="R61",
                zh="网格仍有在岗人员，请先办理离任",
                en="Somebody still has a post in this grid: end the posts first",
                facts={"posts": posts},
            )
        after = replace(before, valid_to=call.now, version=before.version + 1)
        await grids.save(work, before, after)
        return _told(work, call, after, A.retireGrid)

    return await _performed(call, A.retireGrid, given, body)


async def _performed(
    call: Call, action: A, given: object, body: Callable[[Work], Awaitable[Result]]
) -> Result:
    """Other processes drop their map when they read the event; this one does so at once."""
    result = await perform(call, action, given, body)
    grids.forget()
    return result


async def _drawn(polygon: object, crs: Crs | None) -> _Drawn:
    """The outline in WGS-84; in a thread, for it may have thousands of positions."""
    if crs is None:
        raise DomainError(ErrorCode.CRS_REQUIRED, "crs", rule="§7")
    area = await asyncio.to_thread(parse_polygon, polygon, crs, "polygon")
    return _Drawn(area, to_geojson(area), area_m2(area), crs)


async def _in_force(work: Work, grid_id: UUID, expected_version: int) -> Grid:
    grid = await grids.load(work, grid_id)
    check_version(grid.version, expected_version)
    if grid.valid_to is not None:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="R61", zh="网格已撤销", en="The grid is retired")
    return grid


async def _region(work: Work, call: Call, region_id: UUID) -> Region:
    found = await regions.get([region_id], viewer=call.actor, connection=work.connection)
    if region_id not in found:
        raise DomainError(ErrorCode.NOT_FOUND, "regionId")
    return found[region_id]


async def _community(work: Work, call: Call, region_id: UUID) -> Region:
    region = await _region(work, call, region_id)
    if region.level is not RegionLevel.COMMUNITY or region.valid_to is not None:
        raise _refusal("regionId", "网格须属于现行社区", "A grid belongs to a community in force")
    return region


async def _fit(work: Work, grid: Grid, drawn: _Drawn, region: Region) -> None:
    """A.1: inside the community, and over no other grid of the kind; dedicated grids may overlap (R62)."""
    top = (await regions.ancestors(region.id, connection=work.connection))[-1]
    await rows.lock(work.connection, "region", top)  # two outlines drawn at once would not see each other
    if region.polygon is not None and not covers(_area(region.polygon), drawn.area, TOLERANCE_M2):
        raise _refusal("polygon", "网格超出所属社区", "The outline leaves its community")
    if grid.kind is GridKind.DEDICATED:
        return
    for other in await grids.in_force(connection=work.connection):
        if other.kind is not grid.kind or other.id == grid.id:
            continue
        area = _area(other.polygon)
        if area.intersects(drawn.area) and overlap_m2(area, drawn.area) > TOLERANCE_M2:
            raise _refusal(
                "polygon",
                f"与网格 {other.code} 重叠",
                f"The outline overlaps grid {other.code}",
                grid=other.code,
            )


def _area(polygon: Mapping[str, object]) -> Area:
    return cast("Area", shape(cast("Any", polygon)))


def _outline(call: Call, grid: Grid, drawn: _Drawn) -> GridOutline:
    return GridOutline(
        id=call.new_id(),
        grid_id=grid.id,
        number=grid.outline_version,
        polygon=drawn.polygon,
        area_m2=drawn.area_m2,
        drawn_crs=drawn.crs,
        valid_from=call.now,
        valid_to=None,
    )


def _number(given: int | None, field: str, otherwise: int | None = None) -> int | None:
    if given is not None and not 0 <= given <= MOST:
        raise _refusal(field, f"须为 0 至 {MOST} 的整数", f"0 to {MOST}")
    return otherwise if given is None else given


def _told(work: Work, call: Call, grid: Grid, action: A) -> Result:
    event = Event(
        at=call.now,
        kind=EventKind.GRID,
        subject=Subject("Grid", grid.id, grid.version),
        row="R61",
        action=action,
        actor_id=None if call.actor.system else call.actor.person_id,
        data={"code": grid.code, "outline": grid.outline_version, "region": str(grid.region_id)},
    )
    work.append(event)
    return Result(made={"grid": (grid.id,)})


def _refusal(field: str, zh: str, en: str, **facts: object) -> DomainError:
    return DomainError(ErrorCode.BAD_INPUT, field, rule="R61", zh=zh, en=en, facts=facts)
