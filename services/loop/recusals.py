"""Keeping out of a case one is related to (R82)."""

from dataclasses import dataclass
from uuid import UUID

from db import people
from db.loop import recusals
from db.unit_of_work import Work
from domain import text
from domain.action import ActionName as A
from domain.case import Case
from domain.life.outcome import Outcome, conclude
from domain.loop.recusal import Recusal
from domain.permission import permit
from domain.rules import rights
from domain.rules.act import Act
from domain.rules.rights import RightsReason
from services.apply import change_case
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareRecusal:
    """In which case, and why."""

    id: UUID
    expected_version: int
    reason: str


async def declare(call: Call, given: DeclareRecusal) -> Result:
    """R82: from now on the person sees nothing of the case, and does nothing in it.

    FORBIDDEN (R82) for who has declared it before, BAD_INPUT (field `reason`). The case itself does not change; the
    log says so of the person first, whose streams end with the rights, and then of the case.
    """
    permit(call.actor, A.declareRecusal)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        recusal = Recusal(
            id=act.new_id(),
            incident_id=case.incident.id,
            person_id=act.actor.person_id,
            reason=text.checked(given.reason, "reason"),
            at=act.now,
        )
        await recusals.insert(work, recusal)
        person = await people.load(work, act.actor.person_id)
        told = rights.of_person(person, RightsReason.RIGHTS_CHANGED, act.now, A.declareRecusal, person.id)
        work.append(told)
        return conclude(case, case, [act.happening("R82")])

    return await change_case(call, A.declareRecusal, given, decide)
