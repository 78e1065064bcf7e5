"""Guards of supervision, urgency and history (domain.md B.3 T37, T38, R17, R18)."""

from domain.assignment import Assignment
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.incident import NoteKind
from domain.person import Role
from domain.supervision import SupervisionLevel
from domain.viewer import Viewer


def supervised(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T38: there is something to cancel."""
    if case.incident.supervision_level is SupervisionLevel.NONE:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T38")


def owes_reply(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T37: a supervision waits for the reply of a unit of the viewer's."""
    if not any(it.open for it in case.supervisions):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T37")
    units = {row.org_id for row in case.assignments if row.state.visible}
    if not units & viewer.orgs_as(Role.HANDLER_LEAD):
        raise DomainError(ErrorCode.FORBIDDEN, rule="T37")


def instructed(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """R16: a leader's words wait to be received by a unit of the viewer's that holds the case."""
    if not any(it.kind is NoteKind.INSTRUCTION and it.received_at is None for it in case.notes):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="R16")
    units = {row.org_id for row in case.assignments if row.state.visible}
    if not units & viewer.orgs_as(Role.HANDLER_LEAD):
        raise DomainError(ErrorCode.FORBIDDEN, rule="R16")


def not_urgent(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """R17: a second 加急 is refused."""
    if case.incident.urgent:
        raise DomainError(ErrorCode.ALREADY_URGENT, rule="R17")


def not_historic(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """R18: the flag is set once."""
    if case.incident.historic:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="R18")
