"""Cases before filing: verified on site, handled on the spot, their grid confirmed."""

import strawberry

from api.schema.command.given import given
from api.schema.command.loop import intake as command
from api.schema.command.loop.otherwise import request_of
from api.schema.command.made import incident_of, parts, warnings_of
from api.schema.place import PointInput
from api.schema.verification import Verification
from api.schema.words import Info, Input, resolver
from services.command import PointGiven
from services.loop import intake

INNER = {PointInput: PointGiven}


@strawberry.type
class IntakeMutations:
    """T3, T4, T8, T9, B.5."""

    @resolver("发核实（T8）。Have a report verified on site.")
    async def request_verification(
        self, info: Info, asked: Input[command.RequestVerificationInput]
    ) -> command.RequestVerificationPayload | None:
        """T8."""
        call = await info.context.call(asked.idempotency_key)
        result = await intake.request_verification(call, given(intake.RequestVerification, asked))
        incident = await incident_of(info, result)
        task, *_ = await parts(info, Verification, "verification", result)
        return command.RequestVerificationPayload(
            incident=incident, verification=task, warnings=warnings_of(result)
        )

    @resolver("登记核实（T9）。Record what was found on site.")
    async def record_verification(
        self, info: Info, asked: Input[command.RecordVerificationInput]
    ) -> command.RecordVerificationPayload | None:
        """T9."""
        call = await info.context.call(asked.idempotency_key)
        result = await intake.record_verification(call, given(intake.RecordVerification, asked, INNER))
        incident = await incident_of(info, result)
        found, *_ = await parts(info, Verification, "verification", result)
        return command.RecordVerificationPayload(incident=incident, verification=found)

    @resolver("自行处置（T3）。Report that it was handled on the spot.")
    async def self_handle_incident(
        self, info: Info, asked: Input[command.SelfHandleIncidentInput]
    ) -> command.SelfHandleIncidentPayload | None:
        """T3."""
        call = await info.context.call(asked.idempotency_key)
        result = await intake.self_handle(call, given(intake.SelfHandleIncident, asked))
        incident = await incident_of(info, result)
        return command.SelfHandleIncidentPayload(incident=incident, request=await request_of(info, result))

    @resolver("审核自行处置（T4）。Review what was handled on the spot.")
    async def review_self_handled(
        self, info: Info, asked: Input[command.ReviewSelfHandledInput]
    ) -> command.ReviewSelfHandledPayload | None:
        """T4."""
        call = await info.context.call(asked.idempotency_key)
        result = await intake.review_self_handled(call, given(intake.ReviewSelfHandled, asked))
        incident = await incident_of(info, result)
        return command.ReviewSelfHandledPayload(incident=incident, request=await request_of(info, result))

    @resolver("确认网格。Confirm the grid of a case, or set another.")
    async def confirm_grid(
        self, info: Info, asked: Input[command.ConfirmGridInput]
    ) -> command.ConfirmGridPayload | None:
        """B.5."""
        call = await info.context.call(asked.idempotency_key)
        result = await intake.confirm_grid(call, given(intake.ConfirmGrid, asked))
        return command.ConfirmGridPayload(incident=await incident_of(info, result))
