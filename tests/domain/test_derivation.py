"""What is stored and follows from the rows (domain.md B.5, B.6 B; design §6)."""

import itertools
from dataclasses import replace

import pytest

from domain.assignment import Assignment, AssignmentState
from domain.case import put
from domain.event import EventKind
from domain.incident import IncidentState, PublicStatus, public_status
from domain.life.derivation import derive, derived_state
from domain.life.outcome import Happening, conclude
from domain.supervision import SupervisionLevel
from tests.domain.stage import NOW, story_at

S = AssignmentState
LIVE = tuple(state for state in AssignmentState if state.live)


def of(*states: AssignmentState) -> tuple[Assignment, ...]:
    row = story_at(2).row
    return tuple(replace(row, state=state) for state in states)


def reference(states: tuple[AssignmentState, ...]) -> str:
    """B.5 read aloud, with an empty arbitration."""
    if not states:
        return "FILED"
    if all(it is S.RETURN_REQ for it in states):
        return "RETURN_REVIEW"
    if all(it is S.SUBMITTED for it in states):
        return "SUBMITTED"
    if all(it is S.PENDING for it in states):
        return "DISPATCHED"
    if all(it in {S.HUNG, S.SUBMITTED} for it in states) and any(it is S.HUNG for it in states):
        return "HUNG"
    return "HANDLING"


@pytest.mark.parametrize("count", range(4))
def test_the_state_of_a_case_follows_from_its_rows(count: int) -> None:
    for states in itertools.product(LIVE, repeat=count):
        assert derived_state(of(*states)).value == reference(states)


def test_a_return_beside_a_working_lead_is_pending_only() -> None:
    case = story_at(3).case
    second = replace(case.assignments[0], id=story_at(2).row.id, seq=2, state=S.RETURN_REQ)
    both = derive(replace(case, assignments=(*case.assignments, second)))
    assert (both.incident.state, both.incident.return_pending) == (IncidentState.HANDLING, True)
    alone = derive(replace(case, assignments=(second,)))
    assert (alone.incident.state, alone.incident.return_pending) == (IncidentState.RETURN_REVIEW, False)


def test_a_case_without_leads_left_is_filed_again_and_keeps_its_due_time() -> None:
    case = story_at(2).case
    gone = replace(case, assignments=(replace(case.assignments[0], state=S.RETURNED),))
    settled = derive(gone)
    assert settled.incident.state is IncidentState.FILED
    assert settled.incident.due_at == case.incident.due_at


def test_before_dispatch_a_stopped_clock_leaves_the_due_time() -> None:
    case = story_at(0).case
    assert derive(replace(case, clocks=())).incident.due_at == case.incident.due_at


def test_every_state_has_a_public_face() -> None:
    assert {public_status(state) for state in IncidentState} == set(PublicStatus)
    assert public_status(IncidentState.HUNG) is PublicStatus.IN_PROGRESS
    assert {state.value for state in IncidentState if not state.open} == {
        "DRAFT",
        "CLOSED",
        "ARCHIVED",
        "REJECTED",
        "MERGED",
        "TRANSFERRED",
        "VOIDED",
    }


def test_rows_of_one_id_are_replaced_and_others_added() -> None:
    first, second = (story_at(2).row for _ in range(2))
    changed = replace(first, state=S.DONE)
    assert put((first,), changed, second) == (changed, second)


def test_versions_rise_with_what_changed_and_with_nothing_else() -> None:
    case = story_at(3).case
    said = [Happening(at=NOW, kind=EventKind.CHANGED, row="B.5")]
    assert conclude(case, case, said).case == case
    urged = replace(case, incident=replace(case.incident, supervision_level=SupervisionLevel.URGE))
    outcome = conclude(case, urged, said)
    assert outcome.case.incident.version == case.incident.version + 1
    assert outcome.case.assignments == case.assignments
    assert len(outcome.events) == 1


def test_the_first_happening_tells_of_the_rows_and_the_others_only_of_the_case() -> None:
    case = story_at(3).case
    row = replace(case.assignments[0], on_time_accept=False)
    said = [
        Happening(at=NOW, kind=EventKind.LIGHT, row="R21"),
        Happening(at=NOW, kind=EventKind.ESCALATED, row="E2"),
    ]
    outcome = conclude(case, replace(case, assignments=(row,)), said)
    assert [(event.subject.noun, event.kind) for event in outcome.events] == [
        ("Incident", EventKind.LIGHT),
        ("Assignment", EventKind.CHANGED),
        ("Incident", EventKind.ESCALATED),
    ]
    assert {event.incident_id for event in outcome.events} == {case.incident.id}
    assert outcome.events[0].scopes_before == outcome.events[0].scopes_after == case.scopes()


def test_scopes_hold_the_inputs_of_the_visibility_atoms() -> None:
    scopes = story_at(2).case.scopes()
    assert (len(scopes.orgs), len(scopes.regions), scopes.complainant) == (1, 3, None)
