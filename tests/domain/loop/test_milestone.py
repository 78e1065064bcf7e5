"""Milestones (R24, B.3 T25): each with its own clock beside HANDLE, done with evidence, and none may be left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentMode
from domain.assignment import AssignmentState as R
from domain.clock import ClockStep, Light, TimeUnit
from domain.clock import ClockType as C
from domain.dictionary import Category, Milestone
from domain.errors import DomainError, ErrorCode
from domain.incident import CaseOutcome
from domain.life.transition import require
from domain.loop.request import HangReason, HangReview
from domain.media import MediaPurpose
from domain.rules import assignment
from domain.rules.loop import joint, milestone
from domain.rules.step import due_steps
from domain.rules.time import hang
from domain.verification import CheckResult
from tests.domain.loop.play.steps_joint import order
from tests.domain.stage import (
    ACCEPTOR,
    CIVIL,
    DIRECTOR,
    DISPATCHER,
    HANDLER,
    HOUSING,
    LEAD,
    NOW,
    SYSTEM,
    Story,
    a_category,
    a_picture,
    act,
    story_at,
)

STOP, FINE, TEAR = "停工", "处罚", "拆除"
THREE = (
    Milestone(STOP, 240, TimeUnit.WORK_MIN),
    Milestone(FINE, 7, TimeUnit.WORK_DAY),
    Milestone(TEAR, 20, TimeUnit.WORK_DAY),
)


def staged() -> Category:
    """A category of three milestones (私搭乱建)."""
    return replace(a_category(), milestones=THREE)


def at(stages: int) -> Story:
    return story_at(stages, category=staged())


def complete(story: Story, name: str, words: str = "已完成") -> Story:
    doing = story.by(HANDLER, A.completeMilestone, row=True)
    return story.take(milestone.complete(doing, story.case, story.row, name, words))


def swept(story: Story) -> Story:
    for fired in due_steps(act(SYSTEM, at=story.now), story.case):
        story.take(fired.outcome)
    return story


def running(story: Story) -> int:
    return len(story.case.running(C.MILESTONE, story.row.id))


def light(story: Story) -> Light:
    return story.row.light


def refused(code: ErrorCode, rule: str | None, field: str | None = None) -> pytest.RaisesExc[DomainError]:
    return pytest.RaisesExc(DomainError, check=lambda e: (e.code, e.rule, e.field) == (code, rule, field))


def test_each_milestone_runs_from_the_dispatch_with_the_limit_its_category_had_then() -> None:
    story = at(2)
    clocks = story.case.running(C.MILESTONE, story.row.id)
    assert [(it.limit, it.unit) for it in clocks] == [(it.limit, it.unit) for it in THREE]
    assert {it.start_at for it in clocks} == {NOW}
    assert [it.clock_id for it in story.row.stages] == [it.id for it in clocks]
    # trap 18: the category is revised, the running case keeps what it was given
    story.take(replace(story.outcome, case=replace(story.case, category=a_category())))
    assert [it.name for it in story.row.stages] == [STOP, FINE, TEAR]


def test_supports_and_copies_have_none() -> None:
    story = at(1)
    given = order(AssignmentMode.LED_JOINT, (HOUSING,), (CIVIL,))
    story.take(assignment.dispatch(act(DISPATCHER), story.case, given))
    lead, support = story.case.assignments
    assert (len(lead.stages), support.stages) == (3, ())
    assert len([it for it in story.case.clocks if it.type is C.MILESTONE]) == 3


def test_a_result_names_the_milestones_that_are_wanting() -> None:
    story = complete(at(4), FINE)
    with refused(ErrorCode.GUARD_FAILED, "T25") as refusal:
        story.submitted()
    assert refusal.value.facts == {"milestones": [STOP, TEAR]}
    complete(complete(story, STOP), TEAR).submitted()
    assert story.row.state is R.SUBMITTED
    assert not running(story)


def test_a_milestone_done_says_who_when_and_by_what_evidence() -> None:
    story = at(3).later(hours=1)
    photo = a_picture()
    doing = story.by(HANDLER, A.completeMilestone, row=True)
    before = story.row.version
    story.take(milestone.complete(doing, story.case, story.row, STOP, "已下达停工通知", (photo,)))
    done = story.row.stages[0]
    assert (done.done_at, done.done_by_id, done.evidence) == (story.now, HANDLER.person_id, "已下达停工通知")
    assert [it.purpose for it in story.case.media] == [MediaPurpose.MILESTONE]
    assert (story.row.version, running(story)) == (before + 1, 2)
    assert {it.row for it in story.outcome.events} == {"R24"}


def test_what_is_done_unknown_or_unsaid_is_refused_and_nobody_else_may_do_it() -> None:
    story = complete(at(3), STOP)
    doing = story.by(HANDLER, A.completeMilestone, row=True)
    for name, words, refusal in (
        (STOP, "又一次", refused(ErrorCode.GUARD_FAILED, "R24", "milestone")),
        ("验收", "已完成", refused(ErrorCode.NOT_FOUND, "R24", "milestone")),
        (FINE, " ", pytest.RaisesExc(DomainError, check=lambda e: e.field == "text")),
    ):
        with refusal:
            milestone.complete(doing, story.case, story.row, name, words)
    with refused(ErrorCode.FORBIDDEN, None):
        require(ACCEPTOR, A.completeMilestone, story.case, story.row)
    complete(complete(story, FINE), TEAR)
    with refused(ErrorCode.GUARD_FAILED, "R24"):
        require(HANDLER, A.completeMilestone, story.case, story.row)
    with refused(ErrorCode.ILLEGAL_TRANSITION, "R24"):  # not signed for yet
        require(HANDLER, A.completeMilestone, at(2).case, at(2).case.assignments[0])


def test_a_late_milestone_is_red_and_reminded_of_but_costs_nothing_and_brings_no_card() -> None:
    story = at(4).later(days=1, hours=1)
    swept(story)
    clock = next(it for it in story.case.clocks if it.id == story.row.stages[0].clock_id)
    assert (clock.light, clock.breached, clock.next_step) == (Light.RED, True, None)
    assert light(story) is Light.RED
    assert not [it for it in story.case.scores if it.assignment_id == story.row.id]
    assert not story.case.supervisions
    complete(story, STOP)
    assert light(story) is Light.GREEN
    assert story.row.on_time_handle is None
    late = next(it for it in story.case.clocks if it.id == clock.id)
    assert late.breached
    assert late.stopped_at == story.now


def test_it_is_reminded_at_eighty_per_cent_and_when_it_has_run_out() -> None:
    story = at(4).later(days=1, hours=1)
    fired = [
        (it.step, [event.row for event in it.outcome.events])
        for it in due_steps(act(SYSTEM, at=story.now), story.case)
        if it.clock.type is C.MILESTONE
    ]
    assert fired == [(ClockStep.YELLOW, ["R21", "E1"]), (ClockStep.RED, ["R21", "E1"])]


def plan(story: Story) -> hang.Plan:
    return hang.Plan(
        reason=HangReason.LITIGATION,
        plan="待判决",
        text="涉诉",
        next_review_at=story.now + timedelta(days=20),
        max_until=story.now + timedelta(days=60),
    )


def hung(story: Story) -> Story:
    story.take(hang.request(story.by(LEAD, A.requestHang, row=True), story.case, story.row, plan(story)))
    doing = story.by(DIRECTOR, A.decideHang, row=True)
    return story.take(hang.decide(doing, story.case, story.row, accept=True))


def test_milestones_stand_still_while_the_row_hangs() -> None:
    story = hung(at(4).later(hours=1))
    held = next(it for it in story.case.clocks if it.id == story.row.stages[0].clock_id)
    assert held.paused_at == story.now
    before = held.due_at
    story.later(days=7)
    doing = story.by(DIRECTOR, A.resumeHung, row=True)
    story.take(hang.resume(doing, story.case, story.row, "已判决"))
    held = next(it for it in story.case.clocks if it.id == held.id)
    assert held.running
    assert held.due_at - before > timedelta(days=6)


def test_what_may_close_as_hung_and_open_leaves_its_milestones_and_takes_them_up_again_when_sent_back() -> (
    None
):
    story = hung(complete(at(4).later(hours=1), STOP))
    doing = story.by(DIRECTOR, A.reviewHang)
    story.take(hang.review(doing, story.case, hang.Review(review=HangReview.ALLOW_CLOSE, text="同意")))
    with refused(ErrorCode.GUARD_FAILED, "T25"):
        story.submitted()  # solved is not open
    story.submitted(CaseOutcome.HUNG_OPEN)
    assert not running(story)
    doing = story.later(hours=1).by(ACCEPTOR, A.returnResult)
    story.take(joint.return_result(doing, story.case, (), "请继续办理"))
    assert (story.row.state, running(story)) == (R.ACCEPTED, 2)


def test_a_unit_that_takes_the_case_over_begins_them_anew_and_a_rework_does_not() -> None:
    story = complete(at(4), STOP)
    doing = story.by(DIRECTOR, A.redispatchIncident)
    story.take(joint.redispatch(doing, story.case, order(AssignmentMode.SINGLE, (CIVIL,)), "改由民政局"))
    old, new = story.case.assignments
    assert not story.case.running(C.MILESTONE, old.id)
    assert [it.done_at for it in new.stages] == [None] * 3
    done = complete(complete(complete(at(4), STOP), FINE), TEAR).submitted().checking()
    done.checked(CheckResult.FAIL)
    assert (done.case.incident.round, done.row.stages) == (
        2,
        (),
    )  # they were done; what is left has its own limit
    assert len([it for it in done.case.clocks if it.type is C.MILESTONE]) == 3
