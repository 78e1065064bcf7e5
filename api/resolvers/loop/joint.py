"""Joint handling: withdraw, dispatch anew, supports, copies, results sent back."""

import strawberry

from api.schema.assignment import Assignment
from api.schema.command.assignment import pushed_down
from api.schema.command.given import given
from api.schema.command.loop import joint as command
from api.schema.command.made import assignment_of, incident_of, parts, warnings_of
from api.schema.words import Info, Input, resolver
from services import assignments
from services.loop import joint


@strawberry.type
class JointMutations:
    """T13, T13b, T13c, T21, T26, R13, R24 and the handler."""

    @resolver("撤回派遣（T13）。Take a dispatch back.")
    async def withdraw_dispatch(
        self, info: Info, asked: Input[command.WithdrawDispatchInput]
    ) -> command.WithdrawDispatchPayload | None:
        """T13."""
        call = await info.context.call(asked.idempotency_key)
        result = await joint.withdraw(call, given(joint.WithdrawDispatch, asked))
        return command.WithdrawDispatchPayload(incident=await incident_of(info, result))

    @resolver("改派（T13b）。Dispatch a case anew.")
    async def redispatch_incident(
        self, info: Info, asked: Input[command.RedispatchIncidentInput]
    ) -> command.RedispatchIncidentPayload | None:
        """T13b."""
        call = await info.context.call(asked.idempotency_key)
        result = await assignments.redispatch(call, given(assignments.RedispatchIncident, asked))
        incident = await incident_of(info, result)
        rows = await parts(info, Assignment, "assignments", result)
        warnings = [*warnings_of(result), *pushed_down(rows)]
        return command.RedispatchIncidentPayload(incident=incident, assignments=rows, warnings=warnings)

    @resolver("解除协办（T13c）。Let a silent support go.")
    async def release_support(
        self, info: Info, asked: Input[command.ReleaseSupportInput]
    ) -> command.ReleaseSupportPayload | None:
        """T13c."""
        call = await info.context.call(asked.idempotency_key)
        result = await joint.release_support(call, given(joint.ReleaseSupport, asked))
        row, incident = await assignment_of(info, result)
        return command.ReleaseSupportPayload(assignment=row, incident=incident)

    @resolver("指定承办人。Name who handles an assignment.")
    async def assign_handler(
        self, info: Info, asked: Input[command.AssignHandlerInput]
    ) -> command.AssignHandlerPayload | None:
        """B.5."""
        call = await info.context.call(asked.idempotency_key)
        result = await joint.assign_handler(call, given(joint.AssignHandler, asked))
        row, incident = await assignment_of(info, result)
        return command.AssignHandlerPayload(assignment=row, incident=incident)

    @resolver("完成阶段（R24）。Complete a milestone.")
    async def complete_milestone(
        self, info: Info, asked: Input[command.CompleteMilestoneInput]
    ) -> command.CompleteMilestonePayload | None:
        """R24."""
        call = await info.context.call(asked.idempotency_key)
        result = await joint.complete_milestone(call, given(joint.CompleteMilestone, asked))
        row, incident = await assignment_of(info, result)
        return command.CompleteMilestonePayload(assignment=row, incident=incident)

    @resolver("协办回复（T21）。Reply as a support.")
    async def reply_as_support(
        self, info: Info, asked: Input[command.ReplyAsSupportInput]
    ) -> command.ReplyAsSupportPayload | None:
        """T21."""
        call = await info.context.call(asked.idempotency_key)
        result = await joint.reply_as_support(call, given(joint.ReplyAsSupport, asked))
        row, incident = await assignment_of(info, result)
        return command.ReplyAsSupportPayload(assignment=row, incident=incident)

    @resolver("阅知（R13）。Acknowledge a copy.")
    async def acknowledge_copy(
        self, info: Info, asked: Input[command.AcknowledgeCopyInput]
    ) -> command.AcknowledgeCopyPayload | None:
        """R13."""
        call = await info.context.call(asked.idempotency_key)
        result = await joint.acknowledge_copy(call, given(joint.AcknowledgeCopy, asked))
        row, incident = await assignment_of(info, result)
        return command.AcknowledgeCopyPayload(assignment=row, incident=incident)

    @resolver("退回补正（T26）。Send results back to be put right.")
    async def return_result(
        self, info: Info, asked: Input[command.ReturnResultInput]
    ) -> command.ReturnResultPayload | None:
        """T26."""
        call = await info.context.call(asked.idempotency_key)
        result = await joint.return_result(call, given(joint.ReturnResult, asked))
        return command.ReturnResultPayload(incident=await incident_of(info, result))
