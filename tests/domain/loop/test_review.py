"""False completion, rework and its end, several complainants, opinions, unreasonable requests (T28 to T33, S49)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import Clock, ClockStep, ClockType, Light
from domain.errors import DomainError, ErrorCode
from domain.followup import FollowUpLayer
from domain.incident import CaseOutcome, IncidentState, NoteKind
from domain.life.guards.review import open_layers
from domain.life.transition import require
from domain.loop.score import ScoreType
from domain.policy import Policy
from domain.rules import followup, verification
from domain.rules.ending import closed
from domain.rules.loop.opinion import in_sample
from domain.rules.loop.unreasonable import closed_as_unreasonable
from domain.rules.supervision import Grounds
from domain.supervision import SupervisionLevel
from domain.verification import CheckResult, TaskState
from tests.domain.loop.play.steps_review import (
    AGAIN,
    HAPPY,
    NOBODY,
    UNHAPPY,
    asked,
    failed,
    handed_in,
    judged_unreasonable,
    reworked,
    sampling,
    visited,
    worked_out,
)
from tests.domain.stage import (
    CALLBACK,
    CENTRE,
    CIVIL,
    CLERK,
    COMMUNITY,
    DIRECTOR,
    HOUSING,
    INSPECTOR,
    NOW,
    SHIFT,
    WORKER,
    Story,
    a_category,
    a_complainant,
    act,
    new_id,
    story_at,
)

GUARD = ErrorCode.GUARD_FAILED
MEETING = replace(AGAIN, minutes="三方会商：限五日整改。")


def refused(
    code: ErrorCode, field: str | None = None, rule: str | None = None
) -> pytest.RaisesExc[DomainError]:
    return pytest.RaisesExc(
        DomainError, check=lambda e: (e.code, e.field) == (code, field) and rule in {None, e.rule}
    )


def booked(case: Case) -> list[tuple[ScoreType, float]]:
    return [(it.type, it.amount) for it in case.scores if it.type is not ScoreType.RED_CARD]


def replies(case: Case) -> list[str]:
    return [note.text for note in case.notes if note.kind is NoteKind.REPLY]


def pending(case: Case) -> list[tuple[FollowUpLayer, UUID | None]]:
    return [(it.layer, it.complainant_id) for it in case.followups if it.state is TaskState.PENDING]


def of_two(story: Story) -> Story:
    """Somebody else's case was merged into this one."""
    return story.take(
        replace(story.outcome, case=replace(story.case, others=(*story.case.others, a_complainant())))
    )


def test_a_failed_check_costs_its_lead_a_point_each_round() -> None:
    story = failed(story_at(6))
    assert booked(story.case) == [(ScoreType.REWORK, -1)]
    first = story.case.scores[0]
    assert (first.row, first.assignment_id) == ("T30", story.case.assignments[0].id)
    second = failed(handed_in(story)).case.scores[-1]
    assert second.key != first.key


def test_a_false_completion_costs_five_points_instead_and_is_a_red_card() -> None:
    story = failed(story_at(6), false_completion=True)
    assert booked(story.case) == [(ScoreType.FALSE_DONE, -5)]
    assert story.case.incident.supervision_level is SupervisionLevel.RED
    assert story.case.incident.escalation_step == 5
    card = story.case.supervisions[-1]
    assert (card.level, card.trigger, card.assignment_id) == (
        SupervisionLevel.RED,
        "T30.E5",
        story.case.assignments[-1].id,
    )
    again = failed(handed_in(story), false_completion=True)
    assert len(again.case.supervisions) == 1  # a ratchet
    assert again.case.scores[0].key == again.case.scores[-1].key  # booked once


def test_a_third_red_card_of_a_unit_proposes_a_listing() -> None:
    check = verification.Check(result=CheckResult.FAIL, note="未整改", false_completion=True)
    for reds, rows in ((1, {"T30"}), (2, {"T30", "E6"})):
        grounds = Grounds(reds={HOUSING: reds})
        done = verification.record_check(act(INSPECTOR), story_at(6).case, check, grounds)
        assert {it.row for it in done.events} == rows


def test_only_what_failed_can_be_a_false_completion() -> None:
    for result in (CheckResult.PASS, CheckResult.UNABLE):
        check = verification.Check(result=result, note="已核查", false_completion=True)
        with refused(ErrorCode.BAD_INPUT, "falseCompletion", "T30"):
            verification.record_check(act(INSPECTOR), story_at(6).case, check)
    named = verification.Check(result=CheckResult.PASS, note="已核查", leads=(HOUSING,))
    with refused(ErrorCode.BAD_INPUT, "leads", "T30"):
        verification.record_check(act(INSPECTOR), story_at(6).case, named)


def test_after_two_reworks_only_the_director_sends_back_from_the_check() -> None:
    story = worked_out()
    with refused(GUARD, rule="T30"):
        failed(story)
    with refused(ErrorCode.ILLEGAL_TRANSITION, rule="T32"):
        require(SHIFT, A.reworkIncident, story.case)
    with refused(ErrorCode.BAD_INPUT, "minutes"):
        reworked(story, DIRECTOR)
    reworked(story, DIRECTOR, MEETING)
    assert (story.case.incident.state, story.case.incident.round) == (IncidentState.HANDLING, 4)
    assert story.row.born_by == "T32b"
    assert [note.kind for note in story.case.notes] == [NoteKind.NOTE, NoteKind.MINUTES]
    assert booked(story.case)[-1] == (ScoreType.REWORK, -1)


def test_the_director_sends_nothing_back_before_two_reworks() -> None:
    for story in (story_at(6), failed(story_at(6))):
        with pytest.raises(DomainError):
            require(DIRECTOR, A.reworkIncident, story.case)
    with refused(GUARD, rule="T32"):
        require(DIRECTOR, A.reworkIncident, asked(story_at(7), UNHAPPY).case)


def test_the_case_meeting_ends_a_case_with_what_was_done() -> None:
    story = asked(worked_out().checked(), UNHAPPY)
    with refused(ErrorCode.FORBIDDEN, "partly", "T32b"):
        followup.close(act(SHIFT), story.case, partly=True, minutes="纪要")
    doing = story.by(DIRECTOR, A.closeIncident)
    with refused(ErrorCode.BAD_INPUT, "minutes"):
        followup.close(doing, story.case, partly=True)
    with refused(ErrorCode.BAD_INPUT, "partly", "T32b"):
        followup.close(doing, story.case, minutes="纪要")
    story.take(followup.close(doing, story.case, partly=True, minutes="纪要"))
    incident = story.case.incident
    assert (incident.state, incident.outcome) == (IncidentState.CLOSED, CaseOutcome.PARTLY)
    assert [row.state for row in story.case.assignments if row.round == 3] == [AssignmentState.DONE]
    assert [note.text for note in story.case.notes if note.kind is NoteKind.MINUTES] == ["纪要"]
    assert len(replies(story.case)) == 1
    with refused(GUARD, "partly", "T32b"):
        followup.close(act(DIRECTOR), story_at(7).case, partly=True, minutes="纪要")


def test_the_case_meeting_may_end_it_from_the_check_too() -> None:
    story = worked_out()
    doing = story.by(DIRECTOR, A.closeIncident)
    case = followup.close(doing, story.case, partly=True, minutes="纪要").case
    assert case.incident.state is IncidentState.CLOSED
    with refused(GUARD, rule="T29"):
        followup.close(doing, story.case)


def test_the_second_dissatisfaction_is_a_red_card() -> None:
    story = reworked(asked(story_at(7), UNHAPPY))
    assert booked(story.case) == [(ScoreType.DISSATISFIED, -1)]
    assert story.case.incident.supervision_level is SupervisionLevel.NONE
    story = reworked(asked(handed_in(story).checked(), UNHAPPY))
    assert story.case.incident.supervision_level is SupervisionLevel.RED
    assert (story.case.supervisions[-1].trigger, story.case.incident.escalation_step) == ("T32.E5", 5)
    assert [it.key for it in story.case.scores] == list({it.key: it for it in story.case.scores})
    story = asked(handed_in(story).checked(), UNHAPPY)
    with refused(GUARD, rule="T32"):
        require(SHIFT, A.reworkIncident, story.case)
    assert reworked(story, DIRECTOR, MEETING).row.born_by == "T32b"


def led_jointly() -> Story:
    """A case in FOLLOWUP that one lead and one support have worked on, and somebody is dissatisfied with."""
    story = story_at(5)
    lead = replace(story.row, mode=AssignmentMode.LED_JOINT)
    support = replace(
        lead, id=new_id(), seq=2, org_id=CIVIL, role=AssignmentRole.SUPPORT, state=AssignmentState.REPLIED
    )
    case = replace(story.case, assignments=(lead, support))
    return asked(story.take(replace(story.outcome, case=case)).checking().checked(), UNHAPPY)


def test_supports_come_again_only_if_named() -> None:
    alone = reworked(led_jointly()).case
    assert [(row.role, row.mode) for row in alone.assignments if row.round == 2] == [
        (AssignmentRole.LEAD, AssignmentMode.SINGLE)
    ]
    assert alone.assignments[1].state is AssignmentState.DONE
    both = reworked(led_jointly(), given=replace(AGAIN, supports=(CIVIL,))).case
    assert [(row.role, row.mode, row.state) for row in both.assignments if row.round == 2] == [
        (role, AssignmentMode.LED_JOINT, AssignmentState.ACCEPTED)
        for role in (AssignmentRole.LEAD, AssignmentRole.SUPPORT)
    ]
    with refused(ErrorCode.NOT_FOUND, "supports", "T32"):
        reworked(led_jointly(), given=replace(AGAIN, supports=(HOUSING,)))


def test_several_leads_begin_again_as_equals_without_supports() -> None:
    story = led_jointly()
    other = replace(story.case.assignments[0], id=new_id(), seq=3, org_id=COMMUNITY)
    story.take(replace(story.outcome, case=replace(story.case, assignments=(*story.case.assignments, other))))
    with refused(GUARD, "supports", "T32"):
        followup.rework(act(SHIFT), story.case, replace(AGAIN, supports=(CIVIL,)))
    case = followup.rework(act(SHIFT), story.case, AGAIN).case
    assert [row.mode for row in case.assignments if row.round == 2] == [AssignmentMode.EQUAL_JOINT] * 2


def test_a_copy_may_still_be_read_when_the_case_is_closed() -> None:
    story = story_at(7)
    copy = replace(
        story.row, id=new_id(), seq=2, role=AssignmentRole.CC, org_id=CIVIL, state=AssignmentState.PENDING
    )
    case = closed(act(SHIFT), replace(story.case, assignments=(*story.case.assignments, copy)))
    assert case.assignments[-1].state is AssignmentState.PENDING


def test_trap_10_each_complainant_is_asked_and_answered_once() -> None:
    story = of_two(story_at(6)).checked()
    (other,) = story.case.others
    assert pending(story.case) == [(FollowUpLayer.COMMAND, None), (FollowUpLayer.COMMAND, other.id)]
    asked(story, HAPPY)
    with refused(ErrorCode.FOLLOWUP_REQUIRED, rule="T31"):
        require(SHIFT, A.closeIncident, story.case)
    doing = story.by(CALLBACK, A.recordFollowUp)
    with refused(ErrorCode.NOT_FOUND, "complainantId", "T31"):
        followup.record(doing, story.case, FollowUpLayer.COMMAND, HAPPY, new_id())
    story.take(followup.record(doing, story.case, FollowUpLayer.COMMAND, HAPPY, other.id))
    story.closed()
    assert len(replies(story.case)) == 2
    told = story.outcome.events[0].data["complainants"]
    assert told == [str(it.id) for it in story.case.complainants]


def test_the_case_is_asked_after_though_only_the_merged_one_can_be_reached() -> None:
    story = of_two(story_at(6, complainant=a_complainant(phone=None))).checked()
    assert story.case.incident.state is IncidentState.FOLLOWUP
    assert pending(story.case) == [(FollowUpLayer.COMMAND, story.case.others[0].id)]


def test_who_has_withdrawn_is_neither_asked_nor_heard() -> None:
    story = of_two(story_at(6)).checked()
    (other,) = story.case.others
    doing = story.by(CALLBACK, A.recordFollowUp)
    story.take(followup.record(doing, story.case, FollowUpLayer.COMMAND, UNHAPPY, other.id))
    gone = replace(other, withdrawn_at=NOW)
    story.take(replace(story.outcome, case=replace(story.case, others=(gone,))))
    with refused(ErrorCode.NOT_FOUND, "complainantId"):
        followup.record(doing, story.case, FollowUpLayer.COMMAND, HAPPY, other.id)
    assert asked(story, HAPPY).closed().case.incident.state is IncidentState.CLOSED


def test_trap_28_the_handlers_own_call_closes_nothing() -> None:
    story = story_at(6, complainant=a_complainant())
    own = followup.recorded(act(CALLBACK), story.case, FollowUpLayer.HANDLER, HAPPY, NOW, row_id=story.row.id)
    story.take(replace(story.outcome, case=own)).checked()
    with refused(ErrorCode.FOLLOWUP_REQUIRED, rule="T31"):
        require(SHIFT, A.closeIncident, story.case)


def test_trap_7_whose_unit_handled_does_not_check() -> None:
    story = story_at(6)
    mine = replace(story.row, org_id=CENTRE)
    with refused(ErrorCode.VERIFIER_IS_HANDLER, rule="T28"):
        require(INSPECTOR, A.recordCheck, replace(story.case, assignments=(mine,)))


def test_a_demanded_opinion_is_waited_for_and_the_clock_waits_with_it() -> None:
    wanting = replace(a_category(), requires_opinion=True)
    story = story_at(7, category=wanting)
    assert pending(story.case) == [(FollowUpLayer.COMMUNITY, None), (FollowUpLayer.COMMAND, None)]
    opinion = story.case.followups[0]
    assert (opinion.sampled, opinion.due_at) == (False, datetime(2024, 10, 29, 9, tzinfo=UTC))  # 3 wd
    (clock,) = story.case.running(ClockType.FOLLOWUP)
    assert clock.due_at == opinion.due_at
    asked(story, HAPPY)
    with refused(ErrorCode.FOLLOWUP_REQUIRED, rule="T31"):
        require(SHIFT, A.closeIncident, story.case)
    assert visited(story).closed().case.incident.state is IncidentState.CLOSED


def test_an_opinion_suffices_where_nobody_else_can_be_asked() -> None:
    story = story_at(7, complainant=None, category=replace(a_category(), requires_opinion=True))
    assert pending(story.case) == [(FollowUpLayer.COMMUNITY, None)]
    assert visited(story).closed().case.incident.state is IncidentState.CLOSED


def test_where_the_community_itself_handled_the_callback_officer_asks_the_household() -> None:
    """B.6 head, R30: a demanded opinion is always somebody's to ask, and never the handler's."""
    story = story_at(7, complainant=None, category=replace(a_category(), requires_opinion=True))
    assert open_layers(CALLBACK, story.case) == {FollowUpLayer.COMMAND}
    handled = replace(story.case, assignments=(replace(story.row, org_id=COMMUNITY),))
    story.take(replace(story.outcome, case=handled))
    both = {FollowUpLayer.COMMAND, FollowUpLayer.COMMUNITY}
    assert [open_layers(it, handled) for it in (CALLBACK, CLERK, WORKER)] == [both, set(), set()]
    with refused(ErrorCode.FOLLOWUP_REQUIRED, rule="T31"):
        require(SHIFT, A.closeIncident, handled)
    doing = story.by(CALLBACK, A.recordFollowUp)
    story.take(followup.record(doing, handled, FollowUpLayer.COMMUNITY, HAPPY))
    assert pending(story.case) == []
    assert story.closed().case.incident.state is IncidentState.CLOSED


def test_another_community_of_the_place_asks_rather_than_the_centre() -> None:
    case = replace(story_at(7).case, community_ids=frozenset({COMMUNITY, CIVIL}))
    handled = replace(case, assignments=(replace(case.assignments[0], org_id=COMMUNITY),))
    assert open_layers(CALLBACK, handled) == {FollowUpLayer.COMMAND}
    nobody = replace(case, community_ids=frozenset())  # a place outside every community
    assert FollowUpLayer.COMMUNITY in open_layers(CALLBACK, nobody)


def test_a_household_that_is_not_met_is_tried_again_as_anyone_is() -> None:
    story = story_at(7, complainant=None, category=replace(a_category(), requires_opinion=True))
    visited(story, NOBODY).later(days=1)
    visited(story, NOBODY).later(hours=9)
    assert pending(story.case) == [(FollowUpLayer.COMMUNITY, None)]
    visited(story, NOBODY)
    assert pending(story.case) == []
    assert story.closed().case.incident.state is IncidentState.CLOSED


def moved_by_opinion(lit: Clock, due: datetime) -> Clock:
    """The FOLLOWUP clock as given, once somebody is dissatisfied at the same moment."""
    story = story_at(7)
    clocks = tuple(
        replace(lit, id=it.id) if it.type is ClockType.FOLLOWUP else it for it in story.case.clocks
    )
    story.take(replace(story.outcome, case=replace(story.case, clocks=clocks))).later(hours=1)
    asked(story, UNHAPPY)
    (clock,) = story.case.running(ClockType.FOLLOWUP)
    assert clock.due_at == due
    return clock


def test_the_dissatisfied_are_asked_at_the_door() -> None:
    story = story_at(7)
    (before,) = story.case.running(ClockType.FOLLOWUP)
    story.later(hours=1)
    asked(story, UNHAPPY)
    assert pending(story.case) == [(FollowUpLayer.COMMUNITY, None)]
    (clock,) = story.case.running(ClockType.FOLLOWUP)
    assert (clock.id, clock.due_at > before.due_at) == (before.id, True)
    assert clock.next_at == clock.yellow_at > before.yellow_at
    lit = replace(before, light=Light.YELLOW, next_step=ClockStep.RED, next_at=before.due_at)
    yellow = moved_by_opinion(lit, clock.due_at)
    assert (yellow.yellow_at, yellow.next_at) == (clock.yellow_at, clock.due_at)
    asked(story, UNHAPPY)
    assert pending(story.case) == [(FollowUpLayer.COMMUNITY, None)]  # one at a time


def test_a_breach_of_the_follow_up_is_not_undone_by_an_opinion() -> None:
    story = story_at(7)
    (clock,) = story.case.clocks[-1:]
    late = replace(story.case, clocks=(*story.case.clocks[:-1], replace(clock, breached=True)))
    story.take(replace(story.outcome, case=late)).later(days=20)
    asked(story, UNHAPPY)
    (after,) = story.case.running(ClockType.FOLLOWUP)
    assert after.due_at == clock.due_at


def test_the_sample_is_drawn_by_the_case_and_is_about_as_large_as_asked_for() -> None:
    doing = sampling(INSPECTOR, 20)
    drawn = [in_sample(doing, UUID(int=number)) for number in range(2000)]
    assert 330 < sum(drawn) < 470
    assert drawn == [in_sample(doing, UUID(int=number)) for number in range(2000)]
    assert all(in_sample(sampling(INSPECTOR, 100), UUID(int=number)) for number in range(50))
    assert not any(in_sample(act(INSPECTOR), UUID(int=number)) for number in range(50))


def test_a_fifth_of_the_rest_is_asked_where_nothing_is_set_and_all_the_dissatisfied() -> None:
    """S49 [P 20 %]: the share holds without a policy value; who is dissatisfied is asked whatever was drawn."""
    doing = replace(act(INSPECTOR), policy=Policy.default())
    drawn = [in_sample(doing, UUID(int=number)) for number in range(2000)]
    assert drawn == [in_sample(sampling(INSPECTOR, 20), UUID(int=number)) for number in range(2000)]
    assert pending(asked(story_at(7), UNHAPPY).case) == [(FollowUpLayer.COMMUNITY, None)]


def test_a_case_of_the_sample_is_followed_up_without_complainant() -> None:
    story = story_at(6, complainant=None)
    check = verification.Check(result=CheckResult.PASS, note="已核查")
    case = verification.record_check(sampling(INSPECTOR, 100), story.case, check).case
    assert case.incident.state is IncidentState.FOLLOWUP
    assert [(it.layer, it.sampled) for it in case.followups] == [(FollowUpLayer.COMMUNITY, True)]


def test_an_unreasonable_request_needs_two_reviewers() -> None:
    story = asked(story_at(7), UNHAPPY)
    with refused(GUARD, rule="T33"):
        require(DIRECTOR, A.closeIncident, story.case)
    judged_unreasonable(story)
    doing = story.by(DIRECTOR, A.closeIncident)
    own = replace(story.case.requests[0], asked_by_id=DIRECTOR.person_id)
    with refused(ErrorCode.FORBIDDEN, rule="T33"):
        closed_as_unreasonable(doing, replace(story.case, requests=(own,)))
    story.take(followup.close(doing, story.case))
    incident = story.case.incident
    assert (incident.state, incident.outcome) == (IncidentState.CLOSED, CaseOutcome.EXPLAINED)
    assert replies(story.case) == ["诉求无政策依据，已当面解释。"]
    decided = story.case.requests[0]
    assert (decided.state.value, decided.decided_by_id) == ("APPROVED", DIRECTOR.person_id)
    assert story.outcome.events[0].row == "T33"


def test_a_person_of_both_posts_closes_and_directs() -> None:
    both = replace(SHIFT, posts=(*SHIFT.posts, *DIRECTOR.posts))
    require(both, A.closeIncident, story_at(8).case)
    require(both, A.closeIncident, judged_unreasonable(asked(story_at(7), UNHAPPY)).case)
    require(both, A.closeIncident, worked_out().case)


def test_a_late_answer_moves_no_clock_of_a_round_that_is_over() -> None:
    story = reworked(asked(story_at(7), UNHAPPY))
    assert not [it for it in story.case.clocks if it.running and it.type is ClockType.FOLLOWUP]
    assert all(it.stopped_at for it in story.case.clocks if it.type is ClockType.FOLLOWUP)
    assert story.now - NOW < timedelta(days=1)
