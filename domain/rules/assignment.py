"""Dispatch, accept, first contact, result: what units do with a case (domain.md B.3 T11, T14, T20, T25)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain import text
from domain.assignment import Assignment, AssignmentMode, AssignmentState
from domain.case import Case, put
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, Fact
from domain.followup import FollowUpLayer, ReplyChannel
from domain.incident import CaseOutcome, IncidentState
from domain.life.derivation import derived_state
from domain.life.guards.joint import check_milestones
from domain.life.outcome import Happening, Outcome, conclude
from domain.loop.request import RequestKind
from domain.loop.score import ScoreEntry, ScoreType, entry
from domain.media import Media, MediaPurpose
from domain.org import OrgUnit
from domain.rules.act import Act
from domain.rules.clock import kept, start, stopped, with_clocks
from domain.rules.ending import lapsed
from domain.rules.followup import Answer, recorded
from domain.rules.incident import attached
from domain.rules.loop.giving import Giving, check_not_returned, check_units, claims_refused, give

RESULTS = frozenset(
    {
        CaseOutcome.SOLVED,
        CaseOutcome.PARTLY,
        CaseOutcome.EXPLAINED,
        CaseOutcome.LEGAL_CHANNEL,
        CaseOutcome.NOT_FOUND,
    }
)
"""What a unit may report as a result; the other outcomes belong to other rows of B.3."""

_ENDED_BY_RESULT = (
    ClockType.HANDLE,
    ClockType.CONTACT,
    ClockType.MILESTONE,
    ClockType.EXT_DECIDE,
    ClockType.HANG_DECIDE,
    ClockType.HANG_REVIEW,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """T11 with its units looked up.

    `legal_basis` binds every leading and supporting unit: duty items or dispatch rules, None where one has neither.
    `rules`: the dispatch rule of a unit; `pushed`: the department whose duty it is, by the local unit (R35).
    """

    mode: AssignmentMode
    leads: tuple[OrgUnit, ...]
    supports: tuple[OrgUnit, ...] = ()
    copies: tuple[OrgUnit, ...] = ()
    basis: str | None = None
    legal_basis: str | None = None
    rules: Mapping[UUID, UUID] = field(default_factory=dict)
    pushed: Mapping[UUID, UUID] = field(default_factory=dict)
    push_down_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """T25: the result with the handler's own follow-up, or why nobody was asked."""

    outcome: CaseOutcome
    result_text: str
    after_media: tuple[Media, ...] = ()
    follow_up: Answer | None = None
    asked_at: datetime | None = None
    no_contact_reason: str | None = None


def dispatch(act: Act, case: Case, given: Dispatch) -> Outcome:
    """T11: the units get the case; their clocks start now (trap 1), DISPATCH stops, an open claim is refused.

    GUARD_FAILED for units that do not fit the mode, may not handle, have no basis or gave the case back, and
    without a reason where a department's duty is pushed down (R35).
    """
    order = ordered(given, "T11")
    check_not_returned(case, order)
    after = claims_refused(act, stopped(case, act.now, (ClockType.DISPATCH,)))
    return conclude(case, *handed_out(act, after, given, order))


def ordered(given: Dispatch, row: str, *, designated: bool = False) -> Giving:
    """The order, checked apart from the case it is for (T11, T13b). GUARD_FAILED naming the field."""
    order = Giving(
        mode=given.mode,
        leads=_ids(given.leads),
        supports=_ids(given.supports),
        copies=_ids(given.copies),
        basis=text.optional(given.basis, "basis") or given.legal_basis or "",
        rules=given.rules,
        pushed=frozenset(given.pushed),
        push_down_reason=text.optional(given.push_down_reason, "pushDownReason"),
        designated=designated,
        row=row,
    )
    check_units(order)
    for name, units in (("leads", given.leads), ("supports", given.supports)):
        if not all(unit.handles for unit in units):
            raise DomainError(ErrorCode.GUARD_FAILED, name, rule=row)
    if not all(unit.active for unit in given.copies):
        raise DomainError(ErrorCode.GUARD_FAILED, "copies", rule=row)
    if not order.basis:
        raise DomainError(ErrorCode.GUARD_FAILED, "basis", rule=row)
    if given.pushed and order.push_down_reason is None:
        raise DomainError(ErrorCode.GUARD_FAILED, "pushDownReason", rule="R35")
    return order


def handed_out(act: Act, case: Case, given: Dispatch, order: Giving) -> tuple[Case, list[Happening]]:
    """The case DISPATCHED with its new rows, what was pushed down counted (R35), and what to write of it."""
    after = give(act, case, order)
    fresh = after.assignments[len(case.assignments) :]
    counted = tuple(_pushed(act, row, given.pushed[row.org_id]) for row in fresh if row.push_down_reason)
    incident = replace(after.incident, state=IncidentState.DISPATCHED)
    data: dict[str, Fact] = {"mode": order.mode.value, "leads": [str(it) for it in order.leads]}
    happening = act.happening(order.row, EventKind.ASSIGNED, assignment_id=fresh[0].id, data=data)
    return replace(after, incident=incident, scores=(*after.scores, *counted)), [happening]


def accept(act: Act, case: Case, row: Assignment) -> Outcome:
    """T14: SIGN stops and judges the sign-off; who accepts handles the case."""
    after = stopped(case, act.now, (ClockType.SIGN,), row.id)
    row = after.assignment(row.id)
    accepted = replace(
        row,
        state=AssignmentState.ACCEPTED,
        accepted_at=act.now,
        handler_id=act.actor_id,
        on_time_accept=row.on_time_accept is not False,
    )
    return conclude(case, with_row(after, accepted), [act.happening("T14", assignment_id=row.id)])


def record_first_contact(
    act: Act,
    case: Case,
    row: Assignment,
    channel: ReplyChannel,
    contacted_at: datetime | None = None,
    note: str | None = None,
) -> Outcome:
    """T20: CONTACT stops at the moment of the call. BAD_INPUT for a time after now or before the dispatch."""
    at = contacted_at or act.now
    _check_time(act, row, at, "contactedAt")
    after = stopped(case, at, (ClockType.CONTACT,), row.id)
    contacted = replace(
        after.assignment(row.id),
        first_contact_at=at,
        first_contact_channel=channel,
        first_contact_note=text.optional(note, "note"),
    )
    return conclude(case, with_row(after, contacted), [act.happening("T20", assignment_id=row.id)])


def submit(act: Act, case: Case, row: Assignment, given: Submission) -> Outcome:
    """T25: the result; HANDLE and CONTACT stop, and SUBMIT_WAIT starts once every lead has submitted.

    A request of the row lapses. BAD_INPUT for the text or an outcome of other rows (HUNG_OPEN is a hung row's that
    may close), GUARD_FAILED without a demanded after-photo or a milestone (R24), FOLLOWUP_REQUIRED when a complainant
    could be reached and was neither asked nor the reason given.
    """
    hung = row.state is AssignmentState.HUNG and row.close_hung
    if given.outcome is not CaseOutcome.HUNG_OPEN:
        check_milestones(row)
    if given.outcome not in RESULTS and not (hung and given.outcome is CaseOutcome.HUNG_OPEN):
        raise DomainError(ErrorCode.BAD_INPUT, "outcome", rule="T25")
    if case.category.requires_after_photo and not given.after_media:
        raise DomainError(ErrorCode.GUARD_FAILED, "afterMediaIds", rule="T25")
    result = text.checked(given.result_text, "resultText")
    reason = text.optional(given.no_contact_reason, "noContactReason")
    after = _asked(act, case, row, given.follow_up, given.asked_at)
    _check_asked(after, row, reason)
    after = lapsed(act, after, row.id)
    after = kept(after, stopped(after, act.now, _ENDED_BY_RESULT, row.id), row.id)
    submitted = replace(
        after.assignment(row.id),
        state=AssignmentState.SUBMITTED,
        submitted_at=act.now,
        outcome=given.outcome,
        result_text=result,
        no_contact_reason=reason,
    )
    after = awaiting_check(act, without_review(act, with_row(after, submitted)))
    media = attached(given.after_media, case.incident.id, MediaPurpose.AFTER)
    after = replace(after, media=put(after.media, *media))
    data = {"outcome": given.outcome.value}
    return conclude(case, after, [act.happening("T25", assignment_id=row.id, data=data)])


def awaiting_check(act: Act, case: Case) -> Case:
    """SUBMIT_WAIT runs once every lead has submitted, whichever edge made it so (B.6 "State → running clocks")."""
    ruling = bool(case.waiting(RequestKind.ARBITRATION))
    submitted = derived_state(case.leads, ruling=ruling) is IncidentState.SUBMITTED
    if not submitted or case.running(ClockType.SUBMIT_WAIT):
        return case
    return with_clocks(case, start(act, case.incident, ClockType.SUBMIT_WAIT))


def without_review(act: Act, case: Case) -> Case:
    """HANG_REVIEW stops when no row is HUNG (B.6 "State → running clocks")."""
    if any(row.state is AssignmentState.HUNG for row in case.assignments):
        return case
    return stopped(case, act.now, (ClockType.HANG_REVIEW,))


def with_row(case: Case, row: Assignment) -> Case:
    """The case with this row added or replaced."""
    return replace(case, assignments=put(case.assignments, row))


def _asked(act: Act, case: Case, row: Assignment, answer: Answer | None, at: datetime | None) -> Case:
    """The case with the handler's own follow-up (§0-7), which never enters the three rates (R30)."""
    if answer is None:
        return case
    _check_time(act, row, at or act.now, "followUp.at")
    return recorded(act, case, FollowUpLayer.HANDLER, answer, at or act.now, row_id=row.id)


def _check_asked(case: Case, row: Assignment, reason: str | None) -> None:
    asked = any(f.assignment_id == row.id for f in case.followups)
    reachable = any(it.reachable for it in case.complainants)
    if reachable and not asked and reason is None:
        raise DomainError(ErrorCode.FOLLOWUP_REQUIRED, "followUp", rule="T25")


def _check_time(act: Act, row: Assignment, at: datetime, field: str) -> None:
    if not row.dispatched_at <= at <= act.now:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            field,
            rule="T20",
            zh="时间须在派遣之后、当前之前",
            en="Give a time between the dispatch and now",
        )


def _ids(units: tuple[OrgUnit, ...]) -> tuple[UUID, ...]:
    return tuple(unit.id for unit in units)


def _pushed(act: Act, row: Assignment, department_id: UUID) -> ScoreEntry:
    """R35: counted against the department whose duty it is."""
    return entry(
        act.new_id(),
        row.incident_id,
        department_id,
        ScoreType.PUSHED_DOWN,
        act.now,
        row="R35",
        round_number=row.round,
        assignment_id=row.id,
    )
