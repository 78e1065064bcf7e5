"""Extensions and hangs by the rules alone: traps 1, 2, 3 and what refuses them (domain.md T22 to T24, B.6)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentState
from domain.calendar import DISTRICT_TIME
from domain.clock import ClockStep, ClockType, Light
from domain.deadline import clock_used, used_ratio
from domain.errors import DomainError
from domain.followup import ReplyChannel
from domain.incident import CaseOutcome, IncidentState, Urgency
from domain.life.transition import require
from domain.loop.request import HangReview, RequestState
from domain.person import PostType
from domain.rules import assignment
from domain.rules.clock import provisional
from domain.rules.time import extension, hang
from tests.domain.loop.play.steps_time import SECOND_DIRECTOR, Timed, at_work, events_of, hung, refusal_of
from tests.domain.stage import (
    CALENDAR,
    DIRECTOR,
    DISPATCHER,
    HOUSING,
    LEAD,
    NOW,
    SYSTEM,
    a_complainant,
    act,
    person,
)

MINUTE = timedelta(minutes=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=DISTRICT_TIME)


def test_trap_1_the_handling_clock_starts_at_dispatch_whenever_the_unit_signs() -> None:
    story = Timed(complainant=a_complainant())
    story.filed()
    story.dispatched()
    due = story.clock().due_at
    story.later(hours=4)
    story.accepted()
    assert story.clock().start_at == story.row.dispatched_at == NOW
    assert story.row.handle_due_at == story.clock().due_at == due


def test_an_extension_moves_the_due_time_by_working_days_and_its_request_says_so() -> None:
    story = at_work().extension_asked(3)
    assert story.row.state is AssignmentState.EXT_REQ
    assert story.clock(ClockType.EXT_DECIDE).running
    assert story.clock().running
    assert events_of(story.outcome) == [("CHANGED", "Incident"), ("CHANGED", "Assignment")]
    before = story.clock()
    story.extension_decided(2)
    after = story.clock()
    assert (before.due_at, after.due_at) == (local("2024-10-31T17:00"), local("2024-11-04T17:00"))
    assert (after.start_at, after.id, story.row.handle_due_at) == (before.start_at, before.id, after.due_at)
    assert story.case.incident.due_at == after.due_at
    assert used_ratio(after.start_at, after.due_at, after.unit, after.yellow_at, CALENDAR) == pytest.approx(
        0.8
    )
    half = used_ratio(after.start_at, after.due_at, after.unit, after.next_at or NOW, CALENDAR)
    assert after.next_step is ClockStep.E0
    assert half == pytest.approx(0.5)
    assert not story.clock(ClockType.EXT_DECIDE).running
    (request,) = story.case.requests
    assert (request.state, request.days, request.approved_days) == (RequestState.APPROVED, 3, 2)
    assert (request.decided_by_id, request.ordinal) == (DISPATCHER.person_id, 1)
    assert events_of(story.outcome) == [("CLOCK_MOVED", "Incident"), ("CHANGED", "Assignment")]
    data = story.outcome.events[0].data
    assert (data["before"], data["after"]) == (before.due_at.isoformat(), after.due_at.isoformat())
    assert "材料未到" not in str(data)


def test_more_time_into_a_year_without_a_calendar_is_provisional() -> None:
    story = at_work()
    story.until(story.clock().due_at - timedelta(hours=1))
    early = replace(CALENDAR, years=frozenset({2023}))  # as if 2024 were not published
    doing = replace(act(LEAD, A.requestExtension, story.now), calendar=early)
    wish = extension.Wish(days=5, reason="缺料", text="材料未到", informed_at=story.now)
    story.take(extension.request(doing, story.case, story.row, wish))
    before = story.case
    assert not story.clock().provisional
    deciding = replace(act(DISPATCHER, A.decideExtension, story.now), calendar=early)
    story.take(extension.decide(deciding, story.case, story.row, accept=True))
    assert story.clock().provisional
    assert [it.code.value for it in provisional(before, story.case)] == ["CALENDAR_MISSING"]


def test_a_refused_extension_moves_nothing_and_counts() -> None:
    story = at_work()
    due = story.clock().due_at
    story.extension_asked().extension_decided(accept=False)
    assert (story.clock().due_at, story.row.state) == (due, AssignmentState.ACCEPTED)
    story.extension_asked().extension_decided(viewer=DIRECTOR, accept=False)
    with pytest.raises(DomainError) as refusal:
        story.extension_asked()
    assert refusal_of(refusal.value) == ("EXTENSION_LIMIT", None, "T22")


def test_trap_2_no_more_days_are_approved_than_were_asked() -> None:
    story = at_work().extension_asked(3)
    for days in (4, 0, -1):
        with pytest.raises(DomainError) as refusal:
            story.extension_decided(days)
        assert refusal_of(refusal.value) == ("BAD_INPUT", "approvedDays", "T22")


def test_trap_3_an_extension_approved_after_the_due_time_erases_no_breach() -> None:
    story = at_work()
    story.until(story.clock().due_at - timedelta(hours=1)).extension_asked(5)
    story.until(story.clock().due_at + timedelta(hours=1))
    assert (story.clock().breached, story.row.on_time_handle) == (True, False)
    old = story.clock()
    story.extension_decided()
    late = story.clock()
    assert late.due_at > story.now > old.due_at
    assert (late.breached, late.light, story.row.on_time_handle) == (True, Light.RED, False)
    assert late.next_at is not None
    assert late.next_at > late.due_at  # the ladder waits for the new due time
    story.later(hours=1)
    story.submitted()
    story.later(hours=1)
    story.checking()
    assert story.row.on_time_handle is False


def test_the_second_extension_is_the_directors_and_the_asker_decides_nothing() -> None:
    story = at_work().extension_asked().extension_decided().extension_asked()
    with pytest.raises(DomainError) as refusal:
        story.extension_decided(viewer=DISPATCHER)
    assert refusal_of(refusal.value) == ("FORBIDDEN", None, "T22")
    story.extension_decided(viewer=DIRECTOR)
    both = person(PostType.HANDLER_LEAD, PostType.DISPATCHER, org=HOUSING)
    again = at_work().extension_asked(viewer=both)
    with pytest.raises(DomainError) as refusal:
        again.extension_decided(viewer=both)
    assert refusal_of(refusal.value) == ("FORBIDDEN", None, "T22")


def test_an_extension_is_asked_before_the_due_time() -> None:
    story = at_work()
    story.until(story.clock().due_at)
    require(LEAD, A.requestExtension, story.case, story.row)
    story.later(seconds=1)
    with pytest.raises(DomainError) as refusal:
        story.extension_asked()
    assert refusal_of(refusal.value) == ("EXTENSION_AFTER_DUE", None, "T22")


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"days": 0}, ("BAD_INPUT", "days", "T22")),
        ({"days": 6}, ("BAD_INPUT", "days", "T22")),
        ({"reason": "长" * 25}, ("BAD_INPUT", "reason", None)),
        ({"text": " "}, ("BAD_INPUT", "text", None)),
        ({"informed_at": None}, ("GUARD_FAILED", "informedAt", "T22")),
        ({"informed_at": NOW + timedelta(days=1)}, ("GUARD_FAILED", "informedAt", "T22")),
        ({"informed_at": NOW - timedelta(days=1)}, ("GUARD_FAILED", "informedAt", "T22")),
    ],
)
def test_a_wish_for_time_is_complete(
    changes: dict[str, object], refused: tuple[str, str | None, str | None]
) -> None:
    with pytest.raises(DomainError) as refusal:
        at_work().extension_asked(**changes)  # type: ignore[arg-type]  # fields of a wish
    assert refusal_of(refusal.value) == refused


def test_where_nobody_can_be_told_nobody_need_be() -> None:
    story = at_work(complainant=None).extension_asked(informed_at=None)
    assert story.row.state is AssignmentState.EXT_REQ


def test_the_urgent_classes_know_no_extension() -> None:
    story = Timed(complainant=a_complainant())
    story.filed(Urgency.URGENT)
    story.dispatched()
    story.accepted()
    with pytest.raises(DomainError) as refusal:
        story.extension_asked(1)
    assert refusal_of(refusal.value) == ("EXTENSION_LIMIT", None, "T22")


def test_a_refusal_says_why() -> None:
    with pytest.raises(DomainError) as refusal:
        at_work().extension_asked().extension_decided(accept=False, answer=None)
    assert refusal_of(refusal.value) == ("BAD_INPUT", "text", None)
    with pytest.raises(DomainError) as refusal:
        at_work().hang_asked().hang_decided(accept=False)
    assert refusal_of(refusal.value) == ("BAD_INPUT", "text", None)


def test_a_sources_due_time_wins_over_an_extension() -> None:
    due = local("2024-11-01T17:00")
    story = at_work(external_due_at=due).extension_asked(5).extension_decided()
    assert story.clock().due_at == local("2024-11-01T13:00")  # four working hours before the source's


def test_a_hung_row_stands_still_and_goes_on_with_what_was_left() -> None:
    story = at_work().hang_asked()
    assert (story.row.state, story.case.incident.state) == (AssignmentState.HANG_REQ, IncidentState.HANDLING)
    assert story.clock(ClockType.HANG_DECIDE).running
    assert story.clock().running
    story.hang_decided()
    handle, review = story.clock(), story.clock(ClockType.HANG_REVIEW)
    assert (story.row.state, story.case.incident.state) == (AssignmentState.HUNG, IncidentState.HUNG)
    assert (handle.paused_at, review.due_at) == (story.now, story.now + timedelta(days=30))
    assert not story.clock(ClockType.HANG_DECIDE).running
    left = CALENDAR.work_between(story.now, handle.due_at)
    story.later(days=20)
    assert not story.clock().breached
    story.resumed()
    again = story.clock()
    assert CALENDAR.work_between(story.now, again.due_at) == left
    assert story.row.handle_due_at == again.due_at
    assert story.row.state is AssignmentState.ACCEPTED
    assert not story.clock(ClockType.HANG_REVIEW).running
    assert [(it.clock_id, it.from_at, it.row) for it in story.case.pauses] == [
        (handle.id, handle.paused_at, "T24")
    ]
    assert events_of(story.outcome)[0] == ("CLOCK_MOVED", "Incident")


def test_an_extension_after_a_hang_counts_the_shares_without_the_pause() -> None:
    story = hung()
    story.later(days=4).resumed()
    story.extension_asked(3).extension_decided()
    clock, (pause,) = story.clock(), story.case.pauses
    assert clock.next_step is ClockStep.E0
    assert clock_used(clock, clock.next_at or NOW, CALENDAR, [pause]) == pytest.approx(0.5)
    assert clock_used(clock, clock.yellow_at, CALENDAR, [pause]) == pytest.approx(0.8)


def test_a_refused_hang_leaves_the_row_at_work() -> None:
    story = at_work().hang_asked().hang_decided(accept=False, answer="可以先行处置")
    assert (story.row.state, story.clock().running) == (AssignmentState.ACCEPTED, True)
    assert story.case.requests[-1].state is RequestState.REJECTED


def test_a_breached_row_stays_late_though_it_is_hung() -> None:
    story = at_work()
    story.until(story.clock().due_at + MINUTE).hang_asked().hang_decided()
    due = story.clock().due_at
    story.later(days=10).resumed()
    assert (story.clock().due_at, story.row.on_time_handle, story.clock().light) == (due, False, Light.RED)


@pytest.mark.parametrize(
    ("review", "until", "field"),
    [(31, 90, "nextReviewAt"), (0, 90, "nextReviewAt"), (-1, 90, "nextReviewAt"), (20, 10, "maxUntil")],
)
def test_a_hang_is_reviewed_within_thirty_days_and_before_its_end(
    review: int, until: int, field: str
) -> None:
    with pytest.raises(DomainError) as refusal:
        at_work().hang_asked(review, until)
    assert refusal_of(refusal.value) == ("BAD_INPUT", field, "T23")


def test_a_hang_waits_for_the_first_contact_where_there_is_one_to_make() -> None:
    story = Timed(complainant=a_complainant())
    story.filed()
    story.dispatched()
    story.accepted()
    with pytest.raises(DomainError) as refusal:
        story.hang_asked()
    assert refusal_of(refusal.value) == ("GUARD_FAILED", None, "T23")
    nobody = Timed(complainant=None)
    nobody.filed()
    nobody.dispatched()
    nobody.accepted()
    nobody.hang_asked().hang_decided()
    assert nobody.clock(ClockType.CONTACT).paused_at == nobody.now  # not late for months of standing still


def test_a_review_goes_on_with_a_new_clock_until_the_agreed_end() -> None:
    story = hung()
    story.until(story.now + timedelta(days=28)).reviewed(HangReview.CONTINUE, 30)
    old, new = (it for it in story.case.clocks if it.type is ClockType.HANG_REVIEW)
    assert (old.running, new.running, new.due_at) == (False, True, story.now + timedelta(days=30))
    assert story.case.requests[-1].review_at == new.due_at
    assert events_of(story.outcome) == [("CLOCK_MOVED", "Incident")]
    story.later(days=30).reviewed(HangReview.CONTINUE, 30)
    story.later(days=30)
    for days in (31, 5):  # beyond 30 days, and beyond the 90 that were agreed
        with pytest.raises(DomainError) as refusal:
            story.reviewed(HangReview.CONTINUE, days)
        assert refusal_of(refusal.value) == ("BAD_INPUT", "nextReviewAt", "T23")


def test_only_what_goes_on_names_a_next_review() -> None:
    for review in (HangReview.RESUME, HangReview.ALLOW_CLOSE):
        with pytest.raises(DomainError) as refusal:
            hung().reviewed(review, 10)
        assert refusal_of(refusal.value) == ("BAD_INPUT", "nextReviewAt", "T23b")
    with pytest.raises(DomainError) as refusal:
        hung().reviewed(HangReview.CONTINUE)
    assert refusal_of(refusal.value) == ("BAD_INPUT", "nextReviewAt", "T23")


def test_a_review_resumes_or_lets_the_row_be_submitted_as_hung_and_open() -> None:
    assert hung().reviewed(HangReview.RESUME).row.state is AssignmentState.ACCEPTED
    story = hung()
    with pytest.raises(DomainError) as refusal:
        require(LEAD, A.submitResult, story.case, story.row)
    assert refusal_of(refusal.value) == ("GUARD_FAILED", None, "T23b")
    story.reviewed(HangReview.ALLOW_CLOSE)
    assert events_of(story.outcome) == [("CHANGED", "Incident"), ("CHANGED", "Assignment")]
    given = assignment.Submission(
        outcome=CaseOutcome.HUNG_OPEN, result_text="列入明年计划", no_contact_reason="已当面告知"
    )
    story.take(assignment.submit(story.by(LEAD, A.submitResult, row=True), story.case, story.row, given))
    assert story.row.state is AssignmentState.SUBMITTED
    assert not any(it.type is ClockType.HANG_REVIEW and it.stopped_at is None for it in story.case.clocks)
    assert all(it.stopped_at for it in story.case.clocks if it.type is ClockType.HANDLE)


def test_a_review_names_hung_rows_of_the_case_and_nobody_reviews_the_own_wish() -> None:
    story = hung()
    with pytest.raises(DomainError) as refusal:
        story.reviewed(HangReview.RESUME, assignment_ids=(HOUSING,))
    assert refusal_of(refusal.value) == ("NOT_FOUND", "assignmentIds", "T23b")
    own = person(PostType.COMMAND_DIRECTOR, org=HOUSING)
    with pytest.raises(DomainError) as refusal:
        story.reviewed(HangReview.RESUME, viewer=own)
    assert refusal_of(refusal.value) == ("FORBIDDEN", None, "T23b")
    with pytest.raises(DomainError) as refusal:
        at_work().reviewed(HangReview.RESUME)
    assert refusal_of(refusal.value) == ("ILLEGAL_TRANSITION", None, "T23b")
    working = replace(story.case, assignments=(replace(story.row, state=AssignmentState.ACCEPTED),))
    with pytest.raises(DomainError) as refusal:
        hang.review(
            act(DIRECTOR, at=story.now),
            working,
            hang.Review(review=HangReview.RESUME, text="已复查", assignment_ids=(story.row.id,)),
        )
    assert refusal_of(refusal.value) == ("ILLEGAL_TRANSITION", "assignmentIds", "T23b")
    story.reviewed(HangReview.RESUME, viewer=SECOND_DIRECTOR, assignment_ids=(story.row.id,))


def test_at_the_agreed_end_the_row_is_at_work_again() -> None:
    story = hung()
    assert hang.ends_at(story.case, story.row.id) == story.now + timedelta(days=90)
    after = hang.resume_at_max(act(SYSTEM, at=story.now + timedelta(days=90)), story.case, story.row.id)
    assert after.assignment(story.row.id).state is AssignmentState.ACCEPTED
    assert not after.running(ClockType.HANG_REVIEW)
    (handle,) = after.running(ClockType.HANDLE)
    assert handle.due_at == after.assignment(story.row.id).handle_due_at
    assert hang.ends_at(at_work().case, story.row.id) is None


def test_contact_cannot_be_asked_of_a_hung_row() -> None:
    story = hung()
    with pytest.raises(DomainError) as refusal:
        assignment.record_first_contact(
            story.by(LEAD, A.recordFirstContact, row=True), story.case, story.row, ReplyChannel.PHONE
        )
    assert refusal.value.code.value == "ILLEGAL_TRANSITION"
