"""Reading the graph over both stores: pages, filters, search, links, and how few statements they take."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from api.loaders import Shared
from db import connection as store_connection
from domain.incident import IncidentState
from domain.term import Language
from tests.api.client import Client, gid
from tests.db.factories import NOW, SOUTH, WEST, District, a_case, a_complainant, a_district

PAGE = """
query ($first: Int, $after: Cursor, $last: Int, $before: Cursor,
       $where: IncidentFilter, $order: IncidentOrder! = NO_ASC,
       $search: String) {
  incidents(first: $first, after: $after, last: $last, before: $before, where: $where, orderBy: $order,
            search: $search) {
    nodes { no title } edges { cursor node { no } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount totalCountExact
  }
}
"""
NESTED = """
{ incidents(first: 50) { totalCount nodes {
    id no category { name parent { name } } grid { name region { name } workers { name posts { type } } }
    region { name }
    reporter { name orgUnit { name } } complainant { name phone } maskedFields
    assignments { orgUnit { shortName } clocks { type } handler { name } incident { no }
        availableActions { name allowed } }
    clocks { type usedRatio explanation { minutes reason } } verifications { result } followUps { layer }
    supervisions { level } media { url } notes { text } availableActions { name allowed code reason }
    history(first: 2) { nodes { kind actor { name } incident { no } assignment { state } } pageInfo { hasNextPage } }
} } }
"""


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open
    return await a_district()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    seen: list[str] = []
    client = type(store_connection.reader())
    plain = client.execute_query_dict

    async def counted(self: Any, query: str, *rest: Any) -> Any:
        seen.append(query)
        return await plain(self, query, *rest)

    monkeypatch.setattr(client, "execute_query_dict", counted)
    return iter([seen])


async def test_a_case_is_found_by_id_and_by_number_and_shows_its_neighbours(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING, complainant=a_complainant())
    dispatcher = Client(district.viewer("dispatcher"))
    selection = (
        "{ id no state publicStatus light grid { code } region { code } point(crs: GCJ02) { lng crs } }"
    )
    by_id = await dispatcher.ask(
        f"query ($id: ID!) {{ incident(id: $id) {selection} }}", id=gid("Incident", case.incident.id)
    )
    by_no = await dispatcher.ask(
        f"query ($no: String!) {{ incident(no: $no) {selection} }}", no=case.incident.no
    )
    assert by_id == by_no
    assert by_id["incident"]["grid"]["code"] == "G1"
    assert by_id["incident"]["publicStatus"] == "IN_PROGRESS"
    assert by_id["incident"]["point"]["crs"] == "GCJ02"
    assert by_id["incident"]["point"]["lng"] != case.incident.spot.lng  # type: ignore[union-attr]  # it has one


async def test_an_incident_is_asked_for_by_exactly_one_name(district: District) -> None:
    dispatcher = Client(district.viewer("dispatcher"))
    assert (await dispatcher.run("{ incident { no } }")).refusals == [("BAD_INPUT", "id")]
    assert (await dispatcher.run('{ incident(no: "GCL-I-1") { no } }')).refusals == [("NOT_FOUND", "no")]
    wrong = gid("Grid", district.grids["G1"].id)
    assert (await dispatcher.run("query ($id: ID!) { incident(id: $id) { no } }", id=wrong)).refusals == [
        ("BAD_ID", "id")
    ]


async def test_pages_concatenate_to_the_list_in_both_directions(district: District) -> None:
    numbers = sorted([(await a_case(district)).incident.no for _ in range(7)])
    dispatcher = Client(district.viewer("dispatcher"))
    forward: list[str] = []
    after = None
    while True:
        page = (await dispatcher.ask(PAGE, first=3, after=after))["incidents"]
        forward += [it["no"] for it in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    backward: list[str] = []
    before = None
    while True:
        page = (await dispatcher.ask(PAGE, last=3, before=before))["incidents"]
        backward = [it["no"] for it in page["nodes"]] + backward
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert forward == backward == numbers
    assert (page["totalCount"], page["totalCountExact"]) == (7, True)


async def test_a_page_needs_one_size_and_a_cursor_belongs_to_its_list(district: District) -> None:
    for _ in range(2):
        await a_case(district)
    dispatcher = Client(district.viewer("dispatcher"))
    for sizes in ({}, {"first": 1, "last": 1}, {"first": 0}, {"last": 101}):
        refused = (await dispatcher.run(PAGE, **sizes)).refusals
        assert [code for code, _ in refused] == ["PAGE_SIZE_REQUIRED"]
    cursor = (await dispatcher.ask(PAGE, first=1))["incidents"]["pageInfo"]["endCursor"]
    for other in ({"order": "NO_DESC"}, {"where": {"no": {"startsWith": "GCL"}}}, {"search": "路灯"}):
        assert (await dispatcher.run(PAGE, first=1, after=cursor, **other)).refusals == [
            ("BAD_CURSOR", "after")
        ]
    assert (await dispatcher.run(PAGE, first=1, after="forged")).refusals == [("BAD_CURSOR", "after")]


async def test_filters_and_search_narrow_the_list(district: District) -> None:
    lamp = await a_case(district)
    road = await a_case(district, IncidentState.DISPATCHED, title="道路塌陷", grid_id=district.grids["G2"].id)
    dispatcher = Client(district.viewer("dispatcher"))

    async def numbers(**which: Any) -> list[str]:
        return [it["no"] for it in (await dispatcher.ask(PAGE, first=9, **which))["incidents"]["nodes"]]

    assert await numbers(where={"state": {"eq": "DISPATCHED"}}) == [road.incident.no]
    assert await numbers(where={"state": {"omit": ["DISPATCHED"]}}) == [lamp.incident.no]
    assert await numbers(where={"state": {"in": ["DISPATCHED", "CLOSED"]}}) == [road.incident.no]
    fallen: dict[str, Any] = {"title": {"contains": "塌"}}
    assert await numbers(where={**fallen, "state": {"omit": ["CLOSED", "ARCHIVED"]}}) == [road.incident.no]
    assert (await dispatcher.run(PAGE, first=1, where=fallen)).refusals == [("TOO_COSTLY", "where.title")]
    assert await numbers(where={"grid": {"eq": gid("Grid", district.grids["G1"].id)}}) == [lamp.incident.no]
    assert await numbers(where={"orgUnit": {"in": [gid("OrgUnit", district.orgs["HOUSING"].id)]}}) == [
        road.incident.no
    ]
    assert await numbers(where={"region": {"eq": gid("Region", district.regions["D"].id)}}) == sorted(
        [lamp.incident.no, road.incident.no]
    )
    later = {"reportedAt": {"gte": (NOW + timedelta(days=1)).isoformat()}}
    assert await numbers(where=later) == []
    assert await numbers(search="道路塌") == [road.incident.no]
    assert (await dispatcher.run(PAGE, first=1, search="  ")).refusals == [("BAD_INPUT", "search")]
    assert (await dispatcher.run(PAGE, first=1, where={"grid": {"eq": "x"}})).refusals == [
        ("BAD_ID", "where.grid")
    ]
    assert await numbers(where={"state": {"omit": []}}) == await numbers()


async def test_a_nested_page_takes_as_many_statements_for_ten_cases_as_for_one(
    district: District, statements: Iterator[list[str]]
) -> None:
    seen = next(statements)
    dispatcher = Client(district.viewer("dispatcher"), compiled=False)
    await a_case(district, IncidentState.FOLLOWUP, complainant=a_complainant())
    await dispatcher.ask(NESTED)  # the rulebook is kept from now on
    seen.clear()
    await dispatcher.ask(NESTED)
    one = len(seen)
    for _ in range(9):
        await a_case(district, IncidentState.FOLLOWUP, complainant=a_complainant())
    seen.clear()
    page = await dispatcher.ask(NESTED)
    assert page["incidents"]["totalCount"] == 10
    assert len(seen) == one
    assert one < 50


async def test_counts_are_taken_only_when_they_are_selected(
    district: District, statements: Iterator[list[str]]
) -> None:
    seen = next(statements)
    await a_case(district)
    dispatcher = Client(district.viewer("dispatcher"))
    await dispatcher.ask("{ incidents(first: 1) { nodes { no } } }")
    assert not any("COUNT(" in it for it in seen)


async def test_any_object_is_found_by_its_global_id(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING, complainant=a_complainant())
    dispatcher = Client(district.viewer("dispatcher"))
    ids = [
        gid("Incident", case.incident.id),
        gid("Assignment", case.assignments[0].id),
        gid("Clock", case.clocks[0].id),
        gid("Complainant", case.incident.complainant_id),
        gid("Grid", district.grids["G1"].id),
        gid("OrgUnit", district.orgs["CIVIL"].id),
        gid("Person", district.people["civil"].id),
        gid("Region", district.regions["S1"].id),
        gid("Category", case.category.id),
        gid("Incident", case.category.id),
    ]
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    found = (await dispatcher.ask(document, ids=ids))["nodes"]
    assert [it and it["id"] for it in found] == [*ids[:-1], None]
    assert (await dispatcher.ask("query ($id: ID!) { node(id: $id) { id } }", id=ids[0]))["node"][
        "id"
    ] == ids[0]
    for bad in ("x", gid("Note", case.category.id), gid("Viewer", case.category.id)):
        reply = await dispatcher.run("query ($id: ID!) { node(id: $id) { id } }", id=bad)
        assert reply.refusals == [("BAD_ID", "id")]
    one_bad = await dispatcher.run(document, ids=[ids[0], "x", ids[1]])
    assert [it and it["id"] for it in one_bad.data["nodes"]] == [ids[0], None, ids[1]]
    assert (one_bad.refusals, one_bad.errors[0]["path"]) == ([("BAD_ID", "ids")], ["nodes", 1])
    too_many = await dispatcher.run(document, ids=[ids[0]] * 101)
    assert too_many.refusals == [("PAGE_SIZE_REQUIRED", "ids")]


async def test_one_refused_root_field_leaves_the_others(district: District) -> None:
    dispatcher = Client(district.viewer("dispatcher"))
    reply = await dispatcher.run('{ viewer { username } incident(no: "none") { no } }')
    assert reply.data == {"viewer": {"username": "dispatcher"}, "incident": None}
    assert reply.refusals == [("NOT_FOUND", "no")]


async def test_only_the_public_page_and_the_labels_need_no_sign_in(district: District) -> None:
    case = await a_case(district, IncidentState.CLOSED)
    nobody = Client()
    document = """query ($code: String!) { publicCase(code: $code) { publicCode publicStatus outcome categoryName
        reportedAt closedAt dueAt } }"""
    page = (await nobody.ask(document, code=case.incident.public_code))["publicCase"]
    assert page["publicStatus"] == "DONE"
    assert page["categoryName"] == case.category.name
    assert page["reportedAt"] == "2024-10-24T09:00:00+08:00"
    assert (await nobody.ask(document, code="000000000000"))["publicCase"] is None
    labels = (await nobody.ask("{ enumLabels(lang: EN) { enum values { name label description } } }"))[
        "enumLabels"
    ]
    assert {"name": "RED", "label": "Red", "description": "红灯。Red."} in next(
        it["values"] for it in labels if it["enum"] == "Light"
    )
    for field in (
        "viewer { id }",
        "incidents(first: 1) { totalCount }",
        "assignments(first: 1) { totalCount }",
        "grids(first: 1) { totalCount }",
        "people(first: 1) { totalCount }",
        "orgUnits(first: 1) { totalCount }",
        "events(first: 1) { nodes { cursor } }",
        "regions { id }",
        "consumers { stream }",
        "board { open }",
        'node(id: "x") { id }',
        "gridAt(point: { lng: 1, lat: 1, crs: WGS84 }) { id }",
        'deadlinePreview(start: "2024-10-24T09:00:00+08:00", limit: 1, unit: WORK_DAY) { dueAt }',
    ):
        assert (await nobody.run(f"{{ {field} }}")).refusals == [("UNAUTHENTICATED", None)], field


async def test_the_viewer_learns_the_own_roles_grids_and_actions(district: District) -> None:
    worker = await Client(district.viewer("worker")).ask(
        "{ viewer { id username displayName roles orgUnit { code } grids { code } actions } }"
    )
    assert worker["viewer"]["roles"] == ["GRID_WORKER"]
    assert worker["viewer"]["orgUnit"] == {"code": "COMMUNITY"}
    assert worker["viewer"]["grids"] == [{"code": "G1"}]
    assert "reportIncident" in worker["viewer"]["actions"]
    assert "dispatchIncident" not in worker["viewer"]["actions"]


async def test_available_actions_say_what_is_allowed_and_why_not(district: District) -> None:
    case = await a_case(district, IncidentState.FILED)
    document = "query ($no: String!) { incident(no: $no) { availableActions { name allowed code reason(lang: EN) } } }"
    found = await Client(district.viewer("dispatcher")).ask(document, no=case.incident.no)
    actions = {it.pop("name"): it for it in found["incident"]["availableActions"]}
    assert actions["dispatchIncident"] == {"allowed": True, "code": None, "reason": None}
    assert actions["closeIncident"]["code"] == "FORBIDDEN"
    assert actions["closeIncident"]["reason"] == "You may not do this"


async def test_an_assignment_lists_with_its_unit_and_what_the_unit_may_do(district: District) -> None:
    case = await a_case(district, IncidentState.DISPATCHED)
    await a_case(district, IncidentState.DISPATCHED, org="CIVIL")
    document = """query ($where: AssignmentFilter) { assignments(first: 5, where: $where) { totalCount nodes {
        incidentNo incident { no } orgUnit { code } state availableActions { name allowed } clocks { type } } } }"""
    housing = (await Client(district.viewer("housing")).ask(document))["assignments"]
    assert housing["totalCount"] == 1
    row = housing["nodes"][0]
    assert (row["incidentNo"], row["incident"]["no"]) == (case.incident.no, case.incident.no)
    assert {"name": "acceptAssignment", "allowed": True} in row["availableActions"]
    assert {it["type"] for it in row["clocks"]} == {"SIGN", "CONTACT", "HANDLE"}
    civil = {"orgUnit": {"eq": gid("OrgUnit", district.orgs["CIVIL"].id)}}
    everything = Client(district.viewer("dispatcher"))
    assert (await everything.ask(document, where=civil))["assignments"]["totalCount"] == 1


async def test_a_clock_counts_what_is_used_at_the_time_of_reading(district: District) -> None:
    case = await a_case(district)
    document = """query ($no: String!) { incident(no: $no) {
        clocks { limit unit usedRatio breached explanation { counted minutes } } } }"""
    acceptor = Client(district.viewer("acceptor"), now=NOW + timedelta(hours=1))
    clock = (await acceptor.ask(document, no=case.incident.no))["incident"]["clocks"][0]
    assert clock["usedRatio"] == 0.5  # one of two working hours
    assert sum(it["minutes"] for it in clock["explanation"] if it["counted"]) == clock["limit"] == 120


async def test_a_deadline_is_explained(district: District) -> None:
    document = """query ($limit: Int!) {
        deadlinePreview(start: "2024-09-30T16:00:00+08:00", limit: $limit, unit: WORK_DAY) {
        dueAt yellowAt provisional explanation { from to counted minutes reason(lang: EN) } } }"""
    client = Client(district.viewer("dispatcher"))
    shown = (await client.ask(document, limit=1))["deadlinePreview"]
    spans = shown["explanation"]
    assert (spans[0]["from"], spans[-1]["to"]) == ("2024-09-30T16:00:00+08:00", shown["dueAt"])
    assert all(before["to"] == after["from"] for before, after in pairwise(spans))
    assert (await client.run(document, limit=0)).refusals == [("BAD_INPUT", "limit")]


async def test_the_ground_is_readable(district: District) -> None:
    client = Client(district.viewer("dispatcher"))
    document = """query ($point: PointInput!) { gridAt(point: $point) { code areaM2 polygon(crs: BD09)
        region { name polygon parent { name } } workers { name } } }"""
    inside = {"lng": WEST + 0.001, "lat": SOUTH + 0.001, "crs": "WGS84"}
    grid = (await client.ask(document, point=inside))["gridAt"]
    assert grid["code"] == "G1"
    assert grid["workers"] == [{"name": "张三"}]
    assert grid["polygon"]["coordinates"][0][0][0] > WEST + 0.005
    assert grid["region"]["polygon"]["coordinates"][0][0] == [WEST, SOUTH]
    assert (await client.ask(document, point={**inside, "lng": 1.0}))["gridAt"] is None
    assert (await client.run(document, point={**inside, "crs": None})).refusals == [
        ("CRS_REQUIRED", "point.crs")
    ]
    lists = await client.ask(
        """{ grids(first: 2, where: { region: {} }) { totalCount nodes { code } }
        regions { code } categories { code level }
        orgUnits(first: 9, where: { kind: { eq: DEPARTMENT } }) { nodes { code } }
        people(first: 1, where: { username: { eq: "civil" } }) { nodes { name orgUnit { code } posts { type } } } }"""
    )
    assert lists["grids"]["totalCount"] == 4
    assert [it["code"] for it in lists["orgUnits"]["nodes"]] == ["CIVIL", "HOUSING"]
    assert lists["people"]["nodes"][0]["posts"] == [{"type": "HANDLER"}]
    assert {it["level"] for it in lists["categories"]} == {1, 2, 3}
    assert lists["regions"][0]["code"] == "D"


async def test_the_board_counts_what_the_viewer_sees(district: District) -> None:
    await a_case(district, IncidentState.DISPATCHED)
    await a_case(district, IncidentState.CLOSED)
    document = """{ board { at open red reportedToday closedToday byState { state count }
        byOrgUnit { orgUnit { code } open red } } }"""
    wall = (await Client(district.viewer("director")).ask(document))["board"]
    assert (wall["open"], wall["reportedToday"]) == (1, 2)
    assert {"state": "CLOSED", "count": 1} in wall["byState"]
    assert wall["byOrgUnit"] == [{"orgUnit": {"code": "HOUSING"}, "open": 1, "red": 0}]
    assert (await Client(district.viewer("civil")).ask(document))["board"]["open"] == 0


async def test_duplicates_are_found_before_reporting(district: District) -> None:
    case = await a_case(district)
    document = """query ($input: DuplicateProbe!) { duplicateCandidates(input: $input) { publicCode title distanceM
        publicStatus incident { no } } }"""
    spot = case.incident.spot
    assert spot is not None
    probe = {"categoryCode": case.category.code, "point": {"lng": spot.lng, "lat": spot.lat, "crs": "WGS84"}}
    seen = (await Client(district.viewer("acceptor")).ask(document, input=probe))["duplicateCandidates"]
    assert [(it["publicCode"], it["incident"]) for it in seen] == [
        (case.incident.public_code, {"no": case.incident.no})
    ]
    other = (await Client(district.viewer("civil")).ask(document, input=probe))["duplicateCandidates"]
    assert [it["incident"] for it in other] == [None]
    unknown = await Client(district.viewer("acceptor")).run(document, input={**probe, "categoryCode": "none"})
    assert unknown.refusals == [("NOT_FOUND", "categoryCode")]


async def test_who_listens_is_for_the_command_centre(district: District) -> None:
    assert (await Client(district.viewer("director")).ask("{ consumers { stream } }"))["consumers"] == []
    refused = await Client(district.viewer("housing")).run("{ consumers { stream } }")
    assert refused.refusals == [("FORBIDDEN", None)]


@pytest.mark.usefixtures("district")
async def test_the_message_is_in_the_language_of_the_caller() -> None:
    reply = await replace(Client(), language=Language.EN).run("{ viewer { id } }")
    assert reply.errors[0]["message"] == "Sign in first"


async def test_a_field_that_is_cancelled_leaves_what_other_fields_await() -> None:
    async def load(keys: list[int]) -> list[str]:
        await asyncio.sleep(0)
        return [str(key) for key in keys]

    shared = Shared(load_fn=load)
    first, second = (asyncio.ensure_future(shared.load(1)) for _ in range(2))
    first.cancel()
    assert await second == "1"
