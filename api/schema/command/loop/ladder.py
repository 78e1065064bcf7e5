"""Inputs and payloads of supervision's other half, instructions, flags and archiving."""

import strawberry

from api.schema.command.given import IncidentChange, needed
from api.schema.incident import Incident, Note
from api.schema.supervision import Supervision


@strawberry.input(description="回复督办（T37）。Reply to a supervision.")
class ReplySupervisionInput(IncidentChange):
    """T37."""

    supervision_id: strawberry.ID = needed("督办。Which supervision.", "Supervision")
    text: str = needed("回复内容。In words.")


@strawberry.type(description="回复督办的结果。What replying answers.")
class ReplySupervisionPayload:
    """T37."""

    incident: Incident = strawberry.field(description="事项。The case.")
    supervision: Supervision = strawberry.field(description="督办。The supervision.")


@strawberry.input(description="取消督办（T38）；已扣的分不退。Cancel the supervision; points stay.")
class CancelSupervisionInput(IncidentChange):
    """T38."""

    reason: str = needed("理由。Why.")


@strawberry.type(description="取消督办的结果。What cancelling answers.")
class CancelSupervisionPayload:
    """T38."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.input(description="领导批示（T39）。Instruct, as a leader.")
class InstructIncidentInput(IncidentChange):
    """T39."""

    text: str = needed("批示，1 至 1000 字。In 1 to 1000 characters.")


@strawberry.type(description="领导批示的结果。What instructing answers.")
class InstructIncidentPayload:
    """T39."""

    incident: Incident = strawberry.field(description="事项。The case.")
    note: Note = strawberry.field(description="批示。The instruction.")


@strawberry.input(description="签阅批示（R16）。Acknowledge an instruction.")
class AcknowledgeInstructionInput(IncidentChange):
    """R16."""

    note_id: strawberry.ID = needed("批示。Which instruction.", "Note")


@strawberry.type(description="签阅批示的结果。What acknowledging answers.")
class AcknowledgeInstructionPayload:
    """R16."""

    incident: Incident = strawberry.field(description="事项。The case.")
    note: Note = strawberry.field(description="批示。The instruction.")


@strawberry.input(description="加急（R17）。Mark a case as urgent.")
class MarkUrgentInput(IncidentChange):
    """R17."""


@strawberry.type(description="加急的结果。What marking answers.")
class MarkUrgentPayload:
    """R17."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.input(description="标记历史遗留（R18）。Mark a case as left over from the past.")
class MarkHistoricInput(IncidentChange):
    """R18."""


@strawberry.type(description="标记历史遗留的结果。What marking answers.")
class MarkHistoricPayload:
    """R18."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.input(description="归档（T35）。Archive a closed case.")
class ArchiveIncidentInput(IncidentChange):
    """T35."""


@strawberry.type(description="归档的结果。What archiving answers.")
class ArchiveIncidentPayload:
    """T35."""

    incident: Incident = strawberry.field(description="事项。The case.")
