"""Commands through the schema: what they answer, and how they are refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.engine import GraphQLRequest
from api.limits import Limits, Rates
from db import cases
from db.unit_of_work import in_transaction
from domain.assignment import AssignmentState
from domain.incident import IncidentState
from domain.term import Language
from domain.viewer import Viewer
from services import clocks, sessions
from services.command import forget_clock
from tests.api.client import Client, engine, gid
from tests.db.factories import (
    NOW,
    SIDE,
    SOUTH,
    WEST,
    District,
    a_case,
    a_complainant,
    a_district,
    build_case,
    square,
)

PLACE = {"lng": WEST + 0.001, "lat": SOUTH + 0.001, "crs": "WGS84", "source": "GPS"}
PASSWORD = "Fengqiao-demo-1"
CASE = "incident { id version state no }"


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open
    return await a_district()


@pytest.fixture
def as_(district: District) -> Any:
    def client(username: str) -> Client:
        return Client(district.viewer(username))

    return client


def report(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "domain": "LIVELIHOOD",
        "kind": "HELP",
        "categoryCode": "NOISE",
        "title": "施工噪音扰民",
        "content": "夜间仍在施工",
        "source": "HOTLINE_12345",
        "point": PLACE,
        "address": "东园小区3号楼",
        "complainant": {"name": "李四", "phone": "13812345678"},
    }
    return {**given, **changes}


def seen(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"id": row["id"], "expectedVersion": row["version"], **changes}


ROW = f"assignment {{ id version state handler {{ name }} firstContactChannel }} {CASE}"
ACTIONS = [
    "reportIncident",
    "fileIncident",
    "dispatchIncident",
    "acceptAssignment",
    "recordFirstContact",
    "submitResult",
    "requestCheck",
    "recordCheck",
    "recordFollowUp",
    "closeIncident",
]


async def dispatched(district: District, as_: Any) -> dict[str, Any]:
    """A fresh case at the housing office: what the dispatch answered."""
    selection = f"{CASE} warnings {{ code }} duplicateCandidates {{ publicCode }}"
    made = await as_("acceptor").do("reportIncident", selection, report())
    assert (made["incident"]["state"], made["warnings"], made["duplicateCandidates"]) == ("REPORTED", [], [])
    filing = seen(made["incident"], urgency="NORMAL", categoryCode="NOISE")
    made = await as_("acceptor").do("fileIncident", CASE, filing)
    order = seen(made["incident"], mode="SINGLE", leads=[gid("OrgUnit", district.orgs["HOUSING"].id)])
    selection = f"{CASE} assignments {{ id version orgUnit {{ code }} state }} warnings {{ code }}"
    answered: dict[str, Any] = await as_("dispatcher").do("dispatchIncident", selection, order)
    return answered


async def submitted(row: dict[str, Any], as_: Any) -> dict[str, Any]:
    """The housing office does its work: the case afterwards."""
    made = await as_("housing").do("acceptAssignment", ROW, seen(row))
    assert (made["assignment"]["state"], made["incident"]["state"]) == ("ACCEPTED", "HANDLING")
    made = await as_("housing").do("recordFirstContact", ROW, seen(made["assignment"], channel="PHONE"))
    assert made["assignment"]["firstContactChannel"] == "PHONE"
    asked = {"channel": "PHONE", "reached": True, "solved": "YES", "satisfaction": "SATISFIED"}
    result = seen(made["assignment"], outcome="SOLVED", resultText="已责令停工", followUp=asked)
    case: dict[str, Any] = (await as_("housing_lead").do("submitResult", ROW, result))["incident"]
    return case


async def test_a_case_goes_from_report_to_closure(district: District, as_: Any) -> None:
    made = await dispatched(district, as_)
    (row,) = made["assignments"]
    assert (row["orgUnit"]["code"], row["state"]) == ("HOUSING", "PENDING")
    case = await submitted(row, as_)
    assert case["state"] == "SUBMITTED"
    check = f"{CASE} verification {{ id state result inspector {{ name }} }}"
    made = await as_("acceptor").do("requestCheck", check, seen(case))
    assert made["verification"]["state"] == "PENDING"
    made = await as_("inspector").do("recordCheck", check, seen(made["incident"], result="PASS", note="属实"))
    assert (made["verification"]["result"], made["incident"]["state"]) == ("PASS", "FOLLOWUP")
    happy = {
        "layer": "COMMAND",
        "channel": "PHONE",
        "reached": True,
        "solved": "YES",
        "satisfaction": "SATISFIED",
    }
    asked = f"{CASE} followUp {{ layer valid recordedBy {{ name }} }}"
    made = await as_("callback").do("recordFollowUp", asked, seen(made["incident"], **happy))
    assert made["followUp"] == {"layer": "COMMAND", "valid": True, "recordedBy": {"name": "张三"}}
    closed = "incident { no state outcome onTime loopCompleteness assignments { state } followUps { layer } }"
    case = (await as_("shift_leader").do("closeIncident", closed, seen(made["incident"])))["incident"]
    assert (case["state"], case["outcome"]) == ("CLOSED", "SOLVED")
    assert (case["loopCompleteness"], case["onTime"]) == (100, True)
    history = "query ($no: String!) { incident(no: $no) { history(first: 50) { nodes { action cursor follows } } } }"
    events = (await as_("director").ask(history, no=case["no"]))["incident"]["history"]["nodes"]
    assert list(dict.fromkeys(it["action"] for it in events)) == ACTIONS
    assert [it["follows"] for it in events[1:]] == [it["cursor"] for it in events[:-1]]


async def test_the_log_is_readable_page_by_page_with_the_feeds_cursors(as_: Any) -> None:
    for _ in range(3):
        await as_("acceptor").do("reportIncident", CASE, report())
    document = """query ($after: Cursor, $first: Int!, $filter: FeedFilter) {
        events(after: $after, first: $first, filter: $filter) {
        nodes { cursor follows at kind action subjectId version actor { name } incident { no } assignment { id }
        summary summaryEn: summary(lang: EN) } edges { cursor node { kind } } pageInfo { hasNextPage endCursor } } }"""
    director = as_("director")
    first = (await director.ask(document, first=2))["events"]
    rest = (await director.ask(document, first=2, after=first["pageInfo"]["endCursor"]))["events"]
    assert first["pageInfo"]["hasNextPage"]
    assert not rest["pageInfo"]["hasNextPage"]
    assert rest["nodes"][0]["follows"] == first["nodes"][1]["cursor"]
    event = first["nodes"][0]
    assert (event["kind"], event["summary"], event["summaryEn"]) == (
        "REPORTED", "上报", "A case was reported (T2) · Report (T2)",
    )  # fmt: skip
    assert event["incident"]["no"].startswith("GCL-I-20241024-")
    kinds = {"kinds": ["LIGHT"]}
    assert (await director.ask(document, first=2, filter=kinds))["events"]["nodes"] == []
    assert (await as_("civil").ask(document, first=2))["events"]["nodes"] == []
    assert (await director.run(document, first=0)).refusals == [("PAGE_SIZE_REQUIRED", "first")]
    assert (await director.run(document, first=1, after="x")).refusals == [("BAD_CURSOR", "after")]
    bad = {"incidentId": gid("Grid", uuid4())}
    assert (await director.run(document, first=1, filter=bad)).refusals == [("BAD_ID", "filter.incidentId")]


async def test_a_case_is_amended_noted_supervised_unmasked_and_rejected(as_: Any) -> None:
    made = await as_("acceptor").do("reportIncident", CASE, report())
    amended = seen(made["incident"], title="夜间施工噪音", reason="补正")
    made = await as_("acceptor").do(
        "amendIncident", "incident { id version title } warnings { code }", amended
    )
    assert made["incident"]["title"] == "夜间施工噪音"
    note = seen(made["incident"], text="已电话核实")
    made = await as_("acceptor").do("addNote", f"{CASE} note {{ text author {{ name }} at }}", note)
    assert (made["note"]["text"], made["note"]["author"]) == ("已电话核实", {"name": "张三"})
    card = seen(made["incident"], level="URGE", text="请尽快受理")
    made = await as_("supervisor").do(
        "superviseIncident", f"{CASE} supervision {{ level origin text }}", card
    )
    assert made["supervision"] == {"level": "URGE", "origin": "MANUAL", "text": "请尽快受理"}
    asked = seen(made["incident"], field="COMPLAINANT_PHONE", reason="回访需要")
    made = await as_("callback").do("unmaskField", f"{CASE} value", asked)
    assert made["value"] == "13812345678"
    refusal = seen(made["incident"], reason="OUTSIDE_DUTY", replyText="请向有关企业反映")
    rejected = "incident { state rejectReason replyText publicStatus }"
    made = await as_("acceptor").do("rejectIncident", rejected, refusal)
    assert made["incident"]["publicStatus"] == "ANSWERED"


async def test_a_dissatisfied_resident_sends_the_case_back(district: District, as_: Any) -> None:
    case = await a_case(district, IncidentState.FOLLOWUP, complainant=a_complainant())
    row = {"id": gid("Incident", case.incident.id), "version": case.incident.version}
    unhappy = {
        "layer": "COMMAND",
        "channel": "PHONE",
        "reached": True,
        "solved": "NO",
        "satisfaction": "DISSATISFIED",
    }
    made = await as_("callback").do(
        "recordFollowUp", CASE, seen(row, **unhappy, dissatisfactionReason="RESULT")
    )
    unit = gid("OrgUnit", case.assignments[0].org_id)
    back = seen(made["incident"], reason="RESULT", text="仍未解决", leads=[unit])
    made = await as_("shift_leader").do("reworkIncident", f"{CASE} assignments {{ round state }}", back)
    assert made["incident"]["state"] == "HANDLING"
    assert made["assignments"] == [{"round": 2, "state": "ACCEPTED"}]


async def test_a_request_sent_twice_is_done_once(as_: Any) -> None:
    given = report(idempotencyKey=str(uuid4()))
    acceptor = as_("acceptor")
    first = await acceptor.do("reportIncident", CASE, given)
    assert await acceptor.do("reportIncident", CASE, given) == first
    assert await acceptor.refused("reportIncident", {**given, "title": "另一件事"}) == [
        ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    ]


async def test_a_reporter_whose_post_shows_no_cases_is_shown_the_own_report(as_: Any) -> None:
    handler = as_("housing")
    given = report(source="DEPT_INSPECTION", complainant=None, idempotencyKey=str(uuid4()))
    made = await handler.do(
        "reportIncident", "incident { id no reporter { name } availableActions { name } }", given
    )
    assert made["incident"]["reporter"] == {"name": "张三"}
    no = made["incident"]["no"]
    found = await handler.run("query ($no: String!) { incident(no: $no) { no } }", no=no)
    assert found.refusals == [("NOT_FOUND", "no")]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"point": {**PLACE, "crs": None}}, ("CRS_REQUIRED", "point.crs")),
        ({"title": "短"}, ("BAD_INPUT", "title")),
        ({"occurredAt": "2100-01-01T00:00:00+08:00"}, ("BAD_INPUT", "occurredAt")),
        ({"categoryCode": "NONE"}, ("NOT_FOUND", "categoryCode")),
        ({"categoryCode": "LAMP"}, ("GUARD_FAILED", "mediaIds")),
        ({"mediaIds": ["x"]}, ("BAD_ID", "mediaIds")),
        ({"complainedOrgUnitId": "x"}, ("BAD_ID", "complainedOrgUnitId")),
        ({"source": "GRID_PATROL"}, ("FORBIDDEN", "source")),
        ({"externalId": "12345-1"}, ("FORBIDDEN", "externalId")),
    ],
)
async def test_a_bad_report_is_refused_by_its_field(
    as_: Any, changes: dict[str, Any], refusal: tuple[str, str]
) -> None:
    assert await as_("acceptor").refused("reportIncident", report(**changes)) == [refusal]


async def test_commands_are_refused_with_a_reason(district: District, as_: Any) -> None:
    case = await a_case(district, IncidentState.FILED)
    row = {"id": gid("Incident", case.incident.id), "version": case.incident.version}
    housing = gid("OrgUnit", district.orgs["HOUSING"].id)
    order = seen(row, mode="SINGLE", leads=[housing])
    dispatcher = as_("dispatcher")
    for changes, refusal in (
        ({"mode": "EQUAL_JOINT"}, ("GUARD_FAILED", "leads")),
        ({"supports": [housing]}, ("GUARD_FAILED", "supports")),
        ({"copies": [housing]}, ("GUARD_FAILED", "leads")),
        ({"leads": [row["id"]]}, ("BAD_ID", "leads")),
        ({"id": housing}, ("BAD_ID", "id")),
        ({"id": gid("Incident", uuid4())}, ("NOT_FOUND", "id")),
        ({"expectedVersion": 9}, ("CONFLICT", "expectedVersion")),
    ):
        assert await dispatcher.refused("dispatchIncident", {**order, **changes}) == [refusal]
    assert await as_("acceptor").refused("dispatchIncident", order) == [("FORBIDDEN", None)]
    assert await as_("civil").refused("closeIncident", seen(row)) == [("FORBIDDEN", None)]
    assert await Client().refused("dispatchIncident", order) == [("UNAUTHENTICATED", None)]
    assert [code for code, _ in await as_("shift_leader").refused("closeIncident", seen(row))] == [
        "ILLEGAL_TRANSITION"
    ]


@pytest.fixture
def keys() -> None:
    sessions.install(sessions.Mint(b"a secret of the tests, long enough"))


@pytest.mark.usefixtures("keys")
async def test_a_person_signs_in_refreshes_and_signs_out(district: District, as_: Any) -> None:
    given = {"username": "newcomer", "name": "王五", "password": PASSWORD, "phone": "13900000000",
             "orgUnitId": gid("OrgUnit", district.orgs["CIVIL"].id)}  # fmt: skip
    admin = as_("sysadmin")
    made = await admin.do("createPerson", "person { id version name orgUnit { code } }", given)
    person = made["person"]
    post = seen(person, type="HANDLER", orgUnitId=given["orgUnitId"])
    made = await admin.do("assignPost", "post { id version type endsAt } person { posts { type } }", post)
    assert made["person"]["posts"] == [{"type": "HANDLER"}]
    tokens = (
        "accessToken refreshToken expiresAt mustChangePassword viewer { username roles orgUnit { code } }"
    )
    nobody = Client(now=NOW + timedelta(seconds=1))
    document = f"mutation ($input: SignInInput!) {{ signIn(input: $input) {{ {tokens} }} }}"
    login = {"username": "newcomer", "password": PASSWORD}
    signed = (await nobody.ask(document, input=login))["signIn"]
    assert signed["viewer"] == {"username": "newcomer", "roles": ["HANDLER"], "orgUnit": {"code": "CIVIL"}}
    assert signed["mustChangePassword"]
    assert (await nobody.run(document, input={**login, "password": "wrong"})).refusals == [
        ("BAD_CREDENTIALS", None)
    ]
    assert (await nobody.run(document, input={**login, "otp": "1"})).refusals == [("FEATURE_DISABLED", "otp")]
    document = """mutation ($input: RefreshSessionInput!) {
        refreshSession(input: $input) { refreshToken viewer { username } } }"""
    renewed = await nobody.ask(document, input={"refreshToken": signed["refreshToken"]})
    assert renewed["refreshSession"]["viewer"] == {"username": "newcomer"}
    viewer = await _viewer(signed["accessToken"])
    ended = await Client(viewer).do(
        "changePassword", "person { name }", {"oldPassword": PASSWORD, "newPassword": "Another-word-2"}
    )
    assert ended["person"] == {"name": "王五"}
    assert (await Client(viewer).ask("mutation { signOut { signedOut } }"))["signOut"]["signedOut"]
    await admin.do("endPost", "post { endsAt }", seen(made["post"], endsAt="2024-10-25T00:00:00+08:00"))
    person = await admin.ask(
        "query ($id: ID!) { node(id: $id) { ... on Person { id version } } }", id=person["id"]
    )
    await admin.do("resetPassword", "person { id }", seen(person["node"], newPassword="Third-word-3"))


async def _viewer(token: str) -> Viewer:
    return await sessions.authenticate(token, now=NOW, wall_now=datetime.now(UTC))


async def test_an_administrator_makes_units_and_grids(district: District, as_: Any) -> None:
    admin = as_("sysadmin")
    unit = {"code": "WATER", "name": "自来水公司", "shortName": "水司", "kind": "UTILITY"}
    made = await admin.do("createOrgUnit", "orgUnit { code active version }", unit)
    assert made["orgUnit"] == {"code": "WATER", "active": True, "version": 1}
    region = gid("Region", district.regions["C3"].id)
    given = {"code": "211005001001005", "name": "北园五网格", "kind": "DEDICATED", "regionId": region,
             "polygon": square(WEST + SIDE, SOUTH + SIDE, 0.01, 0.01)}  # fmt: skip
    assert await admin.refused("createGrid", given) == [("CRS_REQUIRED", "crs")]
    refused = await as_("acceptor").refused("createGrid", {**given, "crs": "WGS84"})
    assert refused == [("FORBIDDEN", None)]


async def test_a_grid_is_revised_and_retired(district: District, as_: Any) -> None:
    admin = as_("sysadmin")
    row = {"id": gid("Grid", district.grids["G3"].id), "version": 1}
    made = await admin.do("reviseGrid", "grid { id version name }", seen(row, name="西园新网格"))
    assert (made["grid"]["name"], made["grid"]["version"]) == ("西园新网格", 2)
    made = await admin.do("retireGrid", "grid { id validTo version }", seen(made["grid"]))
    assert made["grid"]["validTo"] is not None
    listed = await admin.ask(
        """{ grids(first: 9) { nodes { code } }
        all: grids(first: 9, where: { retired: { eq: true } }) { nodes { code } } }"""
    )
    assert "G3" not in [it["code"] for it in listed["grids"]["nodes"]]
    assert [it["code"] for it in listed["all"]["nodes"]] == ["G3"]


async def test_the_clock_is_forwarded_only_where_one_runs(as_: Any) -> None:
    to = {"to": (NOW + timedelta(days=1)).isoformat()}
    forget_clock()
    assert await as_("acceptor").refused("forwardClock", to) == [("FEATURE_DISABLED", None)]


async def test_a_running_test_clock_is_forwarded(as_: Any) -> None:
    await clocks.start_test_clock(NOW)
    acceptor = as_("acceptor")
    made = await acceptor.do("forwardClock", "now", {"to": (NOW + timedelta(days=1)).isoformat()})
    assert made["now"].startswith("2024-10-25T09:00")
    assert await acceptor.refused("forwardClock", {"to": NOW.isoformat()}) == [("BAD_INPUT", "to")]
    forget_clock()


async def test_a_place_outside_the_district_is_taken_with_a_warning(as_: Any) -> None:
    selection = "incident { grid { code } region { code } point { lng crs } } warnings { code field message(lang: EN) }"
    made = await as_("acceptor").do("reportIncident", selection, report(point={**PLACE, "lng": 100.0}))
    assert made["incident"] == {
        "grid": None,
        "region": {"code": "D"},
        "point": {"lng": 100.0, "crs": "WGS84"},
    }
    assert made["warnings"] == [
        {"code": "OUTSIDE_DISTRICT", "field": "point", "message": "The place is outside the district"}
    ]


async def test_a_request_sent_again_shows_only_what_may_be_seen_then(district: District, as_: Any) -> None:
    (row,) = (await dispatched(district, as_))["assignments"]
    given = seen(row, idempotencyKey=str(uuid4()))
    housing = district.viewer("housing")
    await Client(housing).do("acceptAssignment", "assignment { state }", given)
    elsewhere = replace(housing, posts=district.viewer("civil").posts)
    assert await Client(elsewhere).refused("acceptAssignment", given) == [("NOT_FOUND", "id")]


async def test_a_unit_keeps_its_row_after_it_lost_the_case(district: District) -> None:
    case = build_case(district, IncidentState.DISPATCHED)
    given_up = replace(case.assignments[0], state=AssignmentState.RETURNED)
    await in_transaction(lambda work: cases.insert(work, replace(case, assignments=(given_up,))))
    document = """query ($id: ID!) { node(id: $id) { ... on Assignment {
        incidentNo incident { no } state availableActions { name } } } }"""
    row = (await Client(district.viewer("housing")).ask(document, id=gid("Assignment", given_up.id)))["node"]
    assert row == {
        "incidentNo": case.incident.no, "incident": None, "state": "RETURNED", "availableActions": [],
    }  # fmt: skip


async def test_signing_in_is_slowed_down_by_address(district: District, keys: None) -> None:  # noqa: ARG001 - a store and keys
    context = await Client().context()
    context.rates = Rates(Limits(sign_ins_per_minute=1))
    document = 'mutation { signIn(input: { username: "nobody", password: "wrong" }) { accessToken } }'
    codes = []
    for _ in range(2):
        answer = await engine().run(engine().prepare(GraphQLRequest(document), Language.ZH), context)
        codes.append(answer.errors[0]["extensions"]["code"])  # type: ignore[index]  # the wire's own shape
    assert codes == ["BAD_CREDENTIALS", "RATE_LIMITED"]
