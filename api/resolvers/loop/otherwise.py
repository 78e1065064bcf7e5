"""The other ways out of a case, and back."""

import strawberry

from api.schema.command.given import given
from api.schema.command.loop import otherwise as command
from api.schema.command.loop.otherwise import request_of
from api.schema.command.made import incident_of, warnings_of
from api.schema.words import Info, Input, resolver
from services.loop import otherwise


@strawberry.type
class OtherwiseMutations:
    """T5, T6, T8, T36, T40, B.5."""

    @resolver("转出（T6）。Hand a case to whom it belongs by law.")
    async def transfer_incident(
        self, info: Info, asked: Input[command.TransferIncidentInput]
    ) -> command.TransferIncidentPayload | None:
        """T6."""
        call = await info.context.call(asked.idempotency_key)
        result = await otherwise.transfer(call, given(otherwise.TransferIncident, asked))
        return command.TransferIncidentPayload(incident=await incident_of(info, result))

    @resolver("恢复受理（T5b、T6b）。Take a rejected or transferred case back.")
    async def reinstate_incident(
        self, info: Info, asked: Input[command.ReinstateIncidentInput]
    ) -> command.ReinstateIncidentPayload | None:
        """T5b, T6b."""
        call = await info.context.call(asked.idempotency_key)
        result = await otherwise.reinstate(call, given(otherwise.ReinstateIncident, asked))
        incident = await incident_of(info, result)
        return command.ReinstateIncidentPayload(incident=incident, warnings=warnings_of(result))

    @resolver("提议了结（T5、T6、T8、T33、T36）。Propose how a case is to end.")
    async def propose_ending(
        self, info: Info, asked: Input[command.ProposeEndingInput]
    ) -> command.ProposeEndingPayload | None:
        """B.5."""
        call = await info.context.call(asked.idempotency_key)
        result = await otherwise.propose(call, given(otherwise.ProposeEnding, asked))
        incident = await incident_of(info, result)
        return command.ProposeEndingPayload(incident=incident, request=await request_of(info, result))

    @resolver("审定了结。Carry out what was proposed, or refuse it.")
    async def decide_ending(
        self, info: Info, asked: Input[command.DecideEndingInput]
    ) -> command.DecideEndingPayload | None:
        """B.5, T40."""
        call = await info.context.call(asked.idempotency_key)
        result = await otherwise.decide_ending(call, given(otherwise.DecideEnding, asked))
        incident = await incident_of(info, result)
        request = await request_of(info, result)
        return command.DecideEndingPayload(incident=incident, request=request, warnings=warnings_of(result))

    @resolver("作废（T36）。Approve a proposed voiding.")
    async def void_incident(
        self, info: Info, asked: Input[command.VoidIncidentInput]
    ) -> command.VoidIncidentPayload | None:
        """T36."""
        call = await info.context.call(asked.idempotency_key)
        result = await otherwise.void(call, given(otherwise.VoidIncident, asked))
        incident = await incident_of(info, result)
        return command.VoidIncidentPayload(incident=incident, request=await request_of(info, result))

    @resolver("诉求人撤回（T40）。Withdraw; the callback officer confirms it.")
    async def withdraw_incident(
        self, info: Info, asked: Input[command.WithdrawIncidentInput]
    ) -> command.WithdrawIncidentPayload | None:
        """T40."""
        call = await info.context.call(asked.idempotency_key)
        result = await otherwise.withdraw(call, given(otherwise.WithdrawIncident, asked))
        incident = await incident_of(info, result)
        return command.WithdrawIncidentPayload(incident=incident, request=await request_of(info, result))
