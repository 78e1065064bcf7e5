"""The work of units by its commands: T13, T13c, T21, T26, R24, copies and handlers (domain.md B.3, B.6)."""

from dataclasses import dataclass
from uuid import UUID

from db import people
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.person import ROLES_OF_POST, Role
from domain.rules.act import Act
from domain.rules.loop import joint as rules
from domain.rules.loop import milestone
from services.apply import change_case, change_row, pictures
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawDispatch:
    """Why the dispatch is taken back."""

    id: UUID
    expected_version: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSupport:
    """Why a support is let go."""

    id: UUID
    expected_version: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignHandler:
    """Who of the unit handles the assignment."""

    id: UUID
    expected_version: int
    person_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteMilestone:
    """Which milestone of the assignment is done, by its name, with evidence."""

    id: UUID
    expected_version: int
    milestone: str
    text: str
    media_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAsSupport:
    """What a support did, with evidence."""

    id: UUID
    expected_version: int
    text: str
    media_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeCopy:
    """Which copy was read."""

    id: UUID
    expected_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnResult:
    """What is wanting, and in whose result; all that were submitted when none is named."""

    id: UUID
    expected_version: int
    text: str
    assignment_ids: tuple[UUID, ...] = ()


async def withdraw(call: Call, given: WithdrawDispatch) -> Result:
    """T13: take a dispatch back before anybody has signed."""
    permit(call.actor, A.withdrawDispatch)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.withdraw(act, case, given.reason)

    return await change_case(call, A.withdrawDispatch, given, decide)


async def release_support(call: Call, given: ReleaseSupport) -> Result:
    """T13c: let a silent support go, so that the lead can submit."""
    permit(call.actor, A.releaseSupport)

    async def decide(_work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        return rules.release_support(act, case, row, given.reason)

    return await change_row(call, A.releaseSupport, given, decide)


async def assign_handler(call: Call, given: AssignHandler) -> Result:
    """B.5: name who of the unit handles the assignment. NOT_FOUND, field `personId`, for anybody else."""
    permit(call.actor, A.assignHandler)

    async def decide(work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        if not await _works_at(work, act, given.person_id, row.org_id):
            raise DomainError(ErrorCode.NOT_FOUND, "personId", rule="B.5")
        return rules.assign_handler(act, case, row, given.person_id)

    return await change_row(call, A.assignHandler, given, decide)


async def complete_milestone(call: Call, given: CompleteMilestone) -> Result:
    """R24: a milestone of the assignment is done."""
    permit(call.actor, A.completeMilestone)

    async def decide(work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        evidence = await pictures(work, act, given.media_ids, "mediaIds")
        return milestone.complete(act, case, row, given.milestone, given.text, evidence)

    return await change_row(call, A.completeMilestone, given, decide)


async def reply_as_support(call: Call, given: ReplyAsSupport) -> Result:
    """T21: reply as a supporting unit."""
    permit(call.actor, A.replyAsSupport)

    async def decide(work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        evidence = await pictures(work, act, given.media_ids, "mediaIds")
        return rules.reply_as_support(act, case, row, given.text, evidence)

    return await change_row(call, A.replyAsSupport, given, decide)


async def acknowledge_copy(call: Call, given: AcknowledgeCopy) -> Result:
    """R13: acknowledge a copy."""
    permit(call.actor, A.acknowledgeCopy)

    async def decide(_work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        return rules.acknowledge_copy(act, case, row)

    return await change_row(call, A.acknowledgeCopy, given, decide)


async def return_result(call: Call, given: ReturnResult) -> Result:
    """T26: send results back to be put right."""
    permit(call.actor, A.returnResult)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.return_result(act, case, given.assignment_ids, given.text)

    return await change_case(call, A.returnResult, given, decide)


async def _works_at(work: Work, act: Act, person_id: UUID, org_id: UUID) -> bool:
    """Whether the person is active and handles for the unit now."""
    person = await people.viewer_of(person_id, act.now, connection=work.connection)
    return person is not None and any(
        post.org_id == org_id and Role.HANDLER in ROLES_OF_POST[post.type] for post in person.posts
    )
