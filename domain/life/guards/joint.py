"""Guards of joint handling: contact, supports, withdrawal, results (domain.md B.3 T13, T20, T21, T25, R24, B.6)."""

from domain.assignment import Assignment, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.loop.milestone import undone
from domain.viewer import Viewer

_SILENT = frozenset({AssignmentState.PENDING, AssignmentState.ACCEPTED, AssignmentState.RETURN_REQ})


def contact_runs(_viewer: Viewer, case: Case, row: Assignment | None) -> None:
    """T20: any live LEAD whose CONTACT clock runs, signed or not."""
    if row is None or not case.running(ClockType.CONTACT, row.id):
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T20")


def nobody_signed(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T13 (R14): every live LEAD and SUPPORT row is PENDING (trap 22)."""
    working = [row for row in case.assignments if row.role is not AssignmentRole.CC and row.state.live]
    if any(row.state is not AssignmentState.PENDING for row in working):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T13")


def supports_replied(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T25: the lead waits for every support, from HUNG too; who is missing is named (trap 6)."""
    silent = [str(row.id) for row in case.supports if row.state in _SILENT]
    if silent:
        raise DomainError(ErrorCode.SUPPORT_PENDING, rule="T25", facts={"assignments": silent})


def hung_may_close(_viewer: Viewer, _case: Case, row: Assignment | None) -> None:
    """T25 from HUNG needs the director's ALLOW_CLOSE (B.6 T23b)."""
    if row is not None and row.state is AssignmentState.HUNG and not row.close_hung:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T23b")


def milestone_waits(_viewer: Viewer, _case: Case, row: Assignment | None) -> None:
    """R24: a milestone of the row is not done yet."""
    if row is None or not undone(row.stages):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="R24")


def milestones_done(_viewer: Viewer, _case: Case, row: Assignment | None) -> None:
    """T25: every milestone is done, or named; what hangs and may close is open anyway (B.6 T23b)."""
    if row is not None and not (row.state is AssignmentState.HUNG and row.close_hung):
        check_milestones(row)


def check_milestones(row: Assignment) -> None:
    """T25 "milestones done": GUARD_FAILED with the names of those that are not."""
    if waiting := [it.name for it in undone(row.stages)]:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T25", facts={"milestones": waiting})
