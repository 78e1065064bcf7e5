"""Boundary disputes through the schema: what is answered, who sees what, and how it is refused (T12, T15 to T19)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from domain.assignment import AssignmentMode
from domain.incident import Source
from tests.api.client import Client, gid
from tests.services.loop.dispute import Dispute, a_dispute

pytestmark = pytest.mark.usefixtures("store")

Given = dict[str, Any]
UNITS = ("HOUSING", "CIVIL", "COMMUNITY")
CASE = "incident { id version state }"
ROW = "assignment { id state onTimeAccept acceptedAt handler { name } }"
REQUEST = """request { id kind state reason text basis answer askedAt decidedAt assignmentId orgUnit { code }
    askedBy { name } decidedBy { name } suggestedOrgUnit { code } }"""


NOBODY: Given = {"suggestedOrgUnitId": None}
SHIRKED: Given = {"accept": True, "shirked": True}


class House:
    """The desk, and a client for each person at it."""

    def __init__(self, desk: Dispute) -> None:
        self.desk = desk

    def at(self, username: str) -> Client:
        """Somebody's client, at the desk's time."""
        return Client(self.desk.district.viewer(username), self.desk.now)

    async def case(self, **changes: Any) -> Given:
        """The case as a command names it."""
        incident = (await self.desk.case()).incident
        return {"id": gid("Incident", incident.id), "expectedVersion": incident.version, **changes}

    async def row(self, org: str, **changes: Any) -> Given:
        """A unit's row as a command names it."""
        row = await self.desk.row_of(org)
        return {"id": gid("Assignment", row.id), "expectedVersion": row.version, **changes}

    def unit(self, code: str) -> str:
        """A unit's global id."""
        return gid("OrgUnit", self.desk.unit(code))

    async def refused(self, username: str, mutation: str, given: Given) -> tuple[str, str | None]:
        """The code and the rule of a refusal."""
        title = mutation[0].upper() + mutation[1:]
        document = f"mutation ($input: {title}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        reply = await self.at(username).run(document, input={"idempotencyKey": str(uuid4()), **given})
        (error,) = reply.errors
        return error["extensions"]["code"], error["extensions"].get("rule")

    # what each command is told, where it is in order

    async def asking(self) -> Given:
        return await self.row(
            "HOUSING",
            reason="NOT_DUTY",
            basis="三定方案",
            text="不属本单位",
            suggestedOrgUnitId=self.unit("CIVIL"),
        )

    async def deciding(self) -> Given:
        return await self.row("HOUSING", accept=False, text="确属你单位")

    async def claiming(self) -> Given:
        return await self.case(text="愿意承担")

    async def confirming(self) -> Given:
        return await self.case(accept=True, text="同意认领")

    async def referring(self) -> Given:
        return await self.case(text="归谁管", participants=[self.unit("CIVIL")])

    async def speaking(self) -> Given:
        return await self.case(text="愿意承担", volunteers=True)

    async def ruling(self) -> Given:
        return await self.case(mode="SINGLE", leads=[self.unit("CIVIL")], orderText="会议纪要")


@pytest.fixture
async def house() -> House:
    return House(await a_dispute())


async def given_out(house: House) -> None:
    await house.desk.give("HOUSING")


async def return_asked(house: House) -> None:
    await given_out(house)
    await house.desk.ask()


async def returned(house: House) -> None:
    await return_asked(house)
    await house.desk.decide()


async def claimed(house: House) -> None:
    await returned(house)
    await house.desk.claim("CIVIL")


async def referred(house: House) -> None:
    await return_asked(house)
    await house.desk.refer("CIVIL")


Told = Callable[[House], Awaitable[Given]]
Stage = Callable[[House], Awaitable[None]]
# mutation: the stage it belongs to, who does it, what it is told, and the row of domain.md
COMMANDS: dict[str, tuple[Stage, str, Told, str]] = {
    "requestReturn": (given_out, "housing_lead", House.asking, "T15"),
    "decideReturn": (return_asked, "dispatcher", House.deciding, "T16"),
    "claimIncident": (returned, "civil_lead", House.claiming, "T12"),
    "confirmClaim": (claimed, "director", House.confirming, "T12"),
    "referToArbitration": (return_asked, "dispatcher", House.referring, "T18"),
    "submitStatement": (referred, "civil_lead", House.speaking, "T18"),
    "ruleArbitration": (referred, "director", House.ruling, "T19"),
}


@pytest.mark.parametrize("mutation", COMMANDS)
async def test_a_command_is_done_once_at_its_version_and_no_second_time(house: House, mutation: str) -> None:
    stage, who, told, rule = COMMANDS[mutation]
    await stage(house)
    given = {**await told(house), "idempotencyKey": str(uuid4())}
    stale = {**given, "idempotencyKey": str(uuid4()), "expectedVersion": given["expectedVersion"] - 1}
    assert await house.refused(who, mutation, stale) == ("CONFLICT", None)
    assert await house.refused("auditor", mutation, {**given, "idempotencyKey": str(uuid4())}) == (
        "FORBIDDEN",
        None,
    )
    client = house.at(who)
    first = await client.do(mutation, "incident { id version }", given)
    assert await client.do(mutation, "incident { id version }", given) == first
    if mutation != "submitStatement":  # a unit may speak again
        again = {**given, "idempotencyKey": str(uuid4())}
        again["expectedVersion"] = (await told(house))["expectedVersion"]
        code, named = await house.refused(who, mutation, again)
        assert (code in {"ILLEGAL_TRANSITION", "NOT_FOUND"}, named in {rule, None}) == (True, True)


async def test_a_return_is_asked_and_rejected(house: House) -> None:
    await given_out(house)
    made = await house.at("housing_lead").do("requestReturn", f"{CASE} {ROW} {REQUEST}", await house.asking())
    assert (made["incident"]["state"], made["assignment"]["state"]) == ("RETURN_REVIEW", "RETURN_REQ")
    asked = made["request"]
    assert (asked["kind"], asked["state"], asked["reason"]) == ("RETURN", "PENDING", "NOT_DUTY")
    assert asked["assignmentId"] == made["assignment"]["id"]
    assert (asked["orgUnit"], asked["suggestedOrgUnit"]) == ({"code": "HOUSING"}, {"code": "CIVIL"})
    assert asked["askedBy"] == {"name": "张三"}
    made = await house.at("dispatcher").do(
        "decideReturn", f"{CASE} {ROW} {REQUEST} arbitration {{ id }}", await house.deciding()
    )
    assert (made["incident"]["state"], made["assignment"]["state"]) == ("HANDLING", "ACCEPTED")
    assert made["assignment"]["handler"] is None
    assert (made["request"]["state"], made["request"]["answer"]) == ("REJECTED", "确属你单位")
    assert made["arbitration"] is None
    shown = "query ($id: ID!) { node(id: $id) { ... on Request { state } } }"
    found = await house.at("housing_lead").ask(shown, id=asked["id"])
    assert found["node"] == {"state": "REJECTED"}
    assert (await house.at("civil_lead").ask(shown, id=asked["id"]))["node"] is None


PROPOSED = """query ($id: ID!) { dispatchProposals(incidentId: $id) {
    mode basis byRule hits arbitrationId leads { code } supports { code } } }"""
REPORT = """query ($from: DateTime!, $to: DateTime!) { returnReport(from: $from, to: $to) {
    orgUnit { code } reason asked approved rejected referred lapsed } }"""
OCTOBER = {"from": "2024-10-01T00:00:00+08:00", "to": "2024-11-01T00:00:00+08:00"}


async def quarrelled(house: House) -> Given:
    """Two units gave the case back: what the second approval answered."""
    await returned(house)
    await house.desk.dispatch("CIVIL", basis="三定方案")
    await house.desk.ask("CIVIL")
    approval = await house.row("CIVIL", accept=True, text="确有争议")
    raised = "arbitration { id kind state askedBy { name } participants { code } }"
    made: Given = await house.at("dispatcher").do("decideReturn", f"{CASE} {raised}", approval)
    return made


async def test_two_returns_raise_an_arbitration_that_the_units_named_are_heard_in(house: House) -> None:
    made = await quarrelled(house)
    assert made["incident"]["state"] == "ARBITRATING"
    assert made["arbitration"]["askedBy"] is None
    heard = {it["code"] for it in made["arbitration"]["participants"]}
    assert heard == {"HOUSING", "CIVIL", "COMMUNITY"}
    open_ones = (
        "{ arbitrations(first: 5) { id incidentId version title category { code } participants { code } } }"
    )
    civil = house.at("civil_lead")
    (dispute,) = (await civil.ask(open_ones))["arbitrations"]
    assert (dispute["id"], dispute["title"]) == (made["arbitration"]["id"], "工地夜间施工")
    assert {it["code"] for it in dispute["participants"]} == heard
    said = {"id": dispute["incidentId"], "expectedVersion": dispute["version"], "text": "愿意承担"}
    spoken = await civil.do(
        "submitStatement",
        f"{CASE} statement {{ text volunteers orgUnit {{ code }} author {{ name }} }}",
        {**said, "volunteers": True},
    )
    assert spoken["incident"] is None
    assert spoken["statement"] == {
        "text": "愿意承担",
        "volunteers": True,
        "orgUnit": {"code": "CIVIL"},
        "author": {"name": "张三"},
    }
    assert (await house.at("resident").ask(open_ones))["arbitrations"] == []
    assert (await house.at("director").run("{ arbitrations(first: 0) { id } }")).refusals == [
        ("PAGE_SIZE_REQUIRED", "first")
    ]


async def ruled(house: House) -> Given:
    """Three equal leads: what the ruling answered."""
    order = await house.case(
        mode="EQUAL_JOINT", leads=[house.unit(it) for it in UNITS], orderText="会议纪要：三家共同落实"
    )
    made: Given = await house.at("director").do(
        "ruleArbitration",
        f"""{CASE} assignments {{ mode designated basis orgUnit {{ code }} }}
        request {{ id state mode leads {{ code }} statements {{ text }} answer }}""",
        order,
    )
    return made


async def test_a_ruling_is_proposed_for_the_next_case_of_the_kind(house: House) -> None:
    await quarrelled(house)
    await house.desk.speak("CIVIL", volunteers=True)
    made = await ruled(house)
    assert made["incident"]["state"] == "DISPATCHED"
    assert {(it["mode"], it["designated"]) for it in made["assignments"]} == {("EQUAL_JOINT", True)}
    assert (made["request"]["state"], made["request"]["mode"]) == ("APPROVED", "EQUAL_JOINT")
    assert made["request"]["statements"] == [{"text": "本单位意见"}]
    await house.desk.later(hours=1).report()
    await house.desk.file("NOISE")
    named = (await house.case())["id"]
    first, second = (await house.at("dispatcher").ask(PROPOSED, id=named))["dispatchProposals"]
    assert {it["code"] for it in first.pop("leads")} == set(UNITS)
    assert first == {
        "mode": "EQUAL_JOINT",
        "basis": "会议纪要：三家共同落实",
        "byRule": True,
        "hits": 0,
        "arbitrationId": made["request"]["id"],
        "supports": [],
    }
    assert (second["leads"], second["arbitrationId"]) == ([{"code": "HOUSING"}], None)
    leads = tuple(house.desk.unit(it) for it in UNITS)
    await house.desk.dispatch(mode=AssignmentMode.EQUAL_JOINT, leads=leads)
    used = (await house.at("dispatcher").ask(PROPOSED, id=named))["dispatchProposals"][0]
    assert (used["mode"], used["hits"]) == ("EQUAL_JOINT", 1)


async def test_who_refused_what_is_reported_to_those_who_work_here(house: House) -> None:
    await quarrelled(house)
    rows = (await house.at("director").ask(REPORT, **OCTOBER))["returnReport"]
    assert sorted((it["orgUnit"]["code"], it["asked"], it["approved"]) for it in rows) == [
        ("CIVIL", 1, 1),
        ("HOUSING", 1, 1),
    ]
    assert (await house.at("resident").run(REPORT, **OCTOBER)).refusals == [("FORBIDDEN", None)]
    missing = await house.at("dispatcher").run(PROPOSED, id=gid("Incident", uuid4()))
    assert missing.refusals == [("NOT_FOUND", "incidentId")]


async def test_what_rulings_found_is_reported_to_the_command_centre(house: House) -> None:
    await quarrelled(house)
    found = """query ($from: DateTime!, $to: DateTime!) { findingReport(from: $from, to: $to) {
      orgUnit { code } heard led supported letGo waiting shirked volunteered } }"""
    waiting = (await house.at("director").ask(found, **OCTOBER))["findingReport"]
    assert {it["orgUnit"]["code"]: (it["heard"], it["waiting"]) for it in waiting} == dict.fromkeys(
        UNITS, (1, 1)
    )
    await house.desk.speak("CIVIL", volunteers=True)
    await house.desk.rule("CIVIL", shirked_org_unit_ids=(house.desk.unit("HOUSING"),))
    rows = (await house.at("director").ask(found, **OCTOBER))["findingReport"]
    assert {it.pop("orgUnit")["code"]: list(it.values()) for it in rows} == {
        "CIVIL": [1, 1, 0, 0, 0, 0, 1],
        "COMMUNITY": [1, 0, 0, 1, 0, 0, 0],
        "HOUSING": [1, 0, 0, 1, 0, 1, 0],
    }
    before = {"from": "2023-10-01T00:00:00+08:00", "to": OCTOBER["from"]}
    assert (await house.at("director").ask(found, **before))["findingReport"] == []
    for name in ("housing_lead", "clerk", "resident"):
        assert (await house.at(name).run(found, **OCTOBER)).refusals == [("FORBIDDEN", None)]


async def test_a_unit_claims_what_it_does_not_see(house: House) -> None:
    await returned(house)
    pool = """query ($after: Cursor) { claimableIncidents(first: 1, after: $after) {
        nodes { id version no title claimUntil category { code } region { code } }
        pageInfo { hasNextPage endCursor } } }"""
    civil = house.at("civil_lead")
    page = (await civil.ask(pool))["claimableIncidents"]
    (row,) = page["nodes"]
    assert page["pageInfo"]["hasNextPage"] is False
    after = page["pageInfo"]["endCursor"]
    assert (await civil.ask(pool, after=after))["claimableIncidents"]["nodes"] == []
    assert (await civil.run(pool, after="x")).refusals == [("BAD_CURSOR", "after")]
    assert (await house.at("dispatcher").run(pool)).refusals == [("FORBIDDEN", None)]
    hidden = "query ($id: ID!) { incident(id: $id) { no } }"
    assert (await civil.run(hidden, id=row["id"])).refusals == [("NOT_FOUND", "id")]
    claim = {"id": row["id"], "expectedVersion": row["version"], "text": "愿意承担"}
    made = await civil.do("claimIncident", f"{CASE} {REQUEST}", claim)
    assert made["incident"] is None
    assert (made["request"]["kind"], made["request"]["orgUnit"]) == ("CLAIM", {"code": "CIVIL"})
    made = await house.at("director").do(
        "confirmClaim",
        f"{CASE} {REQUEST} assignments {{ designated orgUnit {{ code }} }}",
        await house.confirming(),
    )
    assert made["incident"]["state"] == "DISPATCHED"
    assert made["assignments"] == [{"designated": True, "orgUnit": {"code": "CIVIL"}}]
    assert (await civil.ask(hidden, id=row["id"]))["incident"]["no"] == row["no"]


async def test_requests_are_read_with_their_case(house: House) -> None:
    await referred(house)
    document = "query ($id: ID!) { incident(id: $id) { requests { kind state participants { code } } } }"
    found = await house.at("director").ask(document, id=(await house.case())["id"])
    assert found["incident"]["requests"] == [
        {"kind": "RETURN", "state": "TO_ARBITRATION", "participants": []},
        {"kind": "ARBITRATION", "state": "PENDING", "participants": [{"code": "HOUSING"}, {"code": "CIVIL"}]},
    ]


async def test_who_asked_is_hidden_from_the_unit_complained_about_when_it_is_the_reporter(
    house: House,
) -> None:
    desk = house.desk
    about = {"complained_org_unit_id": desk.unit("CIVIL"), "source": Source.DEPT_INSPECTION}
    await desk.report("housing_lead", complainant=None, **about)
    await desk.file("NOISE")
    leads = (desk.unit("HOUSING"), desk.unit("CIVIL"))
    await desk.dispatch(mode=AssignmentMode.EQUAL_JOINT, leads=leads, basis="三定方案")
    await desk.ask("HOUSING")
    document = "query ($id: ID!) { incident(id: $id) { requests { askedBy { name } } } }"
    named = (await house.case())["id"]
    seen = [
        (await house.at(who).ask(document, id=named))["incident"]["requests"][0]["askedBy"]
        for who in ("director", "civil_lead")
    ]
    assert seen == [{"name": "张三"}, None]


@pytest.mark.parametrize(
    ("stage", "who", "mutation", "told", "changes", "refusal"),
    [
        (given_out, "housing_lead", "requestReturn", House.asking, NOBODY, ("GUARD_FAILED", "T15")),
        (given_out, "housing", "requestReturn", House.asking, {}, ("FORBIDDEN", None)),
        (given_out, "housing_lead", "requestReturn", House.asking, {"basis": ""}, ("BAD_INPUT", None)),
        (return_asked, "dispatcher", "decideReturn", House.deciding, SHIRKED, ("BAD_INPUT", "T16")),
        (return_asked, "acceptor", "decideReturn", House.deciding, {}, ("FORBIDDEN", None)),
        (given_out, "dispatcher", "decideReturn", House.deciding, {}, ("ILLEGAL_TRANSITION", "T16")),
        (returned, "housing_lead", "claimIncident", House.claiming, {}, ("GUARD_FAILED", "T12")),
        (given_out, "civil_lead", "claimIncident", House.claiming, {}, ("NOT_FOUND", None)),
        (returned, "director", "confirmClaim", House.confirming, {}, ("ILLEGAL_TRANSITION", "T12")),
        (given_out, "dispatcher", "referToArbitration", House.referring, {}, ("ILLEGAL_TRANSITION", "T18")),
        (referred, "community_lead", "submitStatement", House.speaking, {}, ("NOT_FOUND", None)),
        (return_asked, "housing_lead", "submitStatement", House.speaking, {}, ("ILLEGAL_TRANSITION", "T18")),
        (return_asked, "director", "ruleArbitration", House.ruling, {}, ("ILLEGAL_TRANSITION", "T19")),
        (referred, "director", "ruleArbitration", House.ruling, {"mode": "EQUAL_JOINT"}, ("GUARD_FAILED", "T19")),
        (referred, "director", "ruleArbitration", House.ruling, {"orderText": " "}, ("BAD_INPUT", None)),
    ],
)  # fmt: skip
async def test_what_is_out_of_order_is_refused_with_its_rule(
    house: House,
    stage: Stage,
    who: str,
    mutation: str,
    told: Told,
    changes: Given,
    refusal: tuple[str, str | None],
) -> None:
    await stage(house)
    assert await house.refused(who, mutation, {**await told(house), **changes}) == refusal
