"""Joint handling through the schema: each command done, refused, sent again and sent too late (T11 to T26)."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from db import people
from db.unit_of_work import in_transaction
from domain.incident import IncidentState
from domain.person import PostType
from domain.viewer import Viewer
from tests.api.client import Client, gid
from tests.db.factories import NOW, District, a_case, a_district, put_person, put_post

pytestmark = pytest.mark.usefixtures("store")
ROW = "id version state mode role resultText pushDownReason handler { name } orgUnit { code } submittedAt"
CASE = f"incident {{ id version state assignments {{ {ROW} }} notes {{ text }} }}"
ONE = f"assignment {{ {ROW} }} {CASE}"
Row = dict[str, Any]


@dataclass
class Units:
    """A filed case, the units it may go to, and everybody's client."""

    district: District
    case: Row
    reader: Viewer

    def as_(self, username: str) -> Client:
        """Somebody's client."""
        return Client(self.reader if username == "reader" else self.district.viewer(username))

    def ids(self, *codes: str) -> list[str]:
        """The ids of units."""
        return [gid("OrgUnit", self.district.orgs[code].id) for code in codes]

    def row(self, code: str) -> Row:
        """The unit's latest row."""
        rows: list[Row] = [it for it in self.case["assignments"] if it["orgUnit"]["code"] == code]
        return rows[-1]

    async def given(self, mode: str, *leads: str, supports: str = "", copies: str = "") -> Row:
        """T11, with words for a basis; the payload."""
        order = seen(
            self.case,
            mode=mode,
            leads=self.ids(*leads),
            supports=self.ids(*supports.split()),
            copies=self.ids(*copies.split()),
            basis="部门职责",
        )
        selection = f"{CASE} assignments {{ {ROW} }} warnings {{ code field }}"
        return await self.done("dispatcher", "dispatchIncident", selection, order)

    async def done(self, username: str, mutation: str, selection: str, given: Row) -> Row:
        """A command that succeeds; the case is as it left it."""
        made: Row = await self.as_(username).do(mutation, selection, given)
        self.case = made["incident"]
        return made

    async def signed(self, *codes: str) -> None:
        """T14 by each unit's head."""
        for code in codes:
            await self.done(f"{code.lower()}_lead", "acceptAssignment", ONE, seen(self.row(code)))

    async def result(self, code: str) -> Row:
        """T25."""
        told = seen(self.row(code), outcome="SOLVED", resultText="已整改", noContactReason="已当面告知")
        return await self.done(f"{code.lower()}_lead", "submitResult", ONE, told)

    async def refused(self, username: str, mutation: str, given: Row) -> tuple[str, str | None, str | None]:
        """The code, rule and field of a refusal; the answer names nothing of what was asked for."""
        name = mutation[0].upper() + mutation[1:]
        document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        reply = await self.as_(username).run(document, input={"idempotencyKey": str(uuid4()), **given})
        extensions = reply.errors[0]["extensions"]
        return extensions["code"], extensions.get("rule"), extensions.get("field")

    async def once(self, username: str, mutation: str, selection: str, given: Row) -> Row:
        """A command that succeeds, answers the same when sent again, and is a conflict under a new key."""
        keyed = {**given, "idempotencyKey": str(uuid4())}
        made = await self.done(username, mutation, selection, keyed)
        assert await self.as_(username).do(mutation, selection, keyed) == made
        assert await self.refused(username, mutation, given) == ("CONFLICT", None, "expectedVersion")
        return made


def seen(row: Row, **changes: Any) -> Row:
    return {"id": row["id"], "expectedVersion": row["version"], **changes}


@pytest.fixture
async def units() -> Units:
    district = await a_district()
    org_id = district.orgs["COMMUNITY"].id

    async def put_reader(work: Any) -> Any:
        person = await put_person(work, "reader", org_id=org_id)
        await put_post(work, person, PostType.HANDLER, org_id=org_id)
        return person

    person = await in_transaction(put_reader)
    reader = await people.viewer_of(person.id, NOW)
    assert reader is not None
    noise = district.categories["NOISE"].id
    case = await a_case(district, IncidentState.FILED, category_id=noise)
    row = {"id": gid("Incident", case.incident.id), "version": case.incident.version, "assignments": []}
    return Units(district, row, reader)


async def test_a_led_joint_case_is_dispatched_supported_and_submitted(units: Units) -> None:
    made = await units.given("LED_JOINT", "HOUSING", supports="CIVIL", copies="COMMUNITY")
    assert [(it["role"], it["state"]) for it in made["assignments"]] == [
        ("LEAD", "PENDING"),
        ("SUPPORT", "PENDING"),
        ("CC", "PENDING"),
    ]
    assert made["warnings"] == []
    await units.signed("HOUSING", "CIVIL")
    told = seen(units.row("HOUSING"), outcome="SOLVED", resultText="已整改")
    assert await units.refused("housing_lead", "submitResult", told) == ("SUPPORT_PENDING", "T25", None)
    reply = seen(units.row("CIVIL"), text="已协办")
    assert await units.refused("housing", "replyAsSupport", reply) == ("FORBIDDEN", None, None)
    assert await units.refused("civil", "replyAsSupport", {**reply, "text": " "}) == (
        "BAD_INPUT",
        None,
        "text",
    )
    made = await units.once("civil", "replyAsSupport", ONE, reply)
    assert (made["assignment"]["state"], made["assignment"]["resultText"]) == ("REPLIED", "已协办")
    assert await units.refused("civil", "replyAsSupport", seen(units.row("CIVIL"), text="再复")) == (
        "ILLEGAL_TRANSITION",
        "T21",
        None,
    )
    made = await units.once("reader", "acknowledgeCopy", ONE, seen(units.row("COMMUNITY")))
    assert made["assignment"]["state"] == "DONE"
    assert await units.refused("reader", "acknowledgeCopy", seen(units.row("COMMUNITY"))) == (
        "ILLEGAL_TRANSITION",
        "R13",
        None,
    )
    assert (await units.result("HOUSING"))["incident"]["state"] == "SUBMITTED"


async def test_a_dispatch_is_withdrawn_and_given_anew_by_the_director(units: Units) -> None:
    await units.given("EQUAL_JOINT", "HOUSING", "CIVIL")
    taken = seen(units.case, reason="派错了")
    assert await units.refused("director", "withdrawDispatch", taken) == ("FORBIDDEN", None, None)
    assert await units.refused("dispatcher", "withdrawDispatch", {**taken, "reason": ""}) == (
        "BAD_INPUT",
        None,
        "reason",
    )
    made = await units.once("dispatcher", "withdrawDispatch", CASE, taken)
    assert made["incident"]["state"] == "FILED"
    assert {it["state"] for it in made["incident"]["assignments"]} == {"CANCELLED"}
    assert made["incident"]["notes"][-1]["text"] == "派错了"
    order = {"mode": "SINGLE", "leads": units.ids("CIVIL"), "basis": "部门职责", "reason": "统一办理"}
    assert await units.refused("director", "redispatchIncident", seen(units.case, **order)) == (
        "ILLEGAL_TRANSITION",
        "T13b",
        None,
    )
    await units.given("SINGLE", "HOUSING")
    await units.signed("HOUSING")
    assert await units.refused("dispatcher", "withdrawDispatch", seen(units.case, reason="派错了")) == (
        "ILLEGAL_TRANSITION",
        "T13",
        None,
    )
    again = seen(units.case, **order)
    for changes, refusal in (
        ({"reason": " "}, ("BAD_INPUT", None, "reason")),
        ({"mode": "LED_JOINT"}, ("GUARD_FAILED", "T13b", "supports")),
        ({"basis": None}, ("GUARD_FAILED", "T13b", "basis")),
        ({"leads": [units.case["id"]]}, ("BAD_ID", None, "leads")),
        ({"leads": [gid("OrgUnit", uuid4())]}, ("NOT_FOUND", None, "leads")),
    ):
        assert await units.refused("director", "redispatchIncident", {**again, **changes}) == refusal
    assert await units.refused("dispatcher", "redispatchIncident", again) == ("FORBIDDEN", None, None)
    selection = f"{CASE} assignments {{ {ROW} designated }} warnings {{ code }}"
    made = await units.once("director", "redispatchIncident", selection, again)
    assert [(it["orgUnit"]["code"], it["designated"]) for it in made["assignments"]] == [("CIVIL", True)]
    assert made["incident"]["state"] == "DISPATCHED"


async def test_a_support_that_signed_stops_the_withdrawal_and_is_let_go(units: Units) -> None:
    await units.given("LED_JOINT", "HOUSING", supports="CIVIL")
    await units.signed("CIVIL")
    assert await units.refused("dispatcher", "withdrawDispatch", seen(units.case, reason="派错了")) == (
        "GUARD_FAILED",
        "T13",
        None,
    )
    let_go = seen(units.row("CIVIL"), reason="无须协办")
    assert await units.refused("civil_lead", "releaseSupport", let_go) == ("FORBIDDEN", None, None)
    assert await units.refused("director", "releaseSupport", {**let_go, "reason": ""}) == (
        "BAD_INPUT",
        None,
        "reason",
    )
    lead = seen(units.row("HOUSING"), reason="无须协办")
    assert await units.refused("director", "releaseSupport", lead) == ("ILLEGAL_TRANSITION", "T13c", None)
    made = await units.once("dispatcher", "releaseSupport", ONE, let_go)
    assert [(it["mode"], it["state"]) for it in made["incident"]["assignments"]] == [
        ("SINGLE", "PENDING"),
        ("LED_JOINT", "CANCELLED"),
    ]


async def test_the_head_names_who_handles(units: Units) -> None:
    await units.given("SINGLE", "HOUSING")
    person = gid("Person", units.district.people["housing"].id)
    named = seen(units.row("HOUSING"), personId=person)
    assert await units.refused("housing", "assignHandler", named) == ("FORBIDDEN", None, None)
    stranger = {**named, "personId": gid("Person", units.district.people["civil"].id)}
    assert await units.refused("housing_lead", "assignHandler", stranger) == ("NOT_FOUND", "B.5", "personId")
    made = await units.once("housing_lead", "assignHandler", ONE, named)
    assert (made["assignment"]["handler"], made["assignment"]["state"]) == ({"name": "张三"}, "PENDING")
    await units.signed("HOUSING")
    await units.result("HOUSING")
    late = seen(units.row("HOUSING"), personId=person)
    assert await units.refused("housing_lead", "assignHandler", late) == ("ILLEGAL_TRANSITION", "B.5", None)


async def test_results_are_sent_back_by_name_or_all_together(units: Units) -> None:
    await units.given("EQUAL_JOINT", "HOUSING", "CIVIL")
    await units.signed("HOUSING", "CIVIL")
    assert await units.refused("acceptor", "returnResult", seen(units.case, text="缺少照片")) == (
        "ILLEGAL_TRANSITION",
        "T26",
        None,
    )
    await units.result("HOUSING")
    back = seen(units.case, text="缺少照片", assignmentIds=[units.row("HOUSING")["id"]])
    working = {**back, "assignmentIds": [units.row("CIVIL")["id"]]}
    unknown = {**back, "assignmentIds": [gid("Assignment", uuid4())]}
    for username, given, refusal in (
        ("acceptor", working, ("ILLEGAL_TRANSITION", "T26", "assignmentIds")),
        ("acceptor", unknown, ("NOT_FOUND", "T26", "assignmentIds")),
        ("acceptor", {**back, "text": " "}, ("BAD_INPUT", None, "text")),
        ("housing_lead", back, ("FORBIDDEN", None, None)),
    ):
        assert await units.refused(username, "returnResult", given) == refusal
    made = await units.once("inspector", "returnResult", CASE, back)
    assert [(it["state"], it["submittedAt"]) for it in made["incident"]["assignments"]] == [
        ("ACCEPTED", None),
        ("ACCEPTED", None),
    ]
    await units.result("HOUSING")
    assert (await units.result("CIVIL"))["incident"]["state"] == "SUBMITTED"
    made = await units.done("acceptor", "returnResult", CASE, seen(units.case, text="缺少照片"))
    assert (made["incident"]["state"], {it["state"] for it in made["incident"]["assignments"]}) == (
        "HANDLING",
        {"ACCEPTED"},
    )


async def test_what_is_pushed_down_is_answered_with_a_warning_each_time_it_is_asked(units: Units) -> None:
    # the housing office's duty for municipal facilities, and a community to lead it
    case = await a_case(units.district, IncidentState.FILED, category_id=units.district.categories["PIT"].id)
    units.case = {"id": gid("Incident", case.incident.id), "version": 1, "assignments": []}
    order = seen(units.case, mode="SINGLE", leads=units.ids("COMMUNITY"), basis="属地管理")
    assert await units.refused("dispatcher", "dispatchIncident", order) == (
        "GUARD_FAILED",
        "R35",
        "pushDownReason",
    )
    selection = f"{CASE} assignments {{ {ROW} }} warnings {{ code field }}"
    made = await units.once(
        "dispatcher", "dispatchIncident", selection, {**order, "pushDownReason": "先行处置"}
    )
    assert made["warnings"] == [{"code": "GUARD_FAILED", "field": "pushDownReason"}]
    assert units.row("COMMUNITY")["pushDownReason"] == "先行处置"


async def test_each_command_is_offered_to_whom_it_is_for(units: Units) -> None:
    actions = "query ($id: ID!) { incident(id: $id) { availableActions { name allowed code } } }"
    await units.given("SINGLE", "HOUSING")
    found = await units.as_("director").ask(actions, id=units.case["id"])
    offered = {it["name"]: it["allowed"] for it in found["incident"]["availableActions"]}
    assert (offered["redispatchIncident"], offered["withdrawDispatch"], offered["returnResult"]) == (
        True,
        False,
        False,
    )
