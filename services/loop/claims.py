"""Cases of disputed duty that a unit takes up by itself (domain.md B.3 T12, S37)."""

from dataclasses import dataclass
from uuid import UUID

from db import dictionaries
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.incident import IncidentState
from domain.life.outcome import Outcome
from domain.loop.request import RequestKind
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.dispute import claim as rules
from services.apply import change_case
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimIncident:
    """Why the unit takes the case."""

    id: UUID
    expected_version: int
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmClaim:
    """Whether the unit gets the case; the words become the basis of its assignment."""

    id: UUID
    expected_version: int
    accept: bool
    text: str


async def claim(call: Call, given: ClaimIncident) -> Result:
    """T12: claim a case of the pool, which its unit does not see otherwise."""
    permit(call.actor, A.claimIncident)

    def pooled(case: Case) -> bool:
        return case.incident.state is IncidentState.FILED and case.incident.claim_until is not None

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.claim(act, case, given.text)

    return await change_case(call, A.claimIncident, given, decide, opened=pooled)


async def confirm(call: Call, given: ConfirmClaim) -> Result:
    """T12: give the case to the unit that claimed it, or not."""
    permit(call.actor, A.confirmClaim)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        (asked,) = case.waiting(RequestKind.CLAIM)
        category = case.incident.category_id
        duty = await dictionaries.duty_basis(work, asked.org_id, category, act.now) if asked.org_id else None
        return rules.confirm(act, case, given.text, accept=given.accept, duty=duty is not None)

    return await change_case(call, A.confirmClaim, given, decide)
