"""Tests that are no comparison of one column: a place near a point or within an outline, a time overdue.

Both stores compute them from the same numbers with `+ - * /` alone, so that they answer alike.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import cast

from shapely import MultiPolygon

from db.geometry import Area
from db.lists.filters import Condition, Meaning, Test, refusal, tests_in
from db.rows import FALSE, Sql, both
from domain.errors import DomainError, ErrorCode
from domain.place import EARTH_RADIUS_M, Position

MAX_POSITIONS = 200
"""Positions of one outline."""
MAX_METRES = 50_000.0
MAX_MINUTES = 10 * 366 * 24 * 60
_DEGREE_M = math.radians(EARTH_RADIUS_M)
_COMPARISONS = {"gte": "<=", "lt": ">"}

Ring = tuple[Position, ...]


def rings_of(area: Area, field: str) -> tuple[Ring, ...]:
    """The closed rings of an outline, holes among them; BAD_INPUT for more than `MAX_POSITIONS` positions."""
    polygons = area.geoms if isinstance(area, MultiPolygon) else (area,)
    lines = [line for polygon in polygons for line in (polygon.exterior, *polygon.interiors)]
    rings = tuple(tuple((float(x), float(y)) for x, y in line.coords) for line in lines)
    if sum(len(ring) for ring in rings) > MAX_POSITIONS:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            field,
            zh=f"点数不得超过 {MAX_POSITIONS}",
            en=f"No more than {MAX_POSITIONS} positions",
        )
    return rings


def positions_of(condition: Condition) -> int:
    """How many positions the outlines of a filter have."""
    rings = [ring for test in tests_in(condition) if test.op == "within" for ring in _rings(test)]
    return sum(len(ring) for ring in rings)


def within(lng: str, lat: str) -> Meaning:
    """The position lies inside the outline: the value is its closed WGS-84 rings, holes among them.

    A ray to the east crosses the rings an odd number of times; only rows in their bounding box are asked.
    """

    def meant(test: Test, _now: datetime | None) -> Sql:
        if test.op != "within":
            raise refusal(test.field)
        rings = _rings(test)
        crossings = [_crossing(lng, lat, edge) for ring in rings for edge in _edges(ring)]
        text = " + ".join(part.text for part in crossings)
        odd = Sql(f"({text}) % 2 = 1", tuple(value for part in crossings for value in part.params))
        xs, ys = zip(*(position for ring in rings for position in ring), strict=True)
        return both(_between(lng, min(xs), max(xs)), _between(lat, min(ys), max(ys)), odd)

    return meant


def near(lng: str, lat: str) -> Meaning:
    """The position is no more than so many metres from a point: the value is its WGS-84 lng, lat, and metres.

    The flat distance at the point's latitude; below 0.5 % from the great circle within 50 km in the country.
    """

    def meant(test: Test, _now: datetime | None) -> Sql:
        if test.op != "near":
            raise refusal(test.field)
        x, y, metres = cast("tuple[float, float, float]", test.value)
        if not 0 < metres <= MAX_METRES:
            raise DomainError(
                ErrorCode.BAD_INPUT,
                f"where.{test.field}",
                zh=f"距离须大于 0 且不超过 {MAX_METRES:.0f} 米",
                en=f"A distance is above 0 and at most {MAX_METRES:.0f} metres",
            )
        east = _DEGREE_M * max(math.cos(math.radians(y)), 1e-9)
        square = Sql(
            f"({lng} - ?) * ? * ({lng} - ?) * ? + ({lat} - ?) * ? * ({lat} - ?) * ? <= ?",
            (x, east, x, east, y, _DEGREE_M, y, _DEGREE_M, metres * metres),
        )
        return both(
            _between(lng, x - metres / east, x + metres / east),
            _between(lat, y - metres / _DEGREE_M, y + metres / _DEGREE_M),
            square,
        )

    return meant


def overdue(due: str, running: Sql) -> Meaning:
    """What still runs has been due for so many minutes (`gte`), or for fewer (`lt`), at the business time."""

    def meant(test: Test, now: datetime | None) -> Sql:
        sign, minutes = _COMPARISONS.get(test.op), test.value
        if sign is None or isinstance(minutes, bool) or not isinstance(minutes, int):
            raise refusal(test.field)
        if not 0 <= minutes <= MAX_MINUTES:
            raise refusal(test.field)
        if now is None:
            raise ValueError("what is overdue depends on the business time")
        if test.op == "lt" and not minutes:
            return FALSE
        past = Sql(f"{due} < ? AND {due} {sign} ?", (now, now - timedelta(minutes=minutes)))
        return both(running, past)

    return meant


def _rings(test: Test) -> Sequence[Ring]:
    return cast("Sequence[Ring]", test.value)


def _edges(ring: Ring) -> Iterator[tuple[Position, Position]]:
    """The edges that rise or fall, from their lower end; level ones are never crossed."""
    for start, end in pairwise(ring):
        if start[1] != end[1]:
            yield (start, end) if start[1] < end[1] else (end, start)


def _crossing(lng: str, lat: str, edge: tuple[Position, Position]) -> Sql:
    (x, low), (end, high) = edge
    slope = (end - x) / (high - low)
    return Sql(
        f"CASE WHEN {lat} >= ? AND {lat} < ? AND {lng} < ? + ({lat} - ?) * ? THEN 1 ELSE 0 END",
        (low, high, x, low, slope),
    )


def _between(column: str, low: float, high: float) -> Sql:
    return Sql(f"{column} BETWEEN ? AND ?", (low, high))
