"""Inputs and payloads of the other ways out: transfer, propose and decide, void, withdraw, reinstate."""

import strawberry

from api.schema.action import Warning as Warned
from api.schema.command.given import IncidentChange, needed, option
from api.schema.command.made import parts
from api.schema.incident import Incident
from api.schema.loop.request import Request
from api.schema.words import Info
from domain.incident import RejectReason
from domain.loop.request import EndingKind, TransferTarget, VoidReason
from services.command import Result


async def request_of(info: Info, result: Result) -> Request | None:
    """What was asked or decided; of several that ended with the case, the one a person decided."""
    found = await parts(info, Request, "request", result)
    chosen = [it for it in found if it.row.decided_by_id is not None] or found
    return chosen[0] if chosen else None


@strawberry.input(description="转出（T6）。Hand a case to whom it belongs by law.")
class TransferIncidentInput(IncidentChange):
    """T6."""

    target: TransferTarget = needed("转出去向。To whom.")
    receiver: str | None = option("接收人；紧急类必填。Who took it over; required for an emergency.")
    reply_text: str = needed("答复内容，告知每位诉求人。The reply to every complainant.")


@strawberry.type(description="转出的结果。What a transfer answers.")
class TransferIncidentPayload:
    """T6."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.input(description="恢复受理（T5b、T6b）。Take a rejected or transferred case back.")
class ReinstateIncidentInput(IncidentChange):
    """T5b, T6b."""

    reason: str = needed("理由。Why.")
    receiver_refused: bool = strawberry.field(
        description="接收方是否拒收；拒收不限 5 个工作日。Whether the receiver refused it: then at any time.",
        default=False,
    )


@strawberry.type(description="恢复受理的结果。What reinstating answers.")
class ReinstateIncidentPayload:
    """T5b, T6b."""

    incident: Incident = strawberry.field(description="事项。The case.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.input(description="提议了结（T5、T6、T8、T33、T36）。Propose how a case is to end.")
class ProposeEndingInput(IncidentChange):
    """B.5."""

    kind: EndingKind = needed("了结方式，须与状态相符。How; it must fit the state.")
    text: str = needed("理由。Why.")
    reject_reason: RejectReason | None = option("不予受理原因。Why it is rejected.")
    transfer_target: TransferTarget | None = option("转出去向。To whom it goes.")
    receiver: str | None = option("接收人；紧急类必填。Who took it over; required for an emergency.")
    void_reason: VoidReason | None = option("作废原因。Why it is voided.")
    reply_text: str | None = option("答复内容；有诉求人须填。The reply; required where somebody asked.")


@strawberry.type(description="提议了结的结果。What a proposal answers.")
class ProposeEndingPayload:
    """B.5."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request | None = strawberry.field(description="提议。The proposal.")


@strawberry.input(description="审定了结，须为另一人。Decide a proposal; by another person.")
class DecideEndingInput(IncidentChange):
    """B.5, T40."""

    accept: bool = needed("是否同意。Whether it is carried out.")
    text: str = needed(
        "审定意见；撤回的为确认通话内容。The decision; of a withdrawal, what was said on the call."
    )


@strawberry.type(description="审定了结的结果。What a decision answers.")
class DecideEndingPayload:
    """B.5, T40."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request | None = strawberry.field(description="所审定的提议。The proposal decided.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.input(
    description="作废（T36），须已由他人提议。Void a case that another person proposed to void."
)
class VoidIncidentInput(IncidentChange):
    """T36."""

    text: str = needed("审定意见。The decision in words.")


@strawberry.type(description="作废的结果。What voiding answers.")
class VoidIncidentPayload:
    """T36."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request | None = strawberry.field(description="所审定的提议。The proposal decided.")


@strawberry.input(description="诉求人撤回（T40），经回访确认后生效。Withdraw; a call confirms it.")
class WithdrawIncidentInput(IncidentChange):
    """T40."""

    complainant_id: strawberry.ID | None = option(
        "撤回的诉求人；只有一位时可不填。Who withdraws; may be left out where there is one.", "Complainant"
    )
    text: str = needed("撤回原因。Why.")


@strawberry.type(description="撤回申请的结果。What a withdrawal answers.")
class WithdrawIncidentPayload:
    """T40."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request | None = strawberry.field(description="待确认的撤回。What waits for the call.")
