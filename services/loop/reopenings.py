"""Reopening a closed case (domain.md B.3 T34, B.6 T34b)."""

from dataclasses import dataclass
from uuid import UUID

from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.loop import reopening as rules
from services.apply import change_case, pictures
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenIncident:
    """Why the case is open again, which of its leading units work (all by default), and the evidence."""

    id: UUID
    expected_version: int
    reason: str
    leads: tuple[UUID, ...] = ()
    media_ids: tuple[UUID, ...] = ()


async def reopen(call: Call, given: ReopenIncident) -> Result:
    """T34, T34b: reopen a case."""
    permit(call.actor, A.reopenIncident)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        taken = await pictures(work, act, given.media_ids, "mediaIds")
        return rules.reopen(act, case, given.reason, given.leads, taken)

    return await change_case(call, A.reopenIncident, given, decide)
