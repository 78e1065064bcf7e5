"""The person who asks."""

import strawberry

from api.ids import encode
from api.schema.grid import Grid
from api.schema.org import OrgUnit
from api.schema.words import Info, Shown, column, link, personal
from domain import viewer as domain
from domain.action import ActionName
from domain.permission import permitted
from domain.person import Role


def _global_id(root: "Viewer", _info: Info) -> strawberry.ID:
    return strawberry.ID(encode("Person", root.row.person_id))


def _roles(root: "Viewer", _info: Info) -> list[Role]:
    return [role for role in Role if role in root.row.roles]


def _actions(root: "Viewer", _info: Info) -> list[ActionName]:
    return [it for it in ActionName if permitted(root.row, it)]


async def _grids(root: "Viewer", info: Info) -> list[Grid]:
    rows = await info.context.loaders["Grid"].load_many(sorted(root.row.grids))
    return [Grid.of(row) for row in rows if row is not None]


@strawberry.type(description="当前用户。The signed-in person.")
class Viewer(Shown[domain.Viewer]):
    """当前用户: with the posts in force when the request began."""

    id: strawberry.ID = personal(_global_id, "人员的全局编号。The person's global id.")
    username: str = column("username", "用户名。User name.")
    display_name: str = column("name", "姓名。The person's name.")
    roles: list[Role] = personal(_roles, "角色。The roles that the posts give.")
    org_unit: OrgUnit | None = link("org_id", "OrgUnit", "所在单位。The person's unit.")
    grids: list[Grid] = personal(_grids, "所在网格。The grids the person walks.")
    actions: list[ActionName] = personal(_actions, "可用动作。Actions that some role of the person permits.")
