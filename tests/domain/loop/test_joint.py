"""Joint handling by the rules alone (domain.md B.3 T11, T13, T20 to T26, B.5, B.6)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.assignment import AssignmentState as R
from domain.case import Case, put
from domain.clock import ClockStep, Light
from domain.clock import ClockType as C
from domain.errors import DomainError, ErrorCode
from domain.incident import CaseOutcome
from domain.incident import IncidentState as S
from domain.life.outcome import conclude
from domain.life.transition import require
from domain.loop.request import Request, RequestKind, RequestState
from domain.loop.score import ScoreType
from domain.media import MediaPurpose
from domain.org import OrgKind
from domain.rules import assignment
from domain.rules.assignment import Dispatch
from domain.rules.clock import paused, start, with_clocks
from domain.rules.loop import joint
from domain.rules.loop.giving import Holder, pushed_down
from tests.domain.loop.play.steps_joint import (
    EQUAL,
    LED,
    READER,
    ROADS,
    SINGLE,
    STREET_UNIT,
    Joint,
    order,
)
from tests.domain.stage import (
    ACCEPTOR,
    CIVIL,
    COMMUNITY,
    DIRECTOR,
    DISPATCHER,
    HOUSING,
    INSPECTOR,
    LEAD,
    OTHER_LEAD,
    Story,
    a_picture,
    act,
    new_id,
    unit,
)

GUARD, BAD, ILLEGAL = ErrorCode.GUARD_FAILED, ErrorCode.BAD_INPUT, ErrorCode.ILLEGAL_TRANSITION


def refused(code: ErrorCode, rule: str | None, field: str | None = None) -> pytest.RaisesExc[DomainError]:
    return pytest.RaisesExc(DomainError, check=lambda e: (e.code, e.rule, e.field) == (code, rule, field))


def asked(
    story: Story, kind: RequestKind, row: Assignment | None = None, state: RequestState = RequestState.PENDING
) -> None:
    """A request as another part of the life makes it."""
    made = Request(
        id=new_id(),
        incident_id=story.case.incident.id,
        assignment_id=row.id if row else None,
        kind=kind,
        state=state,
        org_id=row.org_id if row else None,
        asked_by_id=new_id(),
        asked_at=story.now,
    )
    case = replace(story.case, requests=(*story.case.requests, made))
    story.take(conclude(story.case, case, [act(DISPATCHER).happening("T15")]))


def moved(story: Story, row: Assignment, **changes: object) -> None:
    """A row as another part of the life leaves it."""
    changed = replace(row, **changes)  # type: ignore[arg-type]  # its own fields
    case = replace(story.case, assignments=put(story.case.assignments, changed))
    story.take(conclude(story.case, case, [act(DISPATCHER).happening("T15")]))


def running(case: Case, kind: C, row: Assignment | None = None) -> int:
    return len(case.running(kind, row.id if row else None))


def booked(case: Case) -> list[tuple[ScoreType, UUID, float]]:
    return [(it.type, it.org_id, it.amount) for it in case.scores]


# T11


def test_a_joint_dispatch_gives_each_unit_a_row_and_tells_of_all_of_them() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL, ROADS), (COMMUNITY,))
    assert [row.role.value for row in story.case.assignments] == ["LEAD", "SUPPORT", "SUPPORT", "CC"]
    assert {row.basis for row in story.case.assignments} == {"三定方案"}
    assert (story.case.incident.state, running(story.case, C.DISPATCH)) == (S.DISPATCHED, 0)
    first, *rows = story.outcome.events
    assert first.data == {"mode": "LED_JOINT", "leads": [str(HOUSING)]}
    assert [it.subject.noun for it in (first, *rows)] == ["Incident", *["Assignment"] * 4]


def test_a_unit_that_gave_the_case_back_is_named_and_not_given_it_again() -> None:
    story = Joint().to(SINGLE, (HOUSING,))
    moved(story, story.of(HOUSING), state=R.RETURNED)
    story.take(story.outcome)
    assert story.case.incident.state is S.FILED
    for given, field in (
        (order(SINGLE, (HOUSING,)), "leads"),
        (order(LED, (CIVIL,), (HOUSING,)), "supports"),
    ):
        with refused(GUARD, "T11", field) as refusal:
            assignment.dispatch(act(DISPATCHER), story.case, given)
        assert refusal.value.facts == {"orgUnits": [str(HOUSING)]}
    assert joint.redispatch(act(DIRECTOR), story.case, order(SINGLE, (HOUSING,)), "另行安排").case.leads


def test_a_claim_is_refused_by_the_dispatch_and_a_proposed_ending_stands() -> None:
    story = Joint()
    asked(story, RequestKind.CLAIM)
    asked(story, RequestKind.ENDING)
    story.to(SINGLE, (HOUSING,))
    assert [it.state for it in story.case.requests] == [RequestState.REJECTED, RequestState.PENDING]


def test_each_unit_keeps_the_rule_that_found_it() -> None:
    rule = new_id()
    given = replace(order(EQUAL, (HOUSING, CIVIL)), rules={CIVIL: rule})
    case = assignment.dispatch(act(DISPATCHER), Joint().case, given).case
    assert [row.rule_id for row in case.assignments] == [None, rule]


def test_a_pushed_down_duty_needs_a_reason_and_is_counted() -> None:
    given = Dispatch(
        mode=EQUAL, leads=(STREET_UNIT, unit(CIVIL)), basis="属地", pushed={STREET_UNIT.id: HOUSING}
    )
    story = Joint()
    with refused(GUARD, "R35", "pushDownReason"):
        assignment.dispatch(act(DISPATCHER), story.case, given)
    case = assignment.dispatch(
        act(DISPATCHER), story.case, replace(given, push_down_reason="街道先行处置")
    ).case
    assert [row.push_down_reason for row in case.assignments] == ["街道先行处置", None]
    assert booked(case) == [(ScoreType.PUSHED_DOWN, HOUSING, -1)]


def test_a_duty_is_pushed_down_only_to_a_local_unit_that_does_not_hold_it_as_near() -> None:
    def holder(org_id: UUID, distance: int, kind: OrgKind = OrgKind.DEPARTMENT) -> Holder:
        return Holder(org_id=org_id, kind=kind, distance=distance)

    street = OrgKind.STREET
    leads = (STREET_UNIT, unit(CIVIL))
    pushed = {STREET_UNIT.id: HOUSING}
    assert pushed_down(leads, []) == {}
    assert pushed_down(leads, [holder(STREET_UNIT.id, 0, street)]) == {}
    assert pushed_down(leads, [holder(CIVIL, 1), holder(HOUSING, 0)]) == pushed
    assert pushed_down(leads, [holder(HOUSING, 0), holder(STREET_UNIT.id, 1, street)]) == pushed
    own = [holder(HOUSING, 1), holder(STREET_UNIT.id, 2, street), holder(STREET_UNIT.id, 1, street)]
    assert pushed_down(leads, own) == {}


# T25, T21


def test_trap_6_the_lead_cannot_submit_beside_a_silent_support() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL, ROADS)).accept(HOUSING, CIVIL)
    with refused(ErrorCode.SUPPORT_PENDING, "T25") as refusal:
        story.submit(HOUSING)
    assert refusal.value.facts == {"assignments": [str(story.of(CIVIL).id), str(story.of(ROADS).id)]}
    story.reply(CIVIL)
    with refused(ErrorCode.SUPPORT_PENDING, "T25"):
        story.submit(HOUSING)
    assert story.accept(ROADS).reply(ROADS).submit(HOUSING).case.incident.state is S.SUBMITTED


def test_equals_submit_each_by_itself_and_the_case_waits_for_its_check_with_the_last() -> None:
    story = Joint().to(EQUAL, (HOUSING, CIVIL, ROADS)).accept(HOUSING, CIVIL, ROADS)
    for org in (HOUSING, CIVIL):
        story.later(hours=1).submit(org)
        assert (story.case.incident.state, running(story.case, C.SUBMIT_WAIT)) == (S.HANDLING, 0)
    assert running(story.case, C.HANDLE) == 1
    story.submit(ROADS)
    assert (story.case.incident.state, running(story.case, C.SUBMIT_WAIT)) == (S.SUBMITTED, 1)


def test_one_equal_is_late_and_the_others_are_not() -> None:
    story = Joint().to(EQUAL, (HOUSING, CIVIL)).accept(HOUSING, CIVIL).submit(HOUSING)
    story.later(days=30).submit(CIVIL)
    assert [story.of(org).on_time_handle for org in (HOUSING, CIVIL)] == [None, False]


@pytest.mark.parametrize(
    ("kind", "state", "clock"),
    [
        (RequestKind.EXTENSION, R.EXT_REQ, C.EXT_DECIDE),
        (RequestKind.HANG, R.HANG_REQ, C.HANG_DECIDE),
    ],
)
def test_a_request_of_the_row_lapses_with_its_result(kind: RequestKind, state: R, clock: C) -> None:
    story = Joint().to(SINGLE, (HOUSING,)).accept(HOUSING)
    row = story.of(HOUSING)
    asked(story, kind, row)
    moved(story, row, state=state)
    waiting = start(act(LEAD), story.case.incident, clock, assignment_id=row.id)
    story.take(replace(story.outcome, case=with_clocks(story.case, waiting)))
    story.submit(HOUSING)
    assert [it.state for it in story.case.requests] == [RequestState.LAPSED]
    assert (story.of(HOUSING).state, running(story.case, clock)) == (R.SUBMITTED, 0)


def hung(*, closable: bool = True) -> Joint:
    """A row hung on its second day, its clock standing still, with a review under way."""
    story = Joint().to(SINGLE, (HOUSING,)).accept(HOUSING)
    story.later(days=1)
    story.take(replace(story.outcome, case=paused(story.case, story.now, (C.HANDLE,))))
    review = start(act(DIRECTOR, at=story.now), story.case.incident, C.HANG_REVIEW)
    story.take(replace(story.outcome, case=with_clocks(story.case, review)))
    moved(story, story.of(HOUSING), state=R.HUNG, close_hung=closable)
    story.later(days=20)
    return story


def test_a_hung_row_may_close_open_once_it_is_allowed_and_is_judged_by_its_pause() -> None:
    with refused(GUARD, "T23b"):
        hung(closable=False).submit(HOUSING)
    story = hung().submit(HOUSING, outcome=CaseOutcome.HUNG_OPEN)
    row = story.of(HOUSING)
    assert (row.state, row.outcome, row.on_time_handle) == (R.SUBMITTED, CaseOutcome.HUNG_OPEN, None)
    assert running(story.case, C.HANG_REVIEW) == 0
    with refused(BAD, "T25", "outcome"):
        Joint().to(SINGLE, (HOUSING,)).accept(HOUSING).submit(HOUSING, outcome=CaseOutcome.HUNG_OPEN)


def test_the_review_goes_on_while_another_row_hangs() -> None:
    story = hung()
    asked(story, RequestKind.HANG)
    other = replace(story.of(HOUSING), id=new_id(), org_id=CIVIL, seq=2)
    story.take(replace(story.outcome, case=replace(story.case, assignments=(*story.case.assignments, other))))
    assert story.submit(CIVIL).case.incident.state is S.HUNG
    assert running(story.case, C.HANG_REVIEW) == 1


def test_a_support_replies_with_evidence_and_its_clock_stops() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL,)).accept(HOUSING, CIVIL)
    row, evidence = story.of(CIVIL), a_picture()
    doing = story.acting(OTHER_LEAD, A.replyAsSupport, CIVIL)
    story.take(joint.reply_as_support(doing, story.case, row, " 已协助清运 ", (evidence,)))
    replied = story.of(CIVIL)
    assert (replied.state, replied.result_text, replied.submitted_at) == (R.REPLIED, "已协助清运", None)
    assert [(it.id, it.purpose) for it in story.case.media] == [(evidence.id, MediaPurpose.AFTER)]
    assert (running(story.case, C.HANDLE, replied), booked(story.case)) == (0, [])
    assert story.case.incident.state is S.HANDLING
    with refused(BAD, None, "text"):
        joint.reply_as_support(doing, story.case, row, " ")


def test_a_late_reply_costs_the_support_alone() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL,)).accept(HOUSING, CIVIL).later(days=30).reply(CIVIL)
    assert (ScoreType.LATE_REPLY, CIVIL, -1) in booked(story.case)
    assert story.of(CIVIL).on_time_handle is False
    assert not [it for it in booked(story.case) if it[1] == HOUSING and it[0] is ScoreType.LATE_REPLY]


# T13, T13b, T13c, copies, handlers


def test_trap_22_a_dispatch_is_withdrawn_only_before_anybody_has_signed() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL,), (COMMUNITY,)).read()
    case = story.withdraw().case
    assert [row.state for row in case.assignments] == [R.CANCELLED, R.CANCELLED, R.DONE]
    assert {it.type for it in case.clocks if it.running} == {C.DISPATCH}
    assert (case.incident.state, case.notes[-1].text) == (S.FILED, "派错了")
    with refused(GUARD, "T13"):
        Joint().to(LED, (HOUSING,), (CIVIL,)).accept(CIVIL).withdraw()
    with refused(ILLEGAL, "T13"):
        Joint().to(EQUAL, (HOUSING, CIVIL)).accept(CIVIL).withdraw()
    with refused(BAD, None, "reason"):
        joint.withdraw(act(DISPATCHER), Joint().to(SINGLE, (HOUSING,)).case, " ")


def test_trap_9_a_new_dispatch_keeps_the_lateness_of_the_first() -> None:
    story = Joint().to(EQUAL, (HOUSING, CIVIL)).accept(HOUSING, CIVIL).submit(CIVIL).later(days=30)
    asked(story, RequestKind.EXTENSION, story.of(HOUSING))
    story.redispatch(order(SINGLE, (HOUSING,)))
    first, second, third = story.case.assignments
    assert [(it.state, it.on_time_handle) for it in (first, second)] == [
        (R.CANCELLED, False),
        (R.CANCELLED, None),
    ]
    assert (third.designated, third.born_by, third.return_due_at) == (True, "T13b", None)
    assert [it.state for it in story.case.requests] == [RequestState.LAPSED]
    assert story.case.incident.state is S.DISPATCHED
    assert {it.assignment_id for it in story.case.clocks if it.running} == {third.id}
    closing = story.accept(HOUSING).submit(HOUSING).checking().checked().asked().closed()
    assert closing.case.incident.on_time is False


def test_a_silent_support_is_let_go_and_the_lead_goes_on_alone() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL, ROADS)).accept(HOUSING, CIVIL).later(days=30)
    story.release(CIVIL)
    assert (story.of(CIVIL).state, story.of(HOUSING).mode) == (R.CANCELLED, LED)
    assert booked(story.case).count((ScoreType.LATE_REPLY, CIVIL, -1)) == 1
    story.release(ROADS)
    assert story.of(HOUSING).mode is SINGLE
    assert story.submit(HOUSING).case.incident.state is S.SUBMITTED
    with refused(ILLEGAL, "T13c"):
        story.release(ROADS)


def test_a_support_that_replied_keeps_the_case_joint() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL, ROADS)).accept(CIVIL).reply(CIVIL).release(ROADS)
    assert (story.of(HOUSING).mode, story.of(CIVIL).state) == (LED, R.REPLIED)
    with refused(ILLEGAL, "T13c"):
        story.release(CIVIL)


def test_a_released_support_leaves_a_submitted_case_waiting_for_its_check() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL,)).accept(HOUSING)
    moved(story, story.of(HOUSING), state=R.SUBMITTED, submitted_at=story.now)
    assert (story.case.incident.state, running(story.case, C.SUBMIT_WAIT)) == (S.SUBMITTED, 0)
    story.release(CIVIL)
    assert (story.case.incident.state, running(story.case, C.SUBMIT_WAIT)) == (S.SUBMITTED, 1)


@pytest.mark.parametrize("state", [S.HANDLING, S.CHECKING, S.CLOSED])
def test_trap_17_a_late_acknowledgement_never_reopens(state: S) -> None:
    story = Joint().to(SINGLE, (HOUSING,), (), (COMMUNITY,)).accept(HOUSING)
    copy = story.of(COMMUNITY)
    if state is not S.HANDLING:
        story.submit(HOUSING).checking()
    if state is S.CLOSED:
        story.checked().asked().closed()
    before = story.case.incident
    story.later(days=3).read()
    read = story.of(COMMUNITY)
    assert (read.state, read.accepted_at, read.handler_id) == (R.DONE, story.now, READER.person_id)
    assert (story.case.incident.state, story.case.incident.version) == (before.state, before.version)
    assert (running(story.case, C.READ), booked(story.case)) == (0, [])
    sealed = replace(story.case, incident=replace(story.case.incident, state=S.ARCHIVED))
    with refused(ILLEGAL, "R13"):
        require(READER, A.acknowledgeCopy, sealed, copy)


def test_trap_17_nobody_signs_for_a_closed_case() -> None:
    story = Joint().to(SINGLE, (HOUSING,)).accept(HOUSING).submit(HOUSING)
    story.checking().checked().asked().closed()
    late = replace(story.of(HOUSING), state=R.PENDING)
    with refused(ILLEGAL, "T14"):
        require(LEAD, A.acceptAssignment, story.case, late)


def test_the_head_of_the_unit_names_who_handles() -> None:
    story = Joint().to(SINGLE, (HOUSING,))
    person = new_id()
    doing = story.acting(LEAD, A.assignHandler, HOUSING)
    after = joint.assign_handler(doing, story.case, story.of(HOUSING), person).case
    assert (after.assignments[0].handler_id, after.assignments[0].state) == (person, R.PENDING)
    with refused(ErrorCode.FORBIDDEN, None):
        story.acting(OTHER_LEAD, A.assignHandler, HOUSING)


# T26


def test_a_result_sent_back_is_handled_on_with_the_time_that_was_left() -> None:
    story = Joint().to(SINGLE, (HOUSING,)).accept(HOUSING).later(hours=24)
    (clock,) = story.case.running(C.HANDLE)
    story.submit(HOUSING).later(hours=2).sent_back()
    row, (again,) = story.of(HOUSING), story.case.running(C.HANDLE)
    assert (row.state, row.submitted_at, row.outcome, row.result_text) == (R.ACCEPTED, None, None, "已办")
    assert again.id == clock.id
    assert row.handle_due_at == again.due_at > clock.due_at
    assert (again.light, again.next_step, again.next_at) == (Light.GREEN, ClockStep.YELLOW, again.yellow_at)
    (pause,) = story.case.pauses
    assert (pause.to_at - pause.from_at, pause.row) == (timedelta(hours=2), "T26")
    assert (story.case.incident.state, running(story.case, C.SUBMIT_WAIT)) == (S.HANDLING, 0)
    assert booked(story.case) == [(ScoreType.SLOPPY_RESULT, HOUSING, -0.5)]
    assert story.case.notes[-1].text == "缺少照片"
    assert running(story.case, C.CONTACT) == 0


def test_a_row_that_was_hung_is_handled_again_with_what_was_left_then() -> None:
    story = hung()
    (clock,) = [it for it in story.case.clocks if it.type is C.HANDLE]
    story.submit(HOUSING).later(hours=1).sent_back()
    row, (again,) = story.of(HOUSING), story.case.running(C.HANDLE)
    assert (row.state, row.close_hung, row.on_time_handle) == (R.ACCEPTED, False, None)
    assert story.case.pauses[-1].from_at == clock.paused_at
    assert again.due_at > story.now


def test_only_the_named_results_go_back() -> None:
    story = Joint().to(EQUAL, (HOUSING, CIVIL, ROADS)).accept(HOUSING, CIVIL, ROADS).submit(HOUSING, CIVIL)
    story.sent_back(CIVIL)
    assert [story.of(it).state for it in (HOUSING, CIVIL, ROADS)] == [R.SUBMITTED, R.ACCEPTED, R.ACCEPTED]
    with refused(ILLEGAL, "T26", "assignmentIds"):
        story.sent_back(ROADS)
    with refused(ErrorCode.NOT_FOUND, "T26", "assignmentIds"):
        joint.return_result(act(INSPECTOR), story.case, [new_id()], "缺少照片")
    story.sent_back()
    with refused(ILLEGAL, "T26"):
        require(ACCEPTOR, A.returnResult, story.case)
