"""Polygons and the point-to-grid index."""

import json
import math
from typing import Any
from uuid import UUID

import pytest
import shapely

from db.geometry import (
    MAX_POINTS,
    GridIndex,
    area_m2,
    covers,
    overlap_m2,
    parse_polygon,
    to_geojson,
)
from domain.errors import DomainError, ErrorCode
from domain.place import Crs, Point, distance_m, to_crs

WEST, EAST, NORTH = UUID(int=3), UUID(int=2), UUID(int=1)


def square(lng: float, lat: float, side: float = 0.01) -> dict[str, Any]:
    ring = [[lng, lat], [lng + side, lat], [lng + side, lat + side], [lng, lat + side], [lng, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


def parsed(geojson: dict[str, Any]) -> shapely.Polygon | shapely.MultiPolygon:
    return parse_polygon(geojson, Crs.WGS84, "polygon")


@pytest.fixture
def index() -> GridIndex:
    """Three squares that meet in (123.41, 41.11); the smallest code is WEST's."""
    return GridIndex(
        [
            (NORTH, "211005003001003", parsed(square(123.40, 41.11))),
            (EAST, "211005003001002", parsed(square(123.41, 41.10))),
            (WEST, "211005003001001", parsed(square(123.40, 41.10))),
        ]
    )


def test_a_point_inside_finds_its_grid(index: GridIndex) -> None:
    assert index.locate(123.405, 41.105) == WEST
    assert index.locate(123.415, 41.105) == EAST
    assert index.locate(123.405, 41.115) == NORTH


def test_a_point_in_no_grid_finds_none(index: GridIndex) -> None:
    assert index.locate(123.415, 41.115) is None
    assert GridIndex([]).locate(123.4, 41.1) is None
    assert GridIndex([]).candidates(123.4, 41.1) == []


def test_a_point_on_a_shared_border_belongs_to_the_smallest_code(index: GridIndex) -> None:
    assert index.locate(123.41, 41.105) == WEST
    assert index.locate(123.405, 41.11) == WEST


def test_a_point_on_a_shared_corner_belongs_to_the_smallest_code(index: GridIndex) -> None:
    assert index.locate(123.41, 41.11) == WEST


def test_a_point_on_an_outer_border_or_corner_is_inside(index: GridIndex) -> None:
    assert index.locate(123.42, 41.105) == EAST
    assert index.locate(123.42, 41.11) == EAST


def test_near_a_border_there_are_two_candidates_nearest_first(index: GridIndex) -> None:
    ten_metres = 10 / distance_m(Point(123, 41.1, Crs.WGS84), Point(124, 41.1, Crs.WGS84))
    assert index.candidates(123.41 + ten_metres, 41.105) == [EAST, WEST]
    assert index.candidates(123.41 + 3 * ten_metres, 41.105) == [EAST]
    assert index.candidates(123.41 + 3 * ten_metres, 41.105, within_m=31) == [EAST, WEST]


def test_on_a_corner_all_candidates_come_by_code(index: GridIndex) -> None:
    assert index.candidates(123.41, 41.11) == [WEST, EAST, NORTH]


def test_just_outside_the_last_grid_it_is_still_a_candidate(index: GridIndex) -> None:
    assert index.locate(123.4201, 41.105) is None
    assert index.candidates(123.4201, 41.105) == [EAST]


def test_a_polygon_drawn_on_gcj02_lands_where_it_was_meant() -> None:
    corner = to_crs(Point(123.40, 41.10, Crs.WGS84), Crs.GCJ02)
    drawn = to_geojson(parsed(square(123.40, 41.10)), Crs.GCJ02)
    assert drawn["coordinates"][0][0] == pytest.approx([corner.lng, corner.lat])
    back = parse_polygon(drawn, Crs.GCJ02, "polygon")
    assert overlap_m2(back, parsed(square(123.40, 41.10))) == pytest.approx(area_m2(back), rel=1e-6)


def test_geojson_out_is_plain_json_and_counter_clockwise() -> None:
    clockwise = square(123.40, 41.10)
    clockwise["coordinates"][0].reverse()
    out = to_geojson(parsed(clockwise))
    assert json.loads(json.dumps(out)) == out
    assert shapely.LinearRing(out["coordinates"][0]).is_ccw
    assert parsed(out).equals(parsed(clockwise))


def test_a_hole_and_several_parts_survive() -> None:
    outer = square(123.40, 41.10)["coordinates"][0]
    hole = square(123.402, 41.102, 0.002)["coordinates"][0]
    two = {"type": "MultiPolygon", "coordinates": [[outer, hole], square(123.5, 41.1)["coordinates"]]}
    area = parsed(two)
    assert isinstance(area, shapely.MultiPolygon)
    out = to_geojson(area)
    assert sorted(len(part) for part in out["coordinates"]) == [1, 2]
    assert parsed(out).equals(area)


def test_a_ring_that_crosses_itself_is_repaired() -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    area = parsed(bow)
    assert area.is_valid
    assert area.area == pytest.approx(0.5)


def test_parts_that_overlap_are_joined() -> None:
    parts = [square(0, 0, 2)["coordinates"], square(1, 0, 2)["coordinates"]]
    area = parsed({"type": "MultiPolygon", "coordinates": parts})
    assert area.is_valid
    assert area.area == pytest.approx(6)


def test_a_spike_is_dropped_and_the_area_kept() -> None:
    spiked = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [2, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    area = parsed(spiked)
    assert area.is_valid
    assert area.area == pytest.approx(1)


def _many(count: int) -> list[list[float]]:
    ring = [[math.cos(i / count * math.tau), math.sin(i / count * math.tau)] for i in range(count)]
    return [*ring, ring[0]]


def test_the_number_of_points_is_limited() -> None:
    most = {"type": "Polygon", "coordinates": [_many(MAX_POINTS - 1)]}
    assert parsed(most).area > 3
    with pytest.raises(DomainError) as caught:
        parsed({"type": "Polygon", "coordinates": [_many(MAX_POINTS)]})
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "polygon")


def _polygon(*rings: object) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "POLYGON",
        [],
        {},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": ["Polygon"], "coordinates": []},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": "no"},
        {"type": "Polygon", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": [[]]},
        {"type": "MultiPolygon", "coordinates": [7]},
        _polygon("ring"),
        _polygon([]),
        _polygon([[0, 0], [1, 0], [0, 0]]),
        _polygon([[0, 0], [1, 0], [1, 1], [0, 1]]),
        _polygon([[0, 0], [1, 0], [1, 1], ["0", "0"], [0, 0]]),
        _polygon([[0, 0], [1, 0], [1, True], [0, 0]]),
        _polygon([[0, 0], [1, 0], [1], [0, 0]]),
        _polygon([[0, 0], [1, 0], [math.nan, 1], [0, 0]]),
        _polygon([[0, 0], [1, 0], [math.inf, 1], [0, 0]]),
        _polygon([[0, 0], [1, 0], [10**400, 1], [0, 0]]),
        _polygon([[0, 0], [181, 0], [1, 1], [0, 0]]),
        _polygon([[0, 0], [1, 1], [2, 2], [0, 0]]),
        _polygon([[0, 0], [0, 0], [0, 0], [0, 0]]),
        _polygon(*[[[0, 0], [1, 0], [1, 1], [0, 0]]] * 201),
    ],
)
def test_a_polygon_that_makes_no_sense_is_refused_with_its_field(bad: object) -> None:
    with pytest.raises(DomainError) as caught:
        parse_polygon(bad, Crs.WGS84, "input.polygon")
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "input.polygon")


def test_the_area_of_a_known_square_is_right() -> None:
    # one arc minute at 41° N on the WGS-84 ellipsoid: 1402.3 m east by 1850.9 m north
    minute = parsed(square(123.4, 41.0 - 1 / 120, 1 / 60))
    assert area_m2(minute) == pytest.approx(1402.3 * 1850.9, rel=2e-4)


def test_the_area_does_not_depend_on_the_longitude_and_adds_up() -> None:
    here, there = parsed(square(123.4, 41.1)), parsed(square(80.0, 41.1))
    assert area_m2(here) == pytest.approx(area_m2(there), rel=1e-9)
    halves = [
        parsed(_polygon([[0, 0], [1, 0], [1, 1], [0, 0]])),
        parsed(_polygon([[0, 0], [1, 1], [0, 1], [0, 0]])),
    ]
    assert sum(area_m2(half) for half in halves) == pytest.approx(area_m2(parsed(square(0, 0, 1))))


def test_neighbours_share_a_border_but_no_area() -> None:
    a, b = parsed(square(123.40, 41.10)), parsed(square(123.41, 41.10))
    assert overlap_m2(a, b) == 0
    assert overlap_m2(a, parsed(square(123.405, 41.10))) == pytest.approx(area_m2(a) / 2, rel=1e-6)


def test_covers_forgives_a_square_metre_and_no_more() -> None:
    outer = parsed(square(123.40, 41.10))
    sliver = 1e-9  # degrees: about 0.1 mm by 1.1 km
    assert covers(outer, parsed(square(123.40 + sliver, 41.10)))
    assert not covers(outer, parsed(square(123.40 + sliver, 41.10)), tolerance_m2=0.01)
    assert not covers(outer, parsed(square(123.40 + 1e-6, 41.10)))
    assert covers(outer, parsed(square(123.401, 41.101, 0.005)), tolerance_m2=0)
