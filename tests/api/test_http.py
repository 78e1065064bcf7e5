"""GraphQL over HTTP on a real server: media types, statuses, refusals, and commands of clients that have gone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest

from api.limits import Limits
from tests.api.toy import Toy, eventually, serving

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with serving(Limits(requests_per_second=10_000)) as toy:
        yield toy


async def post(toy: Toy, body: object, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with toy.client() as client:
        return await client.post("/graphql", content=content, headers={"content-type": JSON, **named})


async def get(toy: Toy, **parameters: str) -> httpx2.Response:
    async with toy.client() as client:
        return await client.get("/graphql", params=parameters)


def code(response: httpx2.Response) -> object:
    return response.json()["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    ("accept", "served"),
    [
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{GRAPHQL_JSON}, {JSON};q=0.9", GRAPHQL_JSON),
        (f"{JSON};q=0.5, {GRAPHQL_JSON};charset=utf-8;q=0.8", GRAPHQL_JSON),
        (f"text/html, {JSON}", JSON),
    ],
)
async def test_an_answer_comes_in_the_media_type_the_client_prefers(
    toy: Toy, accept: str, served: str
) -> None:
    response = await post(toy, {"query": "{node{name}}"}, accept=accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{served}; charset=utf-8"
    assert response.json() == {"data": {"node": {"name": "枫桥1"}}, "extensions": {"cost": 2}}


async def test_chinese_is_sent_as_it_is(toy: Toy) -> None:
    response = await post(toy, {"query": "{node{name}}"})
    assert "枫桥".encode() in response.content


@pytest.mark.parametrize("accept", ["text/html", "image/png, text/plain", f"{JSON};q=0", f"{JSON};q=x"])
async def test_a_client_that_takes_no_json_gets_406(toy: Toy, accept: str) -> None:
    response = await post(toy, {"query": "{bug}"}, accept=accept)
    assert (response.status_code, code(response)) == (406, "BAD_INPUT")


REFUSED = [
    ({"query": "{"}, "BAD_INPUT"),
    ({"query": "{nope}"}, "BAD_INPUT"),
    ({"query": "query A{bug} query B{bug}"}, "BAD_INPUT"),
    ({"query": "query A{bug}", "operationName": "B"}, "BAD_INPUT"),
    ({"query": "query($n:Int!){node(first:$n){name}}", "variables": {"n": "secret"}}, "BAD_INPUT"),
    ({"query": "{node(first:100){child(first:100){child(first:100){name}}}}"}, "TOO_COSTLY"),
    ({"query": "subscription{count}"}, "BAD_INPUT"),
]


@pytest.mark.parametrize(("body", "expected"), REFUSED)
@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL_JSON, 400), ("*/*", 400), (JSON, 200)])
async def test_a_refused_operation_is_400_unless_the_client_asks_for_plain_json(
    toy: Toy, body: dict[str, Any], expected: str, accept: str, status: int
) -> None:
    if "subscription" in body["query"]:
        status = 400  # the request is wrong here, whatever the media type
    response = await post(toy, body, accept=accept)
    assert (response.status_code, code(response)) == (status, expected)
    assert "data" not in response.json()
    assert "secret" not in response.text


async def test_a_refused_field_is_an_answer(toy: Toy) -> None:
    response = await post(
        toy, {"query": "{refused node{name}}"}, accept=GRAPHQL_JSON, accept_language="en-GB"
    )
    assert response.status_code == 200
    assert response.json()["data"] == {"refused": None, "node": {"name": "枫桥1"}}
    assert response.json()["errors"] == [
        {
            "message": "Not found",
            "extensions": {"code": "NOT_FOUND", "field": "id", "rule": "T11", "no": "GCL-1"},
            "locations": [{"line": 1, "column": 2}],
            "path": ["refused"],
        }
    ]


async def test_a_bug_is_sent_as_its_id_alone(toy: Toy) -> None:
    response = await post(toy, {"query": "{bug}"})
    (error,) = response.json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("系统错误", "INTERNAL")
    assert len(error["extensions"]["id"]) == 32
    assert "138" not in error["message"]


BAD_BODIES = [
    b"",
    b"nonsense",
    b"\xff\xfe",
    b"5",
    b"null",
    b'"x"',
    b"[]",
    b"{}",
    b'[{"query":"{bug}"},{"query":"{bug}"}]',
    b'{"query":5}',
    b'{"query":null}',
    b'{"query":""}',
    b'{"query":"{bug}","variables":"x"}',
    b'{"query":"{bug}","variables":[1]}',
    b'{"query":"{bug}","operationName":5}',
    b'{"query":"{bug}","extensions":[]}',
    b"[" * 5000,
]


@pytest.mark.parametrize("accept", [GRAPHQL_JSON, JSON])
@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
async def test_a_body_that_is_no_request_is_400_with_an_error_object(
    toy: Toy, body: bytes, accept: str
) -> None:
    response = await post(toy, body, accept=accept)
    assert (response.status_code, code(response)) == (400, "BAD_INPUT")
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "",
    ],
)
async def test_a_form_that_any_page_could_send_is_415(toy: Toy, content_type: str) -> None:
    response = await post(toy, {"query": "mutation{bump}"}, content_type=content_type)
    assert response.status_code == 415
    assert toy.ledger.bumps == 0


async def test_utf_8_may_be_named(toy: Toy) -> None:
    assert (
        await post(toy, {"query": "{node{name}}"}, content_type=f"{JSON}; charset=UTF-8")
    ).status_code == 200
    assert (
        await post(toy, {"query": "{node{name}}"}, content_type=f"{JSON}; charset=gbk")
    ).status_code == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_405_with_what_is_allowed(toy: Toy, method: str) -> None:
    async with toy.client() as client:
        response = await client.request(method, "/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


async def test_a_query_may_come_by_get(toy: Toy) -> None:
    query = "query Q($n:Int!){node(first:$n){name}}"
    response = await get(toy, query=query, variables='{"n":7}', operationName="Q")
    assert response.json()["data"] == {"node": {"name": "枫桥7"}}


async def test_a_mutation_by_get_is_405_and_does_nothing(toy: Toy) -> None:
    response = await get(toy, query="mutation{bump}")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert toy.ledger.bumps == 0


@pytest.mark.parametrize(
    "parameters", [{}, {"query": "{bug}", "variables": "{"}, {"query": "{bug}", "variables": "5"}]
)
async def test_a_get_without_a_usable_request_is_400(toy: Toy, parameters: dict[str, str]) -> None:
    response = await get(toy, **parameters)
    field = "variables" if parameters else "query"
    assert (response.status_code, response.json()["errors"][0]["extensions"]["field"]) == (400, field)


async def test_a_body_of_ten_megabytes_is_413(toy: Toy) -> None:
    response = await post(toy, b" " * 10_000_000)
    assert (response.status_code, code(response)) == (413, "TOO_COSTLY")
    told = response.json()["errors"][0]["extensions"]
    assert (told["what"], told["value"], told["limit"]) == ("body", 10_000_000, Limits().body)


async def test_a_body_that_hides_its_length_is_counted_while_it_comes(toy: Toy) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b" " * 1024

    async with toy.client() as client:
        response = await client.post("/graphql", content=chunks(), headers={"content-type": JSON})
    assert response.status_code == 413


@pytest.mark.parametrize("accept", [GRAPHQL_JSON, JSON])
async def test_a_bad_token_is_401(toy: Toy, accept: str) -> None:
    response = await post(toy, {"query": "{bug}"}, authorization="Bearer bad", accept=accept)
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "Sign in first"),
        ("zh-CN,en;q=0.5", "请先登录"),
        ("fr, en;q=0.2", "Sign in first"),
        ("", "请先登录"),
    ],
)
async def test_messages_come_in_the_callers_language(toy: Toy, language: str, message: str) -> None:
    response = await post(toy, {"query": "{bug}"}, authorization="bad", accept_language=language)
    assert response.json()["errors"][0]["message"] == message


async def test_a_bug_before_the_operation_is_500_and_tells_nothing(toy: Toy) -> None:
    response = await post(toy, {"query": "{bug}"}, authorization="Bearer bug", accept=JSON)
    assert (response.status_code, code(response)) == (500, "INTERNAL")
    assert "138" not in response.json()["errors"][0]["message"]


async def test_too_many_requests_of_one_token_are_429_and_others_go_on() -> None:
    async with serving(Limits(requests_per_second=3)) as toy:
        statuses = [
            (await post(toy, {"query": "{node{name}}"}, authorization="Bearer good")).status_code
            for _ in range(5)
        ]
        assert statuses == [200, 200, 200, 429, 429]
        response = await post(toy, {"query": "{node{name}}"}, authorization="Bearer good")
        assert int(response.headers["retry-after"]) >= 1
        other = await post(toy, {"query": "{node{name}}"}, authorization="Bearer good too")
        assert other.status_code == 200


async def test_made_up_tokens_are_counted_for_their_address() -> None:
    async with serving(Limits(requests_per_second=3)) as toy:
        statuses = [
            (await post(toy, {"query": "{bug}"}, authorization=f"bad {n}")).status_code for n in range(5)
        ]
    assert statuses == [401, 401, 401, 429, 429]


async def test_a_query_that_takes_too_long_is_ended() -> None:
    async with serving(Limits(query_seconds=0.05)) as toy:
        response = await post(toy, {"query": "{slow(seconds:5)}"})
        assert response.json()["data"] is None
        assert response.json()["errors"][0]["extensions"] == {
            "code": "TOO_COSTLY",
            "what": "seconds",
            "limit": 0.05,
        }


async def test_a_vanished_client_does_not_stop_its_mutation() -> None:
    async with serving() as toy:
        asking = asyncio.create_task(post(toy, {"query": "mutation{bump(wait:true)}"}))
        await eventually(lambda: toy.ledger.opened)
        asking.cancel()
        await asyncio.wait({asking})
        draining = asyncio.create_task(toy.http.drain())
        await asyncio.sleep(0.05)
        assert not draining.done()
        toy.ledger.gate.set()
        await draining
        assert toy.ledger.bumps == 1


async def test_an_answer_is_never_cached(toy: Toy) -> None:
    assert (await post(toy, {"query": "{node{name}}"})).headers["cache-control"] == "no-store"
