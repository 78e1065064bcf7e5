"""Rulings on whose duty a case is, claims, and what is proposed next time (T12, T18, T19, S35, S37, R08)."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentMode, AssignmentState
from domain.case import Case
from domain.clock import ClockType as C
from domain.dictionary import DispatchRule, DutyItem
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.incident import IncidentState as S
from domain.life.transition import require
from domain.loop.request import RequestKind, RequestState, Statement
from domain.loop.score import ScoreType
from domain.person import PostType
from domain.rules.dispute import arbitration, claim
from domain.rules.dispute.arbitration import Ruling
from domain.rules.dispute.proposal import proposed
from tests.domain.dispute.test_returning import ask, decide
from tests.domain.loop.play.steps_joint import EQUAL, HEADS, LED, ROADS, SINGLE, WATER, Joint
from tests.domain.stage import CIVIL, DIRECTOR, DISPATCHER, HOUSING, NOW, new_id, person

ORDER = "会议纪要〔2024〕8号：三家共同落实"


def refer(story: Joint, *units: UUID) -> Joint:
    """T18 by the dispatcher."""
    doing = story.acting(DISPATCHER, A.referToArbitration)
    story.take(arbitration.refer(doing, story.case, units, "焚烧祭品归谁管"))
    return story


def speak(story: Joint, org: UUID, *, volunteers: bool = False) -> Statement:
    """S35 by the unit's head."""
    doing = story.acting(HEADS[org], A.submitStatement)
    outcome, statement = arbitration.make_statement(doing, story.case, "本单位意见", volunteers=volunteers)
    story.take(outcome)
    return statement


def rule(story: Joint, mode: AssignmentMode, *leads: UUID, **more: object) -> Joint:
    """T19 by the director."""
    ruling = Ruling(mode=mode, leads=leads, order_text=ORDER, **more)  # type: ignore[arg-type]  # its fields
    story.take(arbitration.rule(story.acting(DIRECTOR, A.ruleArbitration), story.case, ruling))
    return story


def disputed() -> Joint:
    """The housing bureau asked to return its case; the dispatcher referred it."""
    return refer(ask(Joint().to(SINGLE, (HOUSING,)), HOUSING), CIVIL)


def running(case: Case) -> set[C]:
    return {it.type for it in case.clocks if it.running}


def test_a_pending_return_is_left_to_the_ruling_and_its_clocks_run_on() -> None:
    story = disputed()
    assert (story.case.incident.state, story.row.state) == (S.ARBITRATING, AssignmentState.RETURN_REQ)
    assert running(story.case) == {C.CONTACT, C.HANDLE, C.ARBITRATE}
    returned, ruling = story.case.requests
    assert (returned.state, returned.decided_at) == (RequestState.TO_ARBITRATION, None)
    assert ruling.participants == (str(HOUSING), str(CIVIL))
    with pytest.raises(DomainError) as refused:
        story.acting(DISPATCHER, A.decideReturn, HOUSING)
    assert refused.value.code is ErrorCode.ILLEGAL_TRANSITION


def test_a_filed_case_is_referred_with_the_units_named_and_a_claim_is_refused() -> None:
    story = pooled()
    claimed(story, WATER)
    refer(story, CIVIL, ROADS)
    assert running(story.case) == {C.ARBITRATE}
    assert story.case.requests[-2].state is RequestState.REJECTED
    assert story.case.incident.claim_until is None


def test_nobody_to_hear_and_no_dispute_are_refused() -> None:
    with pytest.raises(DomainError) as refused:
        refer(Joint())
    assert (refused.value.code, refused.value.field) == (ErrorCode.GUARD_FAILED, "participants")
    with pytest.raises(DomainError) as refused:
        refer(Joint().to(SINGLE, (HOUSING,)).accept(HOUSING), CIVIL)
    assert (refused.value.code, refused.value.rule) == (ErrorCode.ILLEGAL_TRANSITION, "T18")


def test_only_the_units_named_speak_and_the_case_stays_as_it_is() -> None:
    story = disputed()
    before = story.case
    said = speak(story, CIVIL, volunteers=True)
    assert (said.org_id, said.request_id, said.volunteers) == (CIVIL, before.requests[-1].id, True)
    assert story.case == before
    (event,) = story.outcome.events
    assert (event.row, event.subject.version) == ("T18", before.incident.version)
    with pytest.raises(DomainError) as refused:
        speak(story, WATER)
    assert refused.value.code is ErrorCode.FORBIDDEN


def test_who_is_let_go_has_returned_the_case_rightly() -> None:
    story = rule(disputed(), SINGLE, CIVIL)
    assert story.of(HOUSING).state is AssignmentState.RETURNED
    new = story.of(CIVIL)
    assert (new.state, new.designated, new.born_by, new.basis) == (
        AssignmentState.PENDING,
        True,
        "T19",
        ORDER,
    )
    assert new.return_due_at is None
    returned, ruling = story.case.requests
    assert (returned.state, ruling.state) == (RequestState.APPROVED, RequestState.APPROVED)
    assert (ruling.mode, ruling.leads, ruling.answer) == (SINGLE, (str(CIVIL),), ORDER)
    assert story.case.incident.state is S.DISPATCHED
    assert running(story.case) == {C.SIGN, C.CONTACT, C.HANDLE}
    assert {it.kind for it in story.outcome.events} == {EventKind.ASSIGNED}


def test_who_is_named_keeps_the_case_with_its_clocks_and_returns_it_no_more() -> None:
    story = disputed()
    handling = story.case.running(C.HANDLE)
    rule(story, SINGLE, HOUSING)
    row = story.row
    assert (row.state, row.designated, row.accepted_at) == (AssignmentState.ACCEPTED, True, story.now)
    assert story.case.requests[0].state is RequestState.REJECTED
    assert story.case.running(C.HANDLE) == handling
    assert story.case.incident.state is S.HANDLING
    with pytest.raises(DomainError) as refused:
        ask(story, HOUSING)
    assert refused.value.code is ErrorCode.RETURN_FORBIDDEN


def test_others_go_on_as_they_were_and_who_is_not_named_is_cancelled() -> None:
    story = Joint().to(EQUAL, (HOUSING, CIVIL, ROADS)).accept(CIVIL, ROADS)
    refer(ask(story, HOUSING), WATER).submit(CIVIL)
    rule(story, EQUAL, CIVIL, WATER)
    assert {org: story.of(org).state for org in (HOUSING, CIVIL, ROADS, WATER)} == {
        HOUSING: AssignmentState.RETURNED,
        CIVIL: AssignmentState.SUBMITTED,
        ROADS: AssignmentState.CANCELLED,
        WATER: AssignmentState.PENDING,
    }
    assert {row.mode for row in story.case.leads} == {EQUAL}
    assert all(row.designated for row in story.case.leads)


def test_a_ruling_that_leaves_only_a_submitted_lead_leads_to_its_check() -> None:
    story = Joint().to(EQUAL, (HOUSING, CIVIL)).accept(CIVIL)
    refer(ask(story, HOUSING)).submit(CIVIL)
    rule(story, SINGLE, CIVIL)
    assert story.case.incident.state is S.SUBMITTED
    assert len(story.case.running(C.SUBMIT_WAIT)) == 1


def test_supports_stay_only_if_named() -> None:
    story = Joint().to(LED, (HOUSING,), (CIVIL, ROADS)).accept(CIVIL)
    refer(ask(story, HOUSING))
    rule(story, LED, HOUSING, supports=(CIVIL, WATER))
    assert [row.state for row in (story.of(CIVIL), story.of(ROADS), story.of(WATER))] == [
        AssignmentState.ACCEPTED,
        AssignmentState.CANCELLED,
        AssignmentState.PENDING,
    ]
    assert not story.of(WATER).designated


@pytest.mark.parametrize(
    ("mode", "leads", "more", "field"),
    [
        (SINGLE, (HOUSING, CIVIL), {}, "leads"),
        (EQUAL, (CIVIL,), {}, "leads"),
        (EQUAL, (CIVIL, CIVIL), {}, "leads"),
        (SINGLE, (), {}, "leads"),
        (LED, (CIVIL,), {}, "supports"),
        (SINGLE, (CIVIL,), {"supports": (ROADS,)}, "supports"),
        (SINGLE, (CIVIL,), {"copies": (CIVIL,)}, "leads"),
        (SINGLE, (CIVIL,), {"shirked": (WATER,)}, "shirkedOrgUnitIds"),
    ],
)
def test_a_ruling_fits_its_mode(
    mode: AssignmentMode, leads: tuple[UUID, ...], more: dict[str, object], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        rule(disputed(), mode, *leads, **more)
    assert (refused.value.code, refused.value.field, refused.value.rule) == (
        ErrorCode.GUARD_FAILED,
        field,
        "T19",
    )


def test_a_lead_that_has_submitted_gets_no_silent_support() -> None:
    story = Joint().to(EQUAL, (HOUSING, CIVIL)).accept(CIVIL)
    refer(ask(story, HOUSING)).submit(CIVIL)
    with pytest.raises(DomainError) as refused:
        rule(story, LED, CIVIL, supports=(ROADS,))
    assert refused.value.field == "supports"


def test_who_offered_itself_gains_and_who_shirked_loses() -> None:
    story = refer(ask(Joint().to(SINGLE, (HOUSING,)), HOUSING), CIVIL, ROADS)
    volunteers = frozenset({CIVIL, ROADS, WATER})
    rule(story, LED, CIVIL, supports=(ROADS,), volunteers=volunteers, shirked=(HOUSING,))
    booked = {it.org_id: (it.type, it.amount) for it in story.case.scores}
    assert booked == {
        CIVIL: (ScoreType.CLAIMED, 2),
        ROADS: (ScoreType.VOLUNTEERED, 1),
        HOUSING: (ScoreType.SHIRKED, -3),
    }


def test_only_the_director_rules() -> None:
    with pytest.raises(DomainError) as refused:
        disputed().acting(DISPATCHER, A.ruleArbitration)
    assert refused.value.code is ErrorCode.FORBIDDEN


def _rules(story: Joint, mode: AssignmentMode, *leads: UUID, **more: object) -> tuple[DispatchRule, ...]:
    ruling = Ruling(mode=mode, leads=leads, order_text=ORDER, **more)  # type: ignore[arg-type]  # its fields
    asked = story.case.requests[-1]
    return arbitration.rules_of(story.acting(DIRECTOR, A.ruleArbitration), story.case, ruling, asked.id)


def test_a_ruling_for_three_becomes_a_rule_of_three_rows() -> None:
    story = disputed()
    rows = _rules(story, EQUAL, HOUSING, CIVIL, ROADS)
    assert [(it.lead_org_id, it.role, it.mode) for it in rows] == [
        (it, "LEAD", "EQUAL_JOINT") for it in (HOUSING, CIVIL, ROADS)
    ]
    assert len({it.group_id for it in rows}) == 1
    assert {it.arbitration_id for it in rows} == {story.case.requests[-1].id}
    incident = story.case.incident
    assert {(it.category_id, it.region_id, it.valid_from, it.basis) for it in rows} == {
        (incident.category_id, incident.region_id, NOW, ORDER)
    }


def test_a_ruling_for_one_becomes_a_plain_rule() -> None:
    (row,) = _rules(disputed(), SINGLE, CIVIL, copies=(ROADS,))
    assert (row.group_id, row.role, row.mode) == (None, None, None)


def _duty(org_id: UUID) -> DutyItem:
    return DutyItem(
        id=new_id(),
        org_id=org_id,
        category_id=new_id(),
        region_id=None,
        legal_basis="三定方案",
        valid_from=NOW,
        valid_to=None,
    )


def test_the_ruling_is_proposed_before_duties_and_nobody_who_returned_the_case_is() -> None:
    ruled = _rules(disputed(), LED, CIVIL, supports=(ROADS,))
    story = Joint()
    everyone = {HOUSING, CIVIL, ROADS, WATER}
    first, *others = proposed(story.case, ruled, [_duty(HOUSING), _duty(WATER), _duty(ROADS)], everyone)
    assert (first.mode, first.leads, first.supports, first.basis) == (LED, (CIVIL,), (ROADS,), ORDER)
    assert first.rule_id == ruled[0].id
    assert [(it.leads, it.rule_id) for it in others] == [((HOUSING,), None), ((WATER,), None)]
    decide(ask(story.to(SINGLE, (HOUSING,)), HOUSING), HOUSING, accept=True)
    found = proposed(story.case, ruled, [_duty(HOUSING), _duty(WATER)], everyone - {ROADS})
    assert [it.leads for it in found] == [(WATER,)]


def pooled() -> Joint:
    """The housing bureau gave the case back; who wants it may claim it."""
    story = Joint().to(SINGLE, (HOUSING,))
    decide(ask(story, HOUSING), HOUSING, accept=True)
    return story


def claimed(story: Joint, org: UUID) -> Joint:
    """T12 by the unit's head."""
    story.take(claim.claim(story.acting(HEADS[org], A.claimIncident), story.case, "愿意承担"))
    return story


def confirmed(story: Joint, *, accept: bool = True, duty: bool = False) -> Joint:
    """T12 by the director."""
    doing = story.acting(DIRECTOR, A.confirmClaim)
    story.take(claim.confirm(doing, story.case, "同意认领", accept=accept, duty=duty))
    return story


def test_a_claim_is_confirmed_and_gains_a_designated_row_and_the_bonus() -> None:
    story = claimed(pooled(), WATER)
    assert running(story.case) == {C.DISPATCH}
    confirmed(story)
    row = story.row
    assert (row.org_id, row.state, row.designated, row.born_by) == (
        WATER,
        AssignmentState.PENDING,
        True,
        "T12",
    )
    assert story.case.incident.state is S.DISPATCHED
    assert running(story.case) == {C.SIGN, C.CONTACT, C.HANDLE}
    (booked,) = story.case.scores
    assert (booked.org_id, booked.type, booked.amount, booked.row) == (WATER, ScoreType.CLAIMED, 2, "T12")
    with pytest.raises(DomainError) as refused:
        ask(story, WATER)
    assert refused.value.code is ErrorCode.RETURN_FORBIDDEN


def test_no_bonus_for_what_is_the_units_duty_anyway() -> None:
    assert confirmed(claimed(pooled(), WATER), duty=True).case.scores == ()


def test_a_refused_claim_leaves_the_case_in_the_pool() -> None:
    story = confirmed(claimed(pooled(), WATER), accept=False)
    assert (story.case.incident.state, story.case.requests[-1].state) == (S.FILED, RequestState.REJECTED)
    assert claimed(story, ROADS).case.waiting(RequestKind.CLAIM)


def _late(story: Joint) -> None:
    claimed(story.later(days=4), WATER)


def _twice(story: Joint) -> None:
    claimed(claimed(story, WATER), ROADS)


def _after_returning(story: Joint) -> None:
    claimed(story, HOUSING)


@pytest.mark.parametrize(
    ("attempt", "code"),
    [
        (_late, ErrorCode.GUARD_FAILED),
        (_twice, ErrorCode.ILLEGAL_TRANSITION),
        (_after_returning, ErrorCode.GUARD_FAILED),
        (confirmed, ErrorCode.ILLEGAL_TRANSITION),
    ],
)
def test_claims_out_of_order_are_refused(attempt: Callable[[Joint], object], code: ErrorCode) -> None:
    with pytest.raises(DomainError) as refused:
        attempt(pooled())
    assert (refused.value.code, refused.value.rule) == (code, "T12")


def test_nobody_of_the_claiming_unit_confirms_its_claim() -> None:
    story = claimed(pooled(), WATER)
    inside = person(PostType.COMMAND_DIRECTOR, org=WATER)
    with pytest.raises(DomainError) as refused:
        require(inside, A.confirmClaim, story.case)
    assert refused.value.code is ErrorCode.FORBIDDEN


def test_the_window_closes_to_the_minute() -> None:
    story = pooled()
    until = story.case.incident.claim_until
    assert until is not None
    story.now = until
    claimed(story, WATER)
    story = pooled()
    story.now = until + timedelta(minutes=1)
    with pytest.raises(DomainError):
        claimed(story, WATER)
