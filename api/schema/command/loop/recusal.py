"""Input and payload of declaring an interest."""

import strawberry

from api.schema.command.given import IncidentChange, needed
from api.schema.incident import Incident


@strawberry.input(description="声明回避（R82）。Declare an interest in a case, and keep out of it.")
class DeclareRecusalInput(IncidentChange):
    """R82."""

    reason: str = needed("回避理由。Why.")


@strawberry.type(description="声明回避的结果。What declaring an interest answers.")
class DeclareRecusalPayload:
    """R82."""

    incident: Incident | None = strawberry.field(
        description="事项；重复请求时为空。The case, as it was seen for the last time; null on a replay."
    )
    incident_no: str = strawberry.field(description="事项编号。The case's number.")
