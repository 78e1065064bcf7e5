"""A websocket that rests holds no task and no parser, and yet reads every frame as the protocol has it."""

import asyncio
import base64
import contextlib
import gc
import os
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.websockets import WebSocket
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from api.sockets.frames import PONG, TEXT, alone, ends_with_a_frame
from api.sockets.pulse import STEPS, Pulse
from api.sockets.resting import RestingWS
from tests.api.toy import Toy, eventually, serving

MOST = 70_000
INIT = {"type": "connection_init", "payload": {}}
ASK = {"type": "subscribe", "id": "1", "payload": {"query": "{ node { name } }"}}
ANSWER = {"node": {"name": "枫桥1"}}


def sent(payload: bytes, opcode: Opcode = Opcode.TEXT, *, final: bool = True) -> bytes:
    """A frame as clients send it."""
    return Frame(opcode, payload, fin=final).serialize(mask=True)


def text(message: object) -> bytes:
    return sent(orjson.dumps(message))


@dataclass
class Client:
    """A websocket by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: RestingWS

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of what the server said next."""
        async with asyncio.timeout(5):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            return first & 0xF, await self.reader.readexactly(size)

    async def message(self) -> Any:
        """The next message."""
        opcode, payload = await self.frame()
        assert opcode == Opcode.TEXT
        return orjson.loads(payload)

    async def answered(self) -> bool:
        """Whether the next two messages answer `ASK`."""
        first, second = await self.message(), await self.message()
        return (first["type"], first["payload"]["data"], second["type"]) == ("next", ANSWER, "complete")


@contextlib.asynccontextmanager
async def client(toy: Toy, *, greeted: bool = True) -> AsyncIterator[Client]:
    """A socket that has been accepted."""
    before = set(toy.server.server_state.connections)
    reader, writer = await asyncio.open_connection("127.0.0.1", toy.port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
    )
    try:
        yield await _accepted(toy, reader, writer, before, greeted=greeted)
    finally:
        writer.close()


async def _accepted(
    toy: Toy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, before: set[Any], *, greeted: bool
) -> Client:
    await reader.readuntil(b"\r\n\r\n")
    (server,) = set(toy.server.server_state.connections) - before
    assert isinstance(server, RestingWS)
    found = Client(reader, writer, server)
    if greeted:
        writer.write(text(INIT))
        assert await found.message() == {"type": "connection_ack"}
    return found


def tasks() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


async def test_a_socket_that_rests_has_no_task_no_parser_and_no_handshake() -> None:
    async with serving() as toy:
        before = len(tasks())
        async with client(toy) as one:
            one.writer.write(text(ASK))
            assert await one.answered()
            await eventually(lambda: len(tasks()) == before)
            held = vars(one.server)
            assert not {"conn", "loop", "app", "connections"} & held.keys()
            assert (one.server.conn, one.server.scope, one.server.request, one.server.response) == (None,) * 4
            assert one.server.loop is asyncio.get_running_loop()
            assert one.server in one.server.connections
            assert len(toy.websocket.conversations) == 1
        await eventually(lambda: not toy.websocket.conversations)
        assert not toy.server.server_state.connections
        assert len(tasks()) == before


async def test_what_a_socket_needed_to_begin_is_freed_without_a_search_for_garbage() -> None:
    async with serving() as toy:
        gc.collect()
        gc.disable()
        try:
            async with client(toy) as one:
                one.writer.write(text(ASK) + sent(b"?", Opcode.PONG))
                assert await one.answered()
                await eventually(lambda: not one.server.read_paused)
                kinds = (ServerProtocol, HttpToolsProtocol, WebSocket, Request)
                assert not [it for it in gc.get_objects() if isinstance(it, kinds)]
        finally:
            gc.enable()


WHOLE = text(ASK)
HALF = len(WHOLE) // 2


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([text(ASK)], id="alone"),
        pytest.param([WHOLE[:HALF], WHOLE[HALF:]], id="in two packets"),
        pytest.param([WHOLE[:2], WHOLE[2:]], id="its length first"),
        pytest.param([WHOLE[at : at + 1] for at in range(len(WHOLE))], id="byte by byte"),
        pytest.param([sent(b"", Opcode.PONG) + text(ASK)], id="behind a pong"),
        pytest.param([sent(b"?", Opcode.PING), text(ASK)], id="after a ping"),
        pytest.param(
            [
                sent(orjson.dumps(ASK)[:9], final=False),
                sent(orjson.dumps(ASK)[9:], Opcode.CONT),
            ],
            id="in fragments",
        ),
        pytest.param(
            [
                sent(orjson.dumps(ASK)[:9], final=False) + sent(b"?", Opcode.PING),
                sent(orjson.dumps(ASK)[9:], Opcode.CONT),
            ],
            id="in fragments around a ping",
        ),
    ],
)
async def test_however_its_frames_come_a_message_is_read_and_so_is_the_next(parts: list[bytes]) -> None:
    async with serving() as toy, client(toy) as one:
        for _ in range(2):
            for part in parts:
                one.writer.write(part)
                await asyncio.sleep(0.001)
            assert await _answer(one)
        one.writer.write(text({**ASK, "id": "2"}))
        assert await _answer(one)


async def _answer(one: Client) -> bool:
    """The answer, whatever pings and pongs come before it."""
    found: list[Any] = []
    while len(found) < 2:
        opcode, payload = await one.frame()
        if opcode == Opcode.TEXT:
            found.append(orjson.loads(payload))
        elif opcode != Opcode.PING:  # the server asks now and then whether anybody is there
            assert (opcode, payload) == (Opcode.PONG, b"?")
    return (found[0]["payload"]["data"], found[1]["type"]) == (ANSWER, "complete")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param(sent(b"\xff"), 1007, id="no text"),
        pytest.param(sent(b"{}", Opcode.CONT), 1002, id="a fragment of nothing"),
        pytest.param(b"\x81\x02{}", 1002, id="without a mask"),
        pytest.param(b"\xc1" + sent(b"{}")[1:], 1002, id="compressed"),
        pytest.param(sent(b"x" * 300_000)[:100], 1009, id="too long"),
        pytest.param(sent(b"{}", Opcode.BINARY), 4400, id="no text frame"),
    ],
)
async def test_what_breaks_the_protocol_closes_a_resting_socket_too(wrong: bytes, code: int) -> None:
    async with serving(ws_max_size=262_144) as toy, client(toy) as one:
        one.writer.write(wrong)
        opcode, payload = await one.frame()
        assert (opcode, Close.parse(payload).code) == (Opcode.CLOSE, code)
        one.writer.write(sent(payload[:2], Opcode.CLOSE))
        assert await one.reader.read() == b""
        await eventually(lambda: not toy.websocket.conversations)


async def test_a_client_that_says_goodbye_is_answered() -> None:
    async with serving() as toy, client(toy) as one:
        one.writer.write(sent(Close(1000, "").serialize(), Opcode.CLOSE))
        opcode, payload = await one.frame()
        assert (opcode, Close.parse(payload).code) == (Opcode.CLOSE, 1000)
        await eventually(lambda: not toy.websocket.conversations)


async def test_messages_are_seen_to_one_after_the_other_though_they_come_together() -> None:
    async with serving() as toy, client(toy, greeted=False) as one:
        one.writer.write(text(INIT) + text(ASK))
        assert await one.message() == {"type": "connection_ack"}
        assert await one.answered()


async def test_who_answers_pings_stays_and_who_does_not_is_dropped() -> None:
    async with (
        serving(ws_ping_interval=0.3, ws_ping_timeout=0.3) as toy,
        client(toy) as one,
        client(toy) as two,
    ):
        loop = asyncio.get_running_loop()
        until = loop.time() + 1.5
        while loop.time() < until:
            opcode, payload = await one.frame()
            assert opcode == Opcode.PING
            one.writer.write(sent(payload, Opcode.PONG))
        assert (await two.frame())[0] == Opcode.PING
        with contextlib.suppress(ConnectionError):
            await two.reader.read()
        assert len(toy.websocket.conversations) == 1


# frames


CONTROLS = st.builds(sent, st.binary(max_size=125), st.sampled_from([Opcode.PING, Opcode.PONG]))
SIZES = st.integers(0, 200) | st.sampled_from([125, 126, 127, 65_535, 65_536])
DATA = st.builds(
    lambda opcode, size, final: sent(os.urandom(size), opcode, final=final),
    st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
    SIZES,
    st.booleans(),
)
FRAMES = CONTROLS | DATA


@given(FRAMES, st.integers(0, MOST))
@example(sent(bytes(127), Opcode.TEXT, final=True), 127)  # its length is said in two bytes, not in eight
def test_one_frame_alone_is_read_as_the_parser_would(frame: bytes, most: int) -> None:
    known = _parsed(frame)
    found = alone(frame, most)
    plain = known.opcode in (TEXT, PONG) and known.fin and len(known.data) <= min(most, 65_535)
    assert found == ((known.opcode, bytes(known.data)) if plain else None)


@given(st.lists(FRAMES, max_size=4), st.data())
def test_the_end_of_a_frame_is_known_from_its_middle(frames: list[bytes], data: st.DataObject) -> None:
    together = b"".join(frames)
    ends = {sum(map(len, frames[:count])) for count in range(len(frames) + 1)}
    cut = data.draw(st.integers(0, len(together)) | st.sampled_from(sorted(ends)))
    assert ends_with_a_frame(together[:cut]) is (cut in ends)
    if len(frames) > 1:
        assert alone(together, MOST) is None


def _parsed(frame: bytes) -> Frame:
    buffer = bytearray(frame)

    def read(size: int) -> Any:
        taken = bytes(buffer[:size])
        del buffer[:size]
        yield from ()
        return taken

    parsing = Frame.parse(read, mask=True, max_size=None, extensions=[])
    try:
        next(parsing)
    except StopIteration as done:
        result: Frame = done.value
        return result
    raise AssertionError("the frame is not whole")


# the pulse


@dataclass(eq=False)
class Beaten:
    told: Callable[["Beaten"], None]
    step: int = 0

    def beat(self) -> None:
        self.told(self)


async def test_all_are_pinged_once_in_a_turn_and_not_at_the_same_moment() -> None:
    loop, beats, pulse = asyncio.get_running_loop(), dict[Beaten, list[float]](), Pulse(0.2)
    those = [Beaten(lambda it: beats.setdefault(it, []).append(loop.time())) for _ in range(2 * STEPS)]
    for it in those:
        pulse.join(it)
    await asyncio.sleep(0.7)
    for it in those:
        pulse.leave(it)
    assert all(len(beats[it]) in (2, 3, 4) for it in those)
    assert all(late - early > 0.1 for it in those for early, late in pairwise(beats[it]))
    assert len({it.step for it in those}) == STEPS
    told = sum(map(len, beats.values()))
    await asyncio.sleep(0.3)
    assert sum(map(len, beats.values())) == told
