"""Grids, the versions of their outlines, and units."""

import asyncio
from collections.abc import Awaitable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from db import event_log, grids, orgs, regions
from db.unit_of_work import in_transaction
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.grid import Grid, GridKind
from domain.org import OrgKind
from domain.person import PostType
from domain.place import Crs, ring_to_crs
from domain.region import Region, RegionLevel
from services import grids as ground
from services import orgs as units
from services.command import SYSTEM, Call, new_id
from services.grids import CreateGrid, RetireGrid, ReviseGrid
from tests.db.factories import NOW, District, a_district, put_post, square

pytestmark = pytest.mark.usefixtures("store")

HOME = "211005001001"
EAST, NORTH, SIDE = 113.0, 33.0, 0.02
DAY = timedelta(days=1)
WHOLE = square(EAST, NORTH, SIDE, SIDE)
LEFT = square(EAST, NORTH, SIDE / 2, SIDE)
RIGHT = square(EAST + SIDE / 2, NORTH, SIDE / 2, SIDE)


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open first
    return await a_district()


@pytest.fixture
async def home(district: District) -> Region:
    """A community with a code of twelve digits."""
    street = district.regions["S1"]
    region = Region(
        id=uuid4(),
        code=HOME,
        level=RegionLevel.COMMUNITY,
        name="安胜社区",
        short_name="安胜",
        parent_id=street.id,
        path=f"{street.path}/{HOME}",
        polygon=WHOLE,
        valid_from=date(2000, 1, 1),
        valid_to=None,
        supersedes=(),
    )
    await in_transaction(lambda work: regions.insert_all(work, [region]))
    return region


def by(district: District, username: str = "sysadmin", *, days: int = 0) -> Call:
    return Call(district.viewer(username), NOW + days * DAY, new_id, uuid4())


def drawn(home: Region, number: int = 1, **changes: Any) -> CreateGrid:
    given: dict[str, Any] = {
        "code": f"{HOME}{number:03}",
        "name": f"第{number}网格",
        "kind": GridKind.COMPREHENSIVE,
        "region_id": home.id,
        "polygon": LEFT,
        "crs": Crs.WGS84,
    }
    return CreateGrid(**(given | changes))


async def refused(
    attempt: Awaitable[object], code: ErrorCode, field: str | None = None, rule: str | None = None
) -> DomainError:
    with pytest.raises(DomainError) as caught:
        await attempt
    assert (caught.value.code, caught.value.field) == (code, field)
    assert rule in {None, caught.value.rule}
    return caught.value


async def made(attempt: Awaitable[Any]) -> Grid:
    (grid_id,) = (await attempt).made["grid"]
    return await stored(grid_id)


async def stored(grid_id: UUID) -> Grid:
    return (await grids.get([grid_id], viewer=SYSTEM))[grid_id]


async def test_a_new_grid_takes_in_its_points_at_once(district: District, home: Region) -> None:
    assert (await grids.locate(EAST + 0.001, NORTH + 0.001)) is not None
    grid = await made(ground.create(by(district), drawn(home, households=350, population=900)))
    found = await grids.locate(EAST + 0.001, NORTH + 0.001)
    assert found
    assert found.grid == grid
    assert (grid.outline_version, grid.valid_from, grid.valid_to) == (1, NOW, None)
    assert grid.area_m2 == pytest.approx(0.01 * 93_450 * 0.02 * 110_900, rel=0.01)
    (event,) = [it.event for it in await event_log.read(0, 10)]
    assert (event.kind, event.subject.id) == (EventKind.GRID, grid.id)
    assert event.data == {"code": grid.code, "outline": 1, "region": str(home.id)}


async def test_an_outline_drawn_on_a_shifted_map_is_kept_in_wgs84(district: District, home: Region) -> None:
    ring = ring_to_crs(LEFT["coordinates"][0], Crs.WGS84, Crs.GCJ02)
    shifted = {"type": "Polygon", "coordinates": [[list(it) for it in ring]]}
    grid = await made(ground.create(by(district), drawn(home, polygon=shifted, crs=Crs.GCJ02)))
    ours = grid.polygon["coordinates"]
    assert isinstance(ours, list)
    assert min(it[0] for it in ours[0]) == pytest.approx(EAST, abs=1e-7)
    (outline,) = await grids.outlines(grid.id, viewer=SYSTEM)
    assert (outline.number, outline.drawn_crs) == (1, Crs.GCJ02)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"crs": None}, ErrorCode.CRS_REQUIRED, "crs"),
        ({"code": "211005001002001"}, ErrorCode.BAD_INPUT, "code"),
        ({"code": f"{HOME}01"}, ErrorCode.BAD_INPUT, "code"),
        ({"code": f"{HOME}0001"}, ErrorCode.BAD_INPUT, "code"),
        ({"code": f"{HOME}０01"}, ErrorCode.BAD_INPUT, "code"),
        ({"name": ""}, ErrorCode.BAD_INPUT, "name"),
        ({"households": -1}, ErrorCode.BAD_INPUT, "households"),
        ({"population": 10**9}, ErrorCode.BAD_INPUT, "population"),
        ({"region_id": uuid4()}, ErrorCode.NOT_FOUND, "regionId"),
        ({"polygon": {}}, ErrorCode.BAD_INPUT, "polygon"),
        ({"polygon": {"type": "Point", "coordinates": [1, 2]}}, ErrorCode.BAD_INPUT, "polygon"),
        ({"polygon": square(EAST - 0.001, NORTH, SIDE, SIDE)}, ErrorCode.BAD_INPUT, "polygon"),
        ({"polygon": square(EAST + 1, NORTH, SIDE, SIDE)}, ErrorCode.BAD_INPUT, "polygon"),
    ],
)
async def test_bad_input_for_a_grid_names_its_field(
    district: District, home: Region, changes: dict[str, Any], code: ErrorCode, field: str
) -> None:
    await refused(ground.create(by(district), drawn(home, **changes)), code, field)
    assert f"{HOME}001" not in {it.code for it in await grids.in_force()}


async def test_a_grid_belongs_to_a_community_in_force(district: District, home: Region) -> None:
    street = drawn(home, region_id=district.regions["S1"].id)
    await refused(ground.create(by(district), street), ErrorCode.BAD_INPUT, "regionId")
    await in_transaction(lambda work: regions.close(work, home.id, date(2024, 1, 1)))
    await refused(ground.create(by(district), drawn(home)), ErrorCode.BAD_INPUT, "regionId")


async def test_a_code_is_used_once(district: District, home: Region) -> None:
    await ground.create(by(district), drawn(home))
    again = drawn(home, polygon=RIGHT)
    await refused(ground.create(by(district), again), ErrorCode.BAD_INPUT, "code")


async def test_grids_of_a_kind_share_no_more_than_a_square_metre(district: District, home: Region) -> None:
    await ground.create(by(district), drawn(home, 1))
    over = square(EAST + SIDE / 2 - 0.0001, NORTH, SIDE / 2, SIDE)
    error = await refused(
        ground.create(by(district), drawn(home, 2, polygon=over)), ErrorCode.BAD_INPUT, "polygon", "R61"
    )
    assert error.facts == {"grid": f"{HOME}001"}
    hair = square(EAST + SIDE / 2 - 4e-9, NORTH, SIDE / 2, SIDE)  # 0.4 mm, 0.8 m²
    await ground.create(by(district), drawn(home, 2, polygon=hair))
    micro = drawn(home, 3, kind=GridKind.MICRO, polygon=WHOLE)
    await ground.create(by(district), micro)
    await refused(
        ground.create(by(district), drawn(home, 4, kind=GridKind.MICRO)), ErrorCode.BAD_INPUT, "polygon"
    )


async def test_dedicated_grids_may_overlap(district: District, home: Region) -> None:
    for number in (1, 2):
        given = drawn(home, number, kind=GridKind.DEDICATED, polygon=LEFT)
        await ground.create(by(district), given)


async def test_of_two_overlapping_grids_drawn_at_once_one_is_kept(district: District, home: Region) -> None:
    attempts = [ground.create(by(district), drawn(home, number)) for number in (1, 2)]
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert [it.field for it in answers if isinstance(it, DomainError)] == ["polygon"]


async def test_a_new_outline_is_the_next_version_and_the_old_one_stays(
    district: District, home: Region
) -> None:
    first = await made(ground.create(by(district), drawn(home)))
    given = ReviseGrid(id=first.id, expected_version=1, polygon=RIGHT, crs=Crs.BD09)
    await refused(ground.revise(by(district), given), ErrorCode.BAD_INPUT, "polygon")
    given = ReviseGrid(id=first.id, expected_version=1, polygon=RIGHT, crs=Crs.CGCS2000)
    second = await made(ground.revise(by(district, days=1), given))
    assert (second.outline_version, second.version, second.name) == (2, 2, first.name)
    assert await grids.at(EAST + 0.001, NORTH + 0.001, viewer=SYSTEM) is None
    assert await grids.at(EAST + SIDE - 0.001, NORTH + 0.001, viewer=SYSTEM) == second
    one, two = await grids.outlines(first.id, viewer=SYSTEM)
    assert (one.polygon, one.valid_from, one.valid_to) == (first.polygon, NOW, NOW + DAY)
    assert (two.number, two.valid_from, two.valid_to) == (2, NOW + DAY, None)
    stale = ground.revise(by(district), given)
    await refused(stale, ErrorCode.CONFLICT, "expectedVersion")


async def test_a_new_name_leaves_the_outline(district: District, home: Region) -> None:
    first = await made(ground.create(by(district), drawn(home, households=300)))
    given = ReviseGrid(id=first.id, expected_version=1, name="新名", population=10)
    second = await made(ground.revise(by(district), given))
    assert (second.name, second.households, second.population) == ("新名", 300, 10)
    assert (second.version, second.outline_version, second.polygon) == (2, 1, first.polygon)
    without = ReviseGrid(id=first.id, expected_version=2, polygon=LEFT)
    await refused(ground.revise(by(district), without), ErrorCode.CRS_REQUIRED, "crs")


async def test_a_grid_someone_walks_is_not_retired(district: District, home: Region) -> None:
    grid = await made(ground.create(by(district), drawn(home)))
    walker = district.people["resident"]

    async def put(work: Any) -> None:
        await put_post(work, walker, PostType.GRID_LEADER, grid_id=grid.id, ends_at=NOW + DAY)

    await in_transaction(put)
    given = RetireGrid(id=grid.id, expected_version=1)
    error = await refused(ground.retire(by(district), given), ErrorCode.GUARD_FAILED, rule="R61")
    assert error.facts == {"posts": 1}
    retired = await made(ground.retire(by(district, days=1), given))
    assert (retired.valid_to, retired.version) == (NOW + DAY, 2)
    assert await grids.at(EAST + 0.001, NORTH + 0.001, viewer=SYSTEM) is None
    (outline,) = await grids.outlines(grid.id, viewer=SYSTEM)
    assert outline.valid_to == NOW + DAY
    for attempt in (
        ground.retire(by(district), RetireGrid(id=grid.id, expected_version=2)),
        ground.revise(by(district), ReviseGrid(id=grid.id, expected_version=2, name="新")),
    ):
        await refused(attempt, ErrorCode.GUARD_FAILED, rule="R61")
    await ground.create(by(district), drawn(home, 2))


async def test_a_grid_someone_is_to_walk_is_not_retired(district: District, home: Region) -> None:
    grid = await made(ground.create(by(district), drawn(home)))
    walker = district.people["resident"]

    async def put(work: Any) -> None:
        await put_post(work, walker, PostType.GRID_LEADER, grid_id=grid.id, starts_at=NOW + DAY)

    await in_transaction(put)
    given = RetireGrid(id=grid.id, expected_version=1)
    await refused(ground.retire(by(district), given), ErrorCode.GUARD_FAILED, rule="R61")


async def test_a_retirement_names_a_grid(district: District) -> None:
    absent = RetireGrid(id=uuid4(), expected_version=1)
    await refused(ground.retire(by(district), absent), ErrorCode.NOT_FOUND, "id")


async def test_only_the_system_administrator_draws(district: District, home: Region) -> None:
    call = by(district, "director")
    for attempt in (
        ground.create(call, drawn(home)),
        ground.revise(call, ReviseGrid(id=home.id, expected_version=1)),
        ground.retire(call, RetireGrid(id=home.id, expected_version=1)),
        units.create(call, units.CreateOrgUnit(code="A", name="甲", kind=OrgKind.DEPARTMENT)),
    ):
        await refused(attempt, ErrorCode.FORBIDDEN)


@pytest.mark.parametrize("kind", [GridKind.COMPREHENSIVE, GridKind.DEDICATED])
async def test_of_two_grids_created_at_once_with_one_code_one_is_made(
    district: District, home: Region, kind: GridKind
) -> None:
    both = [ground.create(by(district), drawn(home, polygon=it, kind=kind)) for it in (LEFT, RIGHT)]
    first, second = await asyncio.gather(*both, return_exceptions=True)
    refusal = first if isinstance(first, DomainError) else second
    assert isinstance(refusal, DomainError)
    assert (refusal.code, refusal.field) == (ErrorCode.BAD_INPUT, "code")
    assert [it.code for it in await grids.in_force()].count(f"{HOME}001") == 1


async def test_of_two_units_created_at_once_with_one_code_one_is_made(district: District) -> None:
    given = units.CreateOrgUnit(code="ROADS", name="公路段", kind=OrgKind.DEPARTMENT)
    made = await asyncio.gather(
        *(units.create(by(district), given) for _ in range(4)), return_exceptions=True
    )
    refusals = [it for it in made if isinstance(it, DomainError)]
    assert [(it.code, it.field) for it in refusals] == [(ErrorCode.BAD_INPUT, "code")] * 3


async def test_a_unit_is_created_below_another(district: District, home: Region) -> None:
    given = units.CreateOrgUnit(
        code="ROADS",
        name="道路管理所",
        kind=OrgKind.DEPARTMENT,
        parent_id=district.orgs["HOUSING"].id,
        region_id=home.id,
    )
    (org_id,) = (await units.create(by(district), given)).made["org"]
    found = (await orgs.get([org_id], viewer=SYSTEM))[org_id]
    assert (found.short_name, found.parent_id, found.region_id) == ("道路管理所", given.parent_id, home.id)
    again = units.CreateOrgUnit(code="ROADS", name="别的", kind=OrgKind.DEPARTMENT)
    await refused(units.create(by(district), again), ErrorCode.BAD_INPUT, "code")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"code": ""}, ErrorCode.BAD_INPUT, "code"),
        ({"code": "a b"}, ErrorCode.BAD_INPUT, "code"),
        ({"name": "\n"}, ErrorCode.BAD_INPUT, "name"),
        ({"short_name": "长" * 61}, ErrorCode.BAD_INPUT, "shortName"),
        ({"parent_id": uuid4()}, ErrorCode.NOT_FOUND, "parentId"),
        ({"region_id": uuid4()}, ErrorCode.NOT_FOUND, "regionId"),
    ],
)
async def test_bad_input_for_a_unit_names_its_field(
    district: District, changes: dict[str, Any], code: ErrorCode, field: str
) -> None:
    given: dict[str, Any] = {"code": "ROADS", "name": "道路管理所", "kind": OrgKind.DEPARTMENT}
    await refused(units.create(by(district), units.CreateOrgUnit(**(given | changes))), code, field)
