"""Grids."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.scalars import DateTime, GeoJSON
from api.schema.argument import InCrs
from api.schema.place import shown_outline
from api.schema.region import Region
from api.schema.words import Node, Shown, children, column, link, resolver
from domain import grid as rows
from domain.grid import GridKind
from domain.place import Crs

if TYPE_CHECKING:
    from api.schema.person import Person


@strawberry.type(description="网格。A grid: the area one worker walks.")
class Grid(Shown[rows.Grid], Node):
    """网格."""

    code: str = column("code", "网格代码。The grid's code.")
    name: str = column("name", "名称。Name.")
    kind: GridKind = column("kind", "网格类型。What the grid is made for.")
    region: Region = link("region_id", "Region", "所属社区。The community it lies in.")
    households: int | None = column("households", "户数。Households.")
    population: int | None = column("population", "人口。Population.")
    area_m2: float = column("area_m2", "面积（平方米）。Area, square metres.")
    valid_from: DateTime = column("valid_from", "启用时间。In force from.")
    valid_to: DateTime | None = column("valid_to", "撤销时间。When it was retired.")
    workers: list[Annotated["Person", strawberry.lazy("api.schema.person")]] = children(
        "Person", "grid", "在岗网格人员。People with a post in this grid that is in force."
    )
    version: int = column("version", "版本号。Counts every change.")

    @resolver("现行边界。The outline in force.")
    def polygon(self, crs: InCrs = Crs.WGS84) -> GeoJSON:
        """The outline in the system asked for."""
        return shown_outline(self.row.polygon, crs or Crs.WGS84)
