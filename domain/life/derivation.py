"""What follows from the rows: state, light, due time, completeness (domain.md B.5, B.6 B; design §6)."""

from dataclasses import replace
from datetime import datetime

from domain.assignment import Assignment, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import Clock, ClockType, case_light
from domain.followup import FollowUpLayer
from domain.incident import IncidentState
from domain.loop.request import RequestKind
from domain.verification import CheckResult, TaskState, VerificationPhase

# Clocks that run beside a case's own: a card's reply and archiving are not when the case is due.
_BESIDE = frozenset({ClockType.REPLY, ClockType.ARCHIVE})
# B.5: before dispatch and from CHECKING on the T rows set the state; in between it equals the derivation.
DERIVED_STATES = frozenset(
    {
        IncidentState.ARBITRATING,
        IncidentState.DISPATCHED,
        IncidentState.HANDLING,
        IncidentState.RETURN_REVIEW,
        IncidentState.HUNG,
        IncidentState.SUBMITTED,
    }
)


def derive(case: Case) -> Case:
    """The case with every stored derivation made true."""
    incident = case.incident
    ruling = bool(case.waiting(RequestKind.ARBITRATION))
    state = derived_state(case.leads, ruling=ruling) if incident.state in DERIVED_STATES else incident.state
    pending = state is not IncidentState.RETURN_REVIEW and any(
        row.state is AssignmentState.RETURN_REQ for row in case.leads
    )
    settled = replace(case, incident=replace(incident, state=state, return_pending=pending))
    settled = replace(settled, clocks=_awaiting(settled))
    return replace(
        settled,
        incident=replace(
            settled.incident,
            light=case_light(case.clocks),
            due_at=_due_at(settled),
            loop_completeness=loop_completeness(settled),
            request_count=len(case.requests),
        ),
    )


def _awaiting(case: Case) -> tuple[Clock, ...]:
    """The clocks; a stopped one waits for nothing, unless the result that stopped it may still be sent back (T26)."""
    back = case.incident.state in DERIVED_STATES
    may = {row.id for row in case.assignments if back and row.state is AssignmentState.SUBMITTED}
    return tuple(
        replace(it, next_step=None, next_at=None)
        if it.stopped_at and it.next_step and it.assignment_id not in may
        else it
        for it in case.clocks
    )


def derived_state(leads: tuple[Assignment, ...], *, ruling: bool = False) -> IncidentState:
    """The first match of B.5 over L, an open arbitration (`ruling`) before all."""
    if ruling:
        return IncidentState.ARBITRATING
    states = {row.state for row in leads}
    if not states:
        return IncidentState.FILED
    for state, result in (
        (AssignmentState.RETURN_REQ, IncidentState.RETURN_REVIEW),
        (AssignmentState.SUBMITTED, IncidentState.SUBMITTED),
        (AssignmentState.PENDING, IncidentState.DISPATCHED),
    ):
        if states == {state}:
            return result
    if AssignmentState.HUNG in states and states <= {AssignmentState.HUNG, AssignmentState.SUBMITTED}:
        return IncidentState.HUNG
    return IncidentState.HANDLING


def _due_at(case: Case) -> datetime | None:
    """Design §6: the earliest HANDLE due of its live leads; before dispatch the running case clock's."""
    if case.leads:
        return min((row.handle_due_at for row in case.leads if row.handle_due_at), default=None)
    if not case.assignments:
        running = [it.due_at for it in case.clocks if it.running and it.type not in _BESIDE]
        return min(running) if running else case.incident.due_at
    return case.incident.due_at


def loop_completeness(case: Case) -> int:
    """Design §6: the share done of the seven steps of the loop, 0..100 (S50), in the current round."""
    steps = _steps(case)
    return round(100 * sum(steps) / len(steps))


def _steps(case: Case) -> tuple[bool, ...]:
    """Filed, accepted, contacted, submitted, checked, followed up or none due, closed."""
    incident = case.incident
    rows = [r for r in case.assignments if r.role is AssignmentRole.LEAD and r.round == incident.round]
    submitted = bool(rows) and all(r.submitted_at for r in rows)
    checked = any(
        v.result is CheckResult.PASS and v.round == incident.round and v.phase is VerificationPhase.COMPLETION
        for v in case.verifications
    )
    asking = any(f.layer is FollowUpLayer.COMMAND and f.state is TaskState.PENDING for f in case.followups)
    closed = incident.state in {IncidentState.CLOSED, IncidentState.ARCHIVED}
    contacted = any(r.first_contact_at or r.no_contact_reason for r in case.assignments)
    reachable = case.complainant is not None and case.complainant.reachable
    return (
        bool(rows) or any(c.type is ClockType.DISPATCH for c in case.clocks),
        bool(rows) and all(r.accepted_at for r in rows),
        contacted or (submitted and not reachable),
        submitted,
        checked,
        closed or (checked and not asking),
        closed,
    )
