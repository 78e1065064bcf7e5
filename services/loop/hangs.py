"""Suspending what cannot be done now (domain.md B.3, B.6 T23, T23b, T24; trap 27)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.case import Case
from domain.life.outcome import Outcome
from domain.loop.request import HangReason, HangReview
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.time import hang as rules
from services.apply import change_case, change_row
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHang:
    """Why it cannot be done now, what is planned, the public explanation, and until when."""

    id: UUID
    expected_version: int
    reason: HangReason
    plan: str
    text: str
    next_review_at: datetime
    max_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideHang:
    """Whether the assignment is hung; a refusal says why."""

    id: UUID
    expected_version: int
    accept: bool
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewHang:
    """What a review decides about hung assignments of a case, all of them by default."""

    id: UUID
    expected_version: int
    review: HangReview
    text: str
    assignment_ids: tuple[UUID, ...] = ()
    next_review_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeHung:
    """Which hung assignment goes on, and why."""

    id: UUID
    expected_version: int
    text: str


async def request(call: Call, given: RequestHang) -> Result:
    """T23: ask to hang an assignment; `made["request"]`."""
    permit(call.actor, A.requestHang)

    async def decide(_work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        plan = rules.Plan(
            reason=given.reason,
            plan=given.plan,
            text=given.text,
            next_review_at=given.next_review_at,
            max_until=given.max_until,
        )
        return rules.request(act, case, row, plan)

    return await change_row(call, A.requestHang, given, decide)


async def decide(call: Call, given: DecideHang) -> Result:
    """T23: hang the assignment or refuse to; `made["request"]`."""
    permit(call.actor, A.decideHang)

    async def decided(_work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        return rules.decide(act, case, row, accept=given.accept, answer=given.text)

    return await change_row(call, A.decideHang, given, decided)


async def review(call: Call, given: ReviewHang) -> Result:
    """T23b: review what is hung."""
    permit(call.actor, A.reviewHang)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        found = rules.Review(
            review=given.review,
            text=given.text,
            assignment_ids=given.assignment_ids,
            next_review_at=given.next_review_at,
        )
        return rules.review(act, case, found)

    return await change_case(call, A.reviewHang, given, decide)


async def resume(call: Call, given: ResumeHung) -> Result:
    """T24: take a hung assignment up again."""
    permit(call.actor, A.resumeHung)

    async def decide(_work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        return rules.resume(act, case, row, given.text)

    return await change_row(call, A.resumeHung, given, decide)
