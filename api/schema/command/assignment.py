"""Inputs and payloads of the commands of a unit: dispatch, accept, first contact, submit."""

import strawberry

from api.scalars import DateTime
from api.schema.action import Warning as Warned
from api.schema.assignment import Assignment
from api.schema.command.given import AssignmentChange, IncidentChange, needed, option, several
from api.schema.incident import Incident
from domain.assignment import AssignmentMode
from domain.errors import ErrorCode
from domain.errors import Warned as Noted
from domain.followup import ReplyChannel, Satisfaction, Solved
from domain.incident import CaseOutcome


@strawberry.input(description="派遣（T11）。Dispatch a case.")
class DispatchIncidentInput(IncidentChange):
    """T11."""

    mode: AssignmentMode = needed("办理方式。How.")
    leads: list[strawberry.ID] = needed("主办单位。The leading units.", "OrgUnit")
    supports: list[strawberry.ID] = several(
        "协办单位；仅用于协同办理。Supporting units; only for LED_JOINT.", "OrgUnit"
    )
    copies: list[strawberry.ID] = several("抄告单位。Units to copy.", "OrgUnit")
    basis: str | None = option("派遣依据；无职责依据时必填。Why this unit, where no duty says so.")
    push_down_reason: str | None = option(
        "职责下压理由；把部门职责派给街道或社区主办时必填（R35）。Why a department's duty is pushed down."
    )


@strawberry.type(description="派遣的结果。What a dispatch answers.")
class DispatchIncidentPayload:
    """T11."""

    incident: Incident = strawberry.field(description="事项。The case.")
    assignments: list[Assignment] = strawberry.field(description="新的交办单。The new assignments.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.input(description="签收（T14）。Accept an assignment.")
class AcceptAssignmentInput(AssignmentChange):
    """T14."""


@strawberry.input(description="登记首次联系（T20）。Record the first contact.")
class RecordFirstContactInput(AssignmentChange):
    """T20."""

    channel: ReplyChannel = needed("联系渠道。How.")
    contacted_at: DateTime | None = option("联系时间，默认现在。When; now by default.")
    note: str | None = option("记录。What was noted.")


@strawberry.input(description="承办单位回访。The handling unit's own follow-up.")
class HandlerFollowUpInput:
    """R29, layer HANDLER."""

    channel: ReplyChannel = needed("联系渠道。How.")
    reached: bool = needed("是否联系上。Whether the person was reached.")
    at: DateTime | None = option("联系时间，默认现在。When; now by default.")
    solved: Solved | None = option("是否解决。Whether the matter was solved.")
    satisfaction: Satisfaction | None = option("满意度。How satisfied the person is.")
    opinion: str | None = option("意见。The person's words.")


@strawberry.input(description="反馈结果（T25）。Submit the result.")
class SubmitResultInput(AssignmentChange):
    """T25."""

    outcome: CaseOutcome = needed("办理结果。The result.")
    result_text: str = needed("办理情况。The result in words.")
    after_media_ids: list[strawberry.ID] = several("办理后照片。Pictures after the work.", "Media")
    follow_up: HandlerFollowUpInput | None = option("承办单位回访。The unit's own follow-up.")
    no_contact_reason: str | None = option("未联系原因。Why nobody was contacted.")


@strawberry.type(description="签收的结果。What accepting answers.")
class AcceptAssignmentPayload:
    """T14."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")


@strawberry.type(description="登记首次联系的结果。What recording the first contact answers.")
class RecordFirstContactPayload:
    """T20."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")


@strawberry.type(description="反馈的结果。What submitting answers.")
class SubmitResultPayload:
    """T25."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")


def pushed_down(rows: list[Assignment]) -> list[Warned]:
    """R35: accepted with a warning where a row keeps the reason why a department's duty was pushed down."""
    pushed = any(it.row.push_down_reason for it in rows)
    return [Warned.of(Noted(ErrorCode.GUARD_FAILED, "pushDownReason"))] if pushed else []
