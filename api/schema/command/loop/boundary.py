"""Inputs and payloads of boundary disputes: returns, claims, arbitrations."""

import strawberry

from api.schema.assignment import Assignment
from api.schema.command.given import AssignmentChange, IncidentChange, needed, option, several
from api.schema.incident import Incident
from api.schema.loop.request import Request
from api.schema.loop.statement import Statement
from domain.assignment import AssignmentMode
from domain.loop.request import ReturnReason


@strawberry.input(description="申请退单（T15）。Ask to return an assignment.")
class RequestReturnInput(AssignmentChange):
    """T15."""

    reason: ReturnReason = needed("退单原因。Why.")
    basis: str = needed("法律或职责依据。By what law or duty.")
    text: str = needed("说明。In words.")
    suggested_org_unit_id: strawberry.ID | None = option(
        "建议的承办单位；非本单位职责或属地不符时必填。Whose it is; needed where duty or area is denied.",
        "OrgUnit",
    )


@strawberry.type(description="申请退单的结果。What asking for a return answers.")
class RequestReturnPayload:
    """T15."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")
    request: Request = strawberry.field(description="退单申请。The request.")


@strawberry.input(description="审核退单（T16、T17）。Decide a return.")
class DecideReturnInput(AssignmentChange):
    """T16, T17."""

    accept: bool = needed("是否同意。Whether it is approved.")
    text: str = needed("审核意见。The decision in words.")
    shirked: bool | None = option("是否认定推诿，仅限驳回。Whether the unit shirks; with a rejection only.")


@strawberry.type(description="审核退单的结果。What deciding a return answers.")
class DecideReturnPayload:
    """T16, T17."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")
    request: Request = strawberry.field(description="退单申请。The request.")
    arbitration: Request | None = strawberry.field(
        description="由此自动提请的裁定。The arbitration that it raised by itself."
    )


@strawberry.input(description="主动认领（T12）。Claim a case.")
class ClaimIncidentInput(IncidentChange):
    """T12."""

    text: str | None = option("认领说明。Why the unit takes it.")


@strawberry.type(description="主动认领的结果。What claiming answers.")
class ClaimIncidentPayload:
    """T12."""

    incident: Incident | None = strawberry.field(description="事项；无权查看时为空。The case, where visible.")
    request: Request = strawberry.field(description="认领申请。The request.")


@strawberry.input(description="确认认领（T12）。Decide a claim.")
class ConfirmClaimInput(IncidentChange):
    """T12."""

    accept: bool = needed("是否同意。Whether the unit gets the case.")
    text: str = needed("意见，同意时作为派遣依据。In words; the basis of the assignment.")


@strawberry.type(description="确认认领的结果。What deciding a claim answers.")
class ConfirmClaimPayload:
    """T12."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request = strawberry.field(description="认领申请。The request.")
    assignments: list[Assignment] = strawberry.field(description="新的交办单。The new assignment.")


@strawberry.input(description="提请裁定（T18）。Refer a case to arbitration.")
class ReferToArbitrationInput(IncidentChange):
    """T18."""

    text: str = needed("争议说明。What is disputed.")
    participants: list[strawberry.ID] = several(
        "持单单位之外的当事单位。Units to be heard besides those that hold the case.", "OrgUnit"
    )


@strawberry.type(description="提请裁定的结果。What referring answers.")
class ReferToArbitrationPayload:
    """T18."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request = strawberry.field(description="裁定申请。The arbitration.")


@strawberry.input(description="提交陈述（S35）。Speak in an arbitration.")
class SubmitStatementInput(IncidentChange):
    """S35."""

    text: str = needed("陈述内容。The words.")
    volunteers: bool | None = option("是否主动承担。Whether the unit offers itself.")


@strawberry.type(description="提交陈述的结果。What a statement answers.")
class SubmitStatementPayload:
    """S35."""

    incident: Incident | None = strawberry.field(description="事项；无权查看时为空。The case, where visible.")
    statement: Statement = strawberry.field(description="陈述。The statement.")


@strawberry.input(description="裁定派遣（T19）。Rule whose duty a case is.")
class RuleArbitrationInput(IncidentChange):
    """T19."""

    mode: AssignmentMode = needed("办理方式。How.")
    leads: list[strawberry.ID] = needed("主办单位。The leads.", "OrgUnit")
    order_text: str = needed("裁定意见，即派遣依据。The order, which is the basis of the assignments.")
    supports: list[strawberry.ID] = several("协办单位。The supports.", "OrgUnit")
    copies: list[strawberry.ID] = several("抄告单位。Units to copy.", "OrgUnit")
    shirked_org_unit_ids: list[strawberry.ID] = several("认定推诿的单位。Units that shirked.", "OrgUnit")


@strawberry.type(description="裁定派遣的结果。What a ruling answers.")
class RuleArbitrationPayload:
    """T19."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request = strawberry.field(description="裁定申请。The arbitration.")
    assignments: list[Assignment] = strawberry.field(description="新的交办单。The new assignments.")
