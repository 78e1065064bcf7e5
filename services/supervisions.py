"""Supervision by hand, the units' replies, and taking it back (domain.md B.3 T37, T38)."""

from dataclasses import dataclass
from uuid import UUID

from db.loop.ladder import grounds_of
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.rules import supervision as rules
from domain.rules.act import Act
from domain.supervision import SupervisionLevel
from services.apply import change_case
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class SuperviseIncident:
    """Which card, and the words that go with it."""

    id: UUID
    expected_version: int
    level: SupervisionLevel
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplySupervision:
    """Which card is answered, and how."""

    id: UUID
    expected_version: int
    supervision_id: UUID
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSupervision:
    """Why the supervision ends."""

    id: UUID
    expected_version: int
    reason: str


async def supervise(call: Call, given: SuperviseIncident) -> Result:
    """T37: issue a supervision; only a higher one than the case has."""
    permit(call.actor, A.superviseIncident)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        grounds = await grounds_of(work, case, act.now)
        return rules.supervise(act, case, given.level, given.text, grounds)

    return await change_case(call, A.superviseIncident, given, decide)


async def reply(call: Call, given: ReplySupervision) -> Result:
    """T37: a unit answers a supervision."""
    permit(call.actor, A.replySupervision)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.reply(act, case, given.supervision_id, given.text)

    answered = {"supervision": (given.supervision_id,)}
    return await change_case(call, A.replySupervision, given, decide, beside=answered)


async def cancel(call: Call, given: CancelSupervision) -> Result:
    """T38: the supervision of a case is taken back; points stay."""
    permit(call.actor, A.cancelSupervision)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.cancel(act, case, given.reason)

    return await change_case(call, A.cancelSupervision, given, decide)
