"""Administrative divisions, with their real history (domain.md A.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.term import Term

GeoJSON = Mapping[str, object]


class RegionLevel(Term):
    """行政区划级别: district, street or community."""

    DISTRICT = "DISTRICT", "区县", "District or county"
    STREET = "STREET", "街道（乡镇）", "Street or township"
    COMMUNITY = "COMMUNITY", "社区（村）", "Community or village"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """行政区划. `path` joins the codes from the district down to this region with slashes.

    `polygon` is WGS84 GeoJSON where an outline is known. `valid_to` is exclusive; None means in force.
    `supersedes` are the codes of the divisions this one came from.
    """

    id: UUID
    code: str
    level: RegionLevel
    name: str
    short_name: str
    parent_id: UUID | None
    path: str
    polygon: GeoJSON | None
    valid_from: date
    valid_to: date | None
    supersedes: tuple[str, ...]
