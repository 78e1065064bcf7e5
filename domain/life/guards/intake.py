"""Guards before filing and of other endings (domain.md B.3 T3 to T9, T36, T40, B.6)."""

from collections.abc import Mapping

from domain.assignment import Assignment
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.life.guards.asking import another_decides
from domain.loop.request import ENDINGS, EndingKind, Request, RequestKind
from domain.person import Role
from domain.verification import TaskState, Verification, VerificationPhase
from domain.viewer import Viewer

# Who confirms which ending: T5, T6, T8, T36 the shift leader · T33 and T7 the director · T40 the callback officer.
_DECIDERS: Mapping[RequestKind, Role] = {
    RequestKind.ENDING: Role.SHIFT_LEADER,
    RequestKind.MERGE: Role.COMMAND_DIRECTOR,
    RequestKind.WITHDRAWAL: Role.CALLBACK,
}


def self_handled(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T3 (B.6): a worker of the grid or the finder, no complainant, and a category that allows it."""
    mine = case.incident.reporter_id == viewer.person_id or case.incident.grid_id in viewer.grids
    if not mine:
        raise DomainError(ErrorCode.FORBIDDEN, rule="T3")
    if case.complainants or not case.category.self_handling:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T3")


def self_handling_waits(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T4: not the same person (B.6 E)."""
    another_decides(viewer, case.waiting(RequestKind.SELF_HANDLING), "T4")


def intake_task(case: Case) -> Verification | None:
    """The verification before filing that waits (T8)."""
    waiting = (
        v for v in case.verifications if v.phase is VerificationPhase.INTAKE and v.state is TaskState.PENDING
    )
    return next(waiting, None)


def may_verify(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T8, T9: an inspector, a worker of the grid or of the unit named, not the one who reported."""
    task = intake_task(case)
    if task is None:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T9")
    there = case.incident.grid_id in viewer.grids or Role.INSPECTOR in viewer.roles
    named = task.org_id in viewer.orgs_as(Role.GRID_WORKER)
    if not (there or named) or case.incident.reporter_id == viewer.person_id:
        raise DomainError(ErrorCode.FORBIDDEN, rule="T9")


def no_ending_waits(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """B.6 A: one proposal to end the case at a time."""
    if case.waiting(*ENDINGS):
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="B.5")


def ending_waits(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """B.5, B.6 E: another person decides, of the role the ending asks for."""
    waiting = case.waiting(*ENDINGS)
    another_decides(viewer, waiting, "B.5")
    if decider_of(waiting[0]) not in viewer.roles:
        raise DomainError(ErrorCode.FORBIDDEN, rule="B.5")


def decider_of(request: Request) -> Role:
    """The role that confirms an ending."""
    if request.reason == EndingKind.UNREASONABLE.value:
        return Role.COMMAND_DIRECTOR
    return _DECIDERS[request.kind]


def void_waits(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T36: asked by one, approved by another (B.6 E)."""
    asked = [it for it in case.waiting(RequestKind.ENDING) if it.reason == EndingKind.VOID.value]
    if not asked:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T36")
    another_decides(viewer, asked, "T36")


def may_withdraw(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T40: a complainant of the case, or the acceptor who was told."""
    if not case.complainants:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T40")
    own = any(it.person_id == viewer.person_id for it in case.complainants)
    if not own and Role.ACCEPTOR not in viewer.roles:
        raise DomainError(ErrorCode.FORBIDDEN, rule="T40")


def may_confirm_grid(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """B.5: the office, or who works at the place."""
    there = case.incident.grid_id in viewer.grids or viewer.clerk_regions.intersection(case.region_ids)
    if Role.ACCEPTOR not in viewer.roles and not there:
        raise DomainError(ErrorCode.FORBIDDEN, rule="B.5")
