"""Supervision."""

import strawberry

from api.scalars import DateTime
from api.schema.person import Person
from api.schema.words import Shown, column, identity, link
from domain import supervision as rows
from domain.supervision import SupervisionLevel, SupervisionOrigin


@strawberry.type(description="督办。A supervision: it only rises.")
class Supervision(Shown[rows.Supervision]):
    """督办."""

    id: strawberry.ID = identity("Supervision", "id", "全局编号。The global id.")
    assignment_id: strawberry.ID | None = identity(
        "Assignment",
        "assignment_id",
        "所涉交办单；空为整个事项。The assignment meant; null for the whole case.",
    )
    level: SupervisionLevel = column("level", "督办级别。Its level.")
    origin: SupervisionOrigin = column("origin", "来源。By the timer or by a person.")
    trigger: str | None = column("trigger", "触发条件，如 SIGN.E2。What fired it.")
    text: str | None = column("text", "督办意见。The person's words.")
    issued_by: Person | None = link("issued_by_id", "Person", "督办人。Who issued it.")
    issued_at: DateTime = column("issued_at", "督办时间。When it was issued.")
    reply_due_at: DateTime = column("reply_due_at", "回复截止。When a reply is due.")
    round: int = column("round", "办理轮次。The round of work.")
    replied_at: DateTime | None = column("replied_at", "回复时间。When the unit replied.")
    replied_by: Person | None = link("replied_by_id", "Person", "回复人。Who replied.")
    reply: str | None = column("reply", "回复内容。The reply.")
    cancelled_at: DateTime | None = column("cancelled_at", "取消时间。When it was cancelled.")
    cancelled_by: Person | None = link("cancelled_by_id", "Person", "取消人。Who cancelled it.")
    cancel_reason: str | None = column("cancel_reason", "取消理由。Why it was cancelled.")
