"""Giving cases back, and who decides (domain.md B.3 T15 to T17)."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from db import orgs
from db.loop import requests
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.life.outcome import Outcome
from domain.loop.request import ReturnReason
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.dispute import returning as rules
from services.apply import change_row
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReturn:
    """Why the unit gives its assignment back, by what basis, and whose it is instead."""

    id: UUID
    expected_version: int
    reason: ReturnReason
    basis: str
    text: str
    suggested_org_unit_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideReturn:
    """Whether the return is right; `shirked` finds that the unit only avoids its duty."""

    id: UUID
    expected_version: int
    accept: bool
    text: str
    shirked: bool = False


async def request(call: Call, given: RequestReturn) -> Result:
    """T15: ask to return an assignment."""
    permit(call.actor, A.requestReturn)

    async def decide(work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        suggested = given.suggested_org_unit_id
        if suggested is not None:
            unit = (await orgs.known([suggested], work.connection)).get(suggested)
            if unit is None or not unit.active:
                raise DomainError(ErrorCode.NOT_FOUND, "suggestedOrgUnitId", rule="T15")
        asked = rules.Asked(
            reason=given.reason, basis=given.basis, text=given.text, suggested_org_id=suggested
        )
        return rules.request_return(act, case, row, asked)

    return await change_row(call, A.requestReturn, given, decide)


async def decide(call: Call, given: DecideReturn) -> Result:
    """T16, T17: approve or reject a return."""
    permit(call.actor, A.decideReturn)

    async def decided(work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        since = act.now - timedelta(days=rules.SHIRKED_DAYS)
        decision = rules.Decision(
            accept=given.accept,
            text=given.text,
            shirked=given.shirked,
            refused_before=await requests.refused_since(work, row.org_id, since),
            claimed=await requests.bonus_booked(work, case.incident.id, row.org_id),
        )
        return rules.decide_return(act, case, row, decision)

    return await change_row(call, A.decideReturn, given, decided)
