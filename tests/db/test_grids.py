"""Where a point lies, and what regions and grids were before."""

from dataclasses import replace

import pytest

from db import grids, regions
from db.unit_of_work import Work, in_transaction
from domain.errors import DomainError, ErrorCode
from tests.db.factories import NOW, SIDE, SOUTH, WEST, a_district, a_grid, an_outline, new_id, square

pytestmark = pytest.mark.usefixtures("store")


async def test_a_point_has_a_grid_or_a_community_or_nothing() -> None:
    district = await a_district()
    row = SOUTH + SIDE / 2
    for lng, lat, grid, region in (
        (WEST + 0.001, row, "G1", "C1"),
        (WEST + SIDE / 2, row, "G1", "C1"),  # on the border of G1 and G2
        (WEST + SIDE / 2 + 0.001, row, "G2", "C1"),
        (WEST + SIDE + 0.001, row, "G3", "C2"),
        (WEST + 2 * SIDE - 0.001, SOUTH + SIDE + 0.001, None, "C3"),
    ):
        found = await grids.locate(lng, lat)
        assert found
        assert (found.grid and found.grid.code, found.region.code) == (grid, region)
        assert await grids.at(lng, lat, viewer=district.viewer("resident")) == found.grid
    assert await grids.locate(WEST - 0.001, row) is None
    assert await grids.at(0, 0, viewer=district.viewer("resident")) is None


async def test_near_a_border_there_are_two_candidates() -> None:
    await a_district()
    near = await grids.candidates(WEST + SIDE / 2 - 0.0001, SOUTH + 0.01)
    assert [it.code for it in near] == ["G1", "G2"]
    assert [it.code for it in await grids.candidates(WEST + 0.003, SOUTH + 0.01)] == ["G1"]


async def test_the_map_follows_every_change_at_once() -> None:
    district = await a_district()
    spot = (WEST + 2 * SIDE - 0.001, SOUTH + SIDE + 0.001)
    before = await grids.locate(*spot)
    assert before
    assert before.grid is None
    grid = a_grid("G5", district.regions["C3"].id, square(WEST + SIDE, SOUTH + SIDE, SIDE, SIDE))
    await in_transaction(lambda work: grids.insert(work, grid, an_outline(grid)))
    assert await grids.at(*spot, viewer=district.viewer("director")) == grid
    moved = replace(
        grid, polygon=square(WEST + SIDE, SOUTH + SIDE, SIDE / 2, SIDE), outline_version=2, version=2
    )

    async def revise(work: Work) -> None:
        assert await grids.load(work, grid.id) == grid
        await grids.save(work, grid, moved, replace(an_outline(moved), valid_from=NOW))

    await in_transaction(revise)
    assert await grids.at(*spot, viewer=district.viewer("director")) is None
    outlines = await grids.outlines(grid.id, viewer=district.viewer("director"))
    assert [(it.number, it.valid_to) for it in outlines] == [(1, NOW), (2, None)]
    retired = replace(moved, valid_to=NOW, version=3)
    await in_transaction(lambda work: grids.save(work, moved, retired))
    assert "G5" not in [it.code for it in await grids.in_force()]
    assert await grids.get([grid.id], viewer=district.viewer("director")) == {grid.id: retired}
    outlines = await grids.outlines(grid.id, viewer=district.viewer("director"))
    assert [it.valid_to for it in outlines] == [NOW, NOW]


async def test_a_code_belongs_to_one_grid_for_ever() -> None:
    district = await a_district()
    grid = a_grid("G1", district.regions["C1"].id, square(WEST, SOUTH, SIDE, SIDE))
    with pytest.raises(DomainError) as refused:
        await in_transaction(lambda work: grids.insert(work, grid, an_outline(grid)))
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "code")
    with pytest.raises(DomainError) as refused:
        await in_transaction(lambda work: grids.load(work, new_id()))
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_regions_know_what_is_above_them_and_their_past() -> None:
    district = await a_district()
    known = district.regions
    above = await regions.ancestors(known["C1"].id)
    assert above == (known["C1"].id, known["S1"].id, known["D"].id)
    assert await regions.district() == known["D"]
    old, day = known["S2"], NOW.date()
    new = replace(old, id=new_id(), name="新北街道", valid_from=day, supersedes=("S2",))

    async def rename(work: Work) -> None:
        await regions.close(work, old.id, day)
        await regions.insert_all(work, [new])

    await in_transaction(rename)
    assert await regions.by_code("S2") == new
    assert await regions.by_code("S2", day) == new
    assert await regions.by_code("S2", old.valid_from) == replace(old, valid_to=day)
    assert await regions.by_code("none") is None
    valid = await regions.in_force(viewer=district.viewer("director"))
    assert [it.path for it in valid] == ["D", "D/S1", "D/S1/C1", "D/S1/C2", "D/S2", "D/S2/C3"]
    assert old.id in await regions.get([old.id], viewer=district.viewer("director"))
