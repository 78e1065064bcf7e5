"""Supervision by hand."""

import strawberry

from api.schema.command import review as command
from api.schema.command.given import given
from api.schema.command.made import incident_of, parts
from api.schema.supervision import Supervision
from api.schema.words import Info, Input, resolver
from services import supervisions


@strawberry.type
class SupervisionMutations:
    """T37."""

    @resolver("督办（T37）。Supervise a case.")
    async def supervise_incident(
        self, info: Info, asked: Input[command.SuperviseIncidentInput]
    ) -> command.SuperviseIncidentPayload | None:
        """T37."""
        call = await info.context.call(asked.idempotency_key)
        result = await supervisions.supervise(call, given(supervisions.SuperviseIncident, asked))
        incident = await incident_of(info, result)
        supervision, *_ = await parts(info, Supervision, "supervision", result)
        return command.SuperviseIncidentPayload(incident=incident, supervision=supervision)
