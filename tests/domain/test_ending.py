"""How rows, requests, tasks and clocks end with a case, and how a clock stands still (domain.md B.6 C, D)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from domain.assignment import AssignmentState
from domain.clock import ClockType, Light
from domain.incident import IncidentState
from domain.loop.request import Request, RequestKind, RequestState
from domain.loop.score import ScoreType, entry
from domain.rules.clock import paused, resumed
from domain.rules.ending import left_open
from domain.verification import TaskState
from tests.domain.stage import DIRECTOR, DISPATCHER, NOW, act, new_id, story_at


def asked(kind: RequestKind, incident_id: UUID, row_id: UUID | None = None) -> Request:
    return Request(
        id=new_id(),
        incident_id=incident_id,
        assignment_id=row_id,
        kind=kind,
        asked_by_id=DISPATCHER.person_id,
        asked_at=NOW,
    )


def test_nothing_lives_on_in_a_case_that_has_ended() -> None:
    case = story_at(3).case
    requests = (
        asked(RequestKind.RETURN, case.incident.id, case.assignments[0].id),
        asked(RequestKind.CLAIM, case.incident.id),
    )
    case = replace(case, requests=requests)
    ended = left_open(act(DIRECTOR), case, IncidentState.VOIDED)
    assert (ended.incident.state, ended.incident.ended_at) == (IncidentState.VOIDED, NOW)
    assert [row.state for row in ended.assignments] == [AssignmentState.CANCELLED]
    assert [it.state for it in ended.requests] == [RequestState.LAPSED, RequestState.REJECTED]
    assert [it.type for it in ended.clocks if not it.stopped_at] == [ClockType.ARCHIVE]


def test_a_row_that_had_answered_is_done_when_the_complainant_withdraws_late() -> None:
    case = story_at(6).case
    ended = left_open(act(DIRECTOR), case, IncidentState.CLOSED, done=True)
    assert [row.state for row in ended.assignments] == [AssignmentState.DONE]


def test_tasks_that_waited_are_cancelled_with_the_case() -> None:
    ended = left_open(act(DIRECTOR), story_at(6).case, IncidentState.VOIDED)
    assert [it.state for it in ended.verifications] == [TaskState.CANCELLED]


def test_a_clock_that_stood_still_has_the_time_left_that_it_had() -> None:
    case = story_at(3).case
    row = case.assignments[0]
    (handle,) = case.running(ClockType.HANDLE, row.id)
    still = paused(case, NOW, (ClockType.HANDLE,), row.id)
    assert not still.running(ClockType.HANDLE, row.id)
    assert paused(still, NOW, (ClockType.HANDLE,), row.id) == still
    later = NOW + timedelta(days=7)  # a week later: as many working days
    again = resumed(act(DIRECTOR, at=later), still, (ClockType.HANDLE, ClockType.SIGN), "T24", row.id)
    (moved,) = again.running(ClockType.HANDLE, row.id)
    assert moved.due_at == handle.due_at + timedelta(days=7)
    assert moved.yellow_at == handle.yellow_at + timedelta(days=7)
    assert handle.next_at is not None
    assert moved.next_at == handle.next_at + timedelta(days=7)
    assert again.assignment(row.id).handle_due_at == moved.due_at
    assert [(it.from_at, it.to_at, it.row) for it in again.pauses] == [(NOW, later, "T24")]
    assert moved.paused_seconds == 5 * 7 * 3600
    other = resumed(act(DIRECTOR, at=later), still, (ClockType.HANDLE,), "T24", new_id())
    assert other == still


def test_a_breach_is_no_less_one_after_a_pause() -> None:
    case = story_at(3).case
    row = case.assignments[0]
    late = NOW + timedelta(days=30)
    still = paused(case, late, (ClockType.HANDLE,), row.id)
    again = resumed(act(DIRECTOR, at=late + timedelta(days=1)), still, (ClockType.HANDLE,), "T24", row.id)
    (clock,) = again.running(ClockType.HANDLE, row.id)
    assert (clock.breached, clock.light) == (True, Light.GREEN)  # the sweep lights it
    assert clock.due_at == case.running(ClockType.HANDLE, row.id)[0].due_at
    assert again.assignment(row.id).on_time_handle is False


def test_points_are_booked_once_per_case_and_unit_and_each_round_for_reworks() -> None:
    case, org = new_id(), new_id()

    def key(kind: ScoreType, round_number: int, day: int | None = None) -> str:
        return entry(new_id(), case, org, kind, NOW, row="T30", round_number=round_number, day=day).key

    assert key(ScoreType.LATE_SIGN, 1) == key(ScoreType.LATE_SIGN, 2)
    assert key(ScoreType.REWORK, 1) != key(ScoreType.REWORK, 2)
    assert key(ScoreType.LATE_DAYS, 1, 1) != key(ScoreType.LATE_DAYS, 1, 2)
    assert entry(new_id(), case, org, ScoreType.RED_CARD, NOW, row="T37", round_number=1).amount == -6
