"""Suspending what cannot be done now: asked, decided, reviewed every month, resumed (domain.md B.3, B.6 T23 to T24)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain import text
from domain.assignment import Assignment, AssignmentState
from domain.case import Case, put
from domain.clock import ClockType, TimeUnit, due_time
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, Fact
from domain.incident import Note
from domain.life.guards.time import may_review
from domain.life.outcome import Happening, Outcome, conclude
from domain.loop.request import HangReason, HangReview, Request, RequestKind, RequestState
from domain.rules.act import Act
from domain.rules.clock import paused, resumed, start, stopped, with_clocks

_STILL = (ClockType.HANDLE, ClockType.CONTACT, ClockType.MILESTONE)
"""What stands still while a row is hung: whoever could be reached was contacted before (T23)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Why and until when; `text` is the public explanation."""

    reason: HangReason
    plan: str
    text: str
    next_review_at: datetime
    max_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a review decides about some hung rows, by default all; `next_review_at` for CONTINUE alone."""

    review: HangReview
    text: str
    assignment_ids: Collection[UUID] = ()
    next_review_at: datetime | None = None


def request(act: Act, case: Case, row: Assignment, plan: Plan) -> Outcome:
    """T23: the row waits for the decision, HANDLE runs on and HANG_DECIDE starts.

    BAD_INPUT (plan, text; nextReviewAt beyond 30 days; maxUntil before it).
    """
    _check_next(act, case, plan.next_review_at)
    if plan.max_until < plan.next_review_at:
        raise DomainError(ErrorCode.BAD_INPUT, "maxUntil", rule="T23")
    made = Request(
        id=act.new_id(),
        incident_id=case.incident.id,
        assignment_id=row.id,
        kind=RequestKind.HANG,
        org_id=row.org_id,
        asked_by_id=act.actor_id,
        asked_at=act.now,
        reason=plan.reason.value,
        basis=text.checked(plan.plan, "plan"),
        text=text.checked(plan.text, "text"),
        review_at=plan.next_review_at,
        max_until=plan.max_until,
    )
    asked = replace(row, state=AssignmentState.HANG_REQ)
    after = replace(case, requests=(*case.requests, made), assignments=put(case.assignments, asked))
    after = with_clocks(after, start(act, after.incident, ClockType.HANG_DECIDE, assignment_id=row.id))
    data: dict[str, Fact] = {"request": str(made.id), "reason": plan.reason.value}
    return conclude(case, after, [act.happening("T23", assignment_id=row.id, data=data)])


def decide(act: Act, case: Case, row: Assignment, *, accept: bool, answer: str | None = None) -> Outcome:
    """T23: hung, HANDLE stands still and HANG_REVIEW starts; or the row goes on. BAD_INPUT: a refusal without text."""
    (waiting,) = case.waiting(RequestKind.HANG, assignment_id=row.id)
    decided = replace(
        waiting,
        state=RequestState.APPROVED if accept else RequestState.REJECTED,
        decided_by_id=act.actor_id,
        decided_at=act.now,
        answer=text.optional(answer, "text") if accept else text.checked(answer or "", "text"),
    )
    after = stopped(case, act.now, (ClockType.HANG_DECIDE,), row.id)
    after = replace(after, requests=put(after.requests, decided))
    if accept:
        after = paused(after, act.now, _STILL, row.id)
        after = _reviewed_at(act, after, row.id, decided.review_at)
    state = AssignmentState.HUNG if accept else AssignmentState.ACCEPTED
    after = _with_row(after, replace(after.assignment(row.id), state=state, close_hung=False))
    data: dict[str, Fact] = {"request": str(decided.id), "accept": accept}
    return conclude(case, after, [act.happening("T23", assignment_id=row.id, data=data)])


def review(act: Act, case: Case, given: Review) -> Outcome:
    """T23b: hung rows go on being hung, are resumed (T24), or may be submitted as hung and open.

    NOT_FOUND (assignmentIds), ILLEGAL_TRANSITION for a row that is not hung, FORBIDDEN for who asked for it or belongs
    to its unit, BAD_INPUT (text; nextReviewAt, beyond 30 days or the end that was agreed, or for no CONTINUE).
    """
    rows = _chosen(act, case, given.assignment_ids)
    note = Note(
        id=act.new_id(),
        incident_id=case.incident.id,
        author_id=act.actor.person_id,
        text=text.checked(given.text, "text"),
        at=act.now,
    )
    after = replace(case, notes=(*case.notes, note))
    happenings = []
    for row in rows:
        after, happening = _one_reviewed(act, after, row, given)
        happenings.append(happening)
    return conclude(case, after, happenings)


def resume(act: Act, case: Case, row: Assignment, reason: str) -> Outcome:
    """T24 by the director: HANDLE goes on with what was left. BAD_INPUT (text)."""
    note = Note(
        id=act.new_id(),
        incident_id=case.incident.id,
        author_id=act.actor.person_id,
        text=text.checked(reason, "text"),
        at=act.now,
    )
    after, happening = _resumed(act, replace(case, notes=(*case.notes, note)), row)
    return conclude(case, after, [happening])


def resume_at_max(act: Act, case: Case, row_id: UUID) -> Case:
    """T24 by the timer: the case with that hung row at work again, for what was agreed has run out."""
    after, _ = _resumed(act, case, case.assignment(row_id))
    return after


def ends_at(case: Case, row_id: UUID) -> datetime | None:
    """Until when at most the row may be hung; None for a row that nobody let hang."""
    asked = _agreed(case, row_id)
    return asked.max_until if asked else None


def _one_reviewed(act: Act, case: Case, row: Assignment, given: Review) -> tuple[Case, Happening]:
    if given.review is not HangReview.CONTINUE and given.next_review_at is not None:
        raise DomainError(ErrorCode.BAD_INPUT, "nextReviewAt", rule="T23b")
    data: dict[str, Fact] = {"review": given.review.value}
    if given.review is HangReview.RESUME:
        return _resumed(act, case, row, data)
    if given.review is HangReview.ALLOW_CLOSE:
        after = _with_row(case, replace(row, close_hung=True))
        return after, act.happening("T23b", assignment_id=row.id, data=data)
    asked = _agreed(case, row.id)
    _check_next(act, case, given.next_review_at, asked.max_until if asked else None)
    before = case.running(ClockType.HANG_REVIEW, row.id)
    after = stopped(case, act.now, (ClockType.HANG_REVIEW,), row.id)
    after = _reviewed_at(act, after, row.id, given.next_review_at)
    if asked:
        after = replace(after, requests=put(after.requests, replace(asked, review_at=given.next_review_at)))
    (clock,) = after.running(ClockType.HANG_REVIEW, row.id)
    data |= {"clock": str(clock.id), "after": clock.due_at.isoformat()}
    if before:
        data["before"] = before[0].due_at.isoformat()
    return after, act.happening("T23b", EventKind.CLOCK_MOVED, assignment_id=row.id, data=data)


def _resumed(
    act: Act, case: Case, row: Assignment, data: dict[str, Fact] | None = None
) -> tuple[Case, Happening]:
    """The row ACCEPTED, its clocks with what was left; HANG_REVIEW stops."""
    after = resumed(act, case, _STILL, "T24", row.id)
    after = stopped(after, act.now, (ClockType.HANG_REVIEW,), row.id)
    working = replace(after.assignment(row.id), state=AssignmentState.ACCEPTED, close_hung=False)
    moves: dict[str, Fact] = {
        "before": row.handle_due_at.isoformat() if row.handle_due_at else None,
        "after": working.handle_due_at.isoformat() if working.handle_due_at else None,
    }
    happening = act.happening(
        "T24", EventKind.CLOCK_MOVED, assignment_id=row.id, data={**(data or {}), **moves}
    )
    return _with_row(after, working), happening


def _chosen(act: Act, case: Case, ids: Collection[UUID]) -> list[Assignment]:
    """The rows named, by default every hung lead."""
    leads = {row.id: row for row in case.leads}
    if not set(ids) <= leads.keys():
        raise DomainError(ErrorCode.NOT_FOUND, "assignmentIds", rule="T23b")
    rows = [row for row in case.leads if row.id in ids or (not ids and row.state is AssignmentState.HUNG)]
    for row in rows:
        if row.state is not AssignmentState.HUNG:
            facts = {"from": row.state.value}
            raise DomainError(ErrorCode.ILLEGAL_TRANSITION, "assignmentIds", rule="T23b", facts=facts)
        if not may_review(act.actor, case, row):
            raise DomainError(ErrorCode.FORBIDDEN, "assignmentIds", rule="T23b")
    return rows


def _reviewed_at(act: Act, case: Case, row_id: UUID, at: datetime | None) -> Case:
    clock = start(act, case.incident, ClockType.HANG_REVIEW, assignment_id=row_id, external_due=at)
    return with_clocks(case, clock)


def _agreed(case: Case, row_id: UUID) -> Request | None:
    """The approval the row is hung by: the latest."""
    return next(
        (
            it
            for it in reversed(case.requests)
            if it.kind is RequestKind.HANG
            and it.assignment_id == row_id
            and it.state is RequestState.APPROVED
        ),
        None,
    )


def _check_next(act: Act, case: Case, at: datetime | None, last: datetime | None = None) -> None:
    """T23: a review within 30 days, and never after the end that was agreed."""
    limit = act.policy.limit(ClockType.HANG_REVIEW, case.incident.urgency.value)
    within = (
        act.now + timedelta(days=limit.amount)
        if limit.unit is TimeUnit.NATURAL_DAY
        else due_time(act.now, limit, act.calendar)
    )
    latest = within if last is None else min(within, last)
    if at is None or not act.now < at <= latest:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "nextReviewAt",
            rule="T23",
            zh="下次复查须在 30 天内，且不晚于最迟期限",
            en="The next review comes within 30 days and not after the end agreed",
            facts={"latest": latest.isoformat()},
        )


def _with_row(case: Case, row: Assignment) -> Case:
    return replace(case, assignments=put(case.assignments, row))
