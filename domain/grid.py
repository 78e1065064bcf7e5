"""Grids and the versions of their outlines (domain.md A.1, R61)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.place import Crs
from domain.term import Term

GeoJSON = Mapping[str, object]


class GridKind(Term):
    """网格类型: what a grid is made for."""

    COMPREHENSIVE = "COMPREHENSIVE", "综合网格", "Comprehensive grid"
    DEDICATED = "DEDICATED", "专属网格", "Dedicated grid: an enterprise, school or market"
    MICRO = "MICRO", "微网格", "Micro grid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """网格: the area one worker walks. `polygon` is the outline in force, WGS84; `area_m2` is computed from it.

    `outline_version` counts the outlines; old cases keep the number they were placed by (R61).
    `valid_to` is set when the grid is retired.
    """

    id: UUID
    code: str
    name: str
    kind: GridKind
    region_id: UUID
    households: int | None
    population: int | None
    polygon: GeoJSON
    area_m2: float
    outline_version: int
    valid_from: datetime
    valid_to: datetime | None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GridOutline:
    """网格边界版本: one outline a grid had, from `valid_from` until `valid_to` (exclusive).

    `drawn_crs` is the system of the base map it was drawn on (domain.md §7).
    """

    id: UUID
    grid_id: UUID
    number: int
    polygon: GeoJSON
    area_m2: float
    drawn_crs: Crs
    valid_from: datetime
    valid_to: datetime | None
