"""Inputs and payloads before filing: verify on site, handle on the spot, confirm the grid."""

import strawberry

from api.schema.action import Warning as Warned
from api.schema.command.given import IncidentChange, needed, option, several
from api.schema.incident import Incident
from api.schema.loop.request import Request
from api.schema.place import PointInput
from api.schema.verification import Verification
from domain.incident import CaseOutcome
from domain.verification import CheckResult


@strawberry.input(description="发核实（T8）。Have a report verified on site.")
class RequestVerificationInput(IncidentChange):
    """T8."""

    org_unit_id: strawberry.ID | None = option(
        "核实单位，其网格员亦可核实。The unit whose workers may verify too.", "OrgUnit"
    )


@strawberry.type(description="发核实的结果。What asking for a verification answers.")
class RequestVerificationPayload:
    """T8."""

    incident: Incident = strawberry.field(description="事项。The case.")
    verification: Verification = strawberry.field(description="核实任务。The task.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.input(description="登记核实（T9）。Record what was found on site.")
class RecordVerificationInput(IncidentChange):
    """T9."""

    result: CheckResult = needed("核实结论：PASS 属实，FAIL 不属实。PASS is true, FAIL is not.")
    point: PointInput | None = option("核实位置，须在事项 100 米内。Where; within 100 m of the case.")
    media_ids: list[strawberry.ID] = several("现场照片。Pictures taken there.", "Media")
    note: str | None = option("说明；无位置或超出 100 米须填。Why there is no position within 100 m.")


@strawberry.type(description="登记核实的结果。What recording a verification answers.")
class RecordVerificationPayload:
    """T9."""

    incident: Incident = strawberry.field(description="事项。The case.")
    verification: Verification = strawberry.field(description="核实。The verification.")


@strawberry.input(description="自行处置（T3）。Report that it was handled on the spot.")
class SelfHandleIncidentInput(IncidentChange):
    """T3."""

    outcome: CaseOutcome = needed("处置结果。How it ended.")
    result_text: str = needed("处置说明。What was done.")
    before_media_ids: list[strawberry.ID] = several(
        "处置前照片；上报时已有照片的可不附。Pictures from before; the report's own will do.", "Media"
    )
    after_media_ids: list[strawberry.ID] = several("处置后照片。Pictures from after.", "Media")


@strawberry.type(description="自行处置的结果。What handling on the spot answers.")
class SelfHandleIncidentPayload:
    """T3."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request | None = strawberry.field(description="待审的处置。What waits for review.")


@strawberry.input(description="审核自行处置（T4）。Review what was handled on the spot.")
class ReviewSelfHandledInput(IncidentChange):
    """T4."""

    accept: bool = needed("是否通过。Whether it holds.")
    text: str = needed("审核意见。The review in words.")


@strawberry.type(description="审核自行处置的结果。What the review answers.")
class ReviewSelfHandledPayload:
    """T4."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request | None = strawberry.field(description="所审的处置。What was reviewed.")


@strawberry.input(description="确认网格。Confirm the grid of a case.")
class ConfirmGridInput(IncidentChange):
    """B.5."""

    grid_id: strawberry.ID | None = option("改定的网格；空为确认现网格。Another grid, set by hand.", "Grid")


@strawberry.type(description="确认网格的结果。What confirming the grid answers.")
class ConfirmGridPayload:
    """B.5."""

    incident: Incident = strawberry.field(description="事项。The case.")
