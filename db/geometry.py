"""Polygons and the point-to-grid index: pure functions, everything inside is WGS-84 (domain.md §7, R61)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, STRtree

from domain.errors import DomainError, ErrorCode
from domain.place import Crs, Position, check_position, ring_to_crs

Area = Polygon | MultiPolygon
GeoJSON = dict[str, Any]

MAX_POINTS = 5_000
MAX_RINGS = 200
BORDER_M = 20.0
"""A point this near to a border, metres, needs confirmation (domain.md §7)."""

_AXIS_M = 6_378_137.0
_ECCENTRICITY_2 = 0.00669437999014
_CLOSED_RING = 4  # positions, the last equal to the first (RFC 7946 §3.1.6)


def _refusal(field: str, zh: str, en: str) -> DomainError:
    return DomainError(ErrorCode.BAD_INPUT, field, zh=zh, en=en)


def _parts(geojson: Mapping[str, Any], field: str) -> Sequence[Any]:
    """The coordinates of a Polygon or MultiPolygon as a list of polygons."""
    kind, coordinates = geojson.get("type"), geojson.get("coordinates")
    if (
        not isinstance(kind, str)
        or kind not in {"Polygon", "MultiPolygon"}
        or not isinstance(coordinates, list)
    ):
        raise _refusal(field, "须为 Polygon 或 MultiPolygon", "Give a Polygon or a MultiPolygon")
    parts = [coordinates] if kind == "Polygon" else coordinates
    if not parts or not all(isinstance(part, list) and part for part in parts):
        raise _refusal(field, "多边形没有坐标", "The polygon has no ring")
    return parts


def _position(raw: object, field: str) -> Position:
    if not isinstance(raw, list) or len(raw) not in {2, 3}:
        raise _refusal(field, "坐标须为 [经度, 纬度]", "A position is [lng, lat]")
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in raw):
        raise _refusal(field, "坐标须为数字", "A position holds numbers")
    try:
        lng, lat = float(raw[0]), float(raw[1])
    except OverflowError as error:
        raise _refusal(field, "坐标超出范围", "The position is not on the globe") from error
    check_position(lng, lat, field)
    return lng, lat


def _ring(raw: object, crs: Crs, field: str) -> list[Position]:
    if not isinstance(raw, list) or len(raw) < _CLOSED_RING or raw[0] != raw[-1]:
        raise _refusal(field, "环须闭合且至少四点", "A ring is closed and has at least four positions")
    return ring_to_crs([_position(position, field) for position in raw], crs, Crs.WGS84)


def _check_size(parts: Sequence[Any], field: str, most: int) -> None:
    rings = [ring for part in parts for ring in part]
    if len(rings) > MAX_RINGS:
        raise _refusal(field, f"环不得超过 {MAX_RINGS} 个", f"No more than {MAX_RINGS} rings")
    if sum(len(ring) for ring in rings if isinstance(ring, list)) > most:
        raise _refusal(field, f"点数不得超过 {most}", f"No more than {most} positions")


def _polygonal(repaired: shapely.Geometry) -> Area | None:
    """The parts of a repaired geometry that have an area."""
    parts = [part for part in shapely.get_parts(repaired) if part.area > 0]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def parse_polygon(geojson: object, crs: Crs, field: str, most: int = MAX_POINTS) -> Area:
    """A Polygon or MultiPolygon drawn on `crs`, in WGS-84; crossings are repaired, overlapping parts joined.

    BAD_INPUT with `field` for another type, an open ring, a position off the globe, no area, more than
    `most` positions or MAX_RINGS rings.
    """
    if not isinstance(geojson, Mapping):
        raise _refusal(field, "须为 GeoJSON 对象", "Give a GeoJSON object")
    parts = _parts(geojson, field)
    _check_size(parts, field, most)
    polygons = []
    for part in parts:
        shell, *holes = [_ring(ring, crs, field) for ring in part]
        polygons.append(Polygon(shell, holes))
    repaired = shapely.make_valid(MultiPolygon(polygons), method="structure", keep_collapsed=False)
    area = _polygonal(repaired)
    if area is None:
        raise _refusal(field, "多边形面积为零", "The polygon has no area")
    return area


def _rings_to(polygon: Polygon, crs: Crs) -> list[list[list[float]]]:
    rings = [polygon.exterior, *polygon.interiors]
    return [[[lng, lat] for lng, lat in ring_to_crs(list(ring.coords), Crs.WGS84, crs)] for ring in rings]


def to_geojson(area: Area, crs: Crs = Crs.WGS84) -> GeoJSON:
    """The GeoJSON geometry in `crs`, exterior rings counter-clockwise (RFC 7946 §3.1.6)."""
    oriented = shapely.orient_polygons(area)
    if isinstance(oriented, MultiPolygon):
        return {"type": "MultiPolygon", "coordinates": [_rings_to(part, crs) for part in oriented.geoms]}
    return {"type": "Polygon", "coordinates": _rings_to(oriented, crs)}


def _equal_area(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lambert's cylindrical equal-area projection of the WGS-84 ellipsoid, metres."""
    eccentricity = math.sqrt(_ECCENTRICITY_2)
    sine = np.sin(np.radians(degrees[:, 1]))
    q = sine / (1 - _ECCENTRICITY_2 * sine**2) + np.arctanh(eccentricity * sine) / eccentricity
    y = _AXIS_M * (1 - _ECCENTRICITY_2) * q / 2
    return np.column_stack((_AXIS_M * np.radians(degrees[:, 0]), y))


def area_m2(geometry: shapely.Geometry) -> float:
    """The area on the ellipsoid, square metres; exact but for edges being drawn straight (below 0.01 %)."""
    return float(shapely.area(shapely.transform(geometry, _equal_area)))


def overlap_m2(a: Area, b: Area) -> float:
    """The area two polygons share, square metres; a shared border is no overlap."""
    return area_m2(a.intersection(b))


def covers(outer: Area, inner: Area, tolerance_m2: float = 1.0) -> bool:
    """Whether no more than `tolerance_m2` square metres of `inner` lie outside `outer`."""
    return area_m2(inner.difference(outer)) <= tolerance_m2


def _metres_per_degree(lat: float) -> Position:
    """The local scale of the ellipsoid, metres per degree east and north."""
    sine = math.sin(math.radians(lat))
    bend = 1 - _ECCENTRICITY_2 * sine * sine
    east = _AXIS_M / math.sqrt(bend) * math.cos(math.radians(lat))
    return math.radians(east), math.radians(_AXIS_M * (1 - _ECCENTRICITY_2) / bend**1.5)


class GridIndex:
    """Finds the grid of a point; built anew whenever a grid changes."""

    def __init__(self, grids: Iterable[tuple[UUID, str, Area]]) -> None:
        ordered = sorted(grids, key=lambda grid: grid[1])
        self._ids = [grid[0] for grid in ordered]
        self._areas = [grid[2] for grid in ordered]
        self._tree = STRtree(self._areas)

    def locate(self, lng: float, lat: float) -> UUID | None:
        """The grid of a WGS-84 position; on a shared border the one with the smallest code."""
        hits = self._tree.query(shapely.Point(lng, lat), predicate="intersects")
        return self._ids[int(hits.min())] if hits.size else None

    def candidates(self, lng: float, lat: float, within_m: float = BORDER_M) -> list[UUID]:
        """The grids within `within_m` metres of a WGS-84 position, nearest first, then by code.

        More than one means that the grid needs confirmation (domain.md §7).
        """
        scale = np.array(_metres_per_degree(lat))
        east, north = within_m / scale
        window = shapely.box(lng - east, lat - north, lng + east, lat + north)
        found = []
        for hit in sorted(int(index) for index in self._tree.query(window)):
            local = shapely.transform(self._areas[hit], lambda degrees: (degrees - (lng, lat)) * scale)
            found.append((float(local.distance(shapely.Point(0, 0))), hit))
        return [self._ids[hit] for distance, hit in sorted(found) if distance <= within_m]
