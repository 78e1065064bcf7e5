"""Keeping out of a case one is related to."""

from dataclasses import replace

import strawberry

from api.schema.command.given import given
from api.schema.command.loop import recusal as command
from api.schema.command.made import incident_of
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
        viewer = info.context.require_viewer()
        if result.incident_id is not None:  # what the answer offers, it offers to who keeps out
            info.context.become(replace(viewer, recused=viewer.recused | {result.incident_id}))
        return command.DeclareRecusalPayload(incident=await incident_of(info, result))
