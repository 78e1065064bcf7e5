"""Whistles: the units' list of calls, and what is done with them (R33, R34)."""

import strawberry

from api.pages import page_request
from api.schema.argument import Count
from api.schema.command.given import given
from api.schema.command.loop import whistle as command
from api.schema.command.made import incident_of, one
from api.schema.loop.whistle import Whistle, WhistleCall
from api.schema.words import Info, Input, resolver
from db.loop import whistles as table
from services.loop import whistles


@strawberry.type
class WhistleQueries:
    """What may be asked about whistles."""

    @resolver(
        "本单位尚未到场的报到，先到期者在前。Calls to the viewer's units that have not come yet, first due first."
    )
    async def whistle_calls(self, info: Info, first: Count) -> list[WhistleCall] | None:
        """PAGE_SIZE_REQUIRED."""
        size = page_request(first, None, None, None).size
        found = await table.list_waiting(size, viewer=info.context.require_viewer())
        return [WhistleCall.of(it) for it in found]


@strawberry.type
class WhistleMutations:
    """Blow, answer, rate."""

    @resolver("吹哨（R33）。Call units to the spot.")
    async def blow_whistle(
        self, info: Info, asked: Input[command.BlowWhistleInput]
    ) -> command.BlowWhistlePayload | None:
        """R33."""
        call = await info.context.call(asked.idempotency_key)
        result = await whistles.blow(call, given(whistles.BlowWhistle, asked))
        incident = await incident_of(info, result)
        whistle = await one(info, Whistle, result.made["whistle"][0])
        return command.BlowWhistlePayload(incident=incident, whistle=whistle)

    @resolver("报到（R33）。Answer a whistle.")
    async def answer_whistle(
        self, info: Info, asked: Input[command.AnswerWhistleInput]
    ) -> command.AnswerWhistlePayload | None:
        """R33."""
        call = await info.context.call(asked.idempotency_key)
        result = await whistles.answer(call, given(whistles.AnswerWhistle, asked))
        return command.AnswerWhistlePayload(call=await one(info, WhistleCall, result.made["call"][0]))

    @resolver("吹哨互评（R34）。Rate the other side of a whistle.")
    async def rate_whistle(
        self, info: Info, asked: Input[command.RateWhistleInput]
    ) -> command.RateWhistlePayload | None:
        """R34."""
        call = await info.context.call(asked.idempotency_key)
        result = await whistles.rate(call, given(whistles.RateWhistle, asked))
        return command.RateWhistlePayload(call=await one(info, WhistleCall, result.made["call"][0]))
