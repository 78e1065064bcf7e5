"""The outline, simplified, and made-up cells for communities and grids that tile it exactly."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, cast

import shapely
from shapely import MultiPoint, MultiPolygon, Point, Polygon

from demo.making import tables
from demo.making.divisions import DISTRICT, Region, present

SEED = 211008
OUTLINE_POINTS = 100
PRECISION = 1e-6  # degrees: a tenth of a metre
TOWN = (123.421, 41.186)
"""Chosen so that the district's published centre lies well inside the first grid of 安胜社区."""
TOWN_RADIUS = 0.05  # degrees: villages start outside
RELAXATIONS = 40
NUMERALS = "一二三四五六七八九"
FLATTEN = math.cos(math.radians(TOWN[1]))  # a degree east is this much of a degree north

Area = Polygon | MultiPolygon


class Grid(NamedTuple):
    """A made-up grid."""

    code: str
    name: str
    community: Region
    area: Area


class Ground(NamedTuple):
    """Three coverages of the same ground, sharing every vertex."""

    outline: Area
    communities: list[tuple[Region, Area]]
    grids: list[Grid]


def _outline(source: Path) -> Polygon:
    """The largest part of the real outline with at most OUTLINE_POINTS points, flattened."""
    text = (source / "divisions" / "boundary_211005.wgs84.geojson").read_text(encoding="utf-8")
    shape = shapely.from_geojson(json.dumps(json.loads(text)["features"][0]["geometry"]))
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    tolerance = PRECISION
    while shapely.get_num_coordinates(largest.simplify(tolerance)) > OUTLINE_POINTS:
        tolerance *= 1.1
    return cast("Polygon", shapely.transform(largest.simplify(tolerance), lambda xy: xy * (FLATTEN, 1)))


def _cells(seeds: Sequence[Point], area: Area) -> list[Area]:
    """The Voronoi cells of the seeds inside an area, in the seeds' order."""
    if len(seeds) == 1:
        return [area]
    cells = shapely.voronoi_polygons(MultiPoint(list(seeds)), extend_to=area, ordered=True)
    return [cast("Area", cell.intersection(area)) for cell in cells.geoms]


def _relaxed(seeds: list[Point], area: Area, fixed: int = 0) -> list[Point]:
    """Lloyd's relaxation: seeds move to their cells' centres, the first `fixed` stay."""
    for _ in range(RELAXATIONS):
        cells = _cells(seeds, area)
        seeds = seeds[:fixed] + [cell.representative_point() for cell in cells[fixed:]]
    return seeds


def _scatter(area: Area, count: int, draw: Random) -> list[Point]:
    west, south, east, north = area.bounds
    found: list[Point] = []
    while len(found) < count:
        point = Point(west + draw.random() * (east - west), south + draw.random() * (north - south))
        if area.contains(point):
            found.append(point)
    return found


def _town(count: int, first_degrees: float) -> list[Point]:
    """Seeds on one half of the town, alternately near and far."""
    seeds = []
    for place in range(count):
        angle = math.radians(first_degrees + 180 * (place + 0.5) / count)
        radius = TOWN_RADIUS * (0.22 if place % 2 else 0.42)
        seeds.append(Point(TOWN[0] * FLATTEN + radius * math.cos(angle), TOWN[1] + radius * math.sin(angle)))
    return seeds


def _community_cells(outline: Polygon, rows: list[Region], draw: Random) -> list[tuple[Region, Area]]:
    """The two urban streets share the town, 汤河镇 lies south-west of the line, 安平乡 north-east."""
    by_street = {code: [row for row in rows if row.code.startswith(code)] for code in _streets(rows)}
    su, an, tang, xiang = (by_street[code] for code in sorted(by_street))
    town = _town(len(su), 90) + _town(len(an), -90)
    centre = Point(TOWN[0] * FLATTEN, TOWN[1])
    country = cast("Area", outline.difference(centre.buffer(TOWN_RADIUS)))
    villages = _scatter(country, len(tang) + len(xiang), draw)
    seeds = _relaxed(town + villages, outline, fixed=len(town))
    villages = sorted(seeds[len(town) :], key=lambda point: point.x + point.y)
    ordered = [*su, *an, *tang, *xiang]
    return list(zip(ordered, _cells(town + villages, outline), strict=True))


def _streets(rows: list[Region]) -> set[str]:
    return {row.code[:9] for row in rows}


def _grid_count(row: Region, place: int) -> int:
    """63 in all: three in a town community, two or one in a village."""
    if row.code[6:9] in {"001", "003"}:
        return 3
    return 2 if place < 10 else 1  # noqa: PLR2004  # ten larger villages make 63


def _grid_cells(communities: list[tuple[Region, Area]], draw: Random) -> list[tuple[Region, list[Area]]]:
    made, villages = [], 0
    for row, area in communities:
        count = _grid_count(row, villages)
        villages += row.code[6:9] not in {"001", "003"}
        seeds = _relaxed(_scatter(area, count, draw), area)
        cells = sorted(_cells(seeds, area), key=lambda cell: (cell.centroid.x, -cell.centroid.y))
        made.append((row, cells))
    return made


def _tiled(cells: list[Area]) -> list[Area]:
    """The same cells with their borders noded together on the precision grid, so that none overlap."""
    degrees = [shapely.transform(cell, lambda xy: xy / (FLATTEN, 1)) for cell in cells]
    lines = shapely.unary_union([cell.boundary for cell in degrees], grid_size=PRECISION)
    faces: list[list[Polygon]] = [[] for _ in cells]
    for face in shapely.polygonize([lines]).geoms:
        shares = [face.intersection(cell).area for cell in degrees]
        faces[shares.index(max(shares))].append(cast("Polygon", face))
    return [_merged(parts) for parts in faces]


def _merged(parts: Sequence[Area]) -> Area:
    """Areas of one coverage as one; every shared vertex stays."""
    merged = shapely.coverage_union_all(parts)
    pieces = shapely.get_parts(merged)
    return cast("Area", pieces[0] if len(pieces) == 1 else merged)


def make(source: Path, rows: list[Region]) -> Ground:
    """The ground, the same on every run."""
    draw = Random(SEED)  # noqa: S311  # a fixed seed for a map, no secret
    communities = _community_cells(_outline(source), present(rows, "COMMUNITY"), draw)
    cells = _grid_cells(communities, draw)
    tiles = iter(_tiled([cell for _, areas in cells for cell in areas]))
    grids = [
        Grid(f"{row.code}{n:03}", f"{row.short_name}第{NUMERALS[n - 1]}网格", row, next(tiles))
        for row, areas in cells
        for n in range(1, len(areas) + 1)
    ]
    merged = [(row, _merged([grid.area for grid in grids if grid.community is row])) for row, _ in cells]
    return Ground(_merged([area for _, area in merged]), merged, grids)


def _geometry(area: Area) -> dict[str, Any]:
    """GeoJSON with six decimals, exterior rings counter-clockwise."""
    oriented = shapely.orient_polygons(area)
    rounded = shapely.transform(oriented, lambda xy: xy.round(6))
    geometry: dict[str, Any] = json.loads(shapely.to_geojson(rounded))
    return geometry


def write(ground: Ground) -> None:
    """outline.geojson, communities.geojson, grids.geojson."""
    note = "simplified and derived from a public outline; no survey"
    outline = {"code": DISTRICT, "name": "弓长岭区", "simplified": True, "note": note}
    tables.write_features("outline.geojson", [(outline, _geometry(ground.outline))])
    tables.write_features(
        "communities.geojson",
        [
            ({"code": row.code, "name": row.short_name, "synthetic": True}, _geometry(area))
            for row, area in sorted(ground.communities, key=lambda item: item[0].code)
        ],
    )
    draw = Random(SEED + 1)  # noqa: S311  # a fixed seed for made-up counts
    tables.write_features("grids.geojson", [_grid_feature(grid, draw) for grid in sorted(ground.grids)])


def _grid_feature(grid: Grid, draw: Random) -> tuple[dict[str, object], dict[str, Any]]:
    households = 250 + int(draw.random() * 251)
    properties = {
        "code": grid.code,
        "name": grid.name,
        "community_code": grid.community.code,
        "kind": "COMPREHENSIVE",
        "households": households,
        "population": round(households * (2.1 + 0.6 * draw.random())),
        "synthetic": True,
    }
    return properties, _geometry(grid.area)
