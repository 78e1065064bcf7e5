"""More time to handle (domain.md B.3, B.6 T22)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db import dictionaries
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.case import Case
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.time import extension as rules
from services.apply import change_row
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestExtension:
    """How many working days more, why, and when the complainant was told."""

    id: UUID
    expected_version: int
    days: int
    reason: str
    text: str
    informed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideExtension:
    """Whether more time is granted, and how many of the days asked; all of them by default."""

    id: UUID
    expected_version: int
    accept: bool
    approved_days: int | None = None
    text: str | None = None


async def request(call: Call, given: RequestExtension) -> Result:
    """T22: ask for more time; `made["request"]`."""
    permit(call.actor, A.requestExtension)

    async def decide(work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        then = await dictionaries.rulebook(
            row.dispatched_at,
            category_id=case.incident.category_id,
            region_ids=case.region_ids,
            connection=work.connection,
        )
        wish = rules.Wish(
            days=given.days, reason=given.reason, text=given.text, informed_at=given.informed_at
        )
        return rules.request(act, case, row, wish, then.policy)

    return await change_row(call, A.requestExtension, given, decide)


async def decide(call: Call, given: DecideExtension) -> Result:
    """T22: grant more time or refuse it; `made["request"]`."""
    permit(call.actor, A.decideExtension)

    async def decided(_work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        return rules.decide(
            act, case, row, accept=given.accept, approved_days=given.approved_days, answer=given.text
        )

    return await change_row(call, A.decideExtension, given, decided)
