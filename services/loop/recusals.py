"""Keeping out of a case one is related to (R82)."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from db import people
from db.loop import recusals
from db.unit_of_work import Work
from domain import text
from domain.action import ActionName as A
from domain.case import Case
from domain.life.outcome import Outcome, conclude
from domain.loop.recusal import Recusal, carried, taken_back
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
        await _told(work, act, {recusal.person_id}, A.declareRecusal)
        return conclude(case, case, [act.happening("R82")])

    return await change_case(call, A.declareRecusal, given, decide)


async def carry(work: Work, act: Act, children: Collection[UUID], master_id: UUID) -> None:
    """T7: whoever keeps out of a merged case or of its master keeps out of both, and the log says so first."""
    known = await recusals.of_cases(work, (*children, master_id))
    for child_id in children if known else ():
        new = carried(known, child_id, master_id, act.now)
        for recusal in new:
            await recusals.insert(work, recusal)
        await _told(work, act, {it.person_id for it in new}, A.mergeIncident)
        known += new


async def take_back(work: Work, act: Act, child_id: UUID, master_id: UUID) -> None:
    """T7u: what the merge had carried is undone with it."""
    old = taken_back(await recusals.of_cases(work, (child_id, master_id)), child_id, master_id)
    await recusals.delete(work, old)
    await _told(work, act, {it.person_id for it in old}, A.unmergeIncident)


async def _told(work: Work, act: Act, people_: Collection[UUID], action: A) -> None:
    """Whose rights changed, in the order of their ids, as all lock them."""
    for person_id in sorted(people_):
        person = await people.load(work, person_id)
        work.append(rights.of_person(person, RightsReason.RIGHTS_CHANGED, act.now, action, act.actor_id))
