"""graphql-transport-ws over a real socket: every rule, every close code, and what a vanished client leaves."""

import asyncio
import base64
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import websockets

from api.limits import Limits
from tests.api.toy import Toy, ask, closing, eventually, hear, rest, serving, tell

GOOD: dict[str, object] = {"authorization": "Bearer good"}


@pytest.fixture
async def toy() -> AsyncIterator[Toy]:
    async with serving() as toy:
        yield toy


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[Toy]:
    async with serving() as toy:
        yield toy


async def until(fact: str, toy: Toy, value: int) -> None:
    await eventually(lambda: getattr(toy.ledger, fact) >= value)


async def test_a_query_answers_next_and_complete_with_its_cost(toy: Toy) -> None:
    async with await toy.ready() as connection:
        await ask(connection, "1", "{node{name}}")
        assert await hear(connection) == {
            "type": "next",
            "id": "1",
            "payload": {"data": {"node": {"name": "枫桥1"}}, "extensions": {"cost": 2}},
        }
        assert await hear(connection) == {"type": "complete", "id": "1"}


async def test_an_operation_id_is_free_again_after_its_completion(toy: Toy) -> None:
    async with await toy.ready() as connection:
        for _ in range(3):
            await ask(connection, "same", "mutation{bump}")
            assert (await hear(connection))["type"] == "next"
            assert (await hear(connection))["type"] == "complete"
    assert toy.ledger.bumps == 3


async def test_a_subscription_ends_with_complete_and_refreshes_its_context_for_each_item(toy: Toy) -> None:
    async with await toy.ready() as connection:
        await ask(connection, "s", "subscription{count(to:3)}")
        assert [(await hear(connection))["payload"] for _ in range(3)] == [
            {"data": {"count": n}} for n in range(3)
        ]
        assert await hear(connection) == {"type": "complete", "id": "s"}
    assert toy.ledger.refreshed == 3


async def test_each_operation_has_a_context_of_its_own(toy: Toy) -> None:
    async with await toy.ready() as connection:
        for key in ("1", "2"):
            await ask(connection, key, "mutation{bump}")
            await hear(connection)
            await hear(connection)
    first, second = toy.ledger.contexts
    assert first is not second


async def test_complete_closes_the_generator_and_silences_the_operation(toy: Toy) -> None:
    async with await toy.ready() as connection:
        await ask(connection, "s", "subscription{count}")
        assert (await hear(connection))["type"] == "next"
        await tell(connection, {"id": "s", "type": "complete"})
        await until("closed", toy, 1)
        await tell(connection, {"type": "ping"})
        while (message := await hear(connection))["type"] == "next":
            assert message["id"] == "s"
        assert message == {"type": "pong"}


async def test_a_vanished_client_closes_its_generators(toy: Toy) -> None:
    connection = await toy.ready()
    for key in ("a", "b"):
        await ask(connection, key, "subscription{count}")
    await until("opened", toy, 2)
    connection.transport.abort()
    await until("closed", toy, 2)
    await connection.wait_closed()


async def test_a_vanished_client_does_not_stop_its_mutation(toy: Toy) -> None:
    connection = await toy.ready()
    await ask(connection, "m", "mutation{bump(wait:true)}")
    await until("opened", toy, 1)
    connection.transport.abort()
    await connection.wait_closed()
    await asyncio.sleep(0.05)
    assert toy.ledger.bumps == 0
    toy.ledger.gate.set()
    await until("bumps", toy, 1)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{nope}", "BAD_INPUT"),
        ("{", "BAD_INPUT"),
        ("query A{bug} query B{bug}", "BAD_INPUT"),
        ("subscription{denied}", "FORBIDDEN"),
        ('subscription{count(to:"x")}', "BAD_INPUT"),
        ("{node(first:100){child(first:100){child(first:100){name}}}}", "TOO_COSTLY"),
    ],
)
async def test_a_refused_operation_gets_an_error_and_leaves_the_others_alone(
    toy: Toy, query: str, code: str
) -> None:
    async with await toy.ready() as connection:
        await ask(connection, "live", "subscription{count}")
        await hear(connection)
        await ask(connection, "bad", query)
        while (message := await hear(connection))["id"] == "live":
            assert message["type"] == "next"
        assert (message["type"], message["id"]) == ("error", "bad")
        assert message["payload"][0]["extensions"]["code"] == code
        assert (await hear(connection))["id"] == "live"


async def test_a_stream_that_breaks_ends_with_an_error_and_tells_nothing(toy: Toy) -> None:
    async with await toy.ready() as connection:
        await ask(connection, "s", "subscription{breaks}")
        assert (await hear(connection))["type"] == "next"
        message = await hear(connection)
        assert message["type"] == "error"
        assert message["payload"][0]["message"] == "Internal error"
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "138" not in str(message["payload"][0]["message"])


async def test_a_stream_tells_no_item_by_halves_when_the_store_goes_away(toy: Toy) -> None:
    async with await toy.ready() as connection:
        await ask(connection, "s", "subscription{readings{number row(fails:2)}}")
        for number in range(2):
            message = await hear(connection)
            assert message["payload"]["data"]["readings"] == {"number": number, "row": number}
        message = await hear(connection)
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {"code": "UNAVAILABLE"}


async def test_a_field_error_is_part_of_the_answer(toy: Toy) -> None:
    async with await toy.ready() as connection:
        await ask(connection, "q", "{refused node{name}}")
        message = await hear(connection)
        assert message["type"] == "next"
        assert message["payload"]["data"] == {"refused": None, "node": {"name": "枫桥1"}}
        assert message["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("payload", [{"a": [1, {"b": None}]}, {}])
async def test_ping_gets_its_payload_back_before_and_after_init(toy: Toy, payload: dict[str, object]) -> None:
    async with await toy.connect() as connection:
        await tell(connection, {"type": "ping", "payload": payload})
        assert await hear(connection) == {"type": "pong", "payload": payload}
        await tell(connection, {"type": "connection_init"})
        assert await hear(connection) == {"type": "connection_ack"}
        await tell(connection, {"type": "pong", "payload": payload})
        await tell(connection, {"type": "ping"})
        assert await hear(connection) == {"type": "pong"}


MALFORMED = [
    "",
    "nonsense",
    "[]",
    "null",
    "5",
    '"x"',
    "{}",
    '{"type":7}',
    '{"type":"start"}',
    '{"type":"ping","payload":[]}',
    '{"type":"pong","payload":5}',
    '{"type":"connection_init","payload":"x"}',
    '{"type":"complete"}',
    '{"type":"complete","id":5}',
    '{"type":"subscribe","id":"1"}',
    '{"type":"subscribe","id":"","payload":{"query":"{bug}"}}',
    '{"type":"subscribe","id":["1"],"payload":{"query":"{bug}"}}',
    '{"type":"subscribe","id":"1","payload":[]}',
    '{"type":"subscribe","id":"1","payload":{"query":5}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{bug}","variables":[]}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{bug}","operationName":5}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{bug}","extensions":"x"}}',
    "[" * 100_000,
    "枫" * 300_000,
    b"\x00\x01",
    b'{"type":"ping"}',
]


@pytest.mark.parametrize("initialised", [True, False])
@pytest.mark.parametrize("message", MALFORMED, ids=range(len(MALFORMED)))
async def test_a_malformed_message_closes_4400_without_a_word_of_python(
    shared: Toy,
    message: str | bytes,
    initialised: bool,  # noqa: FBT001 - a test parameter
) -> None:
    connection = await (shared.ready() if initialised else shared.connect())
    await connection.send(message)
    assert await closing(connection) == (4400, "Invalid message received")


async def test_a_subscription_before_init_closes_4401(toy: Toy) -> None:
    connection = await toy.connect()
    await ask(connection, "1", "{bug}")
    assert await closing(connection) == (4401, "Unauthorized")


async def test_a_refused_init_closes_4403_with_the_code(toy: Toy) -> None:
    connection = await toy.connect()
    await tell(connection, {"type": "connection_init", "payload": {"authorization": "Bearer bad"}})
    assert await closing(connection) == (4403, "UNAUTHENTICATED")


async def test_a_bug_at_init_closes_4500_and_tells_nothing(toy: Toy) -> None:
    connection = await toy.connect()
    await tell(connection, {"type": "connection_init", "payload": {"authorization": "Bearer bug"}})
    assert await closing(connection) == (4500, "Internal server error")


@pytest.mark.parametrize("subprotocols", [None, ["graphql-ws"], ["x", "graphql-ws"]])
async def test_another_subprotocol_closes_4406(toy: Toy, subprotocols: list[str] | None) -> None:
    connection = await toy.connect(subprotocols=subprotocols)
    assert await closing(connection) == (4406, "Subprotocol not acceptable")


async def test_the_subprotocol_is_picked_from_several(toy: Toy) -> None:
    async with await toy.connect(subprotocols=["graphql-ws", "graphql-transport-ws"]) as connection:
        assert connection.subprotocol == "graphql-transport-ws"


async def test_a_silent_socket_closes_4408() -> None:
    async with serving(Limits(init_seconds=0.1)) as toy:
        connection = await toy.connect()
        await tell(connection, {"type": "ping"})
        assert await closing(connection) == (4408, "Connection initialisation timeout")


async def test_a_running_id_used_again_closes_4409(toy: Toy) -> None:
    connection = await toy.ready()
    await ask(connection, "枫" * 100, "subscription{count}")
    await ask(connection, "枫" * 100, "subscription{count}")
    assert await closing(connection) == (4409, f"Subscriber for {'枫' * 20} already exists")


async def test_a_second_init_closes_4429(toy: Toy) -> None:
    connection = await toy.ready()
    await tell(connection, {"type": "connection_init"})
    assert await closing(connection) == (4429, "Too many initialisation requests")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://"])
async def test_a_page_of_another_origin_is_refused_at_the_handshake(toy: Toy, origin: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await toy.connect(origin=origin)
    assert refused.value.response.status_code == 403


async def test_our_own_page_may_connect(toy: Toy) -> None:
    async with await toy.connect(origin=f"http://127.0.0.1:{toy.port}") as connection:
        assert connection.subprotocol == "graphql-transport-ws"


async def test_too_many_operations_on_a_socket_are_refused_one_by_one() -> None:
    async with serving(Limits(operations_per_socket=2)) as toy, await toy.ready() as connection:
        for key in ("1", "2", "3"):
            await ask(connection, key, "mutation{bump(wait:true)}")
        message = await hear(connection)
        assert (message["type"], message["id"]) == ("error", "3")
        assert message["payload"][0]["extensions"] == {"code": "RATE_LIMITED", "limit": 2}
        toy.ledger.gate.set()
        assert {(await hear(connection))["id"] for _ in range(4)} == {"1", "2"}


async def test_one_person_has_so_many_sockets_and_a_closed_one_makes_room() -> None:
    async with serving(Limits(sockets_per_user=1)) as toy:
        first = await toy.ready(GOOD)
        second = await toy.connect()
        await tell(second, {"type": "connection_init", "payload": GOOD})
        assert await closing(second) == (1013, "RATE_LIMITED")
        async with await toy.ready({"authorization": "Bearer good other"}):
            await first.close()
        await eventually(lambda: not toy.websocket.caps.held("Bearer good"))
        async with await toy.ready(GOOD):
            assert toy.websocket.caps.held("Bearer good") == 1


async def test_too_many_requests_are_refused_for_their_ids() -> None:
    async with serving(Limits(requests_per_second=1)) as toy, await toy.ready(GOOD) as connection:
        answers = []
        for key in ("1", "2"):
            await ask(connection, key, "mutation{bump}")
            answers.append(await hear(connection))
            if answers[-1]["type"] == "next":
                await hear(connection)
        assert [answer["type"] for answer in answers] == ["next", "error"]
        assert answers[1]["payload"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 1}


async def test_the_end_of_the_session_closes_4403_and_the_generators(toy: Toy) -> None:
    connection = await toy.ready(GOOD)
    await ask(connection, "s", "subscription{count}")
    await hear(connection)
    toy.sessions[0].ended.set()
    assert await closing(connection) == (4403, "SESSION_ENDED")
    await until("closed", toy, 1)


async def test_draining_finishes_commands_completes_streams_and_closes_1012(toy: Toy) -> None:
    connection = await toy.ready()
    await ask(connection, "m", "mutation{bump(wait:true)}")
    await until("opened", toy, 1)
    await ask(connection, "s", "subscription{count}")
    await hear(connection)
    draining = asyncio.create_task(toy.websocket.drain())
    await asyncio.sleep(0.05)
    await ask(connection, "late", "{bug}")
    await asyncio.sleep(0.05)
    toy.ledger.gate.set()
    heard = await rest(connection)
    await draining
    ends = {message["id"]: message["type"] for message in heard if message["type"] != "next"}
    assert ends == {"m": "complete", "s": "complete", "late": "error"}
    code, reason = await closing(connection)
    assert (code, reason.partition("=")[0]) == (1012, "retryAfterMs")
    assert (toy.ledger.bumps, toy.ledger.closed) == (1, 1)
    late = await toy.connect()
    assert (await closing(late))[0] == 1012


def masked(payload: bytes) -> bytes:
    mask, size = os.urandom(4), len(payload)
    head = b"\x81" + (bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size))
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


@asynccontextmanager
async def careless(toy: Toy) -> AsyncIterator[socket.socket]:
    """An initialised client that reads no more and answers no ping."""
    loop = asyncio.get_running_loop()
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", toy.port))
        await loop.sock_sendall(client, head.encode())
        await loop.sock_recv(client, 2000)
        await loop.sock_sendall(client, masked(b'{"type":"connection_init"}'))
        yield client


FLOOD = b'{"type":"subscribe","id":"1","payload":{"query":"subscription{flood}"}}'


@pytest.mark.parametrize(
    ("limits", "pings"),
    [
        (Limits(send_seconds=0.3), {}),
        (Limits(send_seconds=60), {"ws_ping_interval": 0.2, "ws_ping_timeout": 0.2}),
    ],
    ids=["by the time a message waits", "by an unanswered ping"],
)
async def test_a_reader_that_does_not_read_is_dropped(limits: Limits, pings: dict[str, float]) -> None:
    async with serving(limits, **pings) as toy, careless(toy) as client:
        await asyncio.get_running_loop().sock_sendall(client, masked(FLOOD))
        await until("closed", toy, 1)
        await eventually(lambda: not toy.websocket.conversations)
