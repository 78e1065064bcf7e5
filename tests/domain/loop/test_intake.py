"""Before filing: verified on site, handled on the spot, the grid confirmed (domain.md B.3 T3, T4, T8, T9)."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from domain.action import ActionName as A
from domain.clock import ClockType as C
from domain.clock import TimeUnit
from domain.errors import DomainError, ErrorCode
from domain.grid import Grid, GridKind
from domain.incident import CaseOutcome, IncidentState, Source, Urgency
from domain.loop.request import EndingKind, RequestKind, RequestState
from domain.media import MediaPurpose
from domain.rules import incident
from domain.rules.loop import intake
from domain.rules.loop.intake import Finding, SelfHandling
from domain.verification import CheckResult, TaskState, VerificationPhase
from tests.domain.loop.play.steps_intake import (
    HERE,
    KILOMETRE_OFF,
    decided,
    found,
    own_find,
    proposed,
    reviewed,
    self_handled,
    sent_to_verify,
)
from tests.domain.stage import (
    ACCEPTOR,
    CALENDAR,
    CLERK,
    COMMUNITY,
    DISPATCHER,
    ELSEWHERE,
    GRID,
    HANDLER,
    INSPECTOR,
    NOW,
    PLACE,
    REGIONS,
    VILLAGE,
    WORKER,
    Story,
    a_category,
    a_complainant,
    a_picture,
    act,
    new_id,
    story_at,
)

S = IncidentState


def refused(attempt: Callable[[], object]) -> tuple[ErrorCode, str | None, str | None]:
    with pytest.raises(DomainError) as caught:
        attempt()
    return caught.value.code, caught.value.field, caught.value.rule


def test_a_report_is_verified_while_the_intake_clock_stands_still() -> None:
    story = sent_to_verify(Story().later(minutes=30))
    (task,) = story.case.verifications
    (verify,) = story.case.running(C.VERIFY)
    assert (story.case.incident.state, task.phase) == (S.VERIFYING, VerificationPhase.INTAKE)
    assert (task.state, task.due_at) == (TaskState.PENDING, verify.due_at)
    assert not story.case.running(C.INTAKE)
    assert story.outcome.events[0].row == "T8"
    found(story.later(hours=2), CheckResult.FAIL)
    (task,) = story.case.verifications
    assert (task.result, task.distance_m, task.inspector_id) == (CheckResult.FAIL, 0, WORKER.person_id)
    assert story.case.incident.state is S.REPORTED
    (intake_clock,) = story.case.running(C.INTAKE)
    assert intake_clock.due_at == NOW + timedelta(hours=4.5)  # 90 of 120 minutes left at 12:30
    assert not story.case.running(C.VERIFY)
    assert [it.row for it in story.case.pauses] == ["T9"]
    assert [it.purpose for it in story.case.media] == [MediaPurpose.CHECK]
    assert story.outcome.events[0].data == {"result": "FAIL", "distanceM": 0}


def test_a_true_report_is_not_yet_a_checked_result() -> None:
    story = found(sent_to_verify(story_at(0)))
    assert story.case.incident.loop_completeness == 0


def test_what_the_grid_found_itself_is_verified_only_where_the_category_demands_it() -> None:
    patrol = Story(viewer=WORKER, source=Source.GRID_PATROL)
    assert refused(lambda: sent_to_verify(patrol)) == (ErrorCode.GUARD_FAILED, None, "T8")
    demanded = replace(a_category(), requires_verify=True)
    sent_to_verify(Story(viewer=WORKER, source=Source.GRID_PATROL, category=demanded))


def test_the_grid_the_unit_named_or_an_inspector_verifies_and_never_the_reporter() -> None:
    story = sent_to_verify(Story())
    for viewer in (WORKER, INSPECTOR):
        story.by(viewer, A.recordVerification)
    assert refused(lambda: story.by(CLERK, A.recordVerification))[0] is ErrorCode.FORBIDDEN
    elsewhere = replace(WORKER, posts=(replace(WORKER.posts[0], grid_id=ELSEWHERE),))
    assert refused(lambda: story.by(elsewhere, A.recordVerification))[0] is ErrorCode.FORBIDDEN
    named = Story()
    named.take(intake.request_verification(act(ACCEPTOR), named.case, COMMUNITY))
    named.by(elsewhere, A.recordVerification)
    own = sent_to_verify(
        Story(viewer=WORKER, source=Source.GRID_PATROL, category=replace(a_category(), requires_verify=True))
    )
    refusal = (ErrorCode.FORBIDDEN, None, "T9")
    assert refused(lambda: own.by(WORKER, A.recordVerification)) == refusal
    again = found(sent_to_verify(Story()))
    assert refused(lambda: again.by(WORKER, A.recordVerification))[0] is ErrorCode.ILLEGAL_TRANSITION


PICTURE = (a_picture(),)
PASS, UNABLE = CheckResult.PASS, CheckResult.UNABLE


@pytest.mark.parametrize(
    ("finding", "code", "field"),
    [
        (Finding(result=PASS, point=HERE), ErrorCode.GUARD_FAILED, "mediaIds"),
        (Finding(result=PASS, media=PICTURE), ErrorCode.GUARD_FAILED, "point"),
        (Finding(result=PASS, point=KILOMETRE_OFF, media=PICTURE), ErrorCode.GUARD_FAILED, "point"),
        (Finding(result=UNABLE), ErrorCode.BAD_INPUT, "note"),
    ],
)
def test_a_verification_shows_that_somebody_was_there(finding: Finding, code: ErrorCode, field: str) -> None:
    story = sent_to_verify(Story())
    doing = story.by(WORKER, A.recordVerification)
    refusal = refused(lambda: intake.record_verification(doing, story.case, finding))
    assert refusal[:2] == (code, field)


@pytest.mark.parametrize(
    ("finding", "distance"),
    [
        (Finding(result=PASS, point=KILOMETRE_OFF, media=PICTURE, note="河对岸拍摄"), 1000.8),
        (Finding(result=UNABLE, note="院门紧锁"), None),
    ],
)
def test_a_word_says_why_nobody_stood_there(finding: Finding, distance: float | None) -> None:
    story = sent_to_verify(Story())
    after = intake.record_verification(story.by(WORKER, A.recordVerification), story.case, finding).case
    assert after.verifications[0].distance_m == distance
    assert after.incident.state is S.REPORTED


@pytest.mark.parametrize("urgency", [Urgency.NORMAL, Urgency.URGENT])
def test_the_counted_time_of_intake_is_its_limit_whatever_pauses_it(urgency: Urgency) -> None:
    chance = random.Random(8)  # noqa: S311 - the same pauses every time
    for _ in range(60):
        story = Story(urgency=urgency)
        for _ in range(chance.randint(1, 4)):
            sent_to_verify(story.later(minutes=chance.randint(0, 6)))
            found(story.later(minutes=chance.choice([1, 17, 300, 3000, 9000])))
            assert not story.case.running(C.VERIFY)
        (clock,) = story.case.running(C.INTAKE)

        def counted(start: object, end: object, unit: TimeUnit = clock.unit) -> timedelta:
            if unit is TimeUnit.WORK_MIN:
                return CALENDAR.work_between(start, end)  # type: ignore[arg-type]  # two moments
            return end - start  # type: ignore[operator, no-any-return]  # two moments

        still = sum((counted(it.from_at, it.to_at) for it in story.case.pauses), timedelta())
        assert counted(clock.start_at, clock.due_at) - still == timedelta(minutes=clock.limit)
        assert clock.paused_seconds == still.total_seconds()
        assert not clock.breached


def test_what_is_verified_from_filed_is_taken_in_anew() -> None:
    story = decided(proposed(story_at(1), EndingKind.VERIFY))
    assert (story.case.incident.state, story.case.incident.claim_until) == (S.VERIFYING, None)
    assert not story.case.running(C.DISPATCH)
    assert [clock.type for clock in story.case.clocks if clock.running] == [C.VERIFY]
    found(story.later(hours=1))
    (clock,) = story.case.running(C.INTAKE)
    assert clock.start_at == story.now
    story.filed()
    assert [clock.type for clock in story.case.clocks if clock.running] == [C.DISPATCH]


def test_a_finder_handles_on_the_spot_and_the_acceptor_closes() -> None:
    story = self_handled(own_find())
    (asked,) = story.case.waiting(RequestKind.SELF_HANDLING)
    assert (story.case.incident.state, asked.reason) == (S.SELF_DONE, "SOLVED")
    assert [clock.type for clock in story.case.clocks if clock.running] == [C.CHECK]
    assert {it.purpose for it in story.case.media} == {MediaPurpose.REPORT, MediaPurpose.AFTER}
    reviewed(story.later(minutes=5), accept=True)
    closed = story.case.incident
    assert (closed.state, closed.outcome, closed.on_time) == (S.CLOSED, CaseOutcome.SOLVED, True)
    assert closed.closed_at == story.now
    assert story.case.requests[0].state is RequestState.APPROVED
    assert story.outcome.events[0].data == {"accepted": True}


def test_what_does_not_hold_is_taken_in_after_all() -> None:
    story = reviewed(self_handled(own_find()).later(hours=1), accept=False)
    assert (story.case.incident.state, story.case.requests[0].state) == (S.REPORTED, RequestState.REJECTED)
    (clock,) = story.case.running(C.INTAKE)
    assert not story.case.running(C.CHECK)
    assert clock.due_at == NOW + timedelta(hours=4.5)  # an hour later than 10:00 + 2 h of work, lunch aside
    self_handled(story)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"outcome": CaseOutcome.WITHDRAWN}, (ErrorCode.BAD_INPUT, "outcome", "T3")),
        ({"before_media": ()}, (ErrorCode.GUARD_FAILED, "beforeMediaIds", "T3")),
        ({"after_media": ()}, (ErrorCode.GUARD_FAILED, "afterMediaIds", "T3")),
        ({"result_text": " "}, (ErrorCode.BAD_INPUT, "resultText", None)),
    ],
)
def test_handling_on_the_spot_shows_before_and_after(given: dict[str, object], refusal: object) -> None:
    done = SelfHandling(
        outcome=CaseOutcome.SOLVED, result_text="已清理", before_media=PICTURE, after_media=PICTURE
    )
    story = own_find()
    doing = story.by(WORKER, A.selfHandleIncident)
    told = replace(done, **given)  # type: ignore[arg-type]  # fields of it
    assert refused(lambda: intake.self_handle(doing, story.case, told)) == refusal


def test_the_picture_of_the_report_is_from_before() -> None:
    story = own_find(media=(a_picture(),))
    done = SelfHandling(outcome=CaseOutcome.SOLVED, result_text="已清理", after_media=(a_picture(),))
    after = intake.self_handle(story.by(WORKER, A.selfHandleIncident), story.case, done).case
    assert after.incident.state is S.SELF_DONE


def test_only_what_nobody_asked_for_is_handled_on_the_spot() -> None:
    asked = own_find(complainant=a_complainant())
    assert refused(lambda: asked.by(WORKER, A.selfHandleIncident)) == (ErrorCode.GUARD_FAILED, None, "T3")
    plain = Story()
    assert refused(lambda: plain.by(WORKER, A.selfHandleIncident)) == (ErrorCode.GUARD_FAILED, None, "T3")
    nowhere = own_find(place=replace(PLACE, grid_id=ELSEWHERE))
    assert refused(lambda: nowhere.by(WORKER, A.selfHandleIncident)) == (ErrorCode.FORBIDDEN, None, "T3")


def a_grid() -> Grid:
    return Grid(
        id=new_id(),
        code="G2",
        name="二网格",
        kind=GridKind.COMPREHENSIVE,
        region_id=ELSEWHERE,
        households=None,
        population=None,
        polygon={},
        area_m2=1.0,
        outline_version=4,
        valid_from=NOW,
        valid_to=None,
    )


def test_a_grid_is_confirmed_or_set_by_hand_and_everybody_hears_where_it_went() -> None:
    story = story_at(1)
    same = intake.confirm_grid(story.by(WORKER, A.confirmGrid), story.case, None, ()).case.incident
    assert (same.grid_confirmed, same.grid_id) == (True, GRID)
    grid = a_grid()
    moved = intake.confirm_grid(story.by(ACCEPTOR, A.confirmGrid), story.case, grid, (ELSEWHERE,))
    now = moved.case.incident
    assert (now.grid_id, now.grid_version, now.region_id) == (grid.id, 4, ELSEWHERE)
    (event,) = moved.events
    assert event.scopes_before is not None
    assert event.scopes_after is not None
    assert (event.scopes_before.grid, event.scopes_before.regions) == (GRID, REGIONS)
    assert (event.scopes_after.grid, event.scopes_after.regions) == (grid.id, (ELSEWHERE,))
    assert event.data == {"grid": str(grid.id)}


def test_who_works_at_the_place_sets_no_grid_elsewhere() -> None:
    story = story_at(1)
    refusal = (ErrorCode.FORBIDDEN, "gridId", "B.5")
    for viewer in (WORKER, CLERK):
        doing = story.by(viewer, A.confirmGrid)
        attempt = partial(intake.confirm_grid, doing, story.case, a_grid(), (ELSEWHERE,))
        assert refused(attempt) == refusal
    near = intake.confirm_grid(story.by(CLERK, A.confirmGrid), story.case, a_grid(), (VILLAGE,))
    assert near.case.incident.grid_confirmed
    assert refused(lambda: story.by(DISPATCHER, A.confirmGrid))[0] is ErrorCode.FORBIDDEN
    assert refused(lambda: story.by(HANDLER, A.confirmGrid))[0] is ErrorCode.FORBIDDEN


def test_there_must_be_a_grid_to_confirm_and_a_new_place_is_confirmed_anew() -> None:
    nowhere = Story(place=replace(PLACE, grid_id=None))
    doing = nowhere.by(ACCEPTOR, A.confirmGrid)
    refusal = (ErrorCode.GUARD_FAILED, "gridId", "B.5")
    assert refused(lambda: intake.confirm_grid(doing, nowhere.case, None, ())) == refusal
    story = Story()
    story.take(intake.confirm_grid(story.by(ACCEPTOR, A.confirmGrid), story.case, None, ()))
    amend = story.by(ACCEPTOR, A.amendIncident)
    elsewhere = incident.Amendment(place=replace(PLACE, grid_id=ELSEWHERE), reason="更正")
    assert incident.amend(amend, story.case, replace(elsewhere, place=PLACE)).case.incident.grid_confirmed
    assert not incident.amend(amend, story.case, elsewhere).case.incident.grid_confirmed


def test_a_case_of_unclear_duty_is_filed_with_a_window_to_claim_it() -> None:
    story = Story()
    doing = story.by(ACCEPTOR, A.fileIncident)
    plain = incident.file(doing, story.case, Urgency.NORMAL, story.case.category)
    assert plain.case.incident.claim_until is None
    unclear = incident.file(doing, story.case, Urgency.NORMAL, story.case.category, boundary=True)
    assert unclear.case.incident.claim_until == NOW + timedelta(
        hours=5.5
    )  # 4 h of work from 10:00, lunch aside
