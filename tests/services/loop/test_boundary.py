"""Boundary disputes as commands, on both stores (domain.md B.3 T12, T15 to T19, B.6, R27, S35 to S37)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from db import cases, dictionaries, event_log
from db.lists.pages import Slice
from db.loop import requests, statements
from db.unit_of_work import in_transaction
from domain.action import ActionName as A
from domain.assignment import AssignmentMode, AssignmentState
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState as S
from domain.loop.request import RequestKind, RequestState, ReturnReason
from tests.services.loop.dispute import Dispute, a_dispute

pytestmark = pytest.mark.usefixtures("store")


async def refused(doing: Any, code: ErrorCode, field: str | None = None, rule: str | None = None) -> None:
    with pytest.raises(DomainError) as refusal:
        await doing
    assert (refusal.value.code, refusal.value.field) == (code, field)
    if rule is not None:
        assert refusal.value.rule == rule


async def events_of(desk: Dispute) -> list[tuple[str, str, A | None]]:
    """Row, subject and action of every event on the case."""
    found = await event_log.of_incident(desk.id, 0, 1000)
    return [(it.event.row, it.event.subject.noun, it.event.action) for it in found]


async def returned() -> Dispute:
    """A case that the housing office has given back."""
    desk = await (await a_dispute()).give("HOUSING")
    await desk.ask()
    await desk.decide()
    return desk


async def test_a_return_is_asked_once_however_often_it_is_sent() -> None:
    desk = await (await a_dispute()).give("HOUSING")
    row, key = await desk.row_of("HOUSING"), uuid4()
    named: dict[str, Any] = {"id": row.id, "expected_version": row.version}
    first = await desk.ask(key=key, **named)
    assert await desk.ask(key=key, **named) == first
    case = await desk.case()
    assert first.made["request"] == (case.requests[0].id,)
    assert (case.incident.state, case.incident.request_count) == (S.RETURN_REVIEW, 1)
    assert (await events_of(desk))[-2:] == [
        ("T15", "Incident", A.requestReturn),
        ("T15", "Assignment", A.requestReturn),
    ]
    await refused(desk.ask(expected_version=row.version), ErrorCode.CONFLICT, "expectedVersion")


async def test_a_return_is_refused_outside_its_window_for_nobody_and_by_handlers() -> None:
    desk = await (await a_dispute()).give("HOUSING")
    await refused(desk.ask(suggested_org_unit_id=None), ErrorCode.GUARD_FAILED, "suggestedOrgUnitId", "T15")
    await refused(desk.ask(suggested_org_unit_id=uuid4()), ErrorCode.NOT_FOUND, "suggestedOrgUnitId", "T15")
    await refused(desk.ask(by="housing"), ErrorCode.FORBIDDEN)
    await desk.contact()
    desk.later(days=1, hours=8, minutes=1)  # Friday after hours
    await refused(desk.ask(), ErrorCode.RETURN_WINDOW_CLOSED, None, "T15")


async def test_a_rejected_return_costs_a_point_and_the_second_in_30_days_is_shirking() -> None:
    desk = await (await a_dispute()).give("HOUSING")
    await desk.ask()
    await desk.decide(accept=False)
    assert await desk.scores() == {("HOUSING", "RETURN_REJECTED"): -1}
    assert (await desk.row_of("HOUSING")).state is AssignmentState.ACCEPTED
    await refused(desk.ask(), ErrorCode.RETURN_FORBIDDEN, None, "T15")
    await refused(desk.decide(), ErrorCode.ILLEGAL_TRANSITION, None, "T16")
    desk.later(days=4)
    await desk.give("HOUSING")
    await desk.ask()
    await desk.decide(accept=False)
    assert await desk.scores() == {("HOUSING", "SHIRKED"): -3, ("HOUSING", "YELLOW_CARD"): -3}
    desk.later(days=40)
    await desk.give("HOUSING")
    await desk.ask()
    await desk.decide(accept=False)
    assert await desk.scores() == {("HOUSING", "RETURN_REJECTED"): -1}


async def test_a_case_given_back_waits_in_the_pool_for_who_wants_it() -> None:
    desk = await returned()
    case = await desk.case()
    assert (case.incident.state, case.requests[0].state) == (S.FILED, RequestState.APPROVED)
    civil = desk.district.viewer("civil_lead")
    page = await requests.page_of_claimable(viewer=civil, now=desk.now, slice_=Slice(10))
    assert [it.id for it in page.rows] == [desk.id]
    key, version = uuid4(), case.incident.version
    first = await desk.claim("CIVIL", key=key)
    assert await desk.claim("CIVIL", key=key, expected_version=version) == first
    found = await requests.get(first.made["request"], viewer=civil)
    assert [it.kind for it in found.values()] == [RequestKind.CLAIM]
    await refused(desk.claim("COMMUNITY"), ErrorCode.ILLEGAL_TRANSITION, None, "T12")
    await refused(desk.confirm(by="civil_lead"), ErrorCode.FORBIDDEN)
    await desk.confirm()
    row = await desk.row_of("CIVIL")
    assert (row.state, row.designated, row.born_by) == (AssignmentState.PENDING, True, "T12")
    assert await desk.scores() == {("CIVIL", "CLAIMED"): 2}
    await refused(desk.ask("CIVIL"), ErrorCode.RETURN_FORBIDDEN, None, "T15")
    page = await requests.page_of_claimable(viewer=civil, now=desk.now, slice_=Slice(10))
    assert page.rows == []


async def test_who_returned_a_case_does_not_claim_it_and_nobody_does_after_the_window() -> None:
    desk = await returned()
    await refused(desk.claim("HOUSING"), ErrorCode.GUARD_FAILED, None, "T12")
    await refused(desk.claim("CIVIL", expected_version=99), ErrorCode.CONFLICT, "expectedVersion")
    await refused(desk.confirm(), ErrorCode.ILLEGAL_TRANSITION, None, "T12")
    desk.later(days=4)
    await refused(desk.claim("CIVIL"), ErrorCode.GUARD_FAILED, None, "T12")
    page = await requests.page_of_claimable(
        viewer=desk.district.viewer("civil_lead"), now=desk.now, slice_=Slice(10)
    )
    assert page.rows == []


async def test_a_case_out_of_the_pool_is_not_there_for_other_units() -> None:
    desk = await (await a_dispute()).give("HOUSING")
    await refused(desk.claim("CIVIL"), ErrorCode.NOT_FOUND, "id")
    await refused(desk.speak("CIVIL"), ErrorCode.NOT_FOUND, "id")


async def test_a_kind_of_nobodys_duty_may_be_claimed_from_its_filing() -> None:
    desk = await a_dispute()
    await desk.report()
    await desk.file("NOISE")
    assert (await desk.case()).incident.claim_until is None  # a rule says whose it is
    quiet = desk.district.categories["NOISE"]
    burning = replace(quiet, id=uuid4(), code="BURNING", name="焚烧祭品")
    await in_transaction(lambda work: dictionaries.insert_categories(work, [burning]))
    await desk.report()
    await desk.file("BURNING")
    assert (await desk.case()).incident.claim_until is not None


async def test_the_bonus_of_a_claim_is_taken_back_with_a_later_return() -> None:
    desk = await returned()
    await desk.claim("CIVIL")
    await desk.confirm()
    row = await desk.row_of("CIVIL")
    freed = replace(row, designated=False, return_due_at=desk.now + timedelta(hours=1))
    case = await desk.case()
    await in_transaction(lambda work: _save(work, case, freed))
    await desk.ask("CIVIL")
    await desk.decide("CIVIL")
    assert await desk.scores() == {("CIVIL", "CLAIMED"): 0}


async def _save(work: Any, case: Any, row: Any) -> None:
    await cases.save(work, case, replace(case, assignments=(*case.assignments[:-1], row)))


async def test_trap_26_ping_pong_ends_in_arbitration_by_itself() -> None:
    desk = await returned()
    await desk.dispatch("CIVIL", basis="三定方案")
    await desk.ask("CIVIL")
    made = await desk.decide("CIVIL")
    case = await desk.case()
    assert case.incident.state is S.ARBITRATING
    decided, raised = made.made["request"]
    assert raised == case.waiting(RequestKind.ARBITRATION)[0].id != decided
    assert (await events_of(desk))[-1] == ("T18", "Incident", None)
    participants = {UUID(it) for it in case.requests[-1].participants}
    assert participants == {desk.unit("HOUSING"), desk.unit("CIVIL"), desk.unit("COMMUNITY")}


async def arbitrating() -> Dispute:
    """A pending return of the housing office, left to the ruling; civil affairs are heard too."""
    desk = await (await a_dispute()).give("HOUSING")
    await desk.ask()
    await desk.refer("CIVIL")
    return desk


async def test_a_unit_without_the_case_is_heard_but_does_not_see_it() -> None:
    desk = await arbitrating()
    civil = desk.district.viewer("civil_lead")
    (dispute,) = await requests.disputes(10, viewer=civil)
    case = await desk.case()
    assert (dispute.incident_id, dispute.no, dispute.text) == (desk.id, case.incident.no, "归谁管")
    assert await requests.disputes(10, viewer=desk.district.viewer("community_lead")) == []
    key = uuid4()
    said = await desk.speak("CIVIL", volunteers=True, key=key)
    assert await desk.speak("CIVIL", volunteers=True, key=key) == said
    assert (await desk.case()).incident.version == case.incident.version
    request_id = case.requests[-1].id
    assert await statements.of_requests([request_id], viewer=civil) == {request_id: []}
    (own,) = (await statements.get(said.made["statement"], viewer=civil)).values()
    assert (own.org_id, own.volunteers) == (desk.unit("CIVIL"), True)
    everything = await statements.of_requests([request_id], viewer=desk.district.viewer("director"))
    assert everything == {request_id: [own]}
    await refused(desk.speak("COMMUNITY"), ErrorCode.NOT_FOUND, "id")
    await refused(desk.speak("CIVIL", expected_version=99), ErrorCode.CONFLICT, "expectedVersion")


async def test_a_ruling_scores_gives_the_case_and_becomes_a_rule_that_the_next_case_finds() -> None:
    desk = await arbitrating()
    await desk.speak("CIVIL", volunteers=True)
    await refused(desk.rule("CIVIL", by="dispatcher"), ErrorCode.FORBIDDEN)
    await refused(desk.rule("CIVIL", leads=(uuid4(),)), ErrorCode.NOT_FOUND, "leads", "T19")
    centre = (desk.unit("CENTER"),)  # nobody else could check and call
    await refused(desk.rule("CIVIL", leads=centre), ErrorCode.GUARD_FAILED, "leads", "T19")
    outsider = (desk.unit("COMMUNITY"),)
    await refused(
        desk.rule("CIVIL", shirked_org_unit_ids=outsider), ErrorCode.GUARD_FAILED, "shirkedOrgUnitIds", "T19"
    )
    made = await desk.rule("CIVIL", "COMMUNITY", shirked_org_unit_ids=(desk.unit("HOUSING"),))
    assert len(made.made["assignments"]) == 2
    assert await desk.scores() == {("CIVIL", "CLAIMED"): 2, ("HOUSING", "SHIRKED"): -3}
    case = await desk.case()
    assert (case.incident.state, (await desk.row_of("HOUSING")).state) == (
        S.DISPATCHED,
        AssignmentState.RETURNED,
    )
    rules, _ = await dictionaries.fitting(case.incident.category_id, case.region_ids, desk.now)
    ruled = [it for it in rules if it.arbitration_id == case.requests[-1].id]
    assert {it.lead_org_id for it in ruled} == {desk.unit("CIVIL"), desk.unit("COMMUNITY")}
    assert rules[: len(ruled)] == ruled  # of this very region: nearer than the district's
    await desk.later(hours=1).report()
    await desk.file("NOISE")
    mode = AssignmentMode.EQUAL_JOINT
    await desk.dispatch(mode=mode, leads=(desk.unit("CIVIL"), desk.unit("COMMUNITY")))
    rows = (await desk.case()).assignments
    assert {it.rule_id for it in rows} <= {it.id for it in ruled}
    assert {it.basis for it in rows} == {"会议纪要"}


async def test_references_and_rulings_need_their_states_and_versions() -> None:
    desk = await (await a_dispute()).give("HOUSING")
    await refused(desk.refer("CIVIL"), ErrorCode.ILLEGAL_TRANSITION, None, "T18")
    await refused(desk.rule("CIVIL"), ErrorCode.ILLEGAL_TRANSITION, None, "T19")
    await desk.ask()
    await refused(desk.refer("CIVIL", expected_version=1), ErrorCode.CONFLICT, "expectedVersion")
    await refused(desk.refer("CIVIL", by="acceptor"), ErrorCode.FORBIDDEN)
    await refused(desk.refer(participants=(uuid4(),)), ErrorCode.NOT_FOUND, "participants", "T18")
    await desk.refer("CIVIL", by="director")
    await refused(desk.rule("CIVIL", expected_version=1), ErrorCode.CONFLICT, "expectedVersion")
    await refused(desk.decide(), ErrorCode.ILLEGAL_TRANSITION, None, "T16")


async def test_the_report_counts_who_refused_what_and_how_it_went() -> None:
    desk = await returned()
    since, until = desk.now - timedelta(days=1), desk.now + timedelta(days=10)
    desk.later(hours=1)
    await desk.give("HOUSING")
    await desk.ask(reason=ReturnReason.DUPLICATE)
    await desk.decide(accept=False)
    await desk.give("HOUSING")
    await desk.ask()
    director = desk.district.viewer("director")
    found = {it.reason: it for it in await requests.return_counts(since, until, viewer=director)}
    assert {it.org_id for it in found.values()} == {desk.unit("HOUSING")}
    first, second = found[ReturnReason.NOT_DUTY], found[ReturnReason.DUPLICATE]
    assert (first.asked, first.approved, first.rejected, first.lapsed) == (2, 1, 0, 0)
    assert (second.asked, second.approved, second.rejected) == (1, 0, 1)
    own = await requests.return_counts(since, until, viewer=desk.district.viewer("housing_lead"))
    assert {it.reason: it.asked for it in own} == {ReturnReason.NOT_DUTY: 2, ReturnReason.DUPLICATE: 1}
    assert await requests.return_counts(since, until, viewer=desk.district.viewer("civil_lead")) == []
    assert await requests.return_counts(until, until + timedelta(days=1), viewer=director) == []
