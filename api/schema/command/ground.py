"""Inputs and payloads of the administration of people, grids and units."""

import strawberry

from api.scalars import DateTime, GeoJSON
from api.schema.command.given import Command, GridChange, PersonChange, PostChange, needed, option
from api.schema.grid import Grid
from api.schema.org import OrgUnit
from api.schema.person import Person, Post
from domain.grid import GridKind
from domain.org import OrgKind
from domain.person import PostType
from domain.place import Crs

_CRS = "边界的坐标系；缺少则报 CRS_REQUIRED。The outline's coordinate system; CRS_REQUIRED without it."


@strawberry.input(description="新增人员。Create a person.")
class CreatePersonInput(Command):
    """A person who can sign in."""

    username: str = needed("用户名。User name.")
    name: str = needed("姓名。Name.")
    phone: str | None = option("电话。Phone.")
    org_unit_id: strawberry.ID | None = option("所在单位。The unit.", "OrgUnit")
    password: str = needed("初始密码，首次登录后须修改。The first password, to be changed.")


@strawberry.type(description="新增人员的结果。What creating a person answers.")
class CreatePersonPayload:
    """The person."""

    person: Person = strawberry.field(description="人员。The person.")


@strawberry.input(description="任职。Assign a post.")
class AssignPostInput(PersonChange):
    """A role at a unit or grid for a time."""

    type: PostType = needed("岗位类型。What the post is.")
    org_unit_id: strawberry.ID | None = option("所在单位。The unit.", "OrgUnit")
    grid_id: strawberry.ID | None = option("所在网格。The grid.", "Grid")
    starts_at: DateTime | None = option("任职时间，默认现在。When it begins; now by default.")
    ends_at: DateTime | None = option("离任时间（不含）。When it ends, exclusive.")


@strawberry.type(description="任职的结果。What assigning a post answers.")
class AssignPostPayload:
    """The post."""

    post: Post = strawberry.field(description="岗位。The post.")
    person: Person = strawberry.field(description="人员。The person.")


@strawberry.input(description="离任。End a post.")
class EndPostInput(PostChange):
    """The post's own version is expected."""

    ends_at: DateTime | None = option("离任时间，默认现在。When it ends; now by default.")


@strawberry.type(description="离任的结果。What ending a post answers.")
class EndPostPayload:
    """The post."""

    post: Post = strawberry.field(description="岗位。The post.")


@strawberry.input(description="重置密码。Reset a password.")
class ResetPasswordInput(PersonChange):
    """All sessions of the person end."""

    new_password: str = needed("新密码，首次登录后须修改。The new password, to be changed.")


@strawberry.type(description="重置密码的结果。What resetting answers.")
class ResetPasswordPayload:
    """The person."""

    person: Person = strawberry.field(description="人员。The person.")


@strawberry.input(description="新建网格。Create a grid.")
class CreateGridInput(Command):
    """R61."""

    code: str = needed("网格代码，15 位。The code, 15 digits.")
    name: str = needed("名称。Name.")
    kind: GridKind = needed("网格类型。What it is made for.")
    region_id: strawberry.ID = needed("所属社区。The community.", "Region")
    polygon: GeoJSON = needed("边界。The outline.")
    crs: Crs | None = option(_CRS)
    households: int | None = option("户数。Households.")
    population: int | None = option("人口。Population.")


@strawberry.type(description="新建网格的结果。What creating a grid answers.")
class CreateGridPayload:
    """The grid."""

    grid: Grid = strawberry.field(description="网格。The grid.")


@strawberry.input(description="调整网格；未给的字段不变。Revise a grid; fields not given stay.")
class ReviseGridInput(GridChange):
    """R61: old cases keep the outline they were placed by."""

    name: str | None = option("名称。Name.")
    polygon: GeoJSON | None = option("边界。The outline.")
    crs: Crs | None = option(_CRS)
    households: int | None = option("户数。Households.")
    population: int | None = option("人口。Population.")


@strawberry.type(description="调整网格的结果。What revising a grid answers.")
class ReviseGridPayload:
    """The grid."""

    grid: Grid = strawberry.field(description="网格。The grid.")


@strawberry.input(description="撤销网格。Retire a grid.")
class RetireGridInput(GridChange):
    """R61."""


@strawberry.type(description="撤销网格的结果。What retiring a grid answers.")
class RetireGridPayload:
    """The grid."""

    grid: Grid = strawberry.field(description="网格。The grid.")


@strawberry.input(description="新建单位。Create a unit.")
class CreateOrgUnitInput(Command):
    """A unit."""

    code: str = needed("单位代码。The code.")
    name: str = needed("名称。Name.")
    short_name: str = needed("简称。Short name.")
    kind: OrgKind = needed("单位类型。What kind of unit it is.")
    parent_id: strawberry.ID | None = option("上级单位。The unit above.", "OrgUnit")
    region_id: strawberry.ID | None = option("所服务的区划。The division it serves.", "Region")


@strawberry.input(description="修订单位；未给的字段不变。Revise a unit; fields not given stay.")
class ReviseOrgUnitInput(Command):
    """S40."""

    id: strawberry.ID = needed("单位。The unit.", "OrgUnit")
    expected_version: int = needed(
        "所见的版本；已变则报 CONFLICT。The version seen; CONFLICT when it has moved on."
    )
    reason: str = needed("修订原因。Why.")
    name: str | None = option("名称。Name.")
    short_name: str | None = option("简称。Short name.")
    kind: OrgKind | None = option("单位类型。What kind of unit it is.")
    parent_id: strawberry.ID | None = option("上级单位。The unit above.", "OrgUnit")
    region_id: strawberry.ID | None = option("所服务的区划。The division it serves.", "Region")
    active: bool | None = option(
        "是否启用；停用者不再派单。Whether it is in use; a closed one is given nothing new."
    )
    effective_from: DateTime | None = option(
        "自何时生效；空为立即。From when it holds; null: now. A revision made later supersedes what holds after it."
    )


@strawberry.type(description="修订单位的结果。What revising a unit answers.")
class ReviseOrgUnitPayload:
    """The unit."""

    org_unit: OrgUnit = strawberry.field(description="单位。The unit.")


@strawberry.type(description="新建单位的结果。What creating a unit answers.")
class CreateOrgUnitPayload:
    """The unit."""

    org_unit: OrgUnit = strawberry.field(description="单位。The unit.")
