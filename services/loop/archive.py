"""Archiving by hand, for cases that no clock archives (domain.md B.3 T35)."""

from dataclasses import dataclass
from uuid import UUID

from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.loop import archive as rules
from services.apply import change_case, seal_children
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveIncident:
    """Which case."""

    id: UUID
    expected_version: int


async def archive(call: Call, given: ArchiveIncident) -> Result:
    """T35: a closed case is archived once it is due, the cases merged into it with it."""
    permit(call.actor, A.archiveIncident)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        outcome = rules.archive(act, case)
        await seal_children(work, act, outcome.case)
        return outcome

    return await change_case(call, A.archiveIncident, given, decide)
