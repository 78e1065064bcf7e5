"""Guards of extensions and hangs (domain.md B.3 T22 to T24, B.6)."""

from domain.assignment import Assignment, AssignmentState
from domain.case import Case
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.life.guards.asking import another_decides
from domain.loop.request import RequestKind
from domain.permission import belongs_to
from domain.person import Role
from domain.viewer import Viewer

EXTENSIONS = 2
"""How many extensions a row may ask for, refused ones included (T22)."""


def extendable(_viewer: Viewer, case: Case, row: Assignment | None) -> None:
    """T22: before the handling is breached, two at most; no class of urgency without a policy for it."""
    if row is None:
        return
    if row.on_time_handle is False or any(
        it.breached for it in case.clocks if it.type is ClockType.HANDLE and it.assignment_id == row.id
    ):
        raise DomainError(ErrorCode.EXTENSION_AFTER_DUE, rule="T22")
    asked = [it for it in case.requests if it.kind is RequestKind.EXTENSION and it.assignment_id == row.id]
    if len(asked) >= EXTENSIONS:
        raise DomainError(ErrorCode.EXTENSION_LIMIT, rule="T22")


def extension_waits(viewer: Viewer, case: Case, row: Assignment | None) -> None:
    """T22: a dispatcher decides the first, the director the second (B.6 E)."""
    if row is None:
        return
    waiting = case.waiting(RequestKind.EXTENSION, assignment_id=row.id)
    another_decides(viewer, waiting, "T22", row)
    if (waiting[0].ordinal or 1) > 1 and Role.COMMAND_DIRECTOR not in viewer.roles:
        raise DomainError(ErrorCode.FORBIDDEN, rule="T22")


def hangable(_viewer: Viewer, case: Case, row: Assignment | None) -> None:
    """T23: the complainant was contacted first, or there is no way to (B.6)."""
    reachable = any(it.reachable for it in case.complainants)
    if row is not None and reachable and row.first_contact_at is None:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T23")


def hang_waits(viewer: Viewer, case: Case, row: Assignment | None) -> None:
    """T23 (B.6 E): neither the person nor the unit that asked decides."""
    if row is not None:
        another_decides(viewer, case.waiting(RequestKind.HANG, assignment_id=row.id), "T23", row)


def someone_hangs(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T23b: some lead is hung, by another's wish and of another unit (B.6 E)."""
    hung = [row for row in case.leads if row.state is AssignmentState.HUNG]
    if not hung:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T23b")
    if not any(may_review(viewer, case, row) for row in hung):
        raise DomainError(ErrorCode.FORBIDDEN, rule="T23b")


def may_review(viewer: Viewer, case: Case, row: Assignment) -> bool:
    """B.6 E: neither who asked to hang the row nor its unit reviews that."""
    asked = {
        it.asked_by_id for it in case.requests if it.kind is RequestKind.HANG and it.assignment_id == row.id
    }
    return viewer.person_id not in asked and not belongs_to(viewer, row.org_id)
