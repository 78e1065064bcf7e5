"""Bad input over websockets: malformed frames end one socket or one operation, and never anybody else's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import websockets

from tests.acceptance.desks import CASE, GIVEN, PYTHON, Desks, Row, eventually, mutation_of, report
from tests.acceptance.town import Desk

FEED = "subscription { feed { __typename ... on FeedEvent { incident { no } } } }"
PROTOCOL = websockets.Subprotocol("graphql-transport-ws")


@asynccontextmanager
async def _socket(desk: Desk, *, greeted: bool = True) -> AsyncIterator[websockets.ClientConnection]:
    """A socket, past its greeting unless told otherwise."""
    async with websockets.connect(f"ws://{desk.address}/graphql", subprotocols=[PROTOCOL]) as socket:
        if greeted:
            await socket.send(_init(desk))
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        yield socket


def _init(desk: Desk) -> str:
    return json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {desk.token}"}})


def _subscribe(document: object, operation_id: object = "1", **variables: object) -> str:
    payload = {"query": document, "variables": variables}
    return json.dumps({"type": "subscribe", "id": operation_id, "payload": payload})


async def _closing(socket: websockets.ClientConnection) -> tuple[int | None, str | None]:
    """How the socket is closed; nothing else may come before."""
    with pytest.raises(websockets.ConnectionClosed):
        await asyncio.wait_for(socket.recv(), 5)
    assert not PYTHON.search(socket.close_reason or "")
    return socket.close_code, socket.close_reason


MALFORMED: list[str | bytes] = [
    "[]",
    "null",
    "5",
    "{",
    "",
    "\u0000",
    "[" * 50_000,
    "{}",
    '{"type": 5}',
    '{"type": "start"}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "id": 5, "payload": {"query": "{ viewer { id } }"}}',
    '{"type": "subscribe", "id": "", "payload": {"query": "{ viewer { id } }"}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
    '{"type": "subscribe", "id": "1", "payload": []}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
    '{"type": "complete"}',
    '{"type": "ping", "payload": 5}',
    b"\x00\x01",
]


async def test_a_malformed_frame_closes_its_own_socket_alone_with_a_neutral_reason(desks: Desks) -> None:
    command = await desks("command")
    async with command.watch(FEED) as console:
        await console.until(bool)
        for frame in MALFORMED:
            async with _socket(command) as socket:
                await socket.send(frame)
                assert await _closing(socket) == (4400, "Invalid message received"), frame[:80]
        incident = await report(await desks("acceptor"))
        await console.until(lambda items: {"no": incident["no"]} in [it.get("incident") for it in items])
        assert (console.closed, console.faults) == (None, [])


async def test_a_frame_above_the_limit_closes_its_socket(desks: Desks) -> None:
    async with _socket(await desks("command")) as socket:
        await socket.send("x" * (256 * 1024 + 1))
        code, _ = await _closing(socket)
        assert code in {1009, 4400}


async def test_the_order_of_the_protocol_is_kept(desks: Desks) -> None:
    command = await desks("command")
    async with _socket(command, greeted=False) as socket:
        await socket.send(_subscribe(FEED))
        assert (await _closing(socket))[0] == 4401
    async with _socket(command) as socket:
        await socket.send(_init(command))
        assert (await _closing(socket))[0] == 4429
    async with _socket(command) as socket:
        await socket.send(_subscribe(FEED))
        await socket.recv()
        await socket.send(_subscribe(FEED))
        assert (await _closing(socket))[0] == 4409
    address = f"ws://{command.address}/graphql"
    async with websockets.connect(address, subprotocols=[websockets.Subprotocol("graphql-ws")]) as socket:
        assert (await _closing(socket))[0] == 4406


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("subscription {", "BAD_INPUT"),
        ("subscription { nonsense }", "BAD_INPUT"),
        ("subscription { feed { __typename } board { open } }", "BAD_INPUT"),
        ('subscription { feed(after: "Zm9yZ2Vk") { __typename } }', "BAD_CURSOR"),
        ('subscription { incidentChanged(id: "x") { __typename } }', "BAD_ID"),
        ("subscription { departmentQueue(first: 0) { __typename } }", "PAGE_SIZE_REQUIRED"),
        ("subscription { feed { " + "__typename " * 60 + "} }", "TOO_COSTLY"),
    ],
)
async def test_a_bad_operation_fails_alone_and_its_socket_goes_on(
    desks: Desks, document: str, code: str
) -> None:
    async with _socket(await desks("command")) as socket:
        await socket.send(_subscribe(document, "bad"))
        text = await asyncio.wait_for(socket.recv(), 5)
        failed = json.loads(text)
        assert not PYTHON.search(str(text))
        assert (failed["type"], failed["id"]) == ("error", "bad")
        assert failed["payload"][0]["extensions"]["code"] == code
        await socket.send(_subscribe("{ viewer { username } }", "good"))
        answered = json.loads(await socket.recv())
        assert answered["payload"]["data"] == {"viewer": {"username": "command"}}


async def test_a_stream_of_what_one_may_not_see_is_refused(desks: Desks) -> None:
    incident = await report(await desks("acceptor"))
    watching = "subscription ($id: ID!) { incidentChanged(id: $id) { __typename } }"
    async with _socket(await desks("civil")) as socket:
        for document, code in (
            (watching, "NOT_FOUND"),
            ("subscription { commandCentre { __typename } }", "FORBIDDEN"),
        ):
            await socket.send(_subscribe(document, code, id=incident["id"]))
            failed = json.loads(await asyncio.wait_for(socket.recv(), 5))
            assert (failed["type"], failed["payload"][0]["extensions"]["code"]) == ("error", code)


async def test_a_client_that_vanishes_from_its_socket_mid_mutation_finds_it_done_once(desks: Desks) -> None:
    acceptor, title = await desks("acceptor"), f"断线上报{uuid4().hex[:8]}"
    given = {**GIVEN, "title": title, "idempotencyKey": str(uuid4())}
    document = mutation_of("reportIncident", f"incident {{ {CASE} }}")
    with desks.nobody_writes():
        async with _socket(acceptor) as socket:
            await socket.send(_subscribe(document, input=given))
            await asyncio.sleep(0.3)  # the command has begun and waits for the store
            socket.transport.abort()
    finding = "query ($title: String!) { incidents(first: 2, where: {title: {eq: $title}}) { nodes { no } } }"

    async def found() -> list[Row]:
        nodes: list[Row] = (await acceptor.ask(finding, title=title))["incidents"]["nodes"]
        return nodes

    kept = await eventually(found)
    again = await report(acceptor, **given)
    assert kept == [{"no": again["no"]}]
