"""Follow-ups, and how a case ends or goes back."""

import strawberry

from api.schema.assignment import Assignment
from api.schema.command import review as command
from api.schema.command.given import given
from api.schema.command.made import incident_of, parts
from api.schema.followup import FollowUp
from api.schema.words import Info, Input, resolver
from services import followups


@strawberry.type
class FollowUpMutations:
    """T29, T31 to T33, T32b."""

    @resolver("登记回访（T31）。Record a follow-up.")
    async def record_follow_up(
        self, info: Info, asked: Input[command.RecordFollowUpInput]
    ) -> command.RecordFollowUpPayload | None:
        """T31."""
        call = await info.context.call(asked.idempotency_key)
        result = await followups.record(call, given(followups.RecordFollowUp, asked))
        incident = await incident_of(info, result)
        follow_up, *_ = await parts(info, FollowUp, "followup", result)
        return command.RecordFollowUpPayload(incident=incident, follow_up=follow_up)

    @resolver("结案（T29、T31、T32b、T33）。Close a case.")
    async def close_incident(
        self, info: Info, asked: Input[command.CloseIncidentInput]
    ) -> command.CloseIncidentPayload | None:
        """T29, T31."""
        call = await info.context.call(asked.idempotency_key)
        result = await followups.close(call, given(followups.CloseIncident, asked))
        return command.CloseIncidentPayload(incident=await incident_of(info, result))

    @resolver("重办（T32、T32b）。Send a case back for rework.")
    async def rework_incident(
        self, info: Info, asked: Input[command.ReworkIncidentInput]
    ) -> command.ReworkIncidentPayload | None:
        """T32."""
        call = await info.context.call(asked.idempotency_key)
        result = await followups.rework(call, given(followups.ReworkIncident, asked))
        incident = await incident_of(info, result)
        rows = await parts(info, Assignment, "assignments", result)
        return command.ReworkIncidentPayload(incident=incident, assignments=rows)
