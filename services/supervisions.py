"""Supervision by hand (domain.md B.3 T37)."""

from dataclasses import dataclass
from uuid import UUID

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


async def supervise(call: Call, given: SuperviseIncident) -> Result:
    """T37: issue a supervision; only a higher one than the case has."""
    permit(call.actor, A.superviseIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.supervise(act, case, given.level, given.text)

    return await change_case(call, A.superviseIncident, given, decide)
