"""Whistles: a street calls units to the spot (R33, R34)."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.scalars import DateTime
from api.schema.org import OrgUnit
from api.schema.person import Person
from api.schema.words import Info, Shown, children, column, identity, link
from domain.loop import whistle as rows
from domain.loop.whistle import WhistleKind

if TYPE_CHECKING:
    from api.schema.incident import Incident


async def _blown_by(root: "Whistle", info: Info) -> Person | None:
    if await info.context.hides_actor(root.row.incident_id, root.row.blown_by_id):
        return None
    row = await info.context.loaders["Person"].load(root.row.blown_by_id)
    return Person.of(row) if row is not None else None


@strawberry.type(
    description="报到：被吹哨单位的响应与双方评价。One unit's answer to a whistle, and both ratings."
)
class WhistleCall(Shown[rows.WhistleCall]):
    """报到."""

    id: strawberry.ID = identity("WhistleCall", "id", "全局编号。The global id.")
    whistle: Annotated["Whistle", strawberry.lazy("api.schema.loop.whistle")] | None = link(
        "whistle_id", "Whistle", "哨。The whistle."
    )
    org_unit: OrgUnit = link("org_id", "OrgUnit", "被吹哨单位。The unit called.")
    sign_due_at: DateTime = column("sign_due_at", "签收截止。When signing is due.")
    contact_due_at: DateTime = column("contact_due_at", "联系截止。When the call is due.")
    arrive_due_at: DateTime = column("arrive_due_at", "到场截止。When the unit is due on the spot.")
    signed_at: DateTime | None = column("signed_at", "签收时间。When it signed.")
    contacted_at: DateTime | None = column("contacted_at", "联系时间。When it called.")
    arrived_at: DateTime | None = column("arrived_at", "到场时间。When it came.")
    rating: int | None = column("rating", "街道或社区的评价，1 至 5。The street's rating, 1 to 5.")
    rating_text: str | None = column("rating_text", "评价说明。The rating in words.")
    rated_back: int | None = column("rated_back", "部门的反向评价，1 至 5。The unit's rating in return.")
    rated_back_text: str | None = column("rated_back_text", "反向评价说明。That rating in words.")


@strawberry.type(description="吹哨（R33）。A street or community calls units to the spot.")
class Whistle(Shown[rows.Whistle]):
    """吹哨."""

    id: strawberry.ID = identity("Whistle", "id", "全局编号。The global id.")
    incident: Annotated["Incident", strawberry.lazy("api.schema.incident")] | None = link(
        "incident_id", "Incident", "事项；无权查看时为空。The case; null for who does not see it."
    )
    kind: WhistleKind = column("kind", "哨型。What it calls for.")
    text: str = column("text", "事由。The matter in words.")
    org_unit: OrgUnit = link("org_id", "OrgUnit", "吹哨单位。Who whistles.")
    blown_by: Person | None = strawberry.field(resolver=_blown_by, description="吹哨人。Who blew it.")
    blown_at: DateTime = column("blown_at", "吹哨时间。When.")
    calls: list[WhistleCall] = children("WhistleCall", "whistle", "各单位报到。Each unit's answer.")
