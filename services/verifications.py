"""Checks (domain.md B.3 T27 to T30, B.6 T28b)."""

from dataclasses import dataclass
from uuid import UUID

from db import orgs
from db.loop.ladder import grounds_of
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.rules import verification as rules
from domain.rules.act import Act
from domain.verification import CheckResult
from services.apply import change_case, pictures
from services.command import Call, PointGiven, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCheck:
    """Which unit is to check; None leaves it to the inspectors."""

    id: UUID
    expected_version: int
    inspector_org_unit_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheck:
    """What was found, where, with which pictures; on FAIL whether it was 虚假办结, and who must do it again."""

    id: UUID
    expected_version: int
    result: CheckResult
    point: PointGiven | None = None
    media_ids: tuple[UUID, ...] = ()
    note: str | None = None
    false_completion: bool = False
    leads: tuple[UUID, ...] = ()


async def request_check(call: Call, given: RequestCheck) -> Result:
    """T27: ask for a check of the submitted result."""
    permit(call.actor, A.requestCheck)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        org_id = given.inspector_org_unit_id
        if org_id is not None:
            found = await orgs.get([org_id], viewer=act.actor, connection=work.connection)
            if org_id not in found or not found[org_id].active:
                raise DomainError(ErrorCode.NOT_FOUND, "inspectorOrgUnitId")
        return rules.request_check(act, case, org_id)

    return await change_case(call, A.requestCheck, given, decide)


async def record_check(call: Call, given: RecordCheck) -> Result:
    """T28, T28b, T30: record what the check found."""
    permit(call.actor, A.recordCheck)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        taken = await pictures(work, act, given.media_ids, "mediaIds")
        point = given.point.checked() if given.point else None
        check = rules.Check(
            result=given.result,
            point=point,
            media=taken,
            note=given.note,
            false_completion=given.false_completion,
            leads=given.leads,
        )
        grounds = await grounds_of(work, case, act.now) if given.false_completion else None
        return rules.record_check(act, case, check, grounds)

    return await change_case(call, A.recordCheck, given, decide)
