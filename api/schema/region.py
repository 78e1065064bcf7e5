"""Administrative divisions."""

import strawberry

from api.scalars import Date, GeoJSON
from api.schema.argument import InCrs
from api.schema.place import shown_outline
from api.schema.words import Node, Shown, column, link, resolver
from domain import region as rows
from domain.place import Crs
from domain.region import RegionLevel


@strawberry.type(description="行政区划。An administrative division.")
class Region(Shown[rows.Region], Node):
    """行政区划."""

    code: str = column("code", "区划代码。The division's code.")
    level: RegionLevel = column("level", "级别。District, street or community.")
    name: str = column("name", "名称。Name.")
    short_name: str = column("short_name", "简称。Short name.")
    valid_from: Date = column("valid_from", "启用日期。In force from.")
    valid_to: Date | None = column("valid_to", "停用日期（不含）。In force until, exclusive.")
    supersedes: list[str] = column("supersedes", "所取代的区划代码。Codes of the divisions it came from.")
    parent: "Region | None" = link("parent_id", "Region", "上级区划。The division above.")

    @resolver("边界（如已知）。The outline, where one is known.")
    def polygon(self, crs: InCrs = Crs.WGS84) -> GeoJSON | None:
        """The outline in the system asked for."""
        return shown_outline(self.row.polygon, crs or Crs.WGS84) if self.row.polygon else None
