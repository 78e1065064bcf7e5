"""The made-up district's map, units and dictionaries; `factories.py` puts people and cases into it."""

import itertools
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from db import dictionaries, grids, regions
from db.unit_of_work import Work
from domain.calendar import CalendarDay
from domain.dictionary import Category, DispatchRule, DutyItem
from domain.grid import Grid, GridKind, GridOutline
from domain.incident import Urgency
from domain.org import OrgKind, OrgUnit
from domain.place import Crs
from domain.region import Region, RegionLevel

GeoJSON = dict[str, Any]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
WEST, SOUTH, SIDE = 112.0, 32.0, 0.02
_FIRST_ID = UUID("0192bcb9-0000-7000-8000-000000000000").int
_ids = itertools.count(_FIRST_ID)


def new_id() -> UUID:
    """The next id, in the order of asking, as UUIDv7 gives them."""
    return UUID(int=next(_ids))


def square(west: float, south: float, width: float, height: float) -> GeoJSON:
    """A rectangle in degrees."""
    east, north = round(west + width, 6), round(south + height, 6)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


async def put_regions(work: Work) -> dict[str, Region]:
    """One district, two streets, three communities."""
    found: dict[str, Region] = {}
    for code, name, level, parent, polygon in (
        ("D", "示范区", RegionLevel.DISTRICT, None, square(WEST, SOUTH, 2 * SIDE, 2 * SIDE)),
        ("S1", "南街道", RegionLevel.STREET, "D", None),
        ("S2", "北街道", RegionLevel.STREET, "D", None),
        ("C1", "东园社区", RegionLevel.COMMUNITY, "S1", square(WEST, SOUTH, SIDE, SIDE)),
        ("C2", "西园社区", RegionLevel.COMMUNITY, "S1", square(WEST + SIDE, SOUTH, SIDE, SIDE)),
        ("C3", "北园社区", RegionLevel.COMMUNITY, "S2", square(WEST, SOUTH + SIDE, 2 * SIDE, SIDE)),
    ):
        above = found[parent] if parent else None
        found[code] = Region(
            id=new_id(),
            code=code,
            level=level,
            name=name,
            short_name=name,
            parent_id=above.id if above else None,
            path=f"{above.path}/{code}" if above else code,
            polygon=polygon,
            valid_from=date(2000, 1, 1),
            valid_to=None,
            supersedes=(),
        )
    await regions.insert_all(work, found.values())
    return found


async def put_grids(work: Work, region: Mapping[str, Region]) -> dict[str, Grid]:
    """Four grids; the east of the third community has none."""
    half = SIDE / 2
    found = {
        code: a_grid(code, region[home].id, square(west, south, width, SIDE))
        for code, home, west, south, width in (
            ("G1", "C1", WEST, SOUTH, half),
            ("G2", "C1", WEST + half, SOUTH, half),
            ("G3", "C2", WEST + SIDE, SOUTH, SIDE),
            ("G4", "C3", WEST, SOUTH + SIDE, SIDE),
        )
    }
    for grid in found.values():
        await grids.insert(work, grid, an_outline(grid))
    return found


def a_grid(code: str, region_id: UUID, polygon: GeoJSON) -> Grid:
    """A grid in force since long ago."""
    return Grid(
        id=new_id(),
        code=code,
        name=f"{code}网格",
        kind=GridKind.COMPREHENSIVE,
        region_id=region_id,
        households=300,
        population=900,
        polygon=polygon,
        area_m2=1_000_000.0,
        outline_version=1,
        valid_from=LONG_AGO,
        valid_to=None,
    )


def an_outline(grid: Grid) -> GridOutline:
    """The outline a grid has now."""
    return GridOutline(
        id=new_id(),
        grid_id=grid.id,
        number=grid.outline_version,
        polygon=grid.polygon,
        area_m2=grid.area_m2,
        drawn_crs=Crs.WGS84,
        valid_from=grid.valid_from,
        valid_to=None,
    )


def a_unit(code: str, name: str, kind: OrgKind, region_id: UUID | None = None) -> OrgUnit:
    """A unit in service."""
    return OrgUnit(
        id=new_id(), code=code, name=name, short_name=name, kind=kind, parent_id=None, region_id=region_id
    )


async def put_categories(work: Work) -> dict[str, Category]:
    """Two level-2 categories with three leaves: one asks for photos, one for a check on site."""
    found: dict[str, Category] = {}
    for code, name, level, parent, photo, onsite in (
        ("CITY", "城市管理", 1, None, False, False),
        ("STREETS", "市政设施", 2, "CITY", False, False),
        ("QUIET", "环境噪音", 2, "CITY", False, False),
        ("LAMP", "路灯", 3, "STREETS", True, False),
        ("PIT", "井盖", 3, "STREETS", False, True),
        ("NOISE", "施工噪音", 3, "QUIET", False, False),
    ):
        found[code] = Category(
            id=new_id(),
            code=code,
            name=name,
            level=level,
            parent_id=found[parent].id if parent else None,
            requires_photo=photo,
            requires_after_photo=photo,
            requires_onsite_verify=onsite,
            default_urgency=Urgency.NORMAL,
        )
    await dictionaries.insert_categories(work, found.values())
    return found


async def put_duties(
    work: Work, org: Mapping[str, OrgUnit], category: Mapping[str, Category]
) -> DispatchRule:
    """The housing office's duty for a whole level-2 category, and its rule for another leaf."""
    duty = DutyItem(
        id=new_id(),
        org_id=org["HOUSING"].id,
        category_id=category["STREETS"].id,
        region_id=None,
        legal_basis="城市道路管理条例",
        valid_from=LONG_AGO,
        valid_to=None,
    )
    rule = DispatchRule(
        id=new_id(),
        category_id=category["NOISE"].id,
        region_id=None,
        lead_org_id=org["HOUSING"].id,
        basis="派单目录",
        valid_from=LONG_AGO,
        valid_to=None,
    )
    await dictionaries.insert_duties(work, [duty])
    await dictionaries.insert_rules(work, [rule])
    return rule


def october() -> list[CalendarDay]:
    """National Day 2024 and the two Saturdays worked for it."""
    notice = "国办发明电〔2023〕7号"
    off = [CalendarDay(date(2024, 10, day), False, "国庆节", notice) for day in range(1, 8)]
    worked = [CalendarDay(day, True, "国庆节", notice) for day in (date(2024, 9, 29), date(2024, 10, 12))]
    return [*off, *worked]
