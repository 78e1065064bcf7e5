"""Filters over the API: every shape of `where`, and the filters that a person keeps."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from db import saved_filters
from db.lists.costs import MAX_CONDITIONS
from db.unit_of_work import in_transaction
from domain.incident import IncidentState
from domain.saved_filter import MOST, FilterNoun, SavedFilter
from tests.api.client import Client, gid
from tests.db.factories import NOW, SOUTH, WEST, District, a_case, a_district, new_id

pytestmark = pytest.mark.usefixtures("store")

LISTED = """query ($where: IncidentFilter, $saved: ID, $after: Cursor) {
  incidents(first: 9, where: $where, saved: $saved, after: $after, orderBy: NO_ASC) {
    nodes { no } totalCount pageInfo { endCursor } } }"""
SAVED = "{ savedFilters { id noun name where version savedAt } }"
SHOWN = "savedFilter { id noun name where version }"


@pytest.fixture
async def district() -> District:
    return await a_district()


async def numbers(client: Client, **which: Any) -> list[str]:
    return [it["no"] for it in (await client.ask(LISTED, **which))["incidents"]["nodes"]]


async def refusals(client: Client, **which: Any) -> list[tuple[str, str | None]]:
    return (await client.run(LISTED, **which)).refusals


async def test_every_shape_of_a_filter_is_understood(district: District) -> None:
    await a_case(district, no="A")
    await a_case(district, IncidentState.HANDLING, no="B", spot=None, escalation_step=2)
    client = Client(district.viewer("dispatcher"))
    point = {"lng": WEST + 0.005, "lat": SOUTH + 0.01, "crs": "WGS84"}
    ring = [
        [WEST, SOUTH],
        [WEST + 0.01, SOUTH],
        [WEST + 0.01, SOUTH + 0.02],
        [WEST, SOUTH + 0.02],
        [WEST, SOUTH],
    ]
    square = {"type": "Polygon", "coordinates": [ring]}
    reported = {"state": {"eq": "REPORTED"}}
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({"or": [reported, {"escalationStep": {"gte": 2}}]}, ["A", "B"]),
        ({"and": [reported, {"escalationStep": {"gte": 2}}]}, []),
        ({"not": reported}, ["B"]),
        ({"or": []}, []),
        ({"and": [], "not": None}, ["A", "B"]),
        ({"closedAt": {"isNull": True}, "returnPending": {"eq": False}}, ["A", "B"]),
        ({"no": {"startsWith": "B"}}, ["B"]),
        ({"place": {"near": {"point": point, "metres": 100}}}, ["A"]),
        ({"not": {"place": {"within": square, "crs": "WGS84"}}}, ["B"]),
        ({"complainedOrgUnit": {"eq": gid("OrgUnit", district.orgs["CIVIL"].id)}}, []),
        ({"overdueBy": {"gte": 1}}, []),
    ]
    for where, found in expected:
        assert await numbers(client, where=where) == found, where
    document = "query ($w: AssignmentFilter) { assignments(first: 9, where: $w) { nodes { incidentNo } } }"
    found = await client.ask(document, w={"incidentIs": {"escalationStep": {"eq": 2}}})
    assert found == {"assignments": {"nodes": [{"incidentNo": "B"}]}}


async def test_a_filter_that_makes_no_sense_or_is_too_large_is_refused(district: District) -> None:
    client = Client(district.viewer("dispatcher"))
    ring = [[120 + number / 1000, 30 + number**2 / 1e6] for number in range(200)]
    large = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    point = {"lng": 120, "lat": 30, "crs": "WGS84"}
    deep: dict[str, Any] = {"no": {"eq": "A"}}
    for _ in range(5):
        deep = {"not": deep}
    many = {"or": [{"no": {"eq": str(number), "startsWith": "G"}} for number in range(21)]}
    expected: list[tuple[dict[str, Any], str, str]] = [
        ({"place": {"within": large, "crs": "WGS84"}}, "BAD_INPUT", "where.place.within"),
        ({"place": {"within": large}}, "CRS_REQUIRED", "where.place.crs"),
        ({"place": {"crs": "WGS84"}}, "BAD_INPUT", "where.place.crs"),
        (
            {"place": {"crs": "WGS84", "near": {"point": point, "metres": 6}}},
            "BAD_INPUT",
            "where.place.crs",
        ),
        ({"place": {"near": {"point": point, "metres": 60000}}}, "BAD_INPUT", "where.place.near"),
        (
            {"place": {"near": {"point": {**point, "crs": None}, "metres": 6}}},
            "CRS_REQUIRED",
            "where.place.near.point.crs",
        ),
        ({"or": [{"grid": {"eq": "x"}}]}, "BAD_ID", "where.grid"),
        ({"not": {"title": {"contains": "灯"}}}, "TOO_COSTLY", "where.title"),
        (deep, "TOO_COSTLY", "where"),
        (many, "TOO_COSTLY", "where"),
    ]
    for where, code, field in expected:
        assert await refusals(client, where=where) == [(code, field)], where


async def test_as_many_alternatives_as_conditions_can_be_written_and_not_one_more(district: District) -> None:
    """In the longest words that one has: each of these is five objects."""
    await a_case(district, no="A")
    client = Client(district.viewer("dispatcher"))
    far = {"lng": 100, "lat": 20, "crs": "WGS84"}
    elsewhere = {"not": {"place": {"near": {"point": far, "metres": 1}}}}
    for assignments in (False, True):
        alternative: dict[str, Any] = {"incidentIs": elsewhere} if assignments else elsewhere
        noun = "assignments" if assignments else "incidents"
        kind = "AssignmentFilter" if assignments else "IncidentFilter"
        document = f"query ($w: {kind}) {{ {noun}(first: 9, where: $w) {{ totalCount }} }}"
        found = await client.ask(document, w={"or": [alternative] * MAX_CONDITIONS})
        assert found[noun]["totalCount"] == (not assignments)
        refused = await client.run(document, w={"or": [alternative] * (MAX_CONDITIONS + 1)})
        assert refused.refusals == [("TOO_COSTLY", "where")]


async def test_a_cursor_goes_on_in_the_same_filter_written_otherwise(district: District) -> None:
    await a_case(district, no="A")
    client = Client(district.viewer("dispatcher"))
    one = {"state": {"in": ["REPORTED", "FILED"]}, "overdueBy": None}
    page = (await client.ask(LISTED, where=one))["incidents"]
    after = page["pageInfo"]["endCursor"]
    other = {"and": [{"state": {"in": ["FILED", "REPORTED", "FILED"]}}, {}]}
    assert await numbers(client, where=other, after=after) == []
    assert await refusals(client, where={"not": other}, after=after) == [("BAD_CURSOR", "after")]


async def test_a_saved_filter_serves_its_owner_beside_where(district: District) -> None:
    await a_case(district, no="A")
    await a_case(district, IncidentState.HANDLING, no="B")
    owner, other = Client(district.viewer("dispatcher")), Client(district.viewer("director"))
    where = {"not": {"state": {"in": ["REPORTED"]}}, "reportedAt": {"gte": "2024-10-24T00:00:00Z"}}
    given = {"noun": "INCIDENT", "name": "在办", "incidents": where}
    made = (await owner.do("saveFilter", SHOWN, given))["savedFilter"]
    assert json.loads(made["where"]) == {**where, "reportedAt": {"gte": "2024-10-24T08:00:00+08:00"}}
    assert (made["noun"], made["name"], made["version"]) == ("INCIDENT", "在办", 1)
    assert await numbers(owner, saved=made["id"]) == ["B"]
    assert await numbers(owner, saved=made["id"], where={"state": {"eq": "REPORTED"}}) == []
    assert [it["id"] for it in (await owner.ask(SAVED))["savedFilters"]] == [made["id"]]
    assert (await other.ask(SAVED))["savedFilters"] == []
    assert await refusals(other, saved=made["id"]) == [("NOT_FOUND", "saved")]
    assert await refusals(owner, saved=gid("Incident", new_id())) == [("BAD_ID", "saved")]
    grids = "query ($saved: ID) { grids(first: 1, saved: $saved) { totalCount } }"
    assert (await owner.run(grids, saved=made["id"])).refusals == [("BAD_INPUT", "saved")]
    change = {
        "id": made["id"],
        "expectedVersion": 1,
        "name": "未动",
        "incidents": {"state": {"eq": "REPORTED"}},
    }
    revised = (await owner.do("reviseFilter", SHOWN, change))["savedFilter"]
    assert (revised["name"], revised["version"]) == ("未动", 2)
    assert await numbers(owner, saved=made["id"]) == ["A"]
    gone = await owner.do("deleteFilter", "id", {"id": made["id"], "expectedVersion": 2})
    assert gone == {"id": made["id"]}
    assert (await owner.ask(SAVED))["savedFilters"] == []


async def test_a_filter_is_saved_once_for_one_list_and_by_its_owner_alone(district: District) -> None:
    owner, other = Client(district.viewer("dispatcher")), Client(district.viewer("director"))
    given: dict[str, Any] = {"noun": "GRID", "name": "一号", "grids": {"code": {"eq": "G1"}}}
    made = (await owner.do("saveFilter", SHOWN, given))["savedFilter"]

    async def refused(client: Client, mutation: str, asked: dict[str, Any]) -> list[tuple[str, str | None]]:
        title = mutation[0].upper() + mutation[1:]
        document = f"mutation ($input: {title}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        return (await client.run(document, input={"idempotencyKey": str(new_id()), **asked})).refusals

    bad: list[tuple[dict[str, Any], str]] = [
        ({}, "name"),
        ({"name": "二", "noun": "PERSON"}, "noun"),
        ({"name": "二", "grids": None}, "noun"),
        ({"name": "二", "people": {}}, "people"),
        ({"name": " "}, "name"),
        ({"name": "二", "grids": {"code": {"eq": "x" * 201}}}, "where.code"),
    ]
    for changes, field in bad:
        assert await refused(owner, "saveFilter", {**given, **changes}) == [("BAD_INPUT", field)], changes
    change = {"id": made["id"], "expectedVersion": 1}
    assert await refused(owner, "reviseFilter", {**change, "people": {}}) == [("BAD_INPUT", "noun")]
    assert await refused(owner, "reviseFilter", {**change, "expectedVersion": 7}) == [
        ("CONFLICT", "expectedVersion")
    ]
    assert await refused(other, "reviseFilter", {**change, "name": "我的"}) == [("NOT_FOUND", "id")]
    assert await refused(other, "deleteFilter", change) == [("NOT_FOUND", "id")]
    assert await refused(Client(), "deleteFilter", change) == [("UNAUTHENTICATED", None)]


def kept(district: District, number: int, conditions: str = "{}") -> SavedFilter:
    owner = district.people["dispatcher"].id
    return SavedFilter(
        id=new_id(),
        person_id=owner,
        noun=FilterNoun.INCIDENT,
        name=f"第{number}个",
        conditions=conditions,
        saved_at=datetime(2024, 10, 24, tzinfo=UTC),
    )


async def test_a_person_keeps_so_many_filters_and_no_more(district: District) -> None:
    for number in range(MOST):
        it = kept(district, number)
        await in_transaction(lambda work, it=it: saved_filters.insert(work, it))  # type: ignore[misc]  # bound now
    client = Client(district.viewer("dispatcher"), NOW)
    document = "mutation ($input: SaveFilterInput!) { saveFilter(input: $input) { __typename } }"
    given = {"idempotencyKey": str(new_id()), "noun": "INCIDENT", "name": "多", "incidents": {}}
    assert (await client.run(document, input=given)).refusals == [("GUARD_FAILED", None)]


async def test_a_saved_value_that_is_none_any_more_is_refused_at_use(district: District) -> None:
    client = Client(district.viewer("dispatcher"))
    stale = (
        '{"state":{"eq":"FORGOTTEN"}}',
        '{"mood":{"eq":"GOOD"}}',
        '{"round":{"eq":"one"}}',
        '{"round":{"eq":true}}',
        '{"dueAt":{"gte":"soon"}}',
        '{"grid":{"eq":"x"}}',
        "[]",
        "{",
    )
    for number, conditions in enumerate(stale):
        it = kept(district, number, conditions)
        await in_transaction(lambda work, it=it: saved_filters.insert(work, it))  # type: ignore[misc]  # bound now
        assert await refusals(client, saved=gid("SavedFilter", it.id)) == [("BAD_INPUT", "saved")], conditions
