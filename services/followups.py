"""Asking the resident, closing, sending back (domain.md B.3 T29, T31 to T33, B.6 T32b)."""

from dataclasses import dataclass
from uuid import UUID

from db.loop.ladder import grounds_of
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
    """One attempt to ask, by one layer; of the case's own complainant unless another of its complainants is named."""

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
    complainant_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseIncident:
    """Which case is closed; `partly` with the minutes of the case meeting after two reworks (T32b)."""

    id: UUID
    expected_version: int
    partly: bool = False
    minutes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReworkIncident:
    """Why the case goes back, and to which of its leading units (all, when none is named) and supports (none).

    `minutes` are those of the case meeting that T32b needs.
    """

    id: UUID
    expected_version: int
    reason: DissatisfactionReason
    text: str
    leads: tuple[UUID, ...] = ()
    supports: tuple[UUID, ...] = ()
    minutes: str | None = None


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
        return rules.record(act, case, given.layer, answer, given.complainant_id)

    return await change_case(call, A.recordFollowUp, given, decide)


async def close(call: Call, given: CloseIncident) -> Result:
    """T29, T31, T32b, T33: close the case."""
    permit(call.actor, A.closeIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.close(act, case, partly=given.partly, minutes=given.minutes)

    return await change_case(call, A.closeIncident, given, decide)


async def rework(call: Call, given: ReworkIncident) -> Result:
    """T32, T32b: send the case back to its leads for another round."""
    permit(call.actor, A.reworkIncident)
    asked = rules.Rework(
        reason=given.reason,
        words=given.text,
        leads=given.leads,
        supports=given.supports,
        minutes=given.minutes,
    )

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        return rules.rework(act, case, asked, await grounds_of(work, case, act.now))

    return await change_case(call, A.reworkIncident, given, decide)
