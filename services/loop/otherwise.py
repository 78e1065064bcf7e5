"""The other ways out of a case, and back (domain.md B.3 T5, T6, T8, T36, T40, B.5)."""

from dataclasses import dataclass, replace
from uuid import UUID

from db import complainants
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.incident import IncidentState, RejectReason
from domain.life.outcome import Outcome
from domain.loop.request import EndingKind, RequestKind, TransferTarget, VoidReason
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.loop import otherwise as rules
from domain.rules.loop import withdrawal
from services.apply import change_case
from services.command import Call, Result
from services.loop import merges


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferIncident:
    """To whom the case belongs by law, who took it over, and what the complainants are told."""

    id: UUID
    expected_version: int
    target: TransferTarget
    reply_text: str
    receiver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinstateIncident:
    """Why the case is taken back."""

    id: UUID
    expected_version: int
    reason: str
    receiver_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeEnding:
    """How the case is to end, why, and what its complainants are to be told."""

    id: UUID
    expected_version: int
    kind: EndingKind
    text: str
    reject_reason: RejectReason | None = None
    transfer_target: TransferTarget | None = None
    receiver: str | None = None
    void_reason: VoidReason | None = None
    reply_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideEnding:
    """Whether what was proposed is carried out; for a withdrawal, what was said on the confirmation call."""

    id: UUID
    expected_version: int
    accept: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidIncident:
    """Why the proposed voiding is approved."""

    id: UUID
    expected_version: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawIncident:
    """Who withdraws, and in what words."""

    id: UUID
    expected_version: int
    text: str
    complainant_id: UUID | None = None


async def transfer(call: Call, given: TransferIncident) -> Result:
    """T6: hand the case to whom it belongs by law."""
    permit(call.actor, A.transferIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.transfer(act, case, given.target, given.receiver, given.reply_text)

    return await change_case(call, A.transferIncident, given, decide)


async def reinstate(call: Call, given: ReinstateIncident) -> Result:
    """T5b, T6b: take a rejected or transferred case back."""
    permit(call.actor, A.reinstateIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.reinstate(act, case, given.reason, receiver_refused=given.receiver_refused)

    return await change_case(call, A.reinstateIncident, given, decide)


async def propose(call: Call, given: ProposeEnding) -> Result:
    """B.5: propose how the case is to end."""
    permit(call.actor, A.proposeEnding)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        proposal = rules.Proposal(
            kind=given.kind,
            text=given.text,
            reject_reason=given.reject_reason,
            transfer_target=given.transfer_target,
            receiver=given.receiver,
            void_reason=given.void_reason,
            reply_text=given.reply_text,
        )
        return rules.propose(act, case, proposal)

    return await change_case(call, A.proposeEnding, given, decide)


async def decide_ending(call: Call, given: DecideEnding) -> Result:
    """B.5: carry out what was proposed, or refuse it."""
    permit(call.actor, A.decideEnding)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        if given.accept and case.waiting(RequestKind.MERGE):
            return await merges.confirmed(work, act, case, given.text)
        outcome = await _alone(work, act, rules.decide(act, case, given.text, accept=given.accept))
        _save_others(work, case, outcome.case)
        return outcome

    return await change_case(call, A.decideEnding, given, decide)


async def void(call: Call, given: VoidIncident) -> Result:
    """T36: approve a proposed voiding."""
    permit(call.actor, A.voidIncident)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        return await _alone(work, act, rules.decide(act, case, given.text, accept=True))

    return await change_case(call, A.voidIncident, given, decide)


async def withdraw(call: Call, given: WithdrawIncident) -> Result:
    """T40: a complainant withdraws; the callback officer confirms it."""
    permit(call.actor, A.withdrawIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return withdrawal.withdraw(act, case, given.text, given.complainant_id)

    return await change_case(call, A.withdrawIncident, given, decide)


async def _alone(work: Work, act: Act, outcome: Outcome) -> Outcome:
    """B.6 T7u: what was merged into a case that is voided goes on by itself."""
    if outcome.case.incident.state is not IncidentState.VOIDED:
        return outcome
    return replace(outcome, case=await merges.unmerged_with(work, act, outcome.case))


def _save_others(work: Work, before: Case, after: Case) -> None:
    """Write complainants of merged cases that withdrew; the case's own is written with the case."""
    known = {it.id: it for it in before.others}
    for it in after.others:
        if it != known[it.id]:
            complainants.save(work, known[it.id], it)
