"""Replies to supervisions, taking them back, instructions, flags, archiving."""

import strawberry

from api.schema.command.given import given
from api.schema.command.loop import ladder as command
from api.schema.command.made import incident_of, parts
from api.schema.incident import Note
from api.schema.supervision import Supervision
from api.schema.words import Info, Input, resolver
from services import supervisions
from services.loop import archive, instruction


@strawberry.type
class LadderMutations:
    """T35, T37 to T39, R16 to R18."""

    @resolver("回复督办（T37）。Reply to a supervision.")
    async def reply_supervision(
        self, info: Info, asked: Input[command.ReplySupervisionInput]
    ) -> command.ReplySupervisionPayload | None:
        """T37."""
        call = await info.context.call(asked.idempotency_key)
        result = await supervisions.reply(call, given(supervisions.ReplySupervision, asked))
        incident = await incident_of(info, result)
        card, *_ = await parts(info, Supervision, "supervision", result)
        return command.ReplySupervisionPayload(incident=incident, supervision=card)

    @resolver("取消督办（T38）。Cancel the supervision of a case.")
    async def cancel_supervision(
        self, info: Info, asked: Input[command.CancelSupervisionInput]
    ) -> command.CancelSupervisionPayload | None:
        """T38."""
        call = await info.context.call(asked.idempotency_key)
        result = await supervisions.cancel(call, given(supervisions.CancelSupervision, asked))
        return command.CancelSupervisionPayload(incident=await incident_of(info, result))

    @resolver("领导批示（T39）。Instruct, as a leader.")
    async def instruct_incident(
        self, info: Info, asked: Input[command.InstructIncidentInput]
    ) -> command.InstructIncidentPayload | None:
        """T39."""
        call = await info.context.call(asked.idempotency_key)
        result = await instruction.instruct(call, given(instruction.InstructIncident, asked))
        incident = await incident_of(info, result)
        note, *_ = await parts(info, Note, "note", result)
        return command.InstructIncidentPayload(incident=incident, note=note)

    @resolver("签阅批示（R16）。Acknowledge an instruction.")
    async def acknowledge_instruction(
        self, info: Info, asked: Input[command.AcknowledgeInstructionInput]
    ) -> command.AcknowledgeInstructionPayload | None:
        """R16."""
        call = await info.context.call(asked.idempotency_key)
        result = await instruction.acknowledge(call, given(instruction.AcknowledgeInstruction, asked))
        incident = await incident_of(info, result)
        note, *_ = await parts(info, Note, "note", result)
        return command.AcknowledgeInstructionPayload(incident=incident, note=note)

    @resolver("加急（R17）。Mark a case as urgent.")
    async def mark_urgent(
        self, info: Info, asked: Input[command.MarkUrgentInput]
    ) -> command.MarkUrgentPayload | None:
        """R17."""
        call = await info.context.call(asked.idempotency_key)
        result = await instruction.mark_urgent(call, given(instruction.MarkUrgent, asked))
        return command.MarkUrgentPayload(incident=await incident_of(info, result))

    @resolver("标记历史遗留（R18）。Mark a case as left over from the past.")
    async def mark_historic(
        self, info: Info, asked: Input[command.MarkHistoricInput]
    ) -> command.MarkHistoricPayload | None:
        """R18."""
        call = await info.context.call(asked.idempotency_key)
        result = await instruction.mark_historic(call, given(instruction.MarkHistoric, asked))
        return command.MarkHistoricPayload(incident=await incident_of(info, result))

    @resolver("归档（T35）。Archive a closed case.")
    async def archive_incident(
        self, info: Info, asked: Input[command.ArchiveIncidentInput]
    ) -> command.ArchiveIncidentPayload | None:
        """T35."""
        call = await info.context.call(asked.idempotency_key)
        result = await archive.archive(call, given(archive.ArchiveIncident, asked))
        return command.ArchiveIncidentPayload(incident=await incident_of(info, result))
