"""Points and outlines: a coordinate never travels without its system (domain.md §7)."""

from collections.abc import Mapping, Sequence
from typing import Any

import strawberry

from api.scalars import GeoJSON
from domain.incident import Spot
from domain.place import Crs, checked_point, ring_to_crs, to_crs, to_wgs84
from domain.place import Point as Position


@strawberry.type(description="坐标点。A position with its coordinate system.")
class Point:
    """A position in degrees."""

    lng: float = strawberry.field(description="经度。Longitude, degrees.")
    lat: float = strawberry.field(description="纬度。Latitude, degrees.")
    crs: Crs = strawberry.field(description="坐标系。The coordinate system.")
    accuracy_m: float | None = strawberry.field(description="定位精度（米）。Accuracy, metres.")


@strawberry.input(description="坐标点，须注明坐标系。A position; its coordinate system is required.")
class PointInput:
    """A position as a client sends it; without `crs` it is refused with CRS_REQUIRED."""

    lng: float = strawberry.field(description="经度。Longitude, degrees.")
    lat: float = strawberry.field(description="纬度。Latitude, degrees.")
    crs: Crs | None = strawberry.field(
        description="坐标系；缺少则报 CRS_REQUIRED。The coordinate system; CRS_REQUIRED without it.",
        default=None,
    )
    accuracy_m: float | None = strawberry.field(description="定位精度（米）。Accuracy, metres.", default=None)
    source: str | None = strawberry.field(
        description="定位方式，如 GPS、地图选点。How it was found: GPS, picked on a map.", default=None
    )


def checked(given: PointInput, field: str) -> Position:
    """A point for a question, in WGS84. CRS_REQUIRED, BAD_INPUT with the field."""
    return to_wgs84(checked_point(given.lng, given.lat, given.crs, given.accuracy_m, field=field))


def shown_point(spot: Spot, crs: Crs) -> Point:
    """A case's place in that system; exactly as it was given when that is the same system."""
    given = Position(spot.raw_lng, spot.raw_lat, spot.crs, spot.accuracy_m)
    stored = Position(spot.lng, spot.lat, Crs.WGS84, spot.accuracy_m)
    at = given if spot.crs is crs else to_crs(stored, crs)
    return Point(lng=at.lng, lat=at.lat, crs=crs, accuracy_m=at.accuracy_m)


def shown_outline(polygon: Mapping[str, object], crs: Crs) -> GeoJSON:
    """A stored WGS84 geometry in that system."""
    if crs is Crs.WGS84:
        return GeoJSON(dict(polygon))
    return GeoJSON({**polygon, "coordinates": _converted(polygon["coordinates"], crs)})


def _converted(coordinates: Any, crs: Crs) -> Sequence[Any]:  # noqa: ANN401 - rings nest by the geometry's type
    if isinstance(coordinates[0][0], int | float):
        return [list(position) for position in ring_to_crs(coordinates, Crs.WGS84, crs)]
    return [_converted(part, crs) for part in coordinates]
