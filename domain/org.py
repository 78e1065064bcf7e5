"""Units that send, handle and check cases (domain.md A.1)."""

from dataclasses import dataclass
from uuid import UUID

from domain.term import Term


class OrgKind(Term):
    """单位类型: what a unit is."""

    COMMAND_CENTER = "COMMAND_CENTER", "指挥中心", "Command centre"
    DEPARTMENT = "DEPARTMENT", "职能部门", "Department"
    STREET = "STREET", "街道（乡镇）", "Street or township office"
    COMMUNITY = "COMMUNITY", "社区（村）", "Community or village committee"
    UTILITY = "UTILITY", "公共服务企业", "Public utility"
    MEDIATION_COMMITTEE = "MEDIATION_COMMITTEE", "人民调解委员会", "People's mediation committee"
    VOLUNTEER_TEAM = "VOLUNTEER_TEAM", "志愿队伍", "Volunteer team"
    STATION = "STATION", "驿站", "Station"
    EXTERNAL = "EXTERNAL", "外部平台", "Outside platform"


LOCAL = frozenset({OrgKind.STREET, OrgKind.COMMUNITY})
"""Units of a place: they serve one division, and ask its households (S49)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgUnit:
    """单位. `region_id` is the division it serves, for streets and communities."""

    id: UUID
    code: str
    name: str
    short_name: str
    kind: OrgKind
    parent_id: UUID | None
    region_id: UUID | None
    active: bool = True
    version: int = 1

    @property
    def handles(self) -> bool:
        """Whether it may lead or support: the command centre may not, for only its people check and call (B.6 E)."""
        return self.active and self.kind is not OrgKind.COMMAND_CENTER
