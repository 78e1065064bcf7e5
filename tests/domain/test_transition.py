"""The table of the life: every command in every state, by everybody (domain.md B.3, B.6)."""

import re
from dataclasses import replace

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentRole, AssignmentState
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState
from domain.life.derivation import derive
from domain.life.transition import BIRTHS, CASE_ACTIONS, EDGES, ROW_ACTIONS, available_actions, require
from domain.loop.request import Request, RequestKind, RequestState
from domain.permission import PERMITTED
from domain.person import PostType
from domain.rules import assignment, verification
from domain.viewer import Viewer
from tests.domain.stage import (
    ACCEPTOR,
    CALLBACK,
    CIVIL,
    CLERK,
    COMMUNITY,
    DIRECTOR,
    DISPATCHER,
    EVERYONE,
    HANDLER,
    INSPECTOR,
    LEAD,
    NOW,
    OTHER_LEAD,
    SHIFT,
    WORKER,
    act,
    new_id,
    person,
    story_at,
)

STATES = tuple(IncidentState)
ROW_STATES = tuple(AssignmentState)


def code(viewer: Viewer, action: A, case: Case, *, row: bool = False) -> ErrorCode | None:
    try:
        require(viewer, action, case, case.assignments[-1] if row else None)
    except DomainError as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", CASE_ACTIONS)
def test_a_command_outside_its_states_is_illegal_for_all_and_says_from_where(
    action: A, state: IncidentState
) -> None:
    case = story_at(3).case
    case = replace(case, incident=replace(case.incident, state=state))
    for viewer in EVERYONE:
        found = code(viewer, action, case)
        if not viewer.roles & PERMITTED[action]:
            assert found is ErrorCode.FORBIDDEN
        elif state not in EDGES[action].states:
            assert found is ErrorCode.ILLEGAL_TRANSITION
        else:
            assert found is not ErrorCode.ILLEGAL_TRANSITION or EDGES[action].guards


# Who decides on rows: people of the command centre; every other row command is the unit's own.
DECIDERS = {
    A.releaseSupport: DISPATCHER,
    A.decideReturn: DISPATCHER,
    A.decideExtension: DIRECTOR,
    A.decideHang: DIRECTOR,
    A.resumeHung: DIRECTOR,
}


@pytest.mark.parametrize("role", AssignmentRole)
@pytest.mark.parametrize("state", ROW_STATES)
@pytest.mark.parametrize("action", ROW_ACTIONS)
def test_a_row_permits_only_the_commands_of_its_state_and_role(
    action: A, state: AssignmentState, role: AssignmentRole
) -> None:
    case, edge = story_at(2).case, EDGES[action]
    incident = replace(case.incident, state=IncidentState.HANDLING)
    case = replace(
        case, incident=incident, assignments=(replace(case.assignments[0], state=state, role=role),)
    )
    found = code(DECIDERS.get(action, LEAD), action, case, row=True)
    assert edge.rows is not None
    assert edge.of is not None
    if state not in edge.rows or role not in edge.of:
        assert found is ErrorCode.ILLEGAL_TRANSITION
    else:
        assert found is None or edge.guards
    assert code(OTHER_LEAD, action, case, row=True) is ErrorCode.FORBIDDEN


def test_every_command_on_cases_and_rows_is_in_the_table_with_its_row_and_source() -> None:
    elsewhere = {
        action for action in A if action not in EDGES and action not in BIRTHS and "Incident" in action.value
    }
    assert elsewhere == set()
    assert all(re.fullmatch(r"T\d+[abcu]?|B\.5|R\d+", edge.row) and edge.source for edge in EDGES.values())


def test_every_open_state_has_a_way_on_that_is_no_emergency_exit() -> None:
    exits = {A.voidIncident, A.withdrawIncident, A.redispatchIncident, A.mergeIncident, A.decideEnding}
    leads_on = {
        state
        for action, edge in EDGES.items()
        if action not in exits
        for state in edge.states
        if edge.to - {state}
    }
    assert {state for state in IncidentState if state.open} <= leads_on


def test_what_no_door_leads_to_yet_is_not_offered() -> None:
    sent = story_at(3).case
    offered = {
        it.action
        for it in (*available_actions(DIRECTOR, sent), *available_actions(LEAD, sent, sent.assignments[0]))
    }
    assert offered == set(EDGES)


def test_who_declared_an_interest_does_nothing_in_the_case() -> None:
    case = story_at(1).case
    related = replace(DISPATCHER, recused=frozenset({case.incident.id}))
    assert code(DISPATCHER, A.dispatchIncident, case) is None
    assert code(related, A.dispatchIncident, case) is ErrorCode.FORBIDDEN
    assert code(related, A.dispatchIncident, story_at(1).case) is None


def test_an_open_arbitration_comes_before_what_the_rows_say() -> None:
    case = story_at(3).case
    ruling = Request(
        id=new_id(),
        incident_id=case.incident.id,
        kind=RequestKind.ARBITRATION,
        asked_by_id=DISPATCHER.person_id,
        asked_at=NOW,
    )
    open_one = derive(replace(case, requests=(ruling,)))
    assert (open_one.incident.state, open_one.incident.request_count) == (IncidentState.ARBITRATING, 1)
    ruled = derive(replace(open_one, requests=(replace(ruling, state=RequestState.APPROVED),)))
    assert ruled.incident.state is IncidentState.HANDLING


@pytest.mark.parametrize("state", STATES)
def test_a_row_command_needs_the_case_in_the_midst_of_its_life(state: IncidentState) -> None:
    case = story_at(2).case
    case = replace(case, incident=replace(case.incident, state=state))
    expected = None if state in EDGES[A.acceptAssignment].states else ErrorCode.ILLEGAL_TRANSITION
    assert code(HANDLER, A.acceptAssignment, case, row=True) is expected


def test_a_row_command_without_a_row_is_illegal() -> None:
    with pytest.raises(DomainError) as refusal:
        require(LEAD, A.submitResult, story_at(3).case)
    assert refusal.value.facts == {"from": None}


def test_what_is_offered_is_what_is_accepted() -> None:
    case = story_at(1).case
    offered = {it.action: it.refusal for it in available_actions(DISPATCHER, case)}
    assert offered[A.dispatchIncident] is None
    refusal = offered[A.fileIncident]
    assert refusal is not None
    assert refusal.code is ErrorCode.FORBIDDEN
    sent = story_at(2).case
    rows = {it.action: it.refusal is None for it in available_actions(HANDLER, sent, sent.assignments[0])}
    assert {it for it, free in rows.items() if free} == {A.acceptAssignment, A.recordFirstContact}
    assert rows[A.submitResult] is False


@pytest.mark.parametrize("role", [AssignmentRole.LEAD, AssignmentRole.SUPPORT])
def test_who_handled_in_any_round_checks_nothing(role: AssignmentRole) -> None:
    case = story_at(6).case
    case = replace(case, assignments=(replace(case.assignments[0], role=role, org_id=COMMUNITY),))
    assert code(CLERK, A.recordCheck, case) is ErrorCode.VERIFIER_IS_HANDLER
    both = person(PostType.INSPECTOR, org=COMMUNITY)
    assert code(replace(both, org_id=None), A.recordCheck, case) is ErrorCode.VERIFIER_IS_HANDLER


def test_a_clerk_checks_what_was_given_to_the_own_unit() -> None:
    story = story_at(5)
    asked = verification.request_check(act(ACCEPTOR), story.case, COMMUNITY).case
    assert code(CLERK, A.recordCheck, asked) is None
    assert code(INSPECTOR, A.recordCheck, asked) is None
    assert code(CLERK, A.recordCheck, story.checking().case) is ErrorCode.FORBIDDEN
    assert code(INSPECTOR, A.recordCheck, story.checked().case) is ErrorCode.ILLEGAL_TRANSITION


def test_a_passed_check_is_not_recorded_twice() -> None:
    story = story_at(7, complainant=None)
    assert code(INSPECTOR, A.recordCheck, story.case) is ErrorCode.ILLEGAL_TRANSITION


def test_two_people_close_a_case() -> None:
    both = person(PostType.INSPECTOR, PostType.SHIFT_LEADER, PostType.CALLBACK)
    checked = story_at(6, complainant=None).checked(viewer=both).case
    assert code(both, A.closeIncident, checked) is ErrorCode.FORBIDDEN
    assert code(SHIFT, A.closeIncident, checked) is None
    asked = story_at(7).asked(both).case
    assert code(both, A.closeIncident, asked) is ErrorCode.FORBIDDEN
    assert code(SHIFT, A.closeIncident, asked) is None


def test_nothing_closes_without_a_passed_check() -> None:
    assert code(SHIFT, A.closeIncident, story_at(6).case) is ErrorCode.GUARD_FAILED


def test_independent_people_ask() -> None:
    case = story_at(7).case
    assert code(CALLBACK, A.recordFollowUp, case) is None
    assert code(WORKER, A.recordFollowUp, case) is None
    assert code(HANDLER, A.recordFollowUp, case) is ErrorCode.ILLEGAL_TRANSITION
    assert code(replace(CLERK, clerk_regions=frozenset()), A.recordFollowUp, case) is ErrorCode.FORBIDDEN
    own = replace(case, assignments=(replace(case.assignments[0], org_id=COMMUNITY),))
    assert code(CLERK, A.recordFollowUp, own) is ErrorCode.FORBIDDEN


def test_the_handler_asks_while_working() -> None:
    assert code(HANDLER, A.recordFollowUp, story_at(3).case) is None
    assert code(CALLBACK, A.recordFollowUp, story_at(3).case) is ErrorCode.ILLEGAL_TRANSITION
    assert code(OTHER_LEAD, A.recordFollowUp, story_at(3).case) is ErrorCode.FORBIDDEN


def test_a_first_contact_needs_its_clock_running() -> None:
    story = story_at(4)
    assert code(HANDLER, A.recordFirstContact, story.case, row=True) is ErrorCode.ILLEGAL_TRANSITION


def test_an_assignment_of_another_case_is_not_found() -> None:
    with pytest.raises(DomainError) as refusal:
        story_at(2).case.assignment(CIVIL)
    assert refusal.value.code is ErrorCode.NOT_FOUND


def test_results_are_of_the_five_kinds_a_unit_may_report() -> None:
    assert {it.value for it in assignment.RESULTS} == {
        "SOLVED",
        "PARTLY",
        "EXPLAINED",
        "LEGAL_CHANNEL",
        "NOT_FOUND",
    }
