"""People and their posts."""

import strawberry

from api.execution.word import Shows
from api.scalars import DateTime
from api.schema.grid import Grid
from api.schema.org import OrgUnit
from api.schema.words import Node, Shown, children, column, identity, link, masked
from domain import person as rows
from domain.masking import mask_name, name_masked
from domain.person import PostType
from domain.viewer import Viewer


def _name_for(viewer: Viewer) -> Shows:
    return lambda name, key, org_id: mask_name(name) if name_masked(viewer, key, org_id) else name


@strawberry.type(description="岗位。A post: a role at a unit or grid for a time.")
class Post(Shown[rows.Post]):
    """岗位."""

    id: strawberry.ID = identity("Post", "id", "全局编号。The global id.")
    type: PostType = column("type", "岗位类型。What the post is.")
    org_unit: OrgUnit | None = link("org_id", "OrgUnit", "所在单位。The unit.")
    grid: Grid | None = link("grid_id", "Grid", "所在网格。The grid.")
    starts_at: DateTime = column("starts_at", "任职时间。When it begins.")
    ends_at: DateTime | None = column("ends_at", "离任时间（不含）。When it ends, exclusive.")
    version: int = column("version", "版本号。Counts every change.")


@strawberry.type(description="人员。A person of the platform.")
class Person(Shown[rows.Person], Node):
    """人员; the name is masked for those who may not read it (R80)."""

    name: str = masked(
        column("name", "姓名；对无权者脱敏。Name; masked for those who may not read it."),
        _name_for,
        "id",
        "org_id",
    )
    org_unit: OrgUnit | None = link("org_id", "OrgUnit", "所在单位。The unit.")
    active: bool = column("active", "是否在用。Whether the account is in use.")
    posts: list[Post] = children("Post", "person", "岗位。All posts, past ones included.")
    version: int = column("version", "版本号。Counts every change.")
