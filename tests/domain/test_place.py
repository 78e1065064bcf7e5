"""Coordinates: the vectors of domain.md §7 and the properties of the conversions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import DomainError, ErrorCode
from domain.place import (
    Crs,
    Point,
    check_position,
    checked_point,
    distance_m,
    ring_to_crs,
    to_crs,
    to_wgs84,
)

TAGS = st.sampled_from(list(Crs))
INSIDE_CHINA = st.tuples(st.floats(80, 130), st.floats(20, 50))

# (lng, lat) in WGS-84, the same as GCJ-02 with six decimals, the shift in metres
PHONES = [
    ((123.425581, 41.155673), (123.431633, 41.157831), 560.6),
    ((123.46, 41.22), (123.465994, 41.222148), 555.3),
    ((123.39, 41.09), (123.396039, 41.092112), 557.9),
    ((123.17, 41.27), (123.175813, 41.272162), 542.0),
]


def _as_if_wgs84(point: Point) -> Point:
    """What goes wrong when the tag is lost."""
    return Point(point.lng, point.lat, Crs.WGS84)


def test_the_shift_at_gongchangling_is_558_9_metres() -> None:
    home = Point(123.43, 41.13, Crs.WGS84)
    shifted = to_crs(home, Crs.GCJ02)
    assert shifted.lat == pytest.approx(41.1321319, abs=5e-8)
    assert shifted.lng == pytest.approx(123.4360433, abs=5e-8)
    assert distance_m(home, _as_if_wgs84(shifted)) == pytest.approx(558.9, abs=0.05)


def test_the_published_regression_vector_is_reproduced() -> None:
    shifted = to_crs(Point(116.42079, 39.90105, Crs.WGS84), Crs.GCJ02)
    assert (round(shifted.lng, 5), round(shifted.lat, 5)) == (116.42702, 39.90245)


@pytest.mark.parametrize(("wgs84", "gcj02", "shift_m"), PHONES)
def test_a_phone_reports_the_same_place_in_both_systems(
    wgs84: tuple[float, float], gcj02: tuple[float, float], shift_m: float
) -> None:
    true, sent = Point(*wgs84, Crs.WGS84), Point(*gcj02, Crs.GCJ02)
    assert to_crs(true, Crs.GCJ02).lng == pytest.approx(sent.lng, abs=6e-7)
    assert to_crs(true, Crs.GCJ02).lat == pytest.approx(sent.lat, abs=6e-7)
    assert distance_m(true, sent) < 0.1
    assert distance_m(true, _as_if_wgs84(sent)) == pytest.approx(shift_m, abs=0.3)


@given(INSIDE_CHINA, TAGS)
def test_there_and_back_is_the_same_place_within_a_centimetre(place: tuple[float, float], crs: Crs) -> None:
    start = Point(*place, Crs.WGS84, 12.5)
    back = to_wgs84(to_crs(start, crs))
    assert distance_m(start, back) < 0.01
    assert back.crs is Crs.WGS84
    assert back.accuracy_m == 12.5


def test_a_point_already_in_the_system_is_never_converted_twice() -> None:
    point = Point(123.43, 41.13, Crs.GCJ02)
    assert to_crs(point, Crs.GCJ02) is point
    assert to_wgs84(to_wgs84(point)) == to_wgs84(point)


def test_the_national_frame_equals_wgs84() -> None:
    assert to_wgs84(Point(123.43, 41.13, Crs.CGCS2000)) == Point(123.43, 41.13, Crs.WGS84)


def test_baidu_lies_a_further_kilometre_away_from_wgs84() -> None:
    home = Point(123.43, 41.13, Crs.WGS84)
    assert 800 < distance_m(home, _as_if_wgs84(to_crs(home, Crs.BD09))) < 1500


def test_gcj02_does_not_shift_outside_china() -> None:
    paris = Point(2.35, 48.85, Crs.WGS84)
    assert to_crs(paris, Crs.GCJ02) == Point(2.35, 48.85, Crs.GCJ02)


def test_a_ring_is_converted_position_by_position_and_stays_closed() -> None:
    ring = [[123.4, 41.1], [123.5, 41.1], [123.5, 41.2], [123.4, 41.1]]
    shifted = ring_to_crs(ring, Crs.WGS84, Crs.GCJ02)
    assert shifted[0] == shifted[-1]
    first = to_crs(Point(123.4, 41.1, Crs.WGS84), Crs.GCJ02)
    assert shifted[0] == (first.lng, first.lat)
    assert ring_to_crs(ring, Crs.WGS84, Crs.WGS84) == [(lng, lat) for lng, lat in ring]


def test_a_degree_of_latitude_is_about_111_kilometres() -> None:
    south, north = Point(123.4, 41.0, Crs.WGS84), Point(123.4, 42.0, Crs.WGS84)
    assert distance_m(south, north) == pytest.approx(111_195, abs=1)
    assert distance_m(Point(0, 0, Crs.WGS84), Point(180, 0, Crs.WGS84)) == pytest.approx(20_015_115, abs=10)


@pytest.mark.parametrize("lng", [math.nan, math.inf, 180.1, -181])
def test_a_position_off_the_globe_is_refused_with_its_field(lng: float) -> None:
    with pytest.raises(DomainError) as caught:
        check_position(lng, 41.1, "point")
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "point")


def test_a_latitude_beyond_the_pole_is_refused() -> None:
    with pytest.raises(DomainError) as caught:
        checked_point(123.4, 90.5, Crs.WGS84)
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_a_point_without_a_system_is_refused() -> None:
    with pytest.raises(DomainError) as caught:
        checked_point(123.4, 41.1, None)
    assert (caught.value.code, caught.value.field) == (ErrorCode.CRS_REQUIRED, "point.crs")


@pytest.mark.parametrize("accuracy_m", [-1.0, math.nan, math.inf])
def test_a_senseless_accuracy_is_refused(accuracy_m: float) -> None:
    with pytest.raises(DomainError) as caught:
        checked_point(123.4, 41.1, Crs.WGS84, accuracy_m)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "point.accuracyM")


def test_a_sound_point_passes_unchanged() -> None:
    assert checked_point(123.4, 41.1, Crs.BD09, 30) == Point(123.4, 41.1, Crs.BD09, 30)
