"""Complainants who withdraw, one by one; the case ends with the last (domain.md B.3 T40, B.6)."""

from dataclasses import replace
from uuid import UUID

from domain import text
from domain.case import Case
from domain.complainant import Complainant
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.followup import FollowUpLayer
from domain.incident import CaseOutcome, IncidentState, NoteKind
from domain.life.outcome import Outcome, conclude
from domain.loop.request import Request, RequestKind
from domain.person import Role
from domain.rules.act import Act
from domain.rules.ending import left_open, on_time
from domain.rules.incident import noted
from domain.verification import TaskState

S = IncidentState
_LATE = frozenset({S.SUBMITTED, S.CHECKING, S.FOLLOWUP})


def withdraw(act: Act, case: Case, words: str, complainant_id: UUID | None = None) -> Outcome:
    """T40: a complainant withdraws, or the acceptor was told so; the callback officer confirms it by a call.

    NOT_FOUND or, for somebody else's, FORBIDDEN (field `complainantId`); GUARD_FAILED where several might be meant.
    """
    who = _withdrawing(act, case, complainant_id)
    asked = Request(
        id=act.new_id(),
        incident_id=case.incident.id,
        kind=RequestKind.WITHDRAWAL,
        org_id=act.actor.org_id,
        asked_by_id=act.actor_id,
        asked_at=act.now,
        target_id=who.id,
        text=text.checked(words, "text"),
    )
    after = replace(case, requests=(*case.requests, asked))
    data: dict[str, Fact] = {"request": str(asked.id), "complainant": str(who.id)}
    return conclude(case, after, [act.happening("T40", data=data)])


def withdrawn(act: Act, case: Case, decided: Request) -> Case:
    """T40: the confirmation call is that one's reply; with the last complainant the case ends, on time frozen."""
    who = next((it for it in case.complainants if it.id == decided.target_id), None)
    if who is None:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T40")
    after = _without(
        noted(act, case, str(decided.answer), NoteKind.REPLY), replace(who, withdrawn_at=act.now)
    )
    if after.complainants:
        return after
    after = left_open(act, after, S.CLOSED, done=case.incident.state in _LATE)
    incident = replace(
        after.incident,
        outcome=CaseOutcome.WITHDRAWN,
        closed_at=act.now,
        ended_at=None,
        on_time=on_time(after.assignments),
    )
    return replace(after, incident=incident)


def _withdrawing(act: Act, case: Case, complainant_id: UUID | None) -> Complainant:
    """Who withdraws: as named, oneself, or the only one there is."""
    asking = case.complainants
    own = [it for it in asking if it.person_id == act.actor.person_id]
    taking_calls = Role.ACCEPTOR in act.actor.roles
    meant = own or (list(asking) if taking_calls else [])
    if complainant_id is not None:
        meant = [it for it in asking if it.id == complainant_id]
        if not meant:
            raise DomainError(ErrorCode.NOT_FOUND, "complainantId", rule="T40")
        if not taking_calls and meant[0] not in own:
            raise DomainError(ErrorCode.FORBIDDEN, "complainantId", rule="T40")
    if len(meant) != 1:
        raise DomainError(ErrorCode.GUARD_FAILED, "complainantId", rule="T40")
    return meant[0]


def _without(case: Case, gone: Complainant) -> Case:
    """The case once that complainant is asked and told nothing more: the own tasks are cancelled."""
    own = case.complainant is not None and case.complainant.id == gone.id
    named = None if own else gone.id
    followups = tuple(
        replace(it, state=TaskState.CANCELLED)
        if it.state is TaskState.PENDING and it.layer is FollowUpLayer.COMMAND and it.complainant_id == named
        else it
        for it in case.followups
    )
    return replace(
        case,
        complainant=gone if own else case.complainant,
        others=tuple(gone if it.id == gone.id else it for it in case.others),
        followups=followups,
    )
