"""Before filing (domain.md B.3 T3, T4, T8, T9, B.5 confirmGrid)."""

from dataclasses import dataclass
from uuid import UUID

from db import grids, orgs, regions
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.grid import Grid
from domain.incident import CaseOutcome
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.loop import intake as rules
from domain.verification import CheckResult
from services.apply import change_case, pictures
from services.command import Call, PointGiven, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestVerification:
    """Which unit's workers may verify besides the inspectors and the grid's own."""

    id: UUID
    expected_version: int
    org_unit_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVerification:
    """What was found on site: PASS is true, FAIL is not."""

    id: UUID
    expected_version: int
    result: CheckResult
    point: PointGiven | None = None
    media_ids: tuple[UUID, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfHandleIncident:
    """What the finder did on the spot, with pictures from before and after."""

    id: UUID
    expected_version: int
    outcome: CaseOutcome
    result_text: str
    before_media_ids: tuple[UUID, ...] = ()
    after_media_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSelfHandled:
    """Whether what was done on the spot holds."""

    id: UUID
    expected_version: int
    accept: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmGrid:
    """The grid, where the one found by the point is not right."""

    id: UUID
    expected_version: int
    grid_id: UUID | None = None


async def request_verification(call: Call, given: RequestVerification) -> Result:
    """T8: have the report verified on site."""
    permit(call.actor, A.requestVerification)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        unit_id = given.org_unit_id
        if unit_id is not None:
            found = await orgs.get([unit_id], viewer=act.actor, connection=work.connection)
            if unit_id not in found or not found[unit_id].active:
                raise DomainError(ErrorCode.NOT_FOUND, "orgUnitId")
        return rules.request_verification(act, case, unit_id)

    return await change_case(call, A.requestVerification, given, decide)


async def record_verification(call: Call, given: RecordVerification) -> Result:
    """T9: record what was found on site."""
    permit(call.actor, A.recordVerification)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        found = rules.Finding(
            result=given.result,
            point=given.point.checked() if given.point else None,
            media=await pictures(work, act, given.media_ids, "mediaIds"),
            note=given.note,
        )
        return rules.record_verification(act, case, found)

    return await change_case(call, A.recordVerification, given, decide)


async def self_handle(call: Call, given: SelfHandleIncident) -> Result:
    """T3: report that it was handled on the spot."""
    permit(call.actor, A.selfHandleIncident)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        done = rules.SelfHandling(
            outcome=given.outcome,
            result_text=given.result_text,
            before_media=await pictures(work, act, given.before_media_ids, "beforeMediaIds"),
            after_media=await pictures(work, act, given.after_media_ids, "afterMediaIds"),
        )
        return rules.self_handle(act, case, done)

    return await change_case(call, A.selfHandleIncident, given, decide)


async def review_self_handled(call: Call, given: ReviewSelfHandled) -> Result:
    """T4: accept what was handled on the spot, or take the report in after all."""
    permit(call.actor, A.reviewSelfHandled)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.review_self_handled(act, case, given.text, accept=given.accept)

    return await change_case(call, A.reviewSelfHandled, given, decide)


async def confirm_grid(call: Call, given: ConfirmGrid) -> Result:
    """B.5: confirm the grid of the case, or set another by hand."""
    permit(call.actor, A.confirmGrid)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        grid = await _grid(work, act, given.grid_id) if given.grid_id is not None else None
        above = await regions.ancestors(grid.region_id, connection=work.connection) if grid else ()
        return rules.confirm_grid(act, case, grid, above)

    return await change_case(call, A.confirmGrid, given, decide)


async def _grid(work: Work, act: Act, grid_id: UUID) -> Grid:
    """A grid in force; NOT_FOUND (field `gridId`)."""
    found = (await grids.get([grid_id], viewer=act.actor, connection=work.connection)).get(grid_id)
    if found is None or found.valid_to is not None:
        raise DomainError(ErrorCode.NOT_FOUND, "gridId")
    return found
