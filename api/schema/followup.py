"""Asking the resident afterwards."""

import strawberry

from api.ids import encode
from api.scalars import DateTime
from api.schema.person import Person
from api.schema.words import Info, Shown, column, disclosed, identity
from domain import followup as rows
from domain.followup import DissatisfactionReason, FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.masking import protected_from
from domain.verification import TaskState


async def _hidden(root: "FollowUp", info: Info) -> bool:
    """What the resident said, and who that is, is as protected as the report itself (R81)."""
    incident = await info.context.loaders["Incident"].load(root.row.incident_id)
    return incident is None or protected_from(info.context.require_viewer(), incident.complained_org_id)


async def _opinion(root: "FollowUp", info: Info) -> str | None:
    if root.row.opinion is None or await _hidden(root, info):
        return None
    return root.row.opinion


async def _complainant(root: "FollowUp", info: Info) -> strawberry.ID | None:
    key = root.row.complainant_id
    if key is None or await _hidden(root, info):
        return None
    return strawberry.ID(encode("Complainant", key))


@strawberry.type(description="回访。One attempt to ask the resident.")
class FollowUp(Shown[rows.FollowUp]):
    """回访."""

    id: strawberry.ID = identity("FollowUp", "id", "全局编号。The global id.")
    round: int = column("round", "办理轮次。The round of work.")
    layer: FollowUpLayer = column("layer", "回访层级。Who asks.")
    state: TaskState = column("state", "任务状态。Whether it is still to be done.")
    channel: ReplyChannel | None = column("channel", "联系渠道。How the person was asked.")
    reached: bool | None = column("reached", "是否联系上。Whether the person was reached.")
    valid: bool = column("valid", "是否有效回访。Whether the person was reached and answered.")
    solved: Solved | None = column("solved", "是否解决。Whether the matter was solved.")
    satisfaction: Satisfaction | None = column("satisfaction", "满意度。How satisfied the person is.")
    dissatisfaction_reason: DissatisfactionReason | None = column(
        "dissatisfaction_reason", "不满意原因。Why not."
    )
    contacted_by_handler: bool | None = column(
        "contacted_by_handler", "承办单位是否联系过。Whether the handling unit had been in touch."
    )
    opinion: str | None = strawberry.field(resolver=_opinion, description="意见。The person's words.")
    complainant_id: strawberry.ID | None = strawberry.field(
        resolver=_complainant,
        description="并案事项的诉求人；本事项的为空。Of a merged case; null: the case's own.",
    )
    sampled: bool = column("sampled", "是否抽样征求意见（S49）。Whether it was drawn by lot.")
    recorded_by: Person | None = disclosed(
        "recorded_by_id", "Person", "incident_id", "登记人。Who recorded it."
    )
    due_at: DateTime | None = column("due_at", "截止时间。When it is due.")
    created_at: DateTime = column("created_at", "发起时间。When it was asked for.")
    attempted_at: DateTime | None = column("attempted_at", "联系时间。When the attempt was made.")
