"""Dispatch, accept, first contact, result: what units do with a case (domain.md B.3 T11, T14, T20, T25)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain import text
from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case, put
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.followup import FollowUpLayer, ReplyChannel
from domain.incident import CaseOutcome, IncidentState
from domain.life.outcome import Outcome, conclude
from domain.media import Media, MediaPurpose
from domain.org import OrgUnit
from domain.rules.act import Act
from domain.rules.clock import start, start_handling, stopped, with_clocks
from domain.rules.followup import Answer, recorded
from domain.rules.incident import attached

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """T11 with its unit looked up. `legal_basis` is a duty item's or a dispatch rule's, when one fits."""

    mode: AssignmentMode
    leads: tuple[OrgUnit, ...]
    supports: tuple[UUID, ...] = ()
    copies: tuple[UUID, ...] = ()
    basis: str | None = None
    legal_basis: str | None = None
    rule_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """T25: the result with the handler's own follow-up, or why nobody was asked."""

    outcome: CaseOutcome
    result_text: str
    after_media: tuple[Media, ...] = ()
    follow_up: Answer | None = None
    asked_at: datetime | None = None
    no_contact_reason: str | None = None


def check_mode(mode: AssignmentMode, supports: tuple[UUID, ...], copies: tuple[UUID, ...]) -> None:
    """This slice of the life knows the single mode; the rest is FEATURE_DISABLED, naming the field."""
    for field, used in (
        ("mode", mode is not AssignmentMode.SINGLE),
        ("supports", bool(supports)),
        ("copies", bool(copies)),
    ):
        if used:
            raise DomainError(ErrorCode.FEATURE_DISABLED, field, rule="T11")


def dispatch(act: Act, case: Case, given: Dispatch) -> Outcome:
    """T11: one active unit gets the case; SIGN, CONTACT and HANDLE start now (trap 1), DISPATCH stops.

    FEATURE_DISABLED for other modes, GUARD_FAILED for other than one lead, an inactive unit, or no basis.
    """
    check_mode(given.mode, given.supports, given.copies)
    if len(given.leads) != 1 or not given.leads[0].active:
        raise DomainError(ErrorCode.GUARD_FAILED, "leads", rule="T11")
    basis = text.optional(given.basis, "basis") or given.legal_basis
    if basis is None:
        raise DomainError(ErrorCode.GUARD_FAILED, "basis", rule="T11")
    row_id = act.new_id()
    sign = start(act, case.incident, ClockType.SIGN, assignment_id=row_id)
    contact = start(act, case.incident, ClockType.CONTACT, assignment_id=row_id)
    handle = start_handling(act, case.incident, row_id)
    row = Assignment(
        id=row_id,
        incident_id=case.incident.id,
        incident_no=case.incident.no,
        round=case.incident.round,
        seq=1 + sum(it.round == case.incident.round for it in case.assignments),
        org_id=given.leads[0].id,
        role=AssignmentRole.LEAD,
        mode=given.mode,
        state=AssignmentState.PENDING,
        rule_id=given.rule_id,
        basis=basis,
        dispatched_by_id=act.actor_id,
        dispatched_at=act.now,
        accept_due_at=sign.due_at,
        contact_due_at=contact.due_at,
        handle_due_at=handle.due_at,
    )
    after = with_clocks(stopped(with_row(case, row), act.now, (ClockType.DISPATCH,)), sign, contact, handle)
    after = replace(after, incident=replace(after.incident, state=IncidentState.DISPATCHED))
    data = {"org": str(row.org_id)}
    return conclude(case, after, [act.happening("T11", EventKind.ASSIGNED, assignment_id=row_id, data=data)])


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

    BAD_INPUT for the text or an outcome of other rows, GUARD_FAILED without a demanded after-photo,
    FOLLOWUP_REQUIRED when a complainant could be reached and was neither asked nor the reason given.
    """
    if given.outcome not in RESULTS:
        raise DomainError(ErrorCode.BAD_INPUT, "outcome", rule="T25")
    if case.category.requires_after_photo and not given.after_media:
        raise DomainError(ErrorCode.GUARD_FAILED, "afterMediaIds", rule="T25")
    result = text.checked(given.result_text, "resultText")
    reason = text.optional(given.no_contact_reason, "noContactReason")
    after = _asked(act, case, row, given.follow_up, given.asked_at)
    _check_asked(after, row, reason)
    after = stopped(after, act.now, (ClockType.HANDLE, ClockType.CONTACT), row.id)
    submitted = replace(
        after.assignment(row.id),
        state=AssignmentState.SUBMITTED,
        submitted_at=act.now,
        outcome=given.outcome,
        result_text=result,
        no_contact_reason=reason,
    )
    after = with_row(after, submitted)
    if all(lead.state is AssignmentState.SUBMITTED for lead in after.leads):
        after = with_clocks(after, start(act, after.incident, ClockType.SUBMIT_WAIT))
    media = attached(given.after_media, case.incident.id, MediaPurpose.AFTER)
    after = replace(after, media=put(after.media, *media))
    data = {"outcome": given.outcome.value}
    return conclude(case, after, [act.happening("T25", assignment_id=row.id, data=data)])


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
    reachable = case.complainant is not None and case.complainant.reachable
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
