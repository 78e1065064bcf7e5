"""The life of a case as one table: every command, its row of domain.md, from where to where (B.1 to B.6; B.6 decides).

Read a line as: row, source, the case's states before, the states it can lead to, then the states and roles of the
assignment it needs (none for commands on the case), then what else it asks of person and case. Roles are in
`domain/permission.py`. `DERIVED` follows from the rows (B.5, `domain/life/derivation.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.action import ActionName
from domain.assignment import Assignment, AssignmentRole, AssignmentState
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState
from domain.life.guards import boundary, intake, joint, review, supervision, time
from domain.life.guards.review import at_desk, awaits_reply, has_passed, open_layers, pending_check, unhappy
from domain.permission import permit
from domain.viewer import Viewer

__all__ = [
    "BIRTHS",
    "CASE_ACTIONS",
    "DERIVED",
    "EDGES",
    "OPEN",
    "ROW_ACTIONS",
    "TIMED",
    "Available",
    "Edge",
    "Z",
    "at_desk",
    "available_actions",
    "awaits_reply",
    "has_passed",
    "open_layers",
    "pending_check",
    "require",
    "unhappy",
]

A = ActionName
R = AssignmentState
S = IncidentState

Guard = Callable[[Viewer, Case, Assignment | None], None]
States = frozenset[IncidentState]


def _in(*states: IncidentState) -> States:
    return frozenset(states)


def _rows(*states: AssignmentState) -> frozenset[AssignmentState]:
    return frozenset(states)


# B.6 A: rows, not cases, permit row commands; the incident need only be in Z.
Z = _in(S.DISPATCHED, S.HANDLING, S.RETURN_REVIEW, S.HUNG, S.ARBITRATING)
OPEN = frozenset(state for state in S if state.open)
DERIVED = _in(S.FILED, S.ARBITRATING, S.DISPATCHED, S.HANDLING, S.RETURN_REVIEW, S.HUNG, S.SUBMITTED)
SAME: States = frozenset()
NOT_SEALED = frozenset(S) - {S.DRAFT, S.ARCHIVED}

LEAD = frozenset({AssignmentRole.LEAD})
SUPPORT = frozenset({AssignmentRole.SUPPORT})
COPY = frozenset({AssignmentRole.CC})
WORKING = LEAD | SUPPORT
STARTED = _rows(R.ACCEPTED, R.EXT_REQ, R.HANG_REQ, R.HUNG)
UNENDED = _rows(R.PENDING, R.ACCEPTED, R.RETURN_REQ, R.EXT_REQ, R.HANG_REQ, R.HUNG)


@dataclass(frozen=True, slots=True)
class Edge:
    """One command of the table.

    `row` and `source` cite domain.md; `states` before, `to` the states it can lead to (empty: the same). `rows` are
    the assignment states it needs, None for commands on the case, `of` the assignment's roles.
    """

    row: str
    source: str
    states: States
    to: States
    rows: frozenset[AssignmentState] | None = None
    of: frozenset[AssignmentRole] | None = None
    guards: tuple[Guard, ...] = ()


def _case(row: str, source: str, states: States, to: States, *guards: Guard) -> Edge:
    return Edge(row, source, states, to, guards=guards)


BEFORE_FILING = _in(S.REPORTED, S.VERIFYING, S.FILED)
MERGEABLE = BEFORE_FILING | _in(S.DISPATCHED, S.HANDLING, S.RETURN_REVIEW)
DISPATCHED_ON = _in(S.DISPATCHED, S.HANDLING, S.RETURN_REVIEW, S.HUNG)
ENDS = _in(S.REJECTED, S.TRANSFERRED, S.VERIFYING, S.VOIDED, S.CLOSED, S.MERGED)

# T1 and T2 make a case; everything below changes one.
BIRTHS: Mapping[ActionName, tuple[str, States]] = {
    A.saveDraft: ("T1", _in(S.DRAFT)),
    A.reportIncident: ("T2", _in(S.REPORTED)),
}

EDGES: Mapping[ActionName, Edge] = {
    # before dispatch
    A.selfHandleIncident: _case("T3", "B.6", _in(S.REPORTED), _in(S.SELF_DONE), intake.self_handled),
    A.reviewSelfHandled: _case(
        "T4", "B.3, B.6 E", _in(S.SELF_DONE), _in(S.CLOSED, S.REPORTED), intake.self_handling_waits
    ),
    A.rejectIncident: _case("T5", "B.3", _in(S.REPORTED), _in(S.REJECTED)),
    A.transferIncident: _case("T6", "B.3", _in(S.REPORTED), _in(S.TRANSFERRED)),
    A.reinstateIncident: _case("T5b", "B.5", _in(S.REJECTED, S.TRANSFERRED), _in(S.REPORTED)),
    A.requestVerification: _case("T8", "B.3", _in(S.REPORTED), _in(S.VERIFYING)),
    A.recordVerification: _case("T9", "B.3", _in(S.VERIFYING), _in(S.REPORTED), intake.may_verify),
    A.amendIncident: _case("T10a", "B.5", BEFORE_FILING, SAME),
    A.fileIncident: _case("T10", "B.3", _in(S.REPORTED), _in(S.FILED)),
    A.proposeEnding: _case("B.5", "B.5, B.6 E", OPEN, SAME, intake.no_ending_waits),
    A.decideEnding: _case("B.5", "B.5, B.6 E", OPEN, ENDS, intake.ending_waits),
    # dispatch and whose duty it is
    A.dispatchIncident: _case("T11", "B.6", _in(S.FILED), _in(S.DISPATCHED)),
    A.claimIncident: _case("T12", "B.6", _in(S.FILED), SAME, boundary.claimable),
    A.confirmClaim: _case("T12", "B.6", _in(S.FILED), _in(S.DISPATCHED), boundary.claim_waits),
    A.withdrawDispatch: _case("T13", "B.6", _in(S.DISPATCHED), _in(S.FILED), joint.nobody_signed),
    A.redispatchIncident: _case("T13b", "B.6", DISPATCHED_ON, _in(S.DISPATCHED)),
    A.releaseSupport: Edge(
        "T13c", "B.6", Z | _in(S.SUBMITTED), DERIVED, _rows(R.PENDING, R.ACCEPTED, R.RETURN_REQ), SUPPORT
    ),
    A.acceptAssignment: Edge("T14", "B.6 A", Z, DERIVED, _rows(R.PENDING), WORKING),
    A.assignHandler: Edge("B.5", "B.5, B.6", OPEN, SAME, UNENDED, WORKING),
    A.requestReturn: Edge(
        "T15",
        "B.6",
        Z - {S.RETURN_REVIEW, S.ARBITRATING},
        DERIVED,
        _rows(R.PENDING, R.ACCEPTED),
        WORKING,
        (boundary.returnable,),
    ),
    A.decideReturn: Edge(
        "T16",  # T17 when it is refused
        "B.6",
        (Z - {S.ARBITRATING}) | _in(S.SUBMITTED),
        DERIVED,
        _rows(R.RETURN_REQ),
        WORKING,
        (boundary.return_waits,),
    ),
    A.referToArbitration: _case(
        "T18", "B.6", _in(S.FILED, S.RETURN_REVIEW, S.HANDLING), _in(S.ARBITRATING), boundary.unclear
    ),
    A.submitStatement: _case("T18", "S35", _in(S.ARBITRATING), SAME, boundary.takes_part),
    A.ruleArbitration: _case("T19", "B.6", _in(S.ARBITRATING), DERIVED),
    # the work
    A.recordFirstContact: Edge(
        "T20",
        "B.6",
        Z,
        DERIVED,
        _rows(R.PENDING, R.ACCEPTED, R.RETURN_REQ, R.EXT_REQ),
        LEAD,
        (joint.contact_runs,),
    ),
    A.completeMilestone: Edge("R24", "C.2, T25", Z, DERIVED, STARTED, LEAD, (joint.milestone_waits,)),
    A.replyAsSupport: Edge("T21", "B.6", Z, DERIVED, _rows(R.ACCEPTED), SUPPORT),
    A.acknowledgeCopy: Edge("R13", "B.6 C", NOT_SEALED, SAME, _rows(R.PENDING), COPY),
    A.requestExtension: Edge(
        "T22", "B.6", _in(S.HANDLING, S.ARBITRATING), DERIVED, _rows(R.ACCEPTED), LEAD, (time.extendable,)
    ),
    A.decideExtension: Edge("T22", "B.6", Z, DERIVED, _rows(R.EXT_REQ), LEAD, (time.extension_waits,)),
    A.requestHang: Edge(
        "T23", "B.6", _in(S.HANDLING, S.ARBITRATING), DERIVED, _rows(R.ACCEPTED), LEAD, (time.hangable,)
    ),
    A.decideHang: Edge("T23", "B.6", Z, DERIVED, _rows(R.HANG_REQ), LEAD, (time.hang_waits,)),
    A.reviewHang: _case("T23b", "B.6", Z, DERIVED, time.someone_hangs),
    A.resumeHung: Edge("T24", "B.5", Z, DERIVED, _rows(R.HUNG), LEAD),
    A.submitResult: Edge(
        "T25",
        "B.6",
        Z,
        DERIVED,
        STARTED,
        LEAD,
        (joint.supports_replied, joint.hung_may_close, joint.milestones_done),
    ),
    A.returnResult: _case(
        "T26", "B.6", _in(S.SUBMITTED, S.HANDLING, S.HUNG), DERIVED, review.submitted_result
    ),
    # is it true, and is the resident content
    A.requestCheck: _case("T27", "B.6", _in(S.SUBMITTED), _in(S.CHECKING)),
    A.recordCheck: _case(
        "T28",  # T28b, T30
        "B.6",
        _in(S.CHECKING),
        _in(S.FOLLOWUP, S.CHECKING, S.HANDLING),
        review.check_waits,
        review.not_handler,
        review.may_check,
    ),
    A.recordFollowUp: _case("T31", "B.3, S48", _in(S.FOLLOWUP, S.HANDLING), SAME, review.may_ask),
    A.closeIncident: _case(
        "T31",  # T29, T33
        "B.6",
        _in(S.CHECKING, S.FOLLOWUP),
        _in(S.CLOSED),
        review.closable,
    ),
    A.reworkIncident: _case("T32", "B.6", _in(S.CHECKING, S.FOLLOWUP), _in(S.HANDLING), review.reworkable),
    A.reopenIncident: _case("T34", "B.6", _in(S.CLOSED), _in(S.HANDLING, S.FILED)),
    A.archiveIncident: _case("T35", "B.6", _in(S.CLOSED), _in(S.ARCHIVED)),
    # one matter reported twice
    A.mergeIncident: _case("T7", "B.6", MERGEABLE, _in(S.MERGED), review.mergeable, intake.no_ending_waits),
    A.unmergeIncident: _case("T7u", "B.6", _in(S.MERGED), BEFORE_FILING),
    # at any time
    A.voidIncident: _case("T36", "B.6 E", OPEN, _in(S.VOIDED), intake.void_waits),
    A.withdrawIncident: _case("T40", "B.6", OPEN, _in(S.CLOSED), intake.may_withdraw, intake.no_ending_waits),
    A.superviseIncident: _case("T37", "B.3", OPEN, SAME),
    A.replySupervision: _case("T37", "B.3", OPEN, SAME, supervision.owes_reply),
    A.cancelSupervision: _case("T38", "B.3", OPEN, SAME, supervision.supervised),
    A.instructIncident: _case("T39", "B.3, R16", OPEN, SAME),
    A.acknowledgeInstruction: _case("R16", "C.2", OPEN, SAME, supervision.instructed),
    A.markUrgent: _case("R17", "C.2", OPEN, SAME, supervision.not_urgent),
    A.markHistoric: _case("R18", "C.2", OPEN, SAME, supervision.not_historic),
    A.confirmGrid: _case("B.5", "B.5", OPEN, SAME, intake.may_confirm_grid),
    A.joinIncident: _case("R03", "C.2", OPEN, SAME),
    A.answerRepeat: _case("R05", "C.2, T5", _in(S.REPORTED), _in(S.REJECTED)),
    A.joinPublicCase: _case("R03", "C.2", OPEN, SAME),
    A.declareRecusal: _case("R82", "C.2", NOT_SEALED, SAME),
    A.blowWhistle: _case("R33", "C.2", _in(S.FILED) | Z, SAME),
    A.addNote: _case("B.5", "B.5", OPEN, SAME),
}

# What time alone does (B.3 SYS, B.6): the clock that runs out, and where the case goes then.
TIMED: Mapping[str, tuple[str, States, States]] = {
    "T18": ("second approved return", _in(S.RETURN_REVIEW), _in(S.ARBITRATING)),
    "T24": ("HANG_REVIEW at maxUntil", _in(S.HUNG, S.HANDLING), DERIVED),
    "T27": ("SUBMIT_WAIT", _in(S.SUBMITTED), _in(S.CHECKING)),
    "T35": ("ARCHIVE", _in(S.CLOSED), _in(S.ARCHIVED)),
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
    if edge.rows is not None and not _fits(edge, row):
        state = row.state.value if row else None
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule=edge.row, facts={"from": state})
    for guard in edge.guards:
        guard(viewer, case, row)


def _fits(edge: Edge, row: Assignment | None) -> bool:
    """Whether the assignment is in a state, and of a role, that the command takes."""
    if row is None or edge.rows is None:
        return False
    return row.state in edge.rows and (edge.of is None or row.role in edge.of)


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
