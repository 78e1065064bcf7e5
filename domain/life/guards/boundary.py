"""Guards of boundary disputes: claims, returns, rulings (domain.md B.3 T12, T15 to T19, B.6)."""

from domain.assignment import Assignment, AssignmentState
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState, Urgency
from domain.life.guards.asking import another_decides
from domain.loop.request import RequestKind
from domain.permission import belongs_to
from domain.person import Role
from domain.viewer import Viewer

# B.6 T15: rows of a later round are not given back.
_REBORN = frozenset({"T30", "T32", "T32b", "T34"})


def returned_by(case: Case, org_ids: frozenset[object]) -> bool:
    """Whether one of the units gave the case back with the dispatcher's approval."""
    return any(row.state is AssignmentState.RETURNED and row.org_id in org_ids for row in case.assignments)


def claimable(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T12: one open claim at a time, and none by a unit that returned the case."""
    if case.waiting(RequestKind.CLAIM):
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T12")
    if returned_by(case, frozenset(viewer.orgs_as(Role.HANDLER_LEAD))):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T12")


def claim_waits(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T12 (B.6 E): a claim waits, of another person and another unit."""
    waiting = case.waiting(RequestKind.CLAIM)
    another_decides(viewer, waiting, "T12")
    if any(belongs_to(viewer, it.org_id) for it in waiting):
        raise DomainError(ErrorCode.FORBIDDEN, rule="T12")


def returnable(_viewer: Viewer, case: Case, row: Assignment | None) -> None:
    """T15: not designated (R11), not critical, not asked before, not of a later round; the window is the rule's."""
    if row is None:
        return
    asked = any(it.org_id == row.org_id for it in case.requests if it.kind is RequestKind.RETURN)
    critical = case.incident.urgency is Urgency.CRITICAL
    if row.designated or critical or asked or row.born_by in _REBORN:
        raise DomainError(ErrorCode.RETURN_FORBIDDEN, rule="T15")


def return_waits(viewer: Viewer, case: Case, row: Assignment | None) -> None:
    """T16, T17 (B.6 E): neither the person nor the unit that asked decides."""
    if row is not None:
        another_decides(viewer, case.waiting(RequestKind.RETURN, assignment_id=row.id), "T16", row)


def unclear(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T18: from HANDLING only while a return is pending."""
    if case.incident.state is IncidentState.HANDLING and not case.incident.return_pending:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T18")


def takes_part(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T18, S35: the units named in the arbitration speak."""
    ruling = case.waiting(RequestKind.ARBITRATION)
    if not ruling:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T18")
    if not {str(it) for it in viewer.orgs_as(Role.HANDLER_LEAD)} & set(ruling[0].participants):
        raise DomainError(ErrorCode.FORBIDDEN, rule="T18")
