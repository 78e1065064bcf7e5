"""More time to handle: asked before it runs out, decided by another (domain.md B.3, B.6 T22)."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain import text
from domain.assignment import Assignment, AssignmentState
from domain.case import Case, put
from domain.clock import Clock, ClockType
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, Fact
from domain.life.outcome import Outcome, conclude
from domain.loop.request import Request, RequestKind, RequestState
from domain.loop.shift import extended_due, moved_to
from domain.policy import EXTENSION, Policy
from domain.rules.act import Act
from domain.rules.clock import calendar_of, start, stopped, with_clocks, with_due

REASON = 24
"""Characters of a reason in short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How many working days more, why in short and in words, and when the complainant was told."""

    days: int
    reason: str
    text: str
    informed_at: datetime | None = None


def request(act: Act, case: Case, row: Assignment, wish: Wish, policy: Policy | None = None) -> Outcome:
    """T22: the row waits for the decision, HANDLE runs on and EXT_DECIDE starts.

    `policy` is the one the row was dispatched under, which says how many days it may be given (trap 18).
    EXTENSION_LIMIT where the urgency knows no extension (B.2), BAD_INPUT (days, reason, text), GUARD_FAILED
    (informedAt) when a complainant who can be reached was not told since the dispatch.
    """
    limit = (policy or act.policy).special(EXTENSION, case.incident.urgency.value)
    if limit is None:
        raise DomainError(ErrorCode.EXTENSION_LIMIT, rule="T22")
    _check_days(wish.days, limit.amount, "days")
    _check_informed(act, case, row, wish.informed_at)
    asked = [it for it in case.requests if it.kind is RequestKind.EXTENSION and it.assignment_id == row.id]
    made = Request(
        id=act.new_id(),
        incident_id=case.incident.id,
        assignment_id=row.id,
        kind=RequestKind.EXTENSION,
        org_id=row.org_id,
        asked_by_id=act.actor_id,
        asked_at=act.now,
        reason=text.line(wish.reason, "reason", most=REASON),
        text=text.checked(wish.text, "text"),
        ordinal=len(asked) + 1,
        days=wish.days,
        informed_at=wish.informed_at,
    )
    after = replace(
        case,
        requests=(*case.requests, made),
        assignments=put(case.assignments, replace(row, state=AssignmentState.EXT_REQ)),
    )
    after = with_clocks(after, start(act, after.incident, ClockType.EXT_DECIDE, assignment_id=row.id))
    data: dict[str, Fact] = {"request": str(made.id), "ordinal": made.ordinal, "days": made.days}
    return conclude(case, after, [act.happening("T22", assignment_id=row.id, data=data)])


def decide(
    act: Act,
    case: Case,
    row: Assignment,
    *,
    accept: bool,
    approved_days: int | None = None,
    answer: str | None = None,
) -> Outcome:
    """T22: the row goes on; only an approval moves the due time, never a breach (B.6 D, traps 2 and 3).

    BAD_INPUT for more days than were asked (approvedDays; all of them by default) or a refusal without words (text).
    """
    (waiting,) = case.waiting(RequestKind.EXTENSION, assignment_id=row.id)
    days = _granted(waiting, approved_days) if accept else None
    decided = replace(
        waiting,
        state=RequestState.APPROVED if accept else RequestState.REJECTED,
        approved_days=days,
        decided_by_id=act.actor_id,
        decided_at=act.now,
        answer=text.optional(answer, "text") if accept else text.checked(answer or "", "text"),
    )
    after = stopped(case, act.now, (ClockType.EXT_DECIDE,), row.id)
    accepted = replace(after.assignment(row.id), state=AssignmentState.ACCEPTED)
    after = replace(
        after, requests=put(after.requests, decided), assignments=put(after.assignments, accepted)
    )
    data: dict[str, Fact] = {"request": str(decided.id), "accept": accept}
    if days is None:
        return conclude(case, after, [act.happening("T22", assignment_id=row.id, data=data)])
    after, moves = _extended(act, after, row, days)
    moved = act.happening("T22", EventKind.CLOCK_MOVED, assignment_id=row.id, data={**data, **moves})
    return conclude(case, after, [moved])


def _extended(act: Act, case: Case, row: Assignment, days: int) -> tuple[Case, dict[str, Fact]]:
    """The row's HANDLE clock with working days added to its due time; a source's due time still wins (B.2)."""
    (clock,) = case.running(ClockType.HANDLE, row.id)
    calendar = calendar_of(act, case, clock)
    due = extended_due(clock.due_at, days, calendar)
    due = act.policy.effective_due(due, case.incident.external_due_at, calendar)
    later = moved_to(clock, max(clock.due_at, due), case.incident.urgency, calendar)
    return with_due(with_clocks(case, later), later), _moves(clock, later, days)


def _moves(before: Clock, after: Clock, days: int) -> dict[str, Fact]:
    return {
        "clock": str(after.id),
        "days": days,
        "before": before.due_at.isoformat(),
        "after": after.due_at.isoformat(),
    }


def _granted(waiting: Request, approved_days: int | None) -> int:
    asked = waiting.days or 1
    days = asked if approved_days is None else approved_days
    _check_days(days, asked, "approvedDays")
    return days


def _check_days(days: int, most: int, field: str) -> None:
    if not 1 <= days <= most:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            field,
            rule="T22",
            zh=f"须为 1 至 {most} 个工作日",
            en=f"Give 1 to {most} working days",
            facts={"least": 1, "most": most},
        )


def _check_informed(act: Act, case: Case, row: Assignment, at: datetime | None) -> None:
    """T22: the complainant was told; where nobody can be reached there is nobody to tell."""
    told = at is not None and row.dispatched_at <= at <= act.now
    if not told and (at is not None or any(it.reachable for it in case.complainants)):
        raise DomainError(
            ErrorCode.GUARD_FAILED,
            "informedAt",
            rule="T22",
            zh="须先告知诉求人，并填写告知时间",
            en="Tell the complainant first, and say when",
        )
