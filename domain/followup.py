"""Asking the resident afterwards, in three layers (domain.md §0-7, A.4, R29, R30)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.term import Term
from domain.verification import TaskState


class FollowUpLayer(Term):
    """回访层级: who asks; only COMMAND and COMMUNITY are independent (R30)."""

    HANDLER = "HANDLER", "承办单位回访", "By the handling unit"
    COMMUNITY = "COMMUNITY", "村社区入户征求意见", "By the community, at the door"
    COMMAND = "COMMAND", "指挥中心回访", "By the command centre"


class ReplyChannel(Term):
    """联系渠道: how a person is reached."""

    PHONE = "PHONE", "电话", "Phone"
    SMS = "SMS", "短信", "Text message"
    MINI_PROGRAM = "MINI_PROGRAM", "小程序", "Mini program"
    VISIT = "VISIT", "上门", "Visit"


class Solved(Term):
    """解决情况: whether the matter was solved, in the resident's words."""

    YES = "YES", "已解决", "Solved"
    PARTLY = "PARTLY", "部分解决", "Partly solved"
    NO = "NO", "未解决", "Not solved"


class Satisfaction(Term):
    """满意度: how satisfied the resident is (A.4)."""

    VERY_SATISFIED = "VERY_SATISFIED", "非常满意", "Very satisfied"
    SATISFIED = "SATISFIED", "满意", "Satisfied"
    BASICALLY_SATISFIED = "BASICALLY_SATISFIED", "基本满意", "Basically satisfied"
    DISSATISFIED = "DISSATISFIED", "不满意", "Dissatisfied"
    VERY_DISSATISFIED = "VERY_DISSATISFIED", "非常不满意", "Very dissatisfied"
    NOT_RATED = "NOT_RATED", "未评价", "Not rated"


class DissatisfactionReason(Term):
    """不满意原因: result, attitude or speed."""

    RESULT = "RESULT", "结果", "Result"
    ATTITUDE = "ATTITUDE", "态度", "Attitude"
    SPEED = "SPEED", "时效", "Speed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """回访: one attempt to ask. Born PENDING with a due time, or recorded at once.

    `valid` is set when the person was reached and answered (R29). A failed attempt is DONE with
    `reached` False. `assignment_id` is set for the HANDLER layer. `complainant_id` is a merged case's (T7), None for
    the case's own; `sampled` marks an opinion asked for by chance (S49).
    """

    id: UUID
    incident_id: UUID
    assignment_id: UUID | None
    round: int
    layer: FollowUpLayer
    state: TaskState
    channel: ReplyChannel | None
    reached: bool | None
    valid: bool
    solved: Solved | None
    satisfaction: Satisfaction | None
    dissatisfaction_reason: DissatisfactionReason | None
    contacted_by_handler: bool | None
    opinion: str | None
    recorded_by_id: UUID | None
    due_at: datetime | None
    created_at: datetime
    attempted_at: datetime | None
    complainant_id: UUID | None = None
    sampled: bool = False
