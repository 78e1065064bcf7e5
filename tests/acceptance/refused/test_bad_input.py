"""Bad input: each line of it gets a code and a field, changes nothing, and never shows Python's words."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from demo import data
from tests.acceptance.desks import (
    CASE,
    GIVEN,
    Desks,
    asked_in_vain,
    dispatched,
    eventually,
    mutation_of,
    posted,
    refusal,
    refused,
    report,
    step,
    why,
)
from tests.acceptance.town import Desk

READ = "query ($id: ID!) { incident(id: $id) { no version state } }"
PLACED = f"incident {{ {CASE} }} warnings {{ code field message }}"


async def _refused_report(desks: Desks, **given: object) -> tuple[str, str | None]:
    """Why a report is refused; nothing may be stored."""
    with desks.nothing_changes():
        return await refused(await desks("acceptor"), "reportIncident", **{**GIVEN, **given})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", " \t  "),
        ("title", "灯"),
        ("title", "灯" * 51),
        ("title", "路灯\u0000不亮"),
        ("title", "路灯\u202e不亮"),
        ("title", "路灯\n不亮"),
        ("title", "\u200b\u200b\u200b"),
        ("content", "长" * 1001),
        ("content", "前\u0007后"),
        ("address", "路" * 201),
        ("address", "三号楼\u0000"),
        ("complainant.name", "王\u0000秀兰"),
        ("complainant.name", "王" * 51),
        ("complainant.phone", "not a phone"),
        ("complainant.phone", "1" * 40),
        ("point.source", "来" * 61),
    ],
)
async def test_text_that_is_empty_overlong_or_holds_control_characters_is_refused(
    desks: Desks, field: str, value: str
) -> None:
    outer, _, inner = field.partition(".")
    given = {outer: {**GIVEN[outer], inner: value} if inner else value}
    assert await _refused_report(desks, **given) == ("BAD_INPUT", field)


async def test_words_on_an_existing_case_are_checked_like_those_of_a_report(desks: Desks) -> None:
    acceptor = await desks("acceptor")
    incident = await report(acceptor)
    named = {"id": incident["id"], "expectedVersion": incident["version"]}
    with desks.nothing_changes():
        for text in ("", "  ", "字" * 1001, "a\u0000b"):
            assert await refused(acceptor, "addNote", **named, text=text) == ("BAD_INPUT", "text")
        amended = {**named, "reason": "更正"}
        assert await refused(acceptor, "amendIncident", **amended, title="灯") == ("BAD_INPUT", "title")
        assert await refused(acceptor, "amendIncident", **{**amended, "reason": ""}, title="路灯") == (
            "BAD_INPUT",
            "reason",
        )
        rejected = {**named, "reason": "OUTSIDE_DUTY", "replyText": "\u0001"}
        assert await refused(acceptor, "rejectIncident", **rejected) == ("BAD_INPUT", "replyText")


async def test_a_correction_may_not_take_away_the_only_place_of_a_case(desks: Desks) -> None:
    acceptor = await desks("acceptor")
    incident = await report(acceptor, point=None)
    named = {"id": incident["id"], "expectedVersion": incident["version"], "reason": "更正"}
    with desks.nothing_changes():
        assert await refused(acceptor, "amendIncident", **named, address="") == ("GUARD_FAILED", "point")
        unplaced = {"lng": 123.43, "lat": 41.15}
        assert await refused(acceptor, "amendIncident", **named, point=unplaced) == (
            "CRS_REQUIRED",
            "point.crs",
        )


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ({"lng": 123.43, "lat": 41.15}, ("CRS_REQUIRED", "point.crs")),
        ({"lng": 123.43, "lat": 41.15, "crs": None}, ("CRS_REQUIRED", "point.crs")),
        ({"lng": 223.43, "lat": 41.15, "crs": "WGS84"}, ("BAD_INPUT", "point")),
        ({"lng": 123.43, "lat": -91, "crs": "WGS84"}, ("BAD_INPUT", "point")),
        ({"lng": 123.43, "lat": 41.15, "crs": "WGS84", "accuracyM": -1}, ("BAD_INPUT", "point.accuracyM")),
        ({"lng": 123.43, "lat": 41.15, "crs": "MARS"}, ("BAD_INPUT", "point.crs")),
        ({"lng": "east", "lat": 41.15, "crs": "WGS84"}, ("BAD_INPUT", "point.lng")),
        ({"lat": 41.15, "crs": "WGS84"}, ("BAD_INPUT", "point")),
    ],
)
async def test_a_point_without_system_or_off_the_globe_is_refused(
    desks: Desks, point: dict[str, object], expected: tuple[str, str]
) -> None:
    assert await _refused_report(desks, point=point) == expected


async def test_a_point_outside_the_district_is_taken_with_a_warning(desks: Desks) -> None:
    desk = await desks("acceptor")
    beijing = {"lng": 116.4, "lat": 39.9, "crs": "WGS84"}
    made = await desk.do("reportIncident", PLACED, **{**GIVEN, "point": beijing})
    assert [(it["code"], it["field"]) for it in made["warnings"]] == [("OUTSIDE_DISTRICT", "point")]
    assert made["warnings"][0]["message"] == "位置在本区之外"
    assert (made["incident"]["grid"], made["incident"]["region"]) == (None, {"level": "DISTRICT"})


def _shared_corner() -> tuple[tuple[float, float], set[str]]:
    """A corner of the demo's grids that several of them share, and their codes."""
    corners = {
        grid.code: {tuple(corner) for corner in grid.polygon["coordinates"][0]}
        for grid in data.grids()
        if grid.polygon["type"] == "Polygon"
    }
    counted = Counter(corner for ring in corners.values() for corner in ring)
    ((lng, lat), shared), *_ = counted.most_common(1)
    assert shared > 1
    return (lng, lat), {code for code, ring in corners.items() if (lng, lat) in ring}


async def test_a_point_on_the_border_of_grids_lies_in_one_of_them_and_always_the_same(desks: Desks) -> None:
    desk, ((lng, lat), touching) = await desks("acceptor"), _shared_corner()
    corner = {"lng": lng, "lat": lat, "crs": "WGS84"}
    first = await report(desk, point=corner)
    assert first["grid"]["code"] in touching
    assert (await report(desk, point=corner))["grid"] == first["grid"]
    at = await desk.ask("query ($point: PointInput!) { gridAt(point: $point) { code } }", point=corner)
    assert at["gridAt"] == first["grid"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("occurredAt", "1900-01-01T00:00:00+08:00"),
        ("occurredAt", "2100-01-01T00:00:00+08:00"),
        ("occurredAt", "1899-12-31T23:59:59+08:00"),
        ("occurredAt", "2024-10-20T09:00:00"),
        ("occurredAt", "2024-02-30T09:00:00+08:00"),
        ("occurredAt", "yesterday"),
        ("occurredAt", 5),
        ("externalDueAt", "1900-01-01T00:00:00+08:00"),
        ("externalDueAt", "2101-01-01T00:00:00+08:00"),
    ],
)
async def test_a_date_that_makes_no_sense_is_refused(desks: Desks, field: str, value: object) -> None:
    assert await _refused_report(desks, **{field: value}) == ("BAD_INPUT", field)


async def test_a_due_time_in_a_year_without_calendar_is_taken_with_a_warning(desks: Desks) -> None:
    desk = await desks("acceptor")
    given = {**GIVEN, "externalDueAt": "2100-06-01T17:00:00+08:00"}
    made = await desk.do("reportIncident", PLACED, **given)
    assert [(it["code"], it["field"]) for it in made["warnings"]] == [("CALENDAR_MISSING", "externalDueAt")]
    assert made["incident"]["state"] == "REPORTED"
    preview = (
        "query ($at: DateTime!) { deadlinePreview(start: $at, limit: 1, unit: WORK_DAY) { provisional } }"
    )
    for start, provisional in (("2100-06-01T09:00:00+08:00", True), ("2024-10-21T09:00:00+08:00", False)):
        found = await desk.ask(preview, at=start)
        assert found["deadlinePreview"] == {"provisional": provisional}


async def test_values_of_the_wrong_type_name_their_field(desks: Desks) -> None:
    assert await _refused_report(desks, kind="WISH") == ("BAD_INPUT", "kind")
    assert await _refused_report(desks, title=5) == ("BAD_INPUT", "title")
    assert await _refused_report(desks, title=None) == ("BAD_INPUT", "title")
    assert (await _refused_report(desks, wish="x"))[0] == "BAD_INPUT"
    assert await _refused_report(desks, idempotencyKey="1") == ("BAD_INPUT", "idempotencyKey")
    assert await _refused_report(desks, categoryCode="NO-SUCH") == ("NOT_FOUND", "categoryCode")
    assert await _refused_report(desks, source="GRID_PATROL") == ("FORBIDDEN", "source")
    assert await _refused_report(desks, externalId="12345-1") == ("FORBIDDEN", "externalId")
    assert await _refused_report(desks, mediaIds=["bm90"]) == ("BAD_ID", "mediaIds")
    assert await _refused_report(desks, point=None, address=None) == ("GUARD_FAILED", "point")


async def test_ids_that_are_none_or_of_another_type_are_refused(desks: Desks) -> None:
    desk = await desks("command")
    incident = await report(await desks("acceptor"))
    unit = await desks.unit("GCL-ZJJ")
    with desks.nothing_changes():
        for identity in ("", "x", "å", unit, incident["no"], incident["id"] + "A", incident["id"].lower()):
            assert await asked_in_vain(desk, READ, id=identity) == ("BAD_ID", "id")
            given = {"id": identity, "expectedVersion": 1, "text": "记录"}
            assert await refused(desk, "addNote", **given) == ("BAD_ID", "id")
        both = "query ($id: ID!) { incident(id: $id, no: $id) { no } }"
        assert (await asked_in_vain(desk, both, id=incident["id"]))[0] == "BAD_INPUT"
        assert (await asked_in_vain(desk, "{ incident { no } }"))[0] == "BAD_INPUT"


async def test_a_case_of_another_unit_does_not_exist_for_whoever_may_not_see_it(desks: Desks) -> None:
    incident, row = await dispatched(desks, "GCL-ZJJ")
    civil, resident = await desks("civil"), await desks("resident")
    named = {"id": row["id"], "expectedVersion": row["version"]}
    with desks.nothing_changes():
        for stranger in (civil, resident):
            assert await asked_in_vain(stranger, READ, id=incident["id"]) == ("NOT_FOUND", "id")
            by_no = "query ($no: String!) { incident(no: $no) { no } }"
            assert await asked_in_vain(stranger, by_no, no=incident["no"]) == ("NOT_FOUND", "no")
            found = await stranger.ask(
                "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[incident["id"]]
            )
            assert found["nodes"] == [None]
            listed = "query ($no: String!) { incidents(first: 1, where: {no: {eq: $no}}) { totalCount nodes { no } } }"
            assert (await stranger.ask(listed, no=incident["no"]))["incidents"] == {
                "totalCount": 0,
                "nodes": [],
            }
        assert await refused(civil, "acceptAssignment", **named) == ("NOT_FOUND", "id")
        note = {"id": incident["id"], "expectedVersion": incident["version"], "text": "记录"}
        assert await refused(civil, "addNote", **note) == ("NOT_FOUND", "id")


async def test_a_step_out_of_turn_is_refused_and_says_from_which_state(desks: Desks) -> None:
    incident = await report(await desks("acceptor"))
    named = {"id": incident["id"], "expectedVersion": incident["version"]}
    shift = await desks("shift")
    with desks.nothing_changes():
        document = mutation_of("closeIncident", "__typename")
        answer = await posted(shift, document, input={"idempotencyKey": str(uuid4()), **named})
        told = refusal(answer)
        assert (told["code"], told["from"]) == ("ILLEGAL_TRANSITION", "REPORTED")
        lead = await desks.unit("GCL-ZJJ")
        early = {**named, "mode": "SINGLE", "leads": [lead], "basis": "职责"}
        assert await refused(await desks("dispatcher"), "dispatchIncident", **early) == (
            "ILLEGAL_TRANSITION",
            None,
        )
        assert await refused(await desks("auditor"), "addNote", **named, text="记录") == ("FORBIDDEN", None)
        joint = {**early, "mode": "LED_JOINT"}
        assert await refused(await desks("dispatcher"), "dispatchIncident", **joint) == (
            "ILLEGAL_TRANSITION",
            None,
        )


async def test_a_stale_version_is_a_conflict_that_names_the_present_one(desks: Desks) -> None:
    acceptor = await desks("acceptor")
    old = await report(acceptor)
    new = await step(acceptor, "addNote", old, text="补充记录")
    with desks.nothing_changes():
        for version in (old["version"], new["version"] + 1, 0, -1):
            given = {"id": old["id"], "expectedVersion": version, "text": "又一条"}
            answer = await posted(
                acceptor,
                mutation_of("addNote", "__typename"),
                input={"idempotencyKey": str(uuid4()), **given},
            )
            told = refusal(answer)
            assert why(told) == ("CONFLICT", "expectedVersion")
            assert told["currentVersion"] == new["version"]


async def test_a_key_answers_again_for_the_same_input_and_refuses_another(desks: Desks) -> None:
    acceptor, key = await desks("acceptor"), str(uuid4())
    first = await report(acceptor, idempotencyKey=key)
    with desks.nothing_changes():
        assert await report(acceptor, idempotencyKey=key) == first
        other = {**GIVEN, "title": "另一件事", "idempotencyKey": key}
        reused = ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
        assert await refused(acceptor, "reportIncident", **other) == reused
        note = {"idempotencyKey": key, "id": first["id"], "expectedVersion": 1, "text": "记录"}
        assert await refused(acceptor, "addNote", **note) == reused
    theirs = await report(await desks("housing"), idempotencyKey=key, source="DEPT_INSPECTION")
    assert theirs["no"] != first["no"]  # a key belongs to one person


async def test_a_replay_is_answered_before_version_and_state_are_looked_at(desks: Desks) -> None:
    acceptor, key = await desks("acceptor"), str(uuid4())
    incident = await report(acceptor)
    given = {"idempotencyKey": key, "urgency": "NORMAL", "categoryCode": GIVEN["categoryCode"]}
    filed = await step(acceptor, "fileIncident", incident, **given)
    with desks.nothing_changes():
        assert await step(acceptor, "fileIncident", incident, **given) == filed


async def test_a_refused_command_leaves_its_key_free(desks: Desks) -> None:
    acceptor, key = await desks("acceptor"), str(uuid4())
    assert await _refused_report(desks, idempotencyKey=key, title="") == ("BAD_INPUT", "title")
    assert (await report(acceptor, idempotencyKey=key))["state"] == "REPORTED"


def _nested(levels: int) -> str:
    return "{ viewer { orgUnit { " + "parent { " * levels + "id" + " }" * levels + " } } }"


HUNDREDS = (
    "incidents(first: 100) { nodes { assignments { clocks { explanation { minutes } } history: id } } }"
)
FRAGMENTS = " ".join(f"fragment F{n} on Region {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (_nested(30), "depth"),
        (_nested(400), "depth"),
        (_nested(3000), "document"),
        ("{ " + " ".join(f"a{n}: viewer {{ id }}" for n in range(60)) + " }", "aliases"),
        ("{ " + "viewer { id } " * 60 + "}", "repeats"),
        ("{ " + "viewer { id } " * 1000 + "}", "tokens"),
        ("{ viewer { id " + "@skip(if: false) " * 60 + "} }", "directives"),
        ("{ " + " ".join(f"b{n}: {HUNDREDS}" for n in range(20)) + " }", "cost"),
    ],
)
async def test_documents_that_are_too_deep_wide_or_costly_are_refused_before_they_run(
    desks: Desks, document: str, what: str
) -> None:
    answer = await posted(await desks("command"), document)
    told = refusal(answer)
    assert (answer.status_code, told["code"], told["what"]) == (400, "TOO_COSTLY", what)
    assert told["value"] > told["limit"]


async def test_a_bomb_of_fragments_is_refused_and_the_next_caller_served_at_once(desks: Desks) -> None:
    desk = await desks("command")
    bomb = "{ categories { parent { id } } viewer { orgUnit { region { ...F0 } } } } "
    async with asyncio.timeout(5):
        answer = await posted(desk, bomb + FRAGMENTS + " fragment F60 on Region { id }")
        assert refusal(answer)["code"] == "TOO_COSTLY"
        assert (await desk.ask("{ viewer { username } }"))["viewer"] == {"username": "command"}


async def test_documents_that_are_wrong_are_refused_in_graphql_words(desks: Desks) -> None:
    desk = await desks("command")
    for document in (
        "{ viewer { id ",
        "{ nonsense }",
        "query Q { viewer { id } } query R { viewer { id } }",
    ):
        answer = await posted(desk, document)
        assert (answer.status_code, refusal(answer)["code"]) == (400, "BAD_INPUT")
    many = "{ incidents(first: 101) { nodes { id } } }"
    for document in ("{ incidents { nodes { id } } }", many, "{ incidents(first: 0) { nodes { id } } }"):
        assert (await asked_in_vain(desk, document))[0] == "PAGE_SIZE_REQUIRED"
    forged = 'query { incidents(first: 1, after: "Zm9yZ2Vk") { nodes { id } } }'
    assert await asked_in_vain(desk, forged) == ("BAD_CURSOR", "after")
    assert (await asked_in_vain(desk, '{ incidents(first: 1, search: "") { nodes { id } } }')) == (
        "BAD_INPUT",
        "search",
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"5", 400),
        (b"\xff\xfe", 400),
        (b'{"query": 5}', 400),
        (b'{"query": "{ viewer { id } }", "variables": []}', 400),
        (b'{"query": "{ viewer { id } }", "variables": {"a": "\\ud800"}}', 400),
        (b"[" * 100_000, 400),
    ],
)
async def test_bodies_that_are_no_request_are_refused(desks: Desks, body: bytes, status: int) -> None:
    answer = await _raw(await desks("command"), body)
    assert answer.status_code == status
    assert refusal(answer)["code"] == "BAD_INPUT"


async def _raw(desk: Desk, body: bytes) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {desk.token}", "Content-Type": "application/json"}
    return await desk.http.post(f"http://{desk.address}/graphql", content=body, headers=headers)


async def test_a_body_of_ten_megabytes_is_refused_and_the_server_goes_on(desks: Desks) -> None:
    desk = await desks("acceptor")
    given = {**GIVEN, "idempotencyKey": str(uuid4()), "content": "x" * 10 * 1024 * 1024}
    body = {"query": mutation_of("reportIncident", f"incident {{ {CASE} }}"), "variables": {"input": given}}
    with desks.nothing_changes():
        answer = await _raw(desk, json.dumps(body).encode())
        assert (answer.status_code, refusal(answer)["code"]) == (413, "TOO_COSTLY")
    assert (await report(desk))["state"] == "REPORTED"


@asynccontextmanager
async def _sent(desk: Desk, body: bytes, size: int) -> AsyncIterator[None]:
    """Send the first bytes of a request; vanish afterwards without waiting for the answer."""
    host, port = desk.address.split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = [
        "POST /graphql HTTP/1.1",
        f"Host: {desk.address}",
        f"Authorization: Bearer {desk.token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    writer.write("\r\n".join([*head, "", ""]).encode() + body[:size])
    await writer.drain()
    yield
    writer.transport.abort()


def _reporting(title: str, **given: object) -> tuple[dict[str, Any], bytes]:
    given = {**GIVEN, "title": title, "idempotencyKey": str(uuid4()), **given}
    return given, json.dumps(
        {"query": mutation_of("reportIncident", f"incident {{ {CASE} }}"), "variables": {"input": given}}
    ).encode()


async def _counted(desk: Desk, title: str) -> int:
    document = "query ($title: String!) { incidents(first: 1, where: {title: {eq: $title}}) { totalCount } }"
    found: int = (await desk.ask(document, title=title))["incidents"]["totalCount"]
    return found


async def test_a_client_that_vanishes_mid_mutation_finds_it_done_once(desks: Desks) -> None:
    desk, title = await desks("acceptor"), f"消失的客户端{uuid4().hex[:8]}"
    given, body = _reporting(title)
    with desks.nobody_writes():
        async with _sent(desk, body, len(body)):
            await asyncio.sleep(0.3)  # the command has begun and waits for the store
        assert await _counted(desk, title) == 0
    await eventually(lambda: _counted(desk, title))
    again = await report(desk, **given)  # the client comes back with its key
    assert again["state"] == "REPORTED"
    assert await _counted(desk, title) == 1


async def test_a_client_that_vanishes_while_asking_changes_nothing(desks: Desks) -> None:
    desk, title = await desks("acceptor"), f"半截请求{uuid4().hex[:8]}"
    _, body = _reporting(title)
    with desks.nothing_changes():
        async with _sent(desk, body, len(body) // 2):
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.2)
        assert await _counted(desk, title) == 0
