"""Checks."""

import strawberry

from api.schema.command import review as command
from api.schema.command.given import given
from api.schema.command.made import incident_of, parts
from api.schema.place import PointInput
from api.schema.verification import Verification
from api.schema.words import Info, Input, resolver
from services import verifications
from services.command import PointGiven

INNER = {PointInput: PointGiven}


@strawberry.type
class VerificationMutations:
    """T27 to T30."""

    @resolver("发核查（T27）。Ask for a check.")
    async def request_check(
        self, info: Info, asked: Input[command.RequestCheckInput]
    ) -> command.RequestCheckPayload | None:
        """T27."""
        call = await info.context.call(asked.idempotency_key)
        result = await verifications.request_check(call, given(verifications.RequestCheck, asked))
        incident = await incident_of(info, result)
        check, *_ = await parts(info, Verification, "verification", result)
        return command.RequestCheckPayload(incident=incident, verification=check)

    @resolver("登记核查（T28 至 T30）。Record what a check found.")
    async def record_check(
        self, info: Info, asked: Input[command.RecordCheckInput]
    ) -> command.RecordCheckPayload | None:
        """T28, T28b, T29, T30."""
        call = await info.context.call(asked.idempotency_key)
        result = await verifications.record_check(call, given(verifications.RecordCheck, asked, INNER))
        incident = await incident_of(info, result)
        check, *_ = await parts(info, Verification, "verification", result)
        return command.RecordCheckPayload(incident=incident, verification=check)
