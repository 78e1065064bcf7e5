"""Giving a case to units: rows with their clocks, in every mode (domain.md B.3 T11, B.6; T12, T13b and T19 too)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case, put
from domain.clock import Clock, ClockType, due_time
from domain.errors import DomainError, ErrorCode
from domain.loop.request import RequestKind, RequestState
from domain.org import LOCAL, OrgKind, OrgUnit
from domain.policy import RETURN_WINDOW
from domain.rules.act import Act
from domain.rules.clock import start, start_handling, with_clocks
from domain.rules.loop.milestone import begun

_LEAST_EQUALS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A unit whose lawful duty the matter is; `distance`: how many levels above the category the duty is written."""

    org_id: UUID
    kind: OrgKind
    distance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """Which units get the case, how and why; `row` of domain.md is written on each assignment as `born_by`.

    `rules`: the dispatch rule of a unit, where it has its own; `push_down_reason` is kept on the rows of `pushed`.
    """

    mode: AssignmentMode
    leads: tuple[UUID, ...]
    supports: tuple[UUID, ...] = ()
    copies: tuple[UUID, ...] = ()
    basis: str
    rule_id: UUID | None = None
    designated: bool = False
    row: str = "T11"
    rules: Mapping[UUID, UUID] = field(default_factory=dict)
    pushed: frozenset[UUID] = frozenset()
    push_down_reason: str | None = None


def check_units(given: Giving, *, leads: int | None = None) -> None:
    """T11 (B.6): SINGLE has one lead, LED_JOINT one with supports, EQUAL_JOINT two or more; all distinct.

    `leads` counts those a ruling keeps besides (T19). GUARD_FAILED naming the field.
    """
    count = len(given.leads) if leads is None else leads
    equal = given.mode is AssignmentMode.EQUAL_JOINT
    if count < _LEAST_EQUALS if equal else count != 1:
        raise DomainError(ErrorCode.GUARD_FAILED, "leads", rule=given.row)
    if bool(given.supports) is not (given.mode is AssignmentMode.LED_JOINT):
        raise DomainError(ErrorCode.GUARD_FAILED, "supports", rule=given.row)
    everyone = (*given.leads, *given.supports, *given.copies)
    if len(set(everyone)) != len(everyone):
        raise DomainError(ErrorCode.GUARD_FAILED, "leads", rule=given.row)


def check_not_returned(case: Case, given: Giving) -> None:
    """T11 (B.6): no unit that gave this case back with approval. GUARD_FAILED with the field, the units named."""
    back = {row.org_id for row in case.assignments if row.state is AssignmentState.RETURNED}
    for name, units in (("leads", given.leads), ("supports", given.supports), ("copies", given.copies)):
        if named := [str(it) for it in units if it in back]:
            raise DomainError(ErrorCode.GUARD_FAILED, name, rule=given.row, facts={"orgUnits": named})


def claims_refused(act: Act, case: Case) -> Case:
    """B.6 T12, C: an open claim is refused when the case is dispatched without it."""
    gone = [
        replace(it, state=RequestState.REJECTED, decided_at=act.now) for it in case.waiting(RequestKind.CLAIM)
    ]
    return replace(case, requests=put(case.requests, *gone))


def pushed_down(leads: Collection[OrgUnit], holders: Sequence[Holder]) -> dict[UUID, UUID]:
    """R35: streets and communities that lead what is a department's duty, with that department.

    A local unit's own duty for the category, written as near to it or nearer, is no push-down.
    """
    theirs = [it for it in holders if it.kind is OrgKind.DEPARTMENT]
    if not theirs:
        return {}
    nearest = min(theirs, key=lambda it: it.distance)
    own = {it.org_id: it.distance for it in sorted(holders, key=lambda it: -it.distance)}
    return {
        unit.id: nearest.org_id
        for unit in leads
        if unit.kind in LOCAL and own.get(unit.id, nearest.distance + 1) > nearest.distance
    }


def give(act: Act, case: Case, given: Giving) -> Case:
    """The case with a PENDING row for each unit; their clocks start now (trap 1). The state is left to the caller."""
    for role, units in (
        (AssignmentRole.LEAD, given.leads),
        (AssignmentRole.SUPPORT, given.supports),
        (AssignmentRole.CC, given.copies),
    ):
        for org_id in units:
            case = _given(act, case, given, role, org_id)
    return case


def _given(act: Act, case: Case, given: Giving, role: AssignmentRole, org_id: UUID) -> Case:
    row_id = act.new_id()
    theirs = act.at_unit(org_id)
    clocks = _clocks(theirs, case, role, row_id)
    stages = begun(theirs, case, row_id) if role is AssignmentRole.LEAD else ()
    due = {clock.type: clock.due_at for clock in clocks}
    row = Assignment(
        id=row_id,
        incident_id=case.incident.id,
        incident_no=case.incident.no,
        round=case.incident.round,
        seq=1 + sum(it.round == case.incident.round for it in case.assignments),
        org_id=org_id,
        role=role,
        mode=given.mode,
        state=AssignmentState.PENDING,
        designated=given.designated and role is AssignmentRole.LEAD,
        rule_id=given.rules.get(org_id, given.rule_id),
        basis=given.basis,
        dispatched_by_id=act.actor_id,
        dispatched_at=act.now,
        accept_due_at=due.get(ClockType.SIGN),
        contact_due_at=due.get(ClockType.CONTACT),
        handle_due_at=due.get(ClockType.HANDLE),
        return_due_at=_return_due(act.at_unit(org_id), case, given, role),
        policy_version=act.policy.version,
        born_by=given.row,
        push_down_reason=given.push_down_reason if org_id in given.pushed else None,
        stages=tuple(stage for stage, _ in stages),
    )
    timed = (*clocks, *(clock for _, clock in stages))
    return with_clocks(replace(case, assignments=(*case.assignments, row)), *timed)


def _clocks(act: Act, case: Case, role: AssignmentRole, row_id: UUID) -> tuple[Clock, ...]:
    """B.6 State → running clocks: LEAD SIGN, CONTACT, HANDLE · SUPPORT SIGN, HANDLE · CC READ."""
    incident = case.incident
    if role is AssignmentRole.CC:
        return (start(act, incident, ClockType.READ, assignment_id=row_id),)
    sign = start(act, incident, ClockType.SIGN, assignment_id=row_id)
    handle = start_handling(act, incident, row_id)
    if role is AssignmentRole.SUPPORT:
        return (sign, handle)
    return (sign, start(act, incident, ClockType.CONTACT, assignment_id=row_id), handle)


def _return_due(act: Act, case: Case, given: Giving, role: AssignmentRole) -> datetime | None:
    """T15: the window's end; none for who was designated, for copies, and for the critical."""
    window = act.policy.special(RETURN_WINDOW, case.incident.urgency.value)
    if given.designated or role is AssignmentRole.CC or window is None:
        return None
    return due_time(act.now, window, act.calendar)
