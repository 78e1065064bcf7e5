"""Checks, follow-ups, rework and supervision, by the rules alone (domain.md B.3 T27 to T37, B.6)."""

from dataclasses import replace
from datetime import date

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentState
from domain.case import Case
from domain.clock import ClockType, Light, TimeUnit
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.followup import DissatisfactionReason, FollowUpLayer, ReplyChannel, Satisfaction
from domain.incident import CaseOutcome, IncidentState
from domain.life.transition import require
from domain.place import Point
from domain.rules import assignment, followup, incident, supervision, verification
from domain.rules.followup import Answer
from domain.supervision import SupervisionLevel, SupervisionOrigin
from domain.verification import CheckResult, TaskState
from tests.domain.stage import (
    ACCEPTOR,
    CALLBACK,
    CENTRE,
    CIVIL,
    CLERK,
    COMMUNITY,
    DIRECTOR,
    HANDLER,
    HOUSING,
    INSPECTOR,
    INSPECTOR_2,
    LEAD,
    SHIFT,
    SPOT,
    WORKER,
    Story,
    a_category,
    a_complainant,
    a_picture,
    act,
    story_at,
)

BAD = ErrorCode.BAD_INPUT
AGAIN = followup.Rework(reason=DissatisfactionReason.RESULT, words="重办")
GUARD = ErrorCode.GUARD_FAILED


def refused(code: ErrorCode, field: str | None = None) -> pytest.RaisesExc[DomainError]:
    return pytest.RaisesExc(DomainError, check=lambda e: (e.code, e.field) == (code, field))


def running(case: Case) -> set[ClockType]:
    return {clock.type for clock in case.clocks if clock.running}


def test_who_handles_is_not_asked_to_check() -> None:
    with refused(ErrorCode.VERIFIER_IS_HANDLER, "inspectorOrgUnitId"):
        verification.request_check(act(ACCEPTOR), story_at(5).case, HOUSING)
    case = verification.request_check(act(ACCEPTOR), story_at(5).case, COMMUNITY).case
    assert case.verifications[0].org_id == COMMUNITY


def test_a_check_on_site_needs_the_place_and_a_picture_and_measures_the_distance() -> None:
    story = story_at(6, category=a_category(onsite=True))
    check = verification.Check(result=CheckResult.PASS)
    with refused(GUARD, "point"):
        verification.record_check(act(INSPECTOR), story.case, check)
    from_there = replace(check, point=Point(SPOT.lng, SPOT.lat, SPOT.crs))
    with refused(GUARD, "mediaIds"):
        verification.record_check(act(INSPECTOR), story.case, from_there)
    case = verification.record_check(
        act(INSPECTOR), story.case, replace(from_there, media=(a_picture(),))
    ).case
    assert case.verifications[0].distance_m == 0


def test_a_check_at_the_desk_needs_a_note() -> None:
    with refused(BAD, "note"):
        verification.record_check(
            act(INSPECTOR), story_at(6).case, verification.Check(result=CheckResult.PASS)
        )


def test_without_anybody_to_ask_a_passed_check_waits_for_the_second_pair_of_eyes() -> None:
    story = story_at(7, complainant=None)
    assert (story.case.incident.state, running(story.case)) == (IncidentState.CHECKING, {ClockType.CHECK})
    assert story.closed().case.incident.state is IncidentState.CLOSED


def test_whoever_wants_no_reply_is_not_waited_for() -> None:
    story = story_at(7, complainant=a_complainant(reply=False))
    assert story.case.followups == ()
    assert story.closed().case.incident.state is IncidentState.CLOSED


def test_unable_to_check_makes_it_anothers_task_and_then_the_shift_leaders() -> None:
    story = story_at(6).checked(CheckResult.UNABLE)
    with refused(ErrorCode.FORBIDDEN):
        require(INSPECTOR, A.recordCheck, story.case)
    story.checked(CheckResult.UNABLE, INSPECTOR_2)
    with refused(ErrorCode.FORBIDDEN):
        require(INSPECTOR, A.recordCheck, story.case)
    with refused(GUARD, "result"):
        verification.record_check(
            act(SHIFT), story.case, verification.Check(result=CheckResult.UNABLE, note="无")
        )
    assert story.checked(CheckResult.PASS, SHIFT).case.incident.state is IncidentState.FOLLOWUP
    assert running(story.case) == {ClockType.FOLLOWUP}


def test_a_failed_check_begins_a_new_round_already_accepted() -> None:
    story = story_at(6).checked(CheckResult.FAIL)
    old, new = story.case.assignments
    assert (old.state, new.state, new.round) == (
        AssignmentState.REJECTED_RESULT,
        AssignmentState.ACCEPTED,
        2,
    )
    assert (story.case.incident.state, story.case.incident.round) == (IncidentState.HANDLING, 2)
    (clock,) = story.case.running(ClockType.HANDLE)
    assert (clock.limit, clock.unit) == (3, TimeUnit.WORK_DAY)


def test_there_are_two_rounds_of_rework_and_no_third() -> None:
    story = story_at(6).checked(CheckResult.FAIL).submitted().checking().checked(CheckResult.FAIL)
    story.submitted().checking()
    with refused(GUARD):
        story.checked(CheckResult.FAIL)
    story.checked().asked(satisfaction=Satisfaction.DISSATISFIED)
    with refused(GUARD):
        require(SHIFT, A.reworkIncident, story.case)


def test_lateness_of_the_first_round_survives_rework() -> None:
    story = story_at(4).later(days=30).submitted().checking().checked(CheckResult.FAIL).submitted()
    assert story.checking().checked().asked().closed().case.incident.on_time is False


def test_the_dissatisfied_send_the_case_back() -> None:
    story = story_at(7).asked(satisfaction=Satisfaction.DISSATISFIED)
    with refused(GUARD):
        require(SHIFT, A.closeIncident, story.case)
    with refused(ErrorCode.NOT_FOUND, "leads"):
        followup.rework(act(SHIFT), story.case, replace(AGAIN, leads=(CENTRE,)))
    named = replace(AGAIN, leads=(story.row.org_id,))
    story.take(followup.rework(story.by(SHIFT, A.reworkIncident), story.case, named))
    assert story.case.incident.state is IncidentState.HANDLING
    assert story.case.notes[0].text == "重办"
    assert not [f for f in story.case.followups if f.state is TaskState.PENDING]


def test_nobody_is_sent_back_without_dissatisfaction() -> None:
    with refused(GUARD):
        require(SHIFT, A.reworkIncident, story_at(8).case)


def test_unreached_people_are_asked_again_until_three_attempts_on_two_days() -> None:
    story = story_at(7)
    for _ in range(3):
        with refused(ErrorCode.FOLLOWUP_REQUIRED):
            require(SHIFT, A.closeIncident, story.case)
        story.asked(reached=False)
    with refused(ErrorCode.FOLLOWUP_REQUIRED):
        require(SHIFT, A.closeIncident, story.case)
    story.later(days=1).asked(reached=False)
    with refused(ErrorCode.FOLLOWUP_REQUIRED):  # R29: never yet outside office hours
        story.closed()
    story.later(hours=9).asked(reached=False)
    assert not [f for f in story.case.followups if f.state is TaskState.PENDING]
    assert story.closed().case.incident.state is IncidentState.CLOSED


def test_the_community_asks_beside_the_command_centre() -> None:
    story = story_at(7).asked(CLERK, FollowUpLayer.COMMUNITY).asked(WORKER, FollowUpLayer.COMMUNITY)
    assert [f.layer.value for f in story.case.followups] == ["COMMAND", "COMMUNITY", "COMMUNITY"]
    with refused(ErrorCode.FOLLOWUP_REQUIRED):
        require(SHIFT, A.closeIncident, story.case)
    story.asked().asked(reached=False)
    assert all(f.state is TaskState.DONE for f in story.case.followups)


@pytest.mark.parametrize(
    ("stages", "viewer", "layer", "code"),
    [
        (7, CALLBACK, FollowUpLayer.COMMUNITY, ErrorCode.FORBIDDEN),
        (7, CALLBACK, FollowUpLayer.HANDLER, ErrorCode.ILLEGAL_TRANSITION),
        (3, HANDLER, FollowUpLayer.COMMAND, ErrorCode.ILLEGAL_TRANSITION),
    ],
)
def test_a_layer_is_recorded_by_its_own_people_in_its_time(
    stages: int, viewer: object, layer: FollowUpLayer, code: ErrorCode
) -> None:
    answer = Answer(channel=ReplyChannel.PHONE, reached=True)
    with refused(code, "layer"):
        followup.record(act(viewer), story_at(stages).case, layer, answer)  # type: ignore[arg-type]  # a viewer of the cast


def test_who_was_not_reached_rated_nothing() -> None:
    answer = Answer(channel=ReplyChannel.PHONE, reached=False, satisfaction=Satisfaction.SATISFIED)
    with refused(BAD, "satisfaction"):
        followup.record(act(CALLBACK), story_at(7).case, FollowUpLayer.COMMAND, answer)


def test_supervision_only_rises() -> None:
    story = Story()
    doing = story.by(DIRECTOR, A.superviseIncident)
    story.take(supervision.supervise(doing, story.case, SupervisionLevel.YELLOW, "请抓紧"))
    card = story.case.supervisions[0]
    assert (card.origin, card.reply_due_at.date()) == (SupervisionOrigin.MANUAL, date(2024, 10, 25))
    assert story.outcome.events[0].kind is EventKind.SUPERVISED
    for level, code in (
        (SupervisionLevel.YELLOW, ErrorCode.SUPERVISION_EXISTS),
        (SupervisionLevel.URGE, ErrorCode.SUPERVISION_DOWNGRADE),
        (SupervisionLevel.NONE, BAD),
    ):
        with refused(code, "level"):
            supervision.supervise(doing, story.case, level, "请抓紧")


def test_a_note_and_an_unmasking_are_kept() -> None:
    case = incident.add_note(act(HANDLER), story_at(3).case, "已联系物业").case
    case = incident.unmask(act(ACCEPTOR), case, "COMPLAINANT_PHONE", "回访需要").case
    assert [note.text for note in case.notes] == ["已联系物业", "回访需要"]
    assert case.incident.version == story_at(3).case.incident.version + 2


def test_an_ended_case_shows_green_and_a_row_shows_the_worst_of_its_running_clocks() -> None:
    assert story_at(9).case.incident.light is Light.GREEN


def test_the_wait_for_the_check_begins_with_the_last_of_several_leads() -> None:
    story = story_at(4, complainant=None)
    second = replace(story.row, id=CIVIL, seq=2, org_id=CIVIL)
    case = replace(story.case, assignments=(*story.case.assignments, second))
    given = assignment.Submission(outcome=CaseOutcome.SOLVED, result_text="已修复")
    case = assignment.submit(act(LEAD), case, case.assignments[0], given).case
    assert (case.incident.state, case.running(ClockType.SUBMIT_WAIT)) == (IncidentState.HANDLING, ())
    case = assignment.submit(act(LEAD), case, second, given).case
    assert case.incident.state is IncidentState.SUBMITTED
    assert len(case.running(ClockType.SUBMIT_WAIT)) == 1
