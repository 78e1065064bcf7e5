"""Keeping out of a case one is related to."""

import strawberry

from api.schema.command.given import given
from api.schema.command.loop import recusal as command
from api.schema.command.made import number_of, visible_incident
from api.schema.words import Info, Input, resolver
from services.loop import recusals


@strawberry.type
class RecusalMutations:
    """R82."""

    @resolver("声明回避（R82）。Declare an interest in a case, and keep out of it.")
    async def declare_recusal(
        self, info: Info, asked: Input[command.DeclareRecusalInput]
    ) -> command.DeclareRecusalPayload | None:
        """R82."""
        call = await info.context.call(asked.idempotency_key)
        result = await recusals.declare(call, given(recusals.DeclareRecusal, asked))
        incident = await visible_incident(info, result)
        if result.incident_id is not None:  # what the answer offers, it offers to who keeps out
            info.context.keep_out(result.incident_id)
        return command.DeclareRecusalPayload(incident=incident, incident_no=await number_of(result))
