"""Joint handling as commands, on both stores (domain.md B.3 T11, T13, T21, T25, T26, B.6)."""

from collections.abc import Awaitable
from typing import Any
from uuid import UUID, uuid4

import pytest

from db import dictionaries, event_log, people
from db.rows import Sql, read, select
from db.unit_of_work import Work, in_transaction
from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.assignment import AssignmentMode as Mode
from domain.assignment import AssignmentState as R
from domain.clock import ClockType as C
from domain.dictionary import DutyItem
from domain.errors import DomainError, ErrorCode
from domain.incident import CaseOutcome
from domain.incident import IncidentState as S
from domain.person import PostType
from services import assignments
from services.command import Call, Result
from services.loop import joint
from tests.db.district import LONG_AGO, new_id
from tests.db.factories import put_person, put_post
from tests.services.desk import Desk, a_desk

pytestmark = pytest.mark.usefixtures("store")
HEADS = {"HOUSING": "housing_lead", "CIVIL": "civil_lead"}


async def refused(doing: Awaitable[Any], code: ErrorCode, rule: str | None, field: str | None = None) -> None:
    with pytest.raises(DomainError) as refusal:
        await doing
    assert (refusal.value.code, refusal.value.rule, refusal.value.field) == (code, rule, field)


class Joint(Desk):
    """The desk, with several units at work on the case."""

    async def of(self, org: str) -> Assignment:
        """The unit's latest row."""
        unit = self.district.orgs[org].id
        return [row for row in (await self.case()).assignments if row.org_id == unit][-1]

    async def named(self, org: str) -> dict[str, Any]:
        """The id and version of a unit's row."""
        row = await self.of(org)
        return {"id": row.id, "expected_version": row.version}

    async def given(self, mode: Mode, leads: list[str], supports: str = "", copies: str = "") -> Result:
        """T11, with words for a basis."""
        return await self.dispatch(
            mode=mode,
            leads=self.units(leads),
            supports=self.units(supports.split()),
            copies=self.units(copies.split()),
            basis="部门职责",
        )

    def units(self, codes: list[str]) -> tuple[UUID, ...]:
        """Their ids."""
        return tuple(self.district.orgs[code].id for code in codes)

    async def signed(self, *orgs: str) -> None:
        """T14 by each unit's head."""
        for org in orgs:
            given = assignments.AcceptAssignment(**await self.named(org))
            await assignments.accept(self.call(HEADS[org]), given)

    async def result(self, org: str) -> Result:
        """T25 by the unit's head."""
        given = assignments.SubmitResult(
            **await self.named(org),
            outcome=CaseOutcome.SOLVED,
            result_text="已整改",
            no_contact_reason="已当面告知",
        )
        return await assignments.submit(self.call(HEADS[org]), given)

    async def replied(self, org: str) -> Result:
        """T21."""
        given = joint.ReplyAsSupport(**await self.named(org), text="已协办")
        return await joint.reply_as_support(self.call(HEADS[org]), given)


async def a_joint_desk() -> Joint:
    """A filed case."""
    desk = Joint((await a_desk()).district)
    await desk.walk(2)
    return desk


async def points(desk: Desk) -> list[tuple[str, float]]:
    """What was booked on the case, by type."""
    query = select("type, amount", "score_entry", Sql("incident_id = ?", (desk.id,)), "ORDER BY type, key")
    return [(row["type"], float(row["amount"])) for row in await read(query, None)]


async def told(desk: Desk, action: A) -> list[tuple[str, dict[str, Any]]]:
    """The nouns and facts of the events that an action wrote."""
    logged = await event_log.of_incident(desk.id, 0, 200)
    return [(it.event.subject.noun, dict(it.event.data)) for it in logged if it.event.action is action]


async def test_a_led_joint_case_waits_for_its_support_and_is_then_submitted() -> None:
    desk = await a_joint_desk()
    made = await desk.given(Mode.LED_JOINT, ["HOUSING"], "CIVIL", "COMMUNITY")
    assert len(made.made["assignments"]) == 3
    assert [noun for noun, _ in await told(desk, A.dispatchIncident)] == ["Incident", *["Assignment"] * 3]
    await desk.signed("HOUSING", "CIVIL")
    await refused(desk.result("HOUSING"), ErrorCode.SUPPORT_PENDING, "T25")
    await desk.replied("CIVIL")
    assert await told(desk, A.replyAsSupport) == [("Incident", {}), ("Assignment", {})]
    await desk.result("HOUSING")
    case = await desk.case()
    assert (case.incident.state, [row.state for row in case.assignments]) == (
        S.SUBMITTED,
        [R.SUBMITTED, R.REPLIED, R.PENDING],
    )
    assert await points(desk) == []


async def test_a_silent_support_is_let_go_and_pays_for_it() -> None:
    desk = await a_joint_desk()
    await desk.given(Mode.LED_JOINT, ["HOUSING"], "CIVIL")
    await desk.signed("HOUSING")
    desk.later(days=12)
    given = joint.ReleaseSupport(**await desk.named("CIVIL"), reason="逾期未复")
    await refused(joint.release_support(desk.call("housing_lead"), given), ErrorCode.FORBIDDEN, None)
    await joint.release_support(desk.call("dispatcher"), given)
    case = await desk.case()
    assert [(row.mode, row.state) for row in case.assignments] == [
        (Mode.SINGLE, R.ACCEPTED),
        (Mode.LED_JOINT, R.CANCELLED),
    ]
    assert case.notes[-1].text == "逾期未复"
    assert ("LATE_REPLY", -1.0) in await points(desk)
    assert "逾期未复" not in str(await told(desk, A.releaseSupport))
    again = joint.ReleaseSupport(**await desk.named("CIVIL"), reason="逾期未复")
    await refused(joint.release_support(desk.call("director"), again), ErrorCode.ILLEGAL_TRANSITION, "T13c")


async def test_equals_submit_each_by_itself_and_results_go_back_by_name() -> None:
    desk = await a_joint_desk()
    await desk.given(Mode.EQUAL_JOINT, ["HOUSING", "CIVIL"])
    await desk.signed("HOUSING", "CIVIL")
    await desk.result("HOUSING")
    assert (await desk.case()).incident.state is S.HANDLING
    due = (await desk.of("CIVIL")).handle_due_at
    await desk.result("CIVIL")
    assert (await desk.case()).running(C.SUBMIT_WAIT)
    desk.later(hours=2)
    row = await desk.of("CIVIL")
    given = joint.ReturnResult(**await desk.target(), text="缺少照片", assignment_ids=(row.id,))
    await refused(joint.return_result(desk.call("dispatcher"), given), ErrorCode.FORBIDDEN, None)
    await joint.return_result(desk.call("inspector"), given)
    row = await desk.of("CIVIL")
    assert (row.state, (await desk.case()).incident.state) == (R.ACCEPTED, S.HANDLING)
    assert due is not None
    assert row.handle_due_at is not None
    assert row.handle_due_at > due
    assert await points(desk) == [("SLOPPY_RESULT", -0.5)]
    assert await told(desk, A.returnResult) == [
        ("Incident", {"assignments": [str(row.id)]}),
        ("Assignment", {"assignments": [str(row.id)]}),
    ]
    (paused,) = await read(select("row", "clock_pause", Sql("1 = 1")), None)
    assert paused["row"] == "T26"
    await desk.result("CIVIL")
    everything = joint.ReturnResult(**await desk.target(), text="缺少照片")
    await joint.return_result(desk.call("acceptor"), everything)
    assert [row.state for row in (await desk.case()).assignments] == [R.ACCEPTED, R.ACCEPTED]


async def test_a_dispatch_is_withdrawn_and_the_case_dispatched_again() -> None:
    desk = await a_joint_desk()
    await desk.given(Mode.LED_JOINT, ["HOUSING"], "CIVIL", "COMMUNITY")
    given = joint.WithdrawDispatch(**await desk.target(), reason="派错了")
    await joint.withdraw(desk.call("dispatcher"), given)
    case = await desk.case()
    assert (case.incident.state, {row.state for row in case.assignments}) == (S.FILED, {R.CANCELLED})
    assert {it.type for it in case.clocks if it.running} == {C.DISPATCH}
    assert [noun for noun, _ in await told(desk, A.withdrawDispatch)] == ["Incident", *["Assignment"] * 3]
    await refused(
        joint.withdraw(
            desk.call("dispatcher"), joint.WithdrawDispatch(**await desk.target(), reason="派错了")
        ),
        ErrorCode.ILLEGAL_TRANSITION,
        "T13",
    )
    await desk.given(Mode.SINGLE, ["CIVIL"])
    assert (await desk.case()).incident.state is S.DISPATCHED


async def test_a_support_that_signed_keeps_the_dispatch_from_being_withdrawn() -> None:
    desk = await a_joint_desk()
    await desk.given(Mode.LED_JOINT, ["HOUSING"], "CIVIL")
    await desk.signed("CIVIL")
    given = joint.WithdrawDispatch(**await desk.target(), reason="派错了")
    await refused(joint.withdraw(desk.call("dispatcher"), given), ErrorCode.GUARD_FAILED, "T13")


async def test_the_director_dispatches_anew() -> None:
    desk = await a_joint_desk()
    await desk.given(Mode.EQUAL_JOINT, ["HOUSING", "CIVIL"])
    await desk.signed("HOUSING", "CIVIL")
    await desk.result("HOUSING")
    order: dict[str, Any] = {"mode": Mode.SINGLE, "leads": desk.units(["CIVIL"]), "basis": "部门职责"}
    given = assignments.RedispatchIncident(**await desk.target(), **order, reason="统一由民政办理")
    await refused(assignments.redispatch(desk.call("dispatcher"), given), ErrorCode.FORBIDDEN, None)
    result = await assignments.redispatch(desk.call("director"), given)
    case = await desk.case()
    assert [row.state for row in case.assignments] == [R.CANCELLED, R.CANCELLED, R.PENDING]
    assert (case.assignments[-1].designated, result.made["assignments"]) == (True, (case.assignments[-1].id,))
    assert case.incident.state is S.DISPATCHED


async def test_a_copy_is_read_by_its_unit() -> None:
    desk = await a_joint_desk()
    await in_transaction(lambda work: _a_reader(work, desk))
    await desk.given(Mode.SINGLE, ["HOUSING"], copies="COMMUNITY")
    reader = desk.district.viewer("clerk")
    given = joint.AcknowledgeCopy(**await desk.named("COMMUNITY"))
    await refused(
        joint.acknowledge_copy(Call(reader, desk.now, new_id, uuid4()), given), ErrorCode.FORBIDDEN, None
    )
    viewer = await _viewer(desk, "reader")
    await joint.acknowledge_copy(Call(viewer, desk.now, new_id, uuid4()), given)
    row = await desk.of("COMMUNITY")
    assert (row.state, row.handler_id) == (R.DONE, viewer.person_id)
    assert not (await desk.case()).running(C.READ)


async def _a_reader(work: Work, desk: Desk) -> None:
    org_id = desk.district.orgs["COMMUNITY"].id
    person = await put_person(work, "reader", org_id=org_id)
    desk.district.people["reader"] = person  # type: ignore[index]  # a dict of the test's own
    await put_post(work, person, PostType.HANDLER, org_id=org_id)


async def _viewer(desk: Desk, username: str) -> Any:
    found = await people.viewer_of(desk.district.people[username].id, desk.now)
    assert found is not None
    return found


async def test_only_people_of_the_unit_are_named_as_handlers() -> None:
    desk = await a_joint_desk()
    await desk.given(Mode.SINGLE, ["HOUSING"])
    staff = desk.district.people
    for username in ("civil", "acceptor"):
        wrong = joint.AssignHandler(**await desk.named("HOUSING"), person_id=staff[username].id)
        doing = joint.assign_handler(desk.call("housing_lead"), wrong)
        await refused(doing, ErrorCode.NOT_FOUND, "B.5", "personId")
    given = joint.AssignHandler(**await desk.named("HOUSING"), person_id=staff["housing"].id)
    await refused(joint.assign_handler(desk.call("housing"), given), ErrorCode.FORBIDDEN, None)
    await joint.assign_handler(desk.call("housing_lead"), given)
    assert (await desk.of("HOUSING")).handler_id == staff["housing"].id


async def test_a_departments_duty_goes_to_a_community_only_with_a_reason() -> None:
    desk = await a_joint_desk()
    await in_transaction(lambda work: dictionaries.insert_duties(work, [_duty(desk)]))
    doing = desk.given(Mode.SINGLE, ["COMMUNITY"])
    await refused(doing, ErrorCode.GUARD_FAILED, "R35", "pushDownReason")
    await desk.dispatch("COMMUNITY", basis="属地", push_down_reason="社区就近处置")
    assert (await desk.of("COMMUNITY")).push_down_reason == "社区就近处置"
    assert await points(desk) == [("PUSHED_DOWN", -1.0)]


def _duty(desk: Desk) -> DutyItem:
    return DutyItem(
        id=new_id(),
        org_id=desk.district.orgs["CIVIL"].id,
        category_id=desk.district.categories["QUIET"].id,
        region_id=None,
        legal_basis="环境噪声污染防治法",
        valid_from=LONG_AGO,
        valid_to=None,
    )


async def test_a_command_sent_twice_is_done_once_and_a_stale_one_not_at_all() -> None:
    desk = await a_joint_desk()
    await desk.given(Mode.LED_JOINT, ["HOUSING"], "CIVIL")
    await desk.signed("CIVIL")
    given, key = joint.ReplyAsSupport(**await desk.named("CIVIL"), text="已协办"), uuid4()
    first = await joint.reply_as_support(desk.call("civil_lead", key), given)
    again = await joint.reply_as_support(desk.call("civil_lead", key), given)
    assert (again.assignment_id, again.incident_id) == (first.assignment_id, first.incident_id)
    assert len(await told(desk, A.replyAsSupport)) == 2
    await refused(
        joint.reply_as_support(desk.call("civil_lead"), given), ErrorCode.CONFLICT, None, "expectedVersion"
    )
