"""Traps of practice that belong to no one command (domain.md §9): places, days, and shares of nothing."""

from datetime import UTC, datetime

import pytest

from db import board, grids
from db.loop import hangs
from domain.calendar import local_day
from domain.place import Crs, Point, distance_m, to_crs
from services.command import PointGiven
from tests.db.district import SOUTH, WEST
from tests.services.desk import a_desk

pytestmark = pytest.mark.usefixtures("store")


async def test_trap_5_the_share_of_nothing_is_neither_none_nor_all_of_it() -> None:
    desk = await a_desk()
    nothing = await hangs.count_of(desk.district.orgs["CIVIL"].id, viewer=desk.district.viewer("director"))
    assert (nothing.open, nothing.hung, nothing.share) == (0, 0, None)


async def test_trap_12_a_chinese_maps_point_is_kept_as_given_and_computed_with_as_wgs84() -> None:
    desk = await a_desk()
    true = Point(WEST + 0.005, SOUTH + 0.01, Crs.WGS84)
    sent = to_crs(true, Crs.GCJ02)
    await desk.report(point=PointGiven(lng=sent.lng, lat=sent.lat, crs=Crs.GCJ02))
    case = await desk.case()
    spot = case.incident.spot
    assert spot is not None
    assert (spot.raw_lng, spot.raw_lat, spot.crs) == (sent.lng, sent.lat, Crs.GCJ02)
    assert distance_m(Point(spot.lng, spot.lat, Crs.WGS84), true) < 0.1
    assert (
        distance_m(Point(spot.raw_lng, spot.raw_lat, Crs.WGS84), true) > 400
    )  # what the mistake would make of it
    found = await grids.get([case.incident.grid_id or desk.id], viewer=desk.district.viewer("director"))
    assert [it.code for it in found.values()] == ["G1"]


async def test_trap_30_a_day_begins_at_midnight_in_the_district_and_not_in_utc() -> None:
    desk = await a_desk()
    desk.now = datetime(2024, 10, 23, 15, 59, 59, tzinfo=UTC)  # 23:59:59 on the 23rd
    await desk.report()
    before = (await desk.case()).incident.no
    desk.now = datetime(2024, 10, 23, 16, 0, tzinfo=UTC)  # midnight: the 24th
    await desk.report()
    after = (await desk.case()).incident.no
    assert (before, after) == ("GCL-I-20241023-000001", "GCL-I-20241024-000001")
    wall = await board.counts(viewer=desk.district.viewer("director"), now=desk.now)
    assert (wall.open, wall.reported_today) == (2, 1)
    assert local_day(desk.now).isoformat() == "2024-10-24"
