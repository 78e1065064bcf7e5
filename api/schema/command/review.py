"""Inputs and payloads of what follows the work: check, follow-up, close, rework, supervise."""

import strawberry

from api.schema.assignment import Assignment
from api.schema.command.given import IncidentChange, needed, option, several
from api.schema.followup import FollowUp
from api.schema.incident import Incident
from api.schema.place import PointInput
from api.schema.supervision import Supervision
from api.schema.verification import Verification
from domain.followup import DissatisfactionReason, FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.supervision import SupervisionLevel
from domain.verification import CheckResult


@strawberry.input(description="发核查（T27）。Ask for a check.")
class RequestCheckInput(IncidentChange):
    """T27."""

    inspector_org_unit_id: strawberry.ID | None = option("核查单位。The unit that checks.", "OrgUnit")


@strawberry.type(description="发核查的结果。What asking for a check answers.")
class RequestCheckPayload:
    """T27."""

    incident: Incident = strawberry.field(description="事项。The case.")
    verification: Verification = strawberry.field(description="核查。The check.")


@strawberry.input(description="登记核查（T28 至 T30）。Record a check.")
class RecordCheckInput(IncidentChange):
    """T28, T28b, T29, T30."""

    result: CheckResult = needed("核查结果。The result.")
    point: PointInput | None = option("核查位置。Where it was checked.")
    media_ids: list[strawberry.ID] = several("核查照片。Pictures of the check.", "Media")
    note: str | None = option("说明。What was noted.")
    false_completion: bool | None = option(
        "不通过且属虚假办结：−5 分并亮红牌。It failed, and was reported done falsely: −5 and a red card."
    )
    leads: list[strawberry.ID] | None = option(
        "不通过时须返工的主办单位，默认全部。Which leads must do it again; all by default.", "OrgUnit"
    )


@strawberry.type(description="登记核查的结果。What recording a check answers.")
class RecordCheckPayload:
    """T28."""

    incident: Incident = strawberry.field(description="事项。The case.")
    verification: Verification = strawberry.field(description="核查。The check.")


@strawberry.input(description="登记回访（T31）。Record a follow-up.")
class RecordFollowUpInput(IncidentChange):
    """T31, R29."""

    layer: FollowUpLayer = needed("回访层级。Who asks.")
    channel: ReplyChannel = needed("联系渠道。How.")
    reached: bool = needed("是否联系上。Whether the person was reached.")
    solved: Solved | None = option("是否解决。Whether the matter was solved.")
    satisfaction: Satisfaction | None = option("满意度。How satisfied the person is.")
    dissatisfaction_reason: DissatisfactionReason | None = option("不满意原因。Why not.")
    contacted_by_handler: bool | None = option("承办单位是否联系过。Whether the unit had been in touch.")
    opinion: str | None = option("意见。The person's words.")
    complainant_id: strawberry.ID | None = option(
        "所回访的诉求人；默认本事项的。Whom: by default the case's own complainant.", "Complainant"
    )


@strawberry.type(description="登记回访的结果。What recording a follow-up answers.")
class RecordFollowUpPayload:
    """T31."""

    incident: Incident = strawberry.field(description="事项。The case.")
    follow_up: FollowUp = strawberry.field(description="回访。The follow-up.")


@strawberry.input(description="结案（T29、T31、T32b、T33）。Close a case.")
class CloseIncidentInput(IncidentChange):
    """T29, T31, T32b, T33."""

    partly: bool | None = option(
        "两次重办后由指挥中心以部分解决结案。Partly solved, by the director after two reworks (T32b)."
    )
    minutes: str | None = option("协调会纪要。The minutes of the case meeting (T32b).")


@strawberry.type(description="结案的结果。What closing answers.")
class CloseIncidentPayload:
    """T29, T31."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.input(description="重办（T32、T32b）。Send a case back for rework.")
class ReworkIncidentInput(IncidentChange):
    """T32."""

    reason: DissatisfactionReason = needed("不满意原因。What was wrong.")
    text: str = needed("说明。In words.")
    leads: list[strawberry.ID] | None = option(
        "须重办的主办单位，默认全部。Which leads; all by default.", "OrgUnit"
    )
    supports: list[strawberry.ID] | None = option(
        "随同重办的协办单位，默认无。Which supports; none by default.", "OrgUnit"
    )
    minutes: str | None = option(
        "协调会纪要，两次重办后必填。The minutes of the case meeting, after two reworks (T32b)."
    )


@strawberry.type(description="重办的结果。What sending back answers.")
class ReworkIncidentPayload:
    """T32."""

    incident: Incident = strawberry.field(description="事项。The case.")
    assignments: list[Assignment] = strawberry.field(description="新一轮的交办单。The new round's rows.")


@strawberry.input(description="督办（T37）。Supervise a case.")
class SuperviseIncidentInput(IncidentChange):
    """T37."""

    level: SupervisionLevel = needed("督办级别，只升不降。The level; it only rises.")
    text: str = needed("督办意见。In words.")


@strawberry.type(description="督办的结果。What supervising answers.")
class SuperviseIncidentPayload:
    """T37."""

    incident: Incident = strawberry.field(description="事项。The case.")
    supervision: Supervision = strawberry.field(description="督办。The supervision.")
