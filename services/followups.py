"""Asking the resident, closing, sending back (domain.md B.3 T29, T31, T32)."""

from dataclasses import dataclass
from uuid import UUID

from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.followup import DissatisfactionReason, FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.rules import followup as rules
from domain.rules.act import Act
from services.apply import change_case
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFollowUp:
    """One attempt to ask, by one layer."""

    id: UUID
    expected_version: int
    layer: FollowUpLayer
    channel: ReplyChannel
    reached: bool
    solved: Solved | None = None
    satisfaction: Satisfaction | None = None
    dissatisfaction_reason: DissatisfactionReason | None = None
    contacted_by_handler: bool | None = None
    opinion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseIncident:
    """Which case is closed."""

    id: UUID
    expected_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReworkIncident:
    """Why the case goes back, and to which of its leading units (all, when none is named)."""

    id: UUID
    expected_version: int
    reason: DissatisfactionReason
    text: str
    leads: tuple[UUID, ...] = ()


async def record(call: Call, given: RecordFollowUp) -> Result:
    """T31: record a follow-up."""
    permit(call.actor, A.recordFollowUp)
    answer = rules.Answer(
        channel=given.channel,
        reached=given.reached,
        solved=given.solved,
        satisfaction=given.satisfaction,
        dissatisfaction_reason=given.dissatisfaction_reason,
        contacted_by_handler=given.contacted_by_handler,
        opinion=given.opinion,
    )

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.record(act, case, given.layer, answer)

    return await change_case(call, A.recordFollowUp, given, decide)


async def close(call: Call, given: CloseIncident) -> Result:
    """T29, T31: close the case."""
    permit(call.actor, A.closeIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.close(act, case)

    return await change_case(call, A.closeIncident, given, decide)


async def rework(call: Call, given: ReworkIncident) -> Result:
    """T32: send the case back to its leads for another round."""
    permit(call.actor, A.reworkIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.rework(act, case, given.reason, given.text, given.leads)

    return await change_case(call, A.reworkIncident, given, decide)
