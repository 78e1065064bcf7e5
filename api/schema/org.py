"""Units that send, handle and check cases."""

import strawberry

from api.schema.region import Region
from api.schema.rulebook.change import DictionaryChange
from api.schema.words import Node, Shown, children, column, link
from domain import org as rows
from domain.org import OrgKind


@strawberry.type(description="单位。A unit: command centre, department, street, community and others.")
class OrgUnit(Shown[rows.OrgUnit], Node):
    """单位."""

    code: str = column("code", "单位代码。The unit's code.")
    name: str = column("name", "名称。Name.")
    short_name: str = column("short_name", "简称。Short name.")
    kind: OrgKind = column("kind", "单位类型。What kind of unit it is.")
    active: bool = column("active", "是否启用。Whether it is in use.")
    parent: "OrgUnit | None" = link("parent_id", "OrgUnit", "上级单位。The unit above.")
    region: Region | None = link("region_id", "Region", "所服务的区划。The division it serves.")
    version: int = column("version", "版本号。Counts every change.")
    history: list[DictionaryChange] = children(
        "DictionaryChange",
        "subject",
        "历史，先旧后新；仅工作人员可见。Every version; for those who work here.",
    )
