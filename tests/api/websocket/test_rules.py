"""graphql-transport-ws, rule by rule, where a client does what it should not or the order is unusual; and chance.

The ordinary conversation and every close code are in `tests/api/test_websocket.py`.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import websockets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.desks import PYTHON
from tests.api.test_websocket import careless, masked
from tests.api.toy import Toy, ask, closing, eventually, hear, rest, serving, tell

ALLOWED = {4400, 4401, 4403, 4409, 4429}


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with serving() as toy:
        yield toy


async def alive(connection: websockets.ClientConnection) -> bool:
    """Whether the server still answers; what its streams say meanwhile is passed by."""
    await tell(connection, {"type": "ping"})
    while (message := await hear(connection))["type"] == "next":
        pass
    return bool(message == {"type": "pong"})


async def test_pongs_are_taken_unasked_whenever_they_come(toy: Toy) -> None:
    async with await toy.connect() as connection:
        for payload in ({}, {"payload": None}, {"payload": {"a": 1}}):
            await tell(connection, {"type": "pong", **payload})
        await tell(connection, {"type": "connection_init", "payload": None})
        assert await hear(connection) == {"type": "connection_ack"}
        await tell(connection, {"type": "pong"})
        assert await alive(connection)


async def test_a_ping_without_a_payload_gets_a_pong_without_one(toy: Toy) -> None:
    async with await toy.ready() as connection:
        for payload in ({}, {"payload": None}):
            await tell(connection, {"type": "ping", **payload})
            assert await hear(connection) == {"type": "pong"}


async def test_completing_what_is_unknown_over_or_never_was_is_no_fault(toy: Toy) -> None:
    async with await toy.ready() as connection:
        await tell(connection, {"type": "complete", "id": "never"})
        await ask(connection, "q", "{node{name}}")
        assert [(await hear(connection))["type"] for _ in range(2)] == ["next", "complete"]
        for _ in range(2):
            await tell(connection, {"type": "complete", "id": "q"})
        assert await alive(connection)


async def test_completing_before_init_is_no_fault_and_answers_nothing(toy: Toy) -> None:
    async with await toy.connect() as connection:
        await tell(connection, {"type": "complete", "id": "1"})
        await tell(connection, {"type": "connection_init"})
        assert await hear(connection) == {"type": "connection_ack"}


@pytest.mark.parametrize(
    "query", ["{", "{nope}", "subscription{denied}", "{bug}", "subscription{count(to:1)}"]
)
async def test_an_id_is_free_again_whatever_ended_its_operation(toy: Toy, query: str) -> None:
    async with await toy.ready() as connection:
        for _ in range(3):
            await ask(connection, "same", query)
            while (message := await hear(connection))["type"] == "next":
                assert message["id"] == "same"
            assert message["type"] in {"error", "complete"}
        assert await alive(connection)


async def test_an_id_is_free_again_at_once_when_the_client_completes_it(toy: Toy) -> None:
    async with await toy.ready() as connection:
        for _ in range(20):
            await ask(connection, "same", "subscription{count}")
            await tell(connection, {"type": "complete", "id": "same"})
        await ask(connection, "same", "{node{name}}")
        while "node" not in (message := await hear(connection)).get("payload", {}).get("data", {}):
            assert message["type"] == "next"
        assert await hear(connection) == {"type": "complete", "id": "same"}
    await eventually(lambda: toy.ledger.opened == toy.ledger.closed)


async def test_an_operation_ends_once_with_error_or_complete_never_both(toy: Toy) -> None:
    async with await toy.ready() as connection:
        for key, query in enumerate(
            ("{", "{node{name}}", "subscription{breaks}", "subscription{count(to:2)}")
        ):
            await ask(connection, str(key), query)
        heard: list[Any] = []
        while len([it for it in heard if it["type"] != "next"]) < 4:
            heard.append(await hear(connection))
        assert await alive(connection)
    ends = sorted((it["id"], it["type"]) for it in heard if it["type"] != "next")
    assert ends == [("0", "error"), ("1", "complete"), ("2", "error"), ("3", "complete")]
    assert all(isinstance(it["payload"], list) and it["payload"] for it in heard if it["type"] == "error")


async def test_what_is_sent_right_behind_init_is_answered_after_the_ack(toy: Toy) -> None:
    async with await toy.connect() as connection:
        await tell(connection, {"type": "connection_init"})
        await ask(connection, "1", "{node{name}}")
        heard = [(await hear(connection))["type"] for _ in range(3)]
    assert heard == ["connection_ack", "next", "complete"]


async def test_a_second_init_right_behind_the_first_closes_4429(toy: Toy) -> None:
    connection = await toy.connect()
    for _ in range(2):
        await tell(connection, {"type": "connection_init"})
    assert (await closing(connection))[0] == 4429


async def test_members_that_the_protocol_does_not_know_are_no_fault(toy: Toy) -> None:
    async with await toy.connect() as connection:
        await tell(connection, {"type": "connection_init", "payload": {"x": [1]}, "y": None, "id": 7})
        assert await hear(connection) == {"type": "connection_ack"}
        payload = {"query": "{node{name}}", "variables": None, "extensions": {"more": 1}, "z": {}}
        await tell(connection, {"type": "subscribe", "id": "1", "payload": payload, "w": 0})
        assert [(await hear(connection))["type"] for _ in range(2)] == ["next", "complete"]


@pytest.mark.parametrize("key", ["枫桥", '"\\', "\n\r\t", "\u0000", "x" * 50_000, "👮" * 100])
async def test_any_text_is_an_id_and_comes_back_as_it_was(toy: Toy, key: str) -> None:
    async with await toy.ready() as connection:
        await ask(connection, key, "{node{name}}")
        assert [(await hear(connection))["id"] for _ in range(2)] == [key, key]
        for _ in range(2):
            await ask(connection, key, "subscription{count}")
        code, reason = await closing(connection)
    assert code == 4409
    assert len(reason.encode()) <= 123  # what a close frame holds


@pytest.mark.parametrize(
    "message",
    [
        '{"type":"ping","payload":{"a":"\\ud800"}}',  # half a character
        '{"type":"ping",}',
        "{'type':'ping'}",
        '{"type":"ping","payload":NaN}',
        '{"type":"ping"} trailing',
        "\ufeff" + '{"type":"ping"}',
        '{"type":"PING"}',
        '{"type":["ping"]}',
        '{"type":"connection_ack"}',
        '{"type":"next","id":"1","payload":{}}',
        '{"type":"error","id":"1","payload":[]}',
        '{"type":"connection_terminate"}',
        "true",
        "1e999",
        '{"a":' * 2000 + "1" + "}" * 2000,
    ],
)
async def test_what_no_client_may_say_closes_4400(toy: Toy, message: str) -> None:
    connection = await toy.ready()
    await connection.send(message)
    assert await closing(connection) == (4400, "Invalid message received")


async def test_bytes_that_are_no_utf_8_close_as_websockets_have_it_and_leave_nothing() -> None:
    async with serving() as toy, careless(toy) as client:
        loop = asyncio.get_running_loop()
        await eventually(lambda: toy.sessions)
        await loop.sock_sendall(client, masked(b'{"type":"ping","payload":{"a":"\xff\xfe"}}'))
        answer = b""
        while chunk := await loop.sock_recv(client, 4096):
            answer += chunk
        code = re.search(rb"\x88.([\x03-\x13].)", answer, re.DOTALL)
        assert code is not None, answer
        assert int.from_bytes(code[1]) == 1007
        assert not PYTHON.search(answer.decode("latin-1"))
        await eventually(lambda: not toy.websocket.conversations)


async def test_a_frame_beyond_all_bounds_closes_1009_and_leaves_nothing() -> None:
    async with serving(ws_max_size=256 * 1024) as toy:
        connection = await toy.ready()
        await connection.send("x" * 300_000)
        assert (await closing(connection))[0] == 1009
        await eventually(lambda: not toy.websocket.conversations)


LAST = {"type": "pong", "payload": {"last": 1}}
KEYS = st.sampled_from(["1", "2", "枫"])
QUERIES = st.sampled_from(
    [
        "{node{name}}",
        "mutation{bump}",
        "subscription{count}",
        "subscription{count(to:2)}",
        "subscription{breaks}",
        "subscription{denied}",
        "{bug}",
        "{",
        "{nope}",
        "query($n:Int!){node(first:$n){name}}",
        "",
        "fragment A on B{c}",
        "{" * 300,
        "subscription{count count2:count}",
        "{__schema{types{name}}}",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
PAYLOADS = ANYTHING | st.fixed_dictionaries(
    {"query": QUERIES | ANYTHING},
    optional={
        "variables": ANYTHING,
        "operationName": ANYTHING,
        "extensions": ANYTHING,
        "documentId": ANYTHING,
    },
)
SAID = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("subscribe"), "id": KEYS, "payload": QUERIES.map(lambda it: {"query": it})}
    ),
    st.fixed_dictionaries({"type": st.just("complete"), "id": KEYS}),
    st.fixed_dictionaries({"type": st.sampled_from(["ping", "pong"])}, optional={"payload": ANYTHING}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["subscribe", "complete", "connection_init", "ping", "next"]) | ANYTHING},
        optional={"id": KEYS | ANYTHING, "payload": PAYLOADS},
    ),
    ANYTHING,
)
FRAMES = SAID.map(lambda it: orjson.dumps(it).decode()) | st.text(max_size=20) | st.binary(max_size=20)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(greeted=st.booleans(), frames=st.lists(FRAMES, min_size=1, max_size=8))
async def test_whatever_is_said_the_server_stays_lets_go_and_tells_nothing_of_itself(
    toy: Toy,
    greeted: bool,  # noqa: FBT001 - a drawn value
    frames: list[str | bytes],
) -> None:
    heard: list[Any] = []
    connection = await (toy.ready() if greeted else toy.connect())
    try:
        for frame in frames:
            await connection.send(frame)
        await connection.send('{"type":"ping","payload":{"last":1}}')
        while heard[-1:] != [LAST]:
            heard.append(await hear(connection))
    except websockets.ConnectionClosed:
        heard += await rest(connection)
    if connection.close_code is not None:
        assert connection.close_code in ALLOWED, (connection.close_code, connection.close_reason)
        assert not PYTHON.search(connection.close_reason or "")
    errors = [it["payload"] for it in heard if it["type"] == "error"]
    said = [error["message"] for payload in errors for error in payload]
    assert not [it for it in said if PYTHON.search(it)], said
    connection.transport.abort()
    await connection.wait_closed()
    await eventually(lambda: not toy.websocket.conversations)
    await eventually(lambda: toy.ledger.opened == toy.ledger.closed + toy.ledger.bumps)
