"""The life of a case as one table: row of domain.md B.3, states, guards (B.6 decides)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.action import ActionName
from domain.assignment import Assignment, AssignmentState
from domain.calendar import DISTRICT_TIME
from domain.case import Case
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.followup import FollowUp, FollowUpLayer, Satisfaction, Solved
from domain.incident import IncidentState
from domain.permission import permit
from domain.person import Role
from domain.policy import REWORK_ROUNDS
from domain.verification import CheckResult, TaskState
from domain.viewer import Viewer

A = ActionName
S = IncidentState

Guard = Callable[[Viewer, Case, Assignment | None], None]

# B.6 A: rows, not cases, permit row commands; the incident need only be in Z.
Z = frozenset({S.DISPATCHED, S.HANDLING, S.RETURN_REVIEW, S.HUNG, S.ARBITRATING})
OPEN = frozenset(state for state in S if state.open)
DISSATISFIED = frozenset({Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED})
FAILED_ATTEMPTS, ATTEMPT_DAYS = 3, 2  # T31, R29
UNABLE_CHECKS = 2  # T28b


@dataclass(frozen=True, slots=True)
class Edge:
    """One command of the table. `rows` are the assignment states it needs, None for commands on the case."""

    row: str
    states: frozenset[IncidentState]
    rows: frozenset[AssignmentState] | None = None
    guards: tuple[Guard, ...] = ()


def has_passed(case: Case) -> bool:
    """Whether the check of this round has passed."""
    return any(v.result is CheckResult.PASS and v.round == case.incident.round for v in case.verifications)


def pending_check(case: Case) -> bool:
    """Whether a check of this round waits to be recorded."""
    return any(v.state is TaskState.PENDING and v.round == case.incident.round for v in case.verifications)


def unhappy(case: Case) -> bool:
    """Whether an independent follow-up of this round was dissatisfied or unsolved (B.6 T31)."""
    return any(
        f.round == case.incident.round
        and f.layer is not FollowUpLayer.HANDLER
        and f.valid
        and (f.satisfaction in DISSATISFIED or f.solved is Solved.NO)
        for f in case.followups
    )


def _contact_runs(_viewer: Viewer, case: Case, row: Assignment | None) -> None:
    """T20: any live LEAD whose CONTACT clock runs, signed or not."""
    if row is None or not case.running(ClockType.CONTACT, row.id):
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T20")


def _not_handler(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T28, B.6 E: no unit of the inspector's held a LEAD or SUPPORT row in any round (trap 7)."""
    if _of_handler(viewer, case):
        raise DomainError(ErrorCode.VERIFIER_IS_HANDLER, rule="T28")


def _check_waits(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    if not pending_check(case):
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T28")


def at_desk(case: Case) -> bool:
    """T28b: after a second UNABLE of this round the shift leader decides at the desk."""
    unable = sum(
        v.result is CheckResult.UNABLE and v.round == case.incident.round for v in case.verifications
    )
    return unable >= UNABLE_CHECKS


def _may_check(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T27, T28b: an inspector, or a clerk or worker of the unit the task was given to; at last the shift leader."""
    if at_desk(case):
        if Role.SHIFT_LEADER not in viewer.roles:
            raise DomainError(ErrorCode.FORBIDDEN, rule="T28b")
        return
    tasks = [v for v in case.verifications if v.state is TaskState.PENDING]
    given = {v.org_id for v in tasks} & (
        viewer.orgs_as(Role.COMMUNITY_CLERK) | viewer.orgs_as(Role.GRID_WORKER)
    )
    if Role.INSPECTOR not in viewer.roles and not given:
        raise DomainError(ErrorCode.FORBIDDEN, rule="T28")
    if any(v.not_by == viewer.person_id for v in tasks):
        raise DomainError(ErrorCode.FORBIDDEN, rule="T28b")


def _of_handler(viewer: Viewer, case: Case) -> bool:
    return case.handled_by(viewer.org_id) or any(case.handled_by(post.org_id) for post in viewer.posts)


def _closable(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T29, T31 (S46): closing needs a passed check and, where one is due, a valid follow-up by others."""
    if not has_passed(case):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T29")
    if case.incident.state is S.FOLLOWUP:
        _followed_up(viewer, case)
    elif any(
        v.inspector_id == viewer.person_id and v.round == case.incident.round for v in case.verifications
    ):  # B.6 E: INS and SHL are two persons
        raise DomainError(ErrorCode.FORBIDDEN, rule="T29")


def _followed_up(viewer: Viewer, case: Case) -> None:
    """T31 (B.6): who wants a reply has a valid COMMAND follow-up or 3 failed attempts; nobody is dissatisfied."""
    asked = [f for f in case.followups if f.layer is not FollowUpLayer.HANDLER and _of_round(f, case)]
    if unhappy(case):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T31")
    reached = any(f.valid and f.layer is FollowUpLayer.COMMAND for f in asked)
    if awaits_reply(case) and not reached and not _given_up(case):
        raise DomainError(ErrorCode.FOLLOWUP_REQUIRED, rule="T31")
    if any(f.recorded_by_id == viewer.person_id for f in asked):  # B.6 E: FUP and SHL are two persons
        raise DomainError(ErrorCode.FORBIDDEN, rule="T31")


def awaits_reply(case: Case) -> bool:
    """T31 (B.6): whether the complainant wants a reply and can be reached."""
    who = case.complainant
    return who is not None and who.reachable and who.reply_wanted


def _of_round(followup: FollowUp, case: Case) -> bool:
    """An attempt of this round, not a task that still waits or was cancelled."""
    return followup.round == case.incident.round and followup.attempted_at is not None


def _given_up(case: Case) -> bool:
    """T31, R29: three failed COMMAND attempts on at least two district days."""
    failed = [
        f.attempted_at.astimezone(DISTRICT_TIME).date()
        for f in case.followups
        if f.layer is FollowUpLayer.COMMAND
        and f.round == case.incident.round
        and f.attempted_at is not None
        and not f.valid
    ]
    return len(failed) >= FAILED_ATTEMPTS and len(set(failed)) >= ATTEMPT_DAYS


def open_layers(viewer: Viewer, case: Case) -> frozenset[FollowUpLayer]:
    """The layers of follow-up this viewer may record now (§0-7).

    COMMAND by the callback officer, COMMUNITY by clerk or worker of the place, neither by the unit that
    handled (R30, trap 28); HANDLER by the lead's own unit while it works.
    """
    layers = set()
    if case.incident.state is S.HANDLING:
        working = {row.org_id for row in case.leads if row.state is AssignmentState.ACCEPTED}
        if working & viewer.handler_orgs:
            layers.add(FollowUpLayer.HANDLER)
    elif case.incident.state is S.FOLLOWUP and not _of_handler(viewer, case):
        if Role.CALLBACK in viewer.roles:
            layers.add(FollowUpLayer.COMMAND)
        if case.incident.grid_id in viewer.grids or viewer.clerk_regions.intersection(case.region_ids):
            layers.add(FollowUpLayer.COMMUNITY)
    return frozenset(layers)


_ASKING = {
    S.HANDLING: frozenset({Role.HANDLER}),
    S.FOLLOWUP: frozenset({Role.CALLBACK, Role.COMMUNITY_CLERK, Role.GRID_WORKER}),
}


def _may_ask(viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T31: some layer is this viewer's now."""
    state = case.incident.state
    if not viewer.roles & _ASKING[state]:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T31", facts={"from": state.value})
    if not open_layers(viewer, case):
        raise DomainError(ErrorCode.FORBIDDEN, rule="T31")


def _reworkable(_viewer: Viewer, case: Case, _row: Assignment | None) -> None:
    """T32: someone was dissatisfied, and fewer than two reworks so far (then only T32b)."""
    if not unhappy(case) or case.incident.round > REWORK_ROUNDS:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T32")


EDGES: Mapping[ActionName, Edge] = {
    A.rejectIncident: Edge("T5", frozenset({S.REPORTED})),
    A.amendIncident: Edge("T10a", frozenset({S.REPORTED, S.FILED})),
    A.fileIncident: Edge("T10", frozenset({S.REPORTED})),
    A.dispatchIncident: Edge("T11", frozenset({S.FILED})),
    A.acceptAssignment: Edge("T14", Z, frozenset({AssignmentState.PENDING})),
    A.recordFirstContact: Edge(
        "T20", Z, frozenset({AssignmentState.PENDING, AssignmentState.ACCEPTED}), (_contact_runs,)
    ),
    A.submitResult: Edge("T25", Z, frozenset({AssignmentState.ACCEPTED})),
    A.requestCheck: Edge("T27", frozenset({S.SUBMITTED})),
    A.recordCheck: Edge("T28", frozenset({S.CHECKING}), None, (_check_waits, _not_handler, _may_check)),
    A.recordFollowUp: Edge("T31", frozenset({S.FOLLOWUP, S.HANDLING}), None, (_may_ask,)),
    A.closeIncident: Edge("T31", frozenset({S.CHECKING, S.FOLLOWUP}), None, (_closable,)),
    A.reworkIncident: Edge("T32", frozenset({S.FOLLOWUP}), None, (_reworkable,)),
    A.superviseIncident: Edge("T37", OPEN),
    A.addNote: Edge("B.5", OPEN),
}
CASE_ACTIONS = tuple(action for action, edge in EDGES.items() if edge.rows is None)
ROW_ACTIONS = tuple(action for action, edge in EDGES.items() if edge.rows is not None)


def require(viewer: Viewer, action: ActionName, case: Case, row: Assignment | None = None) -> None:
    """Roles, states and guards of one command, without its input.

    Raises FORBIDDEN, ILLEGAL_TRANSITION (with `from`) or what the guard says. The same function decides
    `availableActions`, so that what is offered is what is accepted.
    """
    edge = EDGES[action]
    permit(viewer, action, case, row)
    if case.incident.state not in edge.states:
        raise DomainError(
            ErrorCode.ILLEGAL_TRANSITION, rule=edge.row, facts={"from": case.incident.state.value}
        )
    if edge.rows is not None and (row is None or row.state not in edge.rows):
        state = row.state.value if row else None
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule=edge.row, facts={"from": state})
    for guard in edge.guards:
        guard(viewer, case, row)


@dataclass(frozen=True, slots=True)
class Available:
    """One action as offered: `refusal` says why not."""

    action: ActionName
    refusal: DomainError | None


def available_actions(viewer: Viewer, case: Case, row: Assignment | None = None) -> tuple[Available, ...]:
    """What this viewer may do now with the case (or with that row of it), and why not for what is not."""
    actions = CASE_ACTIONS if row is None else ROW_ACTIONS
    return tuple(Available(action, _refusal(viewer, action, case, row)) for action in actions)


def _refusal(viewer: Viewer, action: ActionName, case: Case, row: Assignment | None) -> DomainError | None:
    try:
        require(viewer, action, case, row)
    except DomainError as refusal:
        return refusal
    return None
