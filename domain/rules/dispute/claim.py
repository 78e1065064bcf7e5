"""Taking up a case whose duty is disputed (domain.md B.3 T12, B.6, S37)."""

from dataclasses import replace
from uuid import UUID

from domain import text
from domain.assignment import AssignmentMode
from domain.case import Case, put
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, Fact
from domain.incident import IncidentState
from domain.life.outcome import Outcome, conclude
from domain.loop.request import Request, RequestKind, RequestState
from domain.loop.score import ScoreType, entry
from domain.person import Role
from domain.rules.act import Act
from domain.rules.clock import stopped
from domain.rules.loop.giving import Giving, give


def claim(act: Act, case: Case, words: str | None = None) -> Outcome:
    """T12: a unit asks for the case while its window is open; DISPATCH runs on. GUARD_FAILED outside the window."""
    until = case.incident.claim_until
    if until is None or act.now > until:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T12")
    request = Request(
        id=act.new_id(),
        incident_id=case.incident.id,
        kind=RequestKind.CLAIM,
        org_id=unit_of(act),
        asked_by_id=act.actor_id,
        asked_at=act.now,
        text=text.optional(words, "text"),
    )
    after = replace(case, requests=(*case.requests, request))
    data = {"request": str(request.id), "org": str(request.org_id)}
    return conclude(case, after, [act.happening("T12", data=data)])


def confirm(act: Act, case: Case, words: str, *, accept: bool, duty: bool = False) -> Outcome:
    """T12: the claim is refused, or the unit gets a designated row and the bonus, once.

    No bonus where a duty item (`duty`) binds the unit anyway (S37).
    """
    (asked,) = case.waiting(RequestKind.CLAIM)
    answer = text.checked(words, "text")
    state = RequestState.APPROVED if accept else RequestState.REJECTED
    request = replace(asked, state=state, decided_by_id=act.actor_id, decided_at=act.now, answer=answer)
    after = replace(case, requests=put(case.requests, request))
    data: dict[str, Fact] = {"request": str(asked.id), "org": str(asked.org_id), "accepted": accept}
    if not accept or asked.org_id is None:
        return conclude(case, after, [act.happening("T12", data=data)])
    given = Giving(
        mode=AssignmentMode.SINGLE, leads=(asked.org_id,), basis=answer, designated=True, row="T12"
    )
    incident = replace(after.incident, state=IncidentState.DISPATCHED, claim_until=None)
    after = give(act, replace(stopped(after, act.now, (ClockType.DISPATCH,)), incident=incident), given)
    row = after.assignments[-1]
    if not duty:
        bonus = entry(
            act.new_id(),
            incident.id,
            row.org_id,
            ScoreType.CLAIMED,
            act.now,
            row="T12",
            round_number=row.round,
            assignment_id=row.id,
        )
        after = replace(after, scores=(*after.scores, bonus))
    return conclude(case, after, [act.happening("T12", EventKind.ASSIGNED, assignment_id=row.id, data=data)])


def unit_of(act: Act) -> UUID:
    """The unit for which the actor asks. FORBIDDEN for who leads none."""
    units = sorted(act.actor.orgs_as(Role.HANDLER_LEAD))
    if not units:
        raise DomainError(ErrorCode.FORBIDDEN, rule="T12")
    return units[0]
