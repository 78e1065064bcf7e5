"""Archiving by hand, what the timer has not archived yet (domain.md B.3 T35)."""

from dataclasses import dataclass
from uuid import UUID

from db import cases
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.life.transition import require
from domain.permission import permit
from domain.rules.loop import archive as rules
from services.apply import act_of, answer, apply, seal_children
from services.command import Call, Result, check_version, perform


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveIncident:
    """Which case."""

    id: UUID
    expected_version: int


async def archive(call: Call, given: ArchiveIncident) -> Result:
    """T35: a closed case is archived once it is due, the cases merged into it with it.

    What is due is what was asked for, so nothing is caught up with first: whoever comes before the timer archives.
    """
    permit(call.actor, A.archiveIncident)

    async def body(work: Work) -> Result:
        case = await cases.load(work, given.id, viewer=call.actor)
        check_version(case.incident.version, given.expected_version)
        require(call.actor, A.archiveIncident, case)
        act = await act_of(work, call, A.archiveIncident, case)
        outcome = rules.archive(act, case)
        await seal_children(work, act, outcome.case)
        await apply(work, case, outcome)
        return answer(case, outcome.case)

    return await perform(call, A.archiveIncident, given, body)
