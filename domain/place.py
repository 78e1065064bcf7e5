"""Coordinates and the systems they are tagged with (domain.md §7): a point never travels without its CRS."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.errors import DomainError, ErrorCode
from domain.term import Term

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth, metres (IUGG)."""

_GCJ_AXIS_M = 6_378_245.0
_GCJ_ECCENTRICITY_2 = 0.00669342162296594323
_BD_FACTOR = math.pi * 3000 / 180
_INVERSE_ROUNDS = 5  # three already give less than 0.01 mm (domain.md §7)
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)  # west, south, east, north of the GCJ-02 shift

Position = tuple[float, float]
"""(lng, lat) in degrees."""

_LNG_LIMIT = 180
_LAT_LIMIT = 90


class Crs(Term):
    """坐标系: the system a coordinate is given in."""

    WGS84 = "WGS84", "WGS-84 坐标", "WGS-84 (GPS)"
    GCJ02 = "GCJ02", "GCJ-02 坐标", "GCJ-02 (Tencent, Amap, WeChat maps)"
    BD09 = "BD09", "BD-09 坐标", "BD-09 (Baidu)"
    CGCS2000 = "CGCS2000", "2000 国家大地坐标系", "CGCS2000 (equal to WGS-84 within decimetres)"


@dataclass(frozen=True, slots=True)
class Point:
    """A position in degrees with its system; `accuracy_m` is the radius the device claims, metres."""

    lng: float
    lat: float
    crs: Crs
    accuracy_m: float | None = None


def check_position(lng: float, lat: float, field: str) -> None:
    """Refuse a position that is not finite or not on the globe: BAD_INPUT."""
    if not (math.isfinite(lng) and math.isfinite(lat) and abs(lng) <= _LNG_LIMIT and abs(lat) <= _LAT_LIMIT):
        raise DomainError(
            ErrorCode.BAD_INPUT, field, zh="坐标超出范围", en="The position is not on the globe"
        )


def checked_point(
    lng: float, lat: float, crs: Crs | None, accuracy_m: float | None = None, *, field: str = "point"
) -> Point:
    """A point as a client sent it: CRS_REQUIRED without a system, BAD_INPUT for senseless numbers."""
    if crs is None:
        raise DomainError(ErrorCode.CRS_REQUIRED, f"{field}.crs", rule="§7")
    check_position(lng, lat, field)
    if accuracy_m is not None and not (math.isfinite(accuracy_m) and accuracy_m >= 0):
        raise DomainError(
            ErrorCode.BAD_INPUT, f"{field}.accuracyM", zh="定位精度无效", en="The accuracy makes no sense"
        )
    return Point(lng, lat, crs, accuracy_m)


def _in_china(lng: float, lat: float) -> bool:
    west, south, east, north = _CHINA
    return west <= lng <= east and south <= lat <= north


def _shift_m(x: float, y: float) -> Position:
    """The published GCJ-02 terms: metres east and north, for degrees from (105 E, 35 N)."""
    pi = math.pi
    ripple = 20 * math.sin(6 * pi * x) + 20 * math.sin(2 * pi * x)
    waves_x = 20 * math.sin(pi * x) + 40 * math.sin(pi * x / 3)
    waves_x += 150 * math.sin(pi * x / 12) + 300 * math.sin(pi * x / 30)
    waves_y = 20 * math.sin(pi * y) + 40 * math.sin(pi * y / 3)
    waves_y += 160 * math.sin(pi * y / 12) + 320 * math.sin(pi * y / 30)
    root = math.sqrt(abs(x))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + (ripple + waves_x) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + (ripple + waves_y) * 2 / 3
    return east, north


def _wgs84_to_gcj02(lng: float, lat: float) -> Position:
    if not _in_china(lng, lat):
        return lng, lat
    east, north = _shift_m(lng - 105, lat - 35)
    sine = math.sin(math.radians(lat))
    bend = 1 - _GCJ_ECCENTRICITY_2 * sine * sine
    meridian = _GCJ_AXIS_M * (1 - _GCJ_ECCENTRICITY_2) / bend**1.5
    parallel = _GCJ_AXIS_M / math.sqrt(bend) * math.cos(math.radians(lat))
    return lng + math.degrees(east / parallel), lat + math.degrees(north / meridian)


def _gcj02_to_bd09(lng: float, lat: float) -> Position:
    radius = math.hypot(lng, lat) + 0.00002 * math.sin(lat * _BD_FACTOR)
    angle = math.atan2(lat, lng) + 0.000003 * math.cos(lng * _BD_FACTOR)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def _inverse(forward: Callable[[float, float], Position], lng: float, lat: float) -> Position:
    """Undo a small shift by fixed-point iteration; exact where the shift is smooth."""
    x, y = lng, lat
    for _ in range(_INVERSE_ROUNDS):
        shifted_x, shifted_y = forward(x, y)
        x, y = x + lng - shifted_x, y + lat - shifted_y
    return x, y


def _position_to_wgs84(lng: float, lat: float, crs: Crs) -> Position:
    if crs is Crs.BD09:
        lng, lat = _inverse(_gcj02_to_bd09, lng, lat)
    if crs in {Crs.BD09, Crs.GCJ02}:
        return _inverse(_wgs84_to_gcj02, lng, lat)
    return lng, lat


def _position_from_wgs84(lng: float, lat: float, crs: Crs) -> Position:
    if crs in {Crs.BD09, Crs.GCJ02}:
        lng, lat = _wgs84_to_gcj02(lng, lat)
    return _gcj02_to_bd09(lng, lat) if crs is Crs.BD09 else (lng, lat)


def to_wgs84(point: Point) -> Point:
    """The same place in WGS-84; CGCS2000 counts as equal (domain.md §7)."""
    return to_crs(point, Crs.WGS84)


def to_crs(point: Point, crs: Crs) -> Point:
    """The same place in another system; a point already there is returned unchanged."""
    if point.crs is crs:
        return point
    lng, lat = _convert(point.lng, point.lat, point.crs, crs)
    return Point(lng, lat, crs, point.accuracy_m)


def ring_to_crs(ring: Sequence[Sequence[float]], source: Crs, target: Crs) -> list[Position]:
    """The positions of a ring (or line) in another system, in the same order."""
    if source is target:
        return [(position[0], position[1]) for position in ring]
    return [_convert(position[0], position[1], source, target) for position in ring]


def _convert(lng: float, lat: float, source: Crs, target: Crs) -> Position:
    shifted = {Crs.GCJ02, Crs.BD09}
    if source not in shifted and target not in shifted:
        return lng, lat
    return _position_from_wgs84(*_position_to_wgs84(lng, lat, source), target)


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres, on the sphere (error below 0.6 %)."""
    start, end = to_wgs84(a), to_wgs84(b)
    lat_a, lat_b = math.radians(start.lat), math.radians(end.lat)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lng = math.sin(math.radians(end.lng - start.lng) / 2)
    chord = half_lat**2 + math.cos(lat_a) * math.cos(lat_b) * half_lng**2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))
