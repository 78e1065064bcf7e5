"""Inputs and payloads of joint handling: withdraw, dispatch anew, supports, copies, results sent back."""

import strawberry

from api.schema.action import Warning as Warned
from api.schema.assignment import Assignment
from api.schema.command.assignment import DispatchIncidentInput
from api.schema.command.given import AssignmentChange, IncidentChange, needed, several
from api.schema.incident import Incident


@strawberry.input(description="撤回派遣（T13）。Take a dispatch back before anybody has signed.")
class WithdrawDispatchInput(IncidentChange):
    """T13."""

    reason: str = needed("理由。Why.")


@strawberry.type(description="撤回派遣的结果。What withdrawing answers.")
class WithdrawDispatchPayload:
    """T13."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.input(description="改派（T13b）。Dispatch a case anew, to any units.")
class RedispatchIncidentInput(DispatchIncidentInput):
    """T13b."""

    reason: str = needed("理由。Why.")


@strawberry.type(description="改派的结果。What dispatching anew answers.")
class RedispatchIncidentPayload:
    """T13b."""

    incident: Incident = strawberry.field(description="事项。The case.")
    assignments: list[Assignment] = strawberry.field(description="新的交办单。The new assignments.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.input(description="解除协办（T13c）。Let a silent support go.")
class ReleaseSupportInput(AssignmentChange):
    """T13c."""

    reason: str = needed("理由。Why.")


@strawberry.type(description="解除协办的结果。What releasing a support answers.")
class ReleaseSupportPayload:
    """T13c."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")


@strawberry.input(description="指定承办人。Name who handles an assignment.")
class AssignHandlerInput(AssignmentChange):
    """B.5."""

    person_id: strawberry.ID = needed("承办人，须为本单位人员。Who; a handler of the unit.", "Person")


@strawberry.type(description="指定承办人的结果。What naming a handler answers.")
class AssignHandlerPayload:
    """B.5."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")


@strawberry.input(description="完成阶段（R24）。Complete a milestone of an assignment.")
class CompleteMilestoneInput(AssignmentChange):
    """R24."""

    milestone: str = needed("阶段名称，如停工。The milestone's name.")
    text: str = needed("完成情况；不适用的阶段说明理由。What was done; why, where the stage does not apply.")
    media_ids: list[strawberry.ID] = several("佐证图片。Evidence.", "Media")


@strawberry.type(description="完成阶段的结果。What completing a milestone answers.")
class CompleteMilestonePayload:
    """R24."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")


@strawberry.input(description="协办回复（T21）。Reply as a support.")
class ReplyAsSupportInput(AssignmentChange):
    """T21."""

    text: str = needed("协办情况。What was done.")
    media_ids: list[strawberry.ID] = several("佐证图片。Evidence.", "Media")


@strawberry.type(description="协办回复的结果。What replying as a support answers.")
class ReplyAsSupportPayload:
    """T21."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")


@strawberry.input(description="阅知（R13）。Acknowledge a copy.")
class AcknowledgeCopyInput(AssignmentChange):
    """R13."""


@strawberry.type(description="阅知的结果。What acknowledging answers.")
class AcknowledgeCopyPayload:
    """R13."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")


@strawberry.input(description="退回补正（T26）。Send results back to be put right.")
class ReturnResultInput(IncidentChange):
    """T26."""

    text: str = needed("须补正之处。What is wanting.")
    assignment_ids: list[strawberry.ID] = several(
        "交办单；默认全部已反馈者。Which; all that were submitted by default.", "Assignment"
    )


@strawberry.type(description="退回补正的结果。What sending results back answers.")
class ReturnResultPayload:
    """T26."""

    incident: Incident = strawberry.field(description="事项。The case.")
