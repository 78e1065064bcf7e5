"""Whose duty it is: referred to the command centre, argued, ruled, and kept as a rule (domain.md B.3 T18, T19, B.6)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from domain import text
from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case, put
from domain.clock import ClockType
from domain.dictionary import DispatchRule
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, Fact, Scalar
from domain.incident import IncidentState
from domain.life.outcome import Outcome, conclude
from domain.loop.request import Request, RequestKind, RequestState, Statement
from domain.loop.score import ScoreEntry, ScoreType, entry
from domain.person import Role
from domain.rules.act import Act
from domain.rules.assignment import awaiting_check, without_review
from domain.rules.clock import start, stopped, with_clocks
from domain.rules.ending import end_rows
from domain.rules.loop.giving import Giving, check_units, claims_refused, give

_ROLES = (AssignmentRole.LEAD, AssignmentRole.SUPPORT, AssignmentRole.CC)
_RULED = frozenset({AssignmentRole.LEAD, AssignmentRole.SUPPORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """T19: which units have the case from now on, how, and by what order.

    `volunteers` are the units that offered themselves in their statements, `shirked` those found to have shirked.
    """

    mode: AssignmentMode
    leads: tuple[UUID, ...]
    supports: tuple[UUID, ...] = ()
    copies: tuple[UUID, ...] = ()
    order_text: str
    shirked: tuple[UUID, ...] = ()
    volunteers: frozenset[UUID] = frozenset()

    def named(self, role: AssignmentRole) -> tuple[UUID, ...]:
        """The units it names in that role."""
        return dict(zip(_ROLES, (self.leads, self.supports, self.copies), strict=True))[role]


def refer(act: Act, case: Case, participants: Collection[UUID], words: str) -> Outcome:
    """T18 by a person. The units named speak, and those that hold the case; GUARD_FAILED when there are none."""
    holders = [row.org_id for row in case.leads]
    everyone = tuple(dict.fromkeys((*holders, *participants)))
    if not everyone:
        raise DomainError(ErrorCode.GUARD_FAILED, "participants", rule="T18")
    after = referred(act, case, everyone, text.checked(words, "text"))
    data: dict[str, Fact] = {"request": str(after.requests[-1].id), "participants": _shown(everyone)}
    return conclude(case, after, [act.happening("T18", data=data)])


def referred(act: Act, case: Case, participants: Iterable[UUID], words: str | None = None) -> Case:
    """The case in ARBITRATING: returns left to the ruling, a claim refused, ARBITRATE instead of DISPATCH.

    Rows stay as they are and their clocks run on (R10). Without words the platform refers it.
    """
    after = stopped(claims_refused(act, case), act.now, (ClockType.DISPATCH, ClockType.RETURN_DECIDE))
    left = [replace(it, state=RequestState.TO_ARBITRATION) for it in after.waiting(RequestKind.RETURN)]
    ruling = Request(
        id=act.new_id(),
        incident_id=case.incident.id,
        kind=RequestKind.ARBITRATION,
        asked_by_id=act.actor_id if words is not None else None,
        asked_at=act.now,
        text=words,
        participants=tuple(str(it) for it in dict.fromkeys(participants)),
    )
    incident = replace(after.incident, state=IncidentState.ARBITRATING, claim_until=None)
    after = replace(after, incident=incident, requests=put(after.requests, *left, ruling))
    return with_clocks(after, start(act, incident, ClockType.ARBITRATE))


def make_statement(act: Act, case: Case, words: str, *, volunteers: bool) -> tuple[Outcome, Statement]:
    """S35: a unit named in the arbitration speaks, and may offer to take the case. The case stays as it is."""
    (ruling,) = case.waiting(RequestKind.ARBITRATION)
    speaking = {str(it): it for it in act.actor.orgs_as(Role.HANDLER_LEAD)}
    org_id = next(speaking[it] for it in ruling.participants if it in speaking)
    said = Statement(
        id=act.new_id(),
        request_id=ruling.id,
        incident_id=case.incident.id,
        org_id=org_id,
        author_id=act.actor.person_id,
        text=text.checked(words, "text"),
        volunteers=volunteers,
        at=act.now,
    )
    data = {"request": str(ruling.id), "statement": str(said.id), "org": str(org_id)}
    return conclude(case, case, [act.happening("T18", data=data)]), said


def rule(act: Act, case: Case, ruling: Ruling) -> Outcome:
    """T19: the rows named are kept, the others end, new units get theirs; all leads are designated (R11).

    GUARD_FAILED for units that do not fit the mode, `shirkedOrgUnitIds` for one that took no part.
    """
    (asked,) = case.waiting(RequestKind.ARBITRATION)
    order = text.checked(ruling.order_text, "orderText")
    given = Giving(
        mode=ruling.mode,
        leads=ruling.leads,
        supports=ruling.supports,
        copies=ruling.copies,
        basis=order,
        designated=True,
        row="T19",
    )
    check_units(given)
    _check_ruling(case, asked, ruling)
    after = stopped(_decided(act, case, asked, ruling, order), act.now, (ClockType.ARBITRATE,))
    kept = {row.id for row in after.assignments if row.state.live and row.org_id in ruling.named(row.role)}
    ended = {row.id for row in after.assignments if row.state.live} - kept
    after = _kept(act, end_rows(act, after, ended, _end), kept, ruling.mode)
    held = {(row.role, row.org_id) for row in after.assignments if row.id in kept}
    new = {role: tuple(it for it in ruling.named(role) if (role, it) not in held) for role in _ROLES}
    leads, supports, copies = new.values()
    after = give(act, after, replace(given, leads=leads, supports=supports, copies=copies))
    after = awaiting_check(act, without_review(act, after))
    after = replace(after, scores=(*after.scores, *_scores(act, case, ruling)))
    data: dict[str, Fact] = {
        "request": str(asked.id),
        "leads": _shown(ruling.leads),
        "supports": _shown(ruling.supports),
    }
    return conclude(case, after, [act.happening("T19", EventKind.ASSIGNED, data=data)])


def rules_of(act: Act, case: Case, ruling: Ruling, arbitration_id: UUID) -> tuple[DispatchRule, ...]:
    """T19: the ruling as rules for its category and region, from now on: one row for each lead and support (R08).

    They are of one group, unless a single unit was named.
    """
    alone = len(ruling.leads) == 1 and not ruling.supports
    group = None if alone else act.new_id()
    return tuple(
        DispatchRule(
            id=act.new_id(),
            category_id=case.incident.category_id,
            region_id=case.incident.region_id,
            lead_org_id=org_id,
            basis=text.checked(ruling.order_text, "orderText"),
            valid_from=act.now,
            valid_to=None,
            group_id=group,
            role=None if alone else role.value,
            mode=None if alone else ruling.mode.value,
            arbitration_id=arbitration_id,
        )
        for role in _ROLES
        if role in _RULED
        for org_id in ruling.named(role)
    )


def taken_back(act: Act, row: Assignment) -> Assignment:
    """T17, T19: a row whose return was refused is accepted, by nobody in person yet if nobody had signed."""
    return replace(row, state=AssignmentState.ACCEPTED, accepted_at=row.accepted_at or act.now)


def _check_ruling(case: Case, asked: Request, ruling: Ruling) -> None:
    took_part = set(asked.participants) | {str(it.org_id) for it in case.requests if it.org_id}
    if not {str(it) for it in ruling.shirked} <= took_part:
        raise DomainError(ErrorCode.GUARD_FAILED, "shirkedOrgUnitIds", rule="T19")
    known = {row.org_id for row in case.supports}
    handed_in = any(
        row.state is AssignmentState.SUBMITTED and row.org_id in ruling.leads for row in case.leads
    )
    if handed_in and not set(ruling.supports) <= known:  # trap 6: no lead is done beside a silent support
        raise DomainError(ErrorCode.GUARD_FAILED, "supports", rule="T19")


def _decided(act: Act, case: Case, asked: Request, ruling: Ruling, order: str) -> Case:
    """The arbitration has its answer, and so has each return that was left to it."""
    ruled = replace(
        _answered(act, asked, RequestState.APPROVED, order),
        mode=ruling.mode,
        leads=tuple(str(it) for it in ruling.leads),
        supports=tuple(str(it) for it in ruling.supports),
    )
    rows = {row.id: row for row in case.assignments}
    returns = [
        _answered(act, it, _answer(rows[it.assignment_id], ruling), order)
        for it in case.requests
        if it.state is RequestState.TO_ARBITRATION and it.assignment_id in rows
    ]
    return replace(case, requests=put(case.requests, *returns, ruled))


def _answered(act: Act, request: Request, state: RequestState, order: str) -> Request:
    return replace(request, state=state, decided_by_id=act.actor_id, decided_at=act.now, answer=order)


def _answer(row: Assignment, ruling: Ruling) -> RequestState:
    """T19: who is named keeps the case, the return refused; who is let go returned it rightly."""
    return RequestState.REJECTED if row.org_id in ruling.named(row.role) else RequestState.APPROVED


def _end(row: Assignment) -> AssignmentState:
    if row.state is AssignmentState.RETURN_REQ:
        return AssignmentState.RETURNED
    return AssignmentState.CANCELLED


def _kept(act: Act, case: Case, kept: Collection[UUID], mode: AssignmentMode) -> Case:
    """Kept rows take the ruling's mode and go on where they were; leads are designated."""
    rows = [replace(row, mode=mode) for row in case.assignments if row.id in kept]
    rows = [taken_back(act, row) if row.state is AssignmentState.RETURN_REQ else row for row in rows]
    rows = [replace(row, designated=True) if row.role is AssignmentRole.LEAD else row for row in rows]
    return replace(case, assignments=put(case.assignments, *rows))


def _scores(act: Act, case: Case, ruling: Ruling) -> list[ScoreEntry]:
    """T19: who offered itself gains, as lead or as support; who shirked loses (R27)."""
    gains = {
        **dict.fromkeys(ruling.volunteers.intersection(ruling.supports), ScoreType.VOLUNTEERED),
        **dict.fromkeys(ruling.volunteers.intersection(ruling.leads), ScoreType.CLAIMED),
    }
    booked = [*gains.items(), *((it, ScoreType.SHIRKED) for it in dict.fromkeys(ruling.shirked))]
    incident = case.incident
    return [
        entry(act.new_id(), incident.id, org_id, kind, act.now, row="T19", round_number=incident.round)
        for org_id, kind in booked
    ]


def _shown(ids: Iterable[UUID]) -> list[Scalar]:
    return [str(it) for it in ids]
