"""Bad input where it could differ: two servers on PostgreSQL and Redis, which one client reaches by turns."""

import asyncio
from uuid import uuid4

import pytest

from tests.acceptance.desks import (
    CASE,
    GIVEN,
    Desks,
    asked_in_vain,
    dispatched,
    mutation_of,
    posted,
    refusal,
    refused,
    report,
    step,
    why,
)
from tests.acceptance.town import Town

NUL = "\u0000"
COUNTED = "query ($title: String!) { incidents(first: 1, where: {title: {eq: $title}}) { totalCount } }"
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]}


@pytest.fixture
def desks(large_town: Town) -> Desks:
    """The desks of the large town; they take the place of the shared small town's."""
    return Desks(large_town)


async def _nul_is_refused_everywhere(desks: Desks) -> None:
    """PostgreSQL stores no NUL, so none may reach it, by whichever door."""
    acceptor, admin, command = await desks("acceptor"), await desks("admin"), await desks("command")
    for field in ("title", "content", "address"):
        given = {**GIVEN, field: f"路灯{NUL}不亮"}
        assert await refused(acceptor, "reportIncident", **given) == ("BAD_INPUT", field)
    unknown = {**GIVEN, "categoryCode": NUL}
    assert await refused(acceptor, "reportIncident", **unknown) == ("BAD_INPUT", "categoryCode")
    by_no = "query ($no: String!) { incident(no: $no) { no } }"
    assert await asked_in_vain(command, by_no, no=NUL) == ("NOT_FOUND", "no")
    public = "query ($code: String!) { publicCase(code: $code) { publicCode } }"
    assert (await command.ask(public, code=NUL)) == {"publicCase": None}
    assert await asked_in_vain(command, COUNTED, title=NUL) == ("BAD_INPUT", "where.title")
    person = {"username": NUL, "name": "张三", "password": "Fengqiao-demo-1"}
    assert await refused(admin, "createPerson", **person) == ("BAD_INPUT", "username")
    named = {**person, "username": "zhang-san", "name": f"张{NUL}"}
    assert await refused(admin, "createPerson", **named) == ("BAD_INPUT", "name")
    unit = {"code": NUL, "name": "单位", "shortName": "单位", "kind": "DEPARTMENT"}
    assert await refused(admin, "createOrgUnit", **unit) == ("BAD_INPUT", "code")
    regions = await command.ask("{ incidents(first: 1) { nodes { region { id } } } }")
    for node in regions["incidents"]["nodes"]:
        grid = {
            "code": NUL,
            "name": "网格",
            "kind": "MICRO",
            "regionId": node["region"]["id"],
            "polygon": SQUARE,
        }
        assert (await refused(admin, "createGrid", **grid, crs="WGS84"))[0] == "BAD_INPUT"


async def _one_key_serves_once_at_both_servers(desks: Desks) -> None:
    """The same request at both servers at once is one case; a stale version is stale at either."""
    here, there = await desks("acceptor"), await desks("acceptor", 1)
    key, title = str(uuid4()), f"同一键{uuid4().hex[:8]}"
    asked = [report(desk, idempotencyKey=key, title=title) for desk in (here, there) * 3]
    first, *others = await asyncio.gather(*asked)
    assert others == [first] * 5
    assert (await there.ask(COUNTED, title=title))["incidents"] == {"totalCount": 1}
    other = {**GIVEN, "idempotencyKey": key}
    assert await refused(there, "reportIncident", **other) == ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    noted = await step(here, "addNote", first, text="补充记录")
    given = {
        "idempotencyKey": str(uuid4()),
        "id": first["id"],
        "expectedVersion": first["version"],
        "text": "又",
    }
    told = refusal(await posted(there, mutation_of("addNote", "__typename"), input=given))
    assert why(told) == ("CONFLICT", "expectedVersion")
    assert told["currentVersion"] == noted["version"]


async def _only_one_of_two_at_once_wins(desks: Desks) -> None:
    """Both servers are asked to accept the same assignment at the same version."""
    _, row = await dispatched(desks)
    given = {"id": row["id"], "expectedVersion": row["version"]}
    document = mutation_of("acceptAssignment", "assignment { version state }")
    answers = await asyncio.gather(
        *(
            posted(desk, document, input={**given, "idempotencyKey": str(uuid4())})
            for desk in (await desks("housing"), await desks("housing", 1))
        )
    )
    refusals = [refusal(answer) for answer in answers if "errors" in answer.json()]
    assert [it["code"] for it in refusals] == ["CONFLICT"]
    assert (await desks("civil")).address != (await desks("civil", 1)).address
    assert await refused(await desks("civil", 1), "acceptAssignment", **given) == ("NOT_FOUND", "id")


async def test_two_servers_refuse_and_replay_alike(desks: Desks) -> None:
    made = await (await desks("acceptor")).do(
        "reportIncident",
        f"incident {{ {CASE} }} warnings {{ code }}",
        **{**GIVEN, "externalDueAt": "2100-06-01T17:00:00+08:00"},
    )
    assert made["warnings"] == [{"code": "CALENDAR_MISSING"}]
    early = {**GIVEN, "occurredAt": "1900-01-01T00:00:00+08:00"}
    assert await refused(await desks("acceptor", 1), "reportIncident", **early) == ("BAD_INPUT", "occurredAt")
    await _nul_is_refused_everywhere(desks)
    await _one_key_serves_once_at_both_servers(desks)
    await _only_one_of_two_at_once_wins(desks)
