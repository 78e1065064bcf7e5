"""Giving a case back and the decision about it (domain.md B.3 T15 to T17, B.6, R10, R11, R27, trap 26)."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentMode, AssignmentState
from domain.case import Case
from domain.clock import ClockType as C
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.incident import IncidentState as S
from domain.incident import Urgency
from domain.life.transition import require
from domain.loop.request import RequestKind, RequestState, ReturnReason
from domain.loop.score import ScoreType
from domain.rules.dispute import returning
from domain.rules.dispute.returning import Asked, Decision
from domain.supervision import SupervisionLevel
from tests.domain.loop.play.steps_joint import EQUAL, HEADS, LED, ROADS, SINGLE, WATER, Joint
from tests.domain.stage import CIVIL, DISPATCHER, HANDLER, HOUSING, new_id

NOT_MINE = Asked(
    reason=ReturnReason.NOT_DUTY, basis="三定方案第二条", text="属民政职责", suggested_org_id=CIVIL
)


def ask(story: Joint, org: UUID, asked: Asked = NOT_MINE) -> Joint:
    """T15 by the unit's head."""
    asked = replace(asked, suggested_org_id=ROADS) if asked.suggested_org_id == org else asked
    doing = story.acting(HEADS[org], A.requestReturn, org)
    story.take(returning.request_return(doing, story.case, story.of(org), asked))
    return story


def decide(story: Joint, org: UUID, *, accept: bool, **how: object) -> Joint:
    """T16, T17 by the dispatcher."""
    doing = story.acting(DISPATCHER, A.decideReturn, org)
    decision = Decision(accept=accept, text="经核", **how)  # type: ignore[arg-type]  # fields of a decision
    story.take(returning.decide_return(doing, story.case, story.of(org), decision))
    return story


def at_housing() -> Joint:
    return Joint().to(SINGLE, (HOUSING,))


def running(case: Case, row_id: UUID | None = None) -> set[C]:
    """The types of the clocks that run, on that row alone when given."""
    return {it.type for it in case.clocks if it.running and (row_id is None or it.assignment_id == row_id)}


def test_a_unit_asks_to_return_and_keeps_the_duty_meanwhile() -> None:
    story = ask(at_housing(), HOUSING)
    row = story.row
    assert (story.case.incident.state, row.state) == (S.RETURN_REVIEW, AssignmentState.RETURN_REQ)
    assert running(story.case) == {C.CONTACT, C.HANDLE, C.RETURN_DECIDE}
    assert row.on_time_accept is True
    (asked,) = story.case.waiting(RequestKind.RETURN, assignment_id=row.id)
    assert (asked.org_id, asked.reason, asked.suggested_org_id) == (HOUSING, "NOT_DUTY", CIVIL)
    assert [it.subject.noun for it in story.outcome.events] == ["Incident", "Assignment"]
    assert all("三定" not in str(it.data) for it in story.outcome.events)


def test_a_sign_off_that_was_late_already_is_late_at_the_request() -> None:
    story = Joint()
    story.take(replace(story.outcome, case=_with_urgency(story.case, Urgency.COMPLEX)))
    story.to(SINGLE, (HOUSING,)).later(days=4)  # over a weekend: two working days to return, one to sign
    assert ask(story, HOUSING).row.on_time_accept is False


def _with_urgency(case: Case, urgency: Urgency) -> Case:
    return replace(case, incident=replace(case.incident, urgency=urgency))


def test_after_the_window_nothing_is_given_back() -> None:
    story = at_housing().later(days=4)
    with pytest.raises(DomainError) as refused:
        ask(story, HOUSING)
    assert (refused.value.code, refused.value.rule) == (ErrorCode.RETURN_WINDOW_CLOSED, "T15")


@pytest.mark.parametrize("reason", [ReturnReason.NOT_DUTY, ReturnReason.WRONG_AREA])
def test_who_denies_the_duty_or_the_area_names_another(reason: ReturnReason) -> None:
    asked = replace(NOT_MINE, reason=reason, suggested_org_id=None)
    with pytest.raises(DomainError) as refused:
        ask(at_housing(), HOUSING, asked)
    assert (refused.value.code, refused.value.field) == (ErrorCode.GUARD_FAILED, "suggestedOrgUnitId")
    story = at_housing()
    doing = story.acting(HEADS[HOUSING], A.requestReturn, HOUSING)
    with pytest.raises(DomainError) as refused:
        returning.request_return(doing, story.case, story.row, replace(asked, suggested_org_id=HOUSING))
    assert refused.value.field == "suggestedOrgUnitId"


@pytest.mark.parametrize("reason", [it for it in ReturnReason if it.value not in {"NOT_DUTY", "WRONG_AREA"}])
def test_other_reasons_need_no_other_unit(reason: ReturnReason) -> None:
    story = ask(at_housing(), HOUSING, replace(NOT_MINE, reason=reason, suggested_org_id=None))
    decide(story, HOUSING, accept=True)
    assert story.case.incident.claim_until is None


@pytest.mark.parametrize("field", ["basis", "text"])
def test_a_return_has_its_basis_and_its_words(field: str) -> None:
    blank = {"basis": NOT_MINE.basis, "text": NOT_MINE.text, field: " "}
    with pytest.raises(DomainError) as refused:
        ask(at_housing(), HOUSING, replace(NOT_MINE, basis=blank["basis"], text=blank["text"]))
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, field)


def test_designated_critical_reborn_and_repeated_returns_are_forbidden() -> None:
    story = at_housing()
    for changed in (
        replace(story.case, assignments=(replace(story.row, designated=True),)),
        replace(story.case, assignments=(replace(story.row, born_by="T32"),)),
        _with_urgency(story.case, Urgency.CRITICAL),
    ):
        with pytest.raises(DomainError) as refused:
            require(HEADS[HOUSING], A.requestReturn, changed, changed.assignments[0])
        assert (refused.value.code, refused.value.rule) == (ErrorCode.RETURN_FORBIDDEN, "T15")
    asked_once = decide(ask(story, HOUSING), HOUSING, accept=False)
    with pytest.raises(DomainError) as refused:
        ask(asked_once, HOUSING)
    assert refused.value.code is ErrorCode.RETURN_FORBIDDEN
    without = replace(story.case, assignments=(replace(story.row, return_due_at=None),))
    with pytest.raises(DomainError) as refused:
        returning.request_return(
            story.by(HEADS[HOUSING], A.addNote), without, without.assignments[0], NOT_MINE
        )
    assert refused.value.code is ErrorCode.RETURN_FORBIDDEN


def test_a_handler_asks_for_no_return_and_nobody_decides_the_own() -> None:
    story = at_housing()
    with pytest.raises(DomainError) as refused:
        story.acting(HANDLER, A.requestReturn, HOUSING)
    assert refused.value.code is ErrorCode.FORBIDDEN
    ask(story, HOUSING)
    with pytest.raises(DomainError) as refused:
        story.acting(HEADS[HOUSING], A.decideReturn, HOUSING)
    assert refused.value.code is ErrorCode.FORBIDDEN


def test_an_approved_return_of_the_only_lead_files_the_case_again() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL,))
    decide(ask(story, HOUSING, replace(NOT_MINE, suggested_org_id=ROADS)), HOUSING, accept=True)
    case = story.case
    assert (case.incident.state, story.of(HOUSING).state) == (S.FILED, AssignmentState.RETURNED)
    assert story.of(CIVIL).state is AssignmentState.CANCELLED
    assert running(case) == {C.DISPATCH}
    assert case.incident.claim_until is not None
    assert case.requests[0].state is RequestState.APPROVED
    assert case.scores == ()
    kinds = [(it.row, it.kind) for it in story.outcome.events]
    assert kinds == [("T16", EventKind.CHANGED)] * 3  # the case and both rows


def test_one_lead_left_of_equals_handles_alone() -> None:
    story = Joint().to(EQUAL, (HOUSING, ROADS)).accept(ROADS)
    decide(ask(story, HOUSING), HOUSING, accept=True)
    assert story.case.incident.state is S.HANDLING
    assert story.of(ROADS).mode is AssignmentMode.SINGLE
    assert not story.case.running(C.DISPATCH)


def test_two_leads_left_of_equals_stay_equals() -> None:
    story = Joint().to(EQUAL, (HOUSING, ROADS, WATER)).accept(ROADS, WATER)
    assert ask(story, HOUSING).case.incident.return_pending
    decide(story, HOUSING, accept=True)
    assert {row.mode for row in story.case.leads} == {AssignmentMode.EQUAL_JOINT}


def test_the_return_of_the_last_that_works_leaves_the_result_to_be_checked() -> None:
    story = Joint().to(EQUAL, (HOUSING, ROADS)).accept(ROADS)
    ask(story, HOUSING).submit(ROADS)
    before = story.case.incident.state
    decide(story, HOUSING, accept=True)
    assert (before, story.case.incident.state) == (S.HANDLING, S.SUBMITTED)
    assert len(story.case.running(C.SUBMIT_WAIT)) == 1


def test_a_support_gives_back_its_own_row_alone() -> None:
    story = Joint().to(LED, (HOUSING,), (ROADS,)).accept(HOUSING)
    decide(ask(story, ROADS), ROADS, accept=True)
    assert (story.of(ROADS).state, story.of(HOUSING).state) == (
        AssignmentState.RETURNED,
        AssignmentState.ACCEPTED,
    )
    assert story.of(HOUSING).mode is AssignmentMode.SINGLE


def test_a_rejected_return_is_an_acceptance_by_nobody_in_person() -> None:
    story = decide(ask(at_housing(), HOUSING), HOUSING, accept=False)
    row = story.row
    assert (story.case.incident.state, row.state, row.handler_id) == (
        S.HANDLING,
        AssignmentState.ACCEPTED,
        None,
    )
    assert row.accepted_at == story.now
    assert running(story.case) == {C.CONTACT, C.HANDLE}
    (booked,) = story.case.scores
    assert (booked.type, booked.amount, booked.row) == (ScoreType.RETURN_REJECTED, -1, "T17")


def test_who_had_signed_before_the_rejection_still_handles_it() -> None:
    story = at_housing().accept(HOUSING)
    handler = story.row.handler_id
    decide(ask(story, HOUSING), HOUSING, accept=False)
    assert story.row.handler_id == handler is not None


def test_the_second_rejected_return_in_30_days_is_shirking_and_a_yellow_card() -> None:
    story = decide(ask(at_housing(), HOUSING), HOUSING, accept=False, refused_before=1)
    assert [(it.type, it.amount) for it in story.case.scores] == [
        (ScoreType.SHIRKED, -3),
        (ScoreType.YELLOW_CARD, -3),
    ]
    (card,) = story.case.supervisions
    assert (card.level, card.assignment_id, card.trigger) == (
        SupervisionLevel.YELLOW,
        story.row.id,
        "T17.E4",
    )
    assert story.case.incident.escalation_step == 4


def test_a_dispatcher_may_find_shirking_at_once() -> None:
    story = decide(ask(at_housing(), HOUSING), HOUSING, accept=False, shirked=True)
    (booked,) = story.case.scores
    assert (booked.type, booked.amount) == (ScoreType.SHIRKED, -3)
    assert story.case.supervisions == ()


def test_an_approval_finds_no_shirking() -> None:
    story = ask(at_housing(), HOUSING)
    with pytest.raises(DomainError) as refused:
        decide(story, HOUSING, accept=True, shirked=True)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "shirked")


def test_a_bonus_is_taken_back_by_an_opposite_entry_when_the_claimant_returns_the_case() -> None:
    story = ask(at_housing(), HOUSING)
    (booked,) = decide(story, HOUSING, accept=True, claimed=True).case.scores
    assert (booked.type, booked.amount) == (ScoreType.CLAIMED, -2)
    assert booked.key == f"{story.case.incident.id}.{HOUSING}.CLAIMED.REVERSED"


def test_trap_26_two_returns_over_whose_duty_it_is_raise_arbitration_by_themselves() -> None:
    story = at_housing()
    decide(ask(story, HOUSING), HOUSING, accept=True)
    story.to(SINGLE, (CIVIL,))
    decide(ask(story, CIVIL, replace(NOT_MINE, suggested_org_id=ROADS)), CIVIL, accept=True)
    assert story.case.incident.state is S.ARBITRATING
    assert running(story.case) == {C.ARBITRATE}
    (ruling,) = story.case.waiting(RequestKind.ARBITRATION)
    assert ruling.participants == (str(HOUSING), str(CIVIL), str(ROADS))
    assert (ruling.asked_by_id, ruling.text) == (None, None)
    by_rows = [(it.row, it.action) for it in story.outcome.events]
    assert by_rows == [("T16", A.decideReturn), ("T16", A.decideReturn), ("T18", None)]
    assert story.outcome.events[-1].actor_id is None


def test_a_second_return_for_another_reason_raises_none() -> None:
    story = at_housing()
    decide(ask(story, HOUSING), HOUSING, accept=True)
    story.to(SINGLE, (CIVIL,))
    decide(ask(story, CIVIL, replace(NOT_MINE, reason=ReturnReason.DUPLICATE)), CIVIL, accept=True)
    assert story.case.incident.state is S.FILED


def test_who_returned_one_case_is_not_asked_again_but_another_unit_may_return_it() -> None:
    story = at_housing()
    decide(ask(story, HOUSING), HOUSING, accept=True)
    with pytest.raises(DomainError) as refused:
        story.to(SINGLE, (HOUSING,))
    assert refused.value.code is ErrorCode.GUARD_FAILED
    ask(story.to(SINGLE, (CIVIL,)), CIVIL, replace(NOT_MINE, suggested_org_id=new_id()))
    assert story.case.incident.state is S.RETURN_REVIEW
