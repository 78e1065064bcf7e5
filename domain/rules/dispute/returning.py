"""Giving a case back: asked inside a window, decided by another (domain.md B.3 T15 to T17, B.6, R10, R11, R27)."""

from dataclasses import dataclass, replace
from uuid import UUID

from domain import text
from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case, put
from domain.clock import ClockType, due_time
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.incident import IncidentState
from domain.life.outcome import Happening, Outcome, conclude
from domain.loop.ladder import E4
from domain.loop.request import BOUNDARY, Request, RequestKind, RequestState, ReturnReason
from domain.loop.score import ScoreEntry, ScoreType, entry
from domain.policy import CLAIM_WINDOW
from domain.rules.act import Act
from domain.rules.assignment import awaiting_check, without_review
from domain.rules.clock import start, stopped, with_clocks
from domain.rules.dispute.arbitration import referred, taken_back
from domain.rules.ending import end_rows
from domain.rules.supervision import at_step, raised
from domain.supervision import SupervisionLevel

_REFERRED_AFTER = 2
"""Approved returns of a lead over whose duty it is, after which the platform refers the case itself (T18)."""

SHIRKED_AFTER = 2
"""Rejected returns of a unit within `SHIRKED_DAYS` that count as shirking, the present one included (R27)."""

SHIRKED_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """T15: why the unit gives the case back, by what basis, and whose it is instead."""

    reason: ReturnReason
    basis: str
    text: str
    suggested_org_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """T16, T17. `refused_before`: rejected returns of the unit in the 30 days before; `claimed`: it holds a bonus."""

    accept: bool
    text: str
    shirked: bool = False
    refused_before: int = 0
    claimed: bool = False


def request_return(act: Act, case: Case, row: Assignment, asked: Asked) -> Outcome:
    """T15: RETURN_DECIDE starts and SIGN stops, judged now; CONTACT and HANDLE run on (R10).

    RETURN_FORBIDDEN without a window, RETURN_WINDOW_CLOSED after it, GUARD_FAILED `suggestedOrgUnitId` when the
    duty or the area is denied and no other unit named, BAD_INPUT for the texts.
    """
    if row.return_due_at is None:
        raise DomainError(ErrorCode.RETURN_FORBIDDEN, rule="T15")
    if act.now > row.return_due_at:
        raise DomainError(ErrorCode.RETURN_WINDOW_CLOSED, rule="T15")
    if asked.suggested_org_id == row.org_id or (asked.reason in BOUNDARY and asked.suggested_org_id is None):
        raise DomainError(ErrorCode.GUARD_FAILED, "suggestedOrgUnitId", rule="T15")
    request = Request(
        id=act.new_id(),
        incident_id=case.incident.id,
        assignment_id=row.id,
        kind=RequestKind.RETURN,
        org_id=row.org_id,
        asked_by_id=act.actor_id,
        asked_at=act.now,
        reason=asked.reason.value,
        text=text.checked(asked.text, "text"),
        basis=text.checked(asked.basis, "basis"),
        suggested_org_id=asked.suggested_org_id,
    )
    after = stopped(case, act.now, (ClockType.SIGN,), row.id)
    now = after.assignment(row.id)
    judged = now.on_time_accept is not False if now.accepted_at is None else now.on_time_accept
    now = replace(now, state=AssignmentState.RETURN_REQ, on_time_accept=judged)
    after = replace(after, assignments=put(after.assignments, now), requests=(*after.requests, request))
    after = with_clocks(after, start(act, after.incident, ClockType.RETURN_DECIDE, assignment_id=row.id))
    data = {"request": str(request.id), "reason": asked.reason.value}
    return conclude(case, after, [act.happening("T15", assignment_id=row.id, data=data)])


def decide_return(act: Act, case: Case, row: Assignment, decision: Decision) -> Outcome:
    """T16 or T17. BAD_INPUT for the text, or `shirked` with an approval."""
    words = text.checked(decision.text, "text")
    if decision.accept and decision.shirked:
        raise DomainError(ErrorCode.BAD_INPUT, "shirked", rule="T16")
    (asked,) = case.waiting(RequestKind.RETURN, assignment_id=row.id)
    state = RequestState.APPROVED if decision.accept else RequestState.REJECTED
    request = replace(asked, state=state, decided_by_id=act.actor_id, decided_at=act.now, answer=words)
    after = replace(case, requests=put(case.requests, request))
    decide = _approved if decision.accept else _rejected
    return decide(act, case, after, row, decision)


def _approved(act: Act, before: Case, case: Case, row: Assignment, decision: Decision) -> Outcome:
    """T16: the row is RETURNED; with the last lead everything given ends, and the case is FILED or referred."""
    after = end_rows(act, case, {row.id}, lambda _: AssignmentState.RETURNED)
    if decision.claimed:
        after = replace(after, scores=(*after.scores, reversal(act, case, row)))
    happened = [act.happening("T16", assignment_id=row.id, data={"org": str(row.org_id)})]
    if after.leads:
        return conclude(before, awaiting_check(act, without_review(act, _alone(after))), happened)
    beside = {it.id for it in after.assignments if it.state.live}
    after = end_rows(act, after, beside, lambda _: AssignmentState.CANCELLED)
    reason = _reason(after, row)
    if reason in BOUNDARY and len(_disputed(after)) >= _REFERRED_AFTER:
        after = referred(act, after, _participants(after))
        return conclude(before, after, [*happened, _referral(act, after.requests[-1])])
    return conclude(before, _refiled(act, after, reason), happened)


def _rejected(act: Act, before: Case, case: Case, row: Assignment, decision: Decision) -> Outcome:
    """T17: accepted by the rejection; −1, or −3 when the unit shirks (R27), and YELLOW the second time (B.4 E4)."""
    after = stopped(case, act.now, (ClockType.RETURN_DECIDE,), row.id)
    after = replace(after, assignments=put(after.assignments, taken_back(act, after.assignment(row.id))))
    again = decision.refused_before + 1 >= SHIRKED_AFTER
    kind = ScoreType.SHIRKED if decision.shirked or again else ScoreType.RETURN_REJECTED
    after = replace(after, scores=(*after.scores, _score(act, case, row, kind, "T17")))
    if again:
        after = at_step(raised(act, after, SupervisionLevel.YELLOW, f"T17.{E4.row}", row.id), E4.number)
    data = {"org": str(row.org_id), "score": kind.value}
    return conclude(before, after, [act.happening("T17", assignment_id=row.id, data=data)])


def reversal(act: Act, case: Case, row: Assignment) -> ScoreEntry:
    """S37: the bonus of a claim is taken back by an opposite entry when the unit returns the case after all."""
    booked = _score(act, case, row, ScoreType.CLAIMED, "T16")
    return replace(booked, key=f"{booked.key}.REVERSED", amount=-booked.amount)


def _score(act: Act, case: Case, row: Assignment, kind: ScoreType, rule: str) -> ScoreEntry:
    return entry(
        act.new_id(),
        case.incident.id,
        row.org_id,
        kind,
        act.now,
        row=rule,
        round_number=row.round,
        assignment_id=row.id,
    )


def _referral(act: Act, ruling: Request) -> Happening:
    """T18 by the platform: nobody's act."""
    data: dict[str, Fact] = {"request": str(ruling.id), "participants": [*ruling.participants]}
    return replace(act.happening("T18", data=data), action=None, actor_id=None)


def _alone(case: Case) -> Case:
    """B.5: one lead left, and no support beside it, handles it alone."""
    if len(case.leads) != 1 or case.supports:
        return case
    row = replace(case.leads[0], mode=AssignmentMode.SINGLE)
    return replace(case, assignments=put(case.assignments, row))


def _refiled(act: Act, case: Case, reason: str | None) -> Case:
    """T16, L empty: FILED with a new DISPATCH clock; where the duty is denied others may claim it (T12)."""
    window = act.policy.special(CLAIM_WINDOW) if reason in BOUNDARY else None
    until = due_time(act.now, window, act.calendar) if window else None
    incident = replace(case.incident, state=IncidentState.FILED, claim_until=until)
    case = stopped(case, act.now, (ClockType.REPLY,))  # rule C: it leaves Z, and nobody is left to reply
    return with_clocks(replace(case, incident=incident), start(act, incident, ClockType.DISPATCH))


def _disputed(case: Case) -> tuple[Request, ...]:
    """The approved returns of leads over whose duty it is (T16, T18)."""
    leads = {row.id for row in case.assignments if row.role is AssignmentRole.LEAD}
    return tuple(
        it
        for it in case.requests
        if it.kind is RequestKind.RETURN
        and it.state is RequestState.APPROVED
        and it.reason in BOUNDARY
        and it.assignment_id in leads
    )


def _participants(case: Case) -> tuple[UUID, ...]:
    """Who gave the case back, and whom they named instead."""
    asked = _disputed(case)
    named = (*(it.org_id for it in asked), *(it.suggested_org_id for it in asked))
    return tuple(it for it in named if it is not None)


def _reason(case: Case, row: Assignment) -> str | None:
    """Why the row was given back."""
    return next(
        it.reason for it in case.requests if it.kind is RequestKind.RETURN and it.assignment_id == row.id
    )
