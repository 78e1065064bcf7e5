"""Answers leave whole and together: in order, complete, and also when the server or the connection ends."""

import asyncio
import gc
from collections.abc import AsyncIterator

import orjson
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.application import QuickRequest
from api.limits import Limits
from api.uvicorn_protocol import MOST_WAITING, Outbox
from tests.api.toy import Toy, eventually, serving


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with serving(Limits(requests_per_second=10_000)) as toy:
        yield toy


def asked(number: int, *headers: str) -> bytes:
    """A request whose answer bears its number."""
    body = orjson.dumps({"query": f"{{ n{number}: node {{ name }} }}"})
    lines = ["POST /graphql HTTP/1.1", "host: x", "content-type: application/json", *headers]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    """The headers and the body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    assert head[0] == "HTTP/1.1 200 OK"
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    return headers, await reader.readexactly(int(headers["content-length"]))


async def test_requests_sent_together_on_one_connection_are_answered_in_order(toy: Toy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", toy.port)
    writer.write(b"".join(map(asked, range(3 * MOST_WAITING))))
    for number in range(3 * MOST_WAITING):
        headers, body = await answer(reader)
        assert orjson.loads(body)["data"] == {f"n{number}": {"name": "枫桥1"}}
        assert headers["content-type"] == "application/json; charset=utf-8"
        assert {"date", "cache-control", "x-content-type-options"} <= headers.keys()
    writer.close()


async def test_many_connections_at_once_get_each_its_own_answer(toy: Toy) -> None:
    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", toy.port)
        for turn in range(5):
            writer.write(asked(100 * number + turn))
            _, body = await answer(reader)
            assert orjson.loads(body)["data"] == {f"n{100 * number + turn}": {"name": "枫桥1"}}
        writer.close()

    await asyncio.gather(*map(one, range(40)))


async def test_who_asks_for_an_end_of_the_connection_has_the_answer_first(toy: Toy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", toy.port)
    writer.write(asked(1, "connection: close"))
    headers, body = await answer(reader)
    assert (headers["connection"], orjson.loads(body)["data"]) == ("close", {"n1": {"name": "枫桥1"}})
    assert await reader.read() == b""
    writer.close()


async def test_a_client_that_has_gone_harms_nobody(toy: Toy) -> None:
    _, gone = await asyncio.open_connection("127.0.0.1", toy.port)
    gone.write(b"".join(map(asked, range(20))))
    await gone.drain()
    gone.transport.abort()
    reader, writer = await asyncio.open_connection("127.0.0.1", toy.port)
    writer.write(asked(7))
    assert orjson.loads((await answer(reader))[1])["data"] == {"n7": {"name": "枫桥1"}}
    writer.close()


async def test_what_was_asked_before_the_server_stops_is_answered() -> None:
    async with serving(Limits(requests_per_second=10_000)) as toy:
        reader, writer = await asyncio.open_connection("127.0.0.1", toy.port)
        writer.write(asked(1))
        first = asyncio.create_task(answer(reader))
    assert orjson.loads((await first)[1])["data"] == {"n1": {"name": "枫桥1"}}
    writer.close()


async def test_an_answered_request_is_freed_without_a_search_for_garbage(toy: Toy) -> None:
    """Every second a search for what 3,000 requests left took 13 ms of everybody's time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", toy.port)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for number in range(20):
            writer.write(asked(number))
            await answer(reader)
        gc.collect()
        left = [type(it).__name__ for it in gc.garbage if isinstance(it, RequestResponseCycle | QuickRequest)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
    writer.close()


class _Line(asyncio.Transport):
    """Remembers what is sent, and whether it was closed after it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def test_answers_of_one_turn_leave_with_its_end_and_no_more_wait_than_may() -> None:
    outbox, lines = Outbox(), [_Line() for _ in range(MOST_WAITING + 1)]
    outbox.put(lines[0], b"a", last=False)
    assert lines[0].sent == []
    await eventually(lambda: lines[0].sent == [b"a"])
    for line in lines:
        outbox.put(line, b"b", last=True)
    assert [len(it.sent) for it in lines] == [2, *[1] * (MOST_WAITING - 1), 0]
    await eventually(lambda: lines[-1].sent == [b"b"])
    assert all(it.closed for it in lines)


async def test_nothing_is_sent_on_a_line_that_is_closing() -> None:
    outbox, line = Outbox(), _Line()
    outbox.put(line, b"a", last=False)
    line.close()
    outbox.flush()
    assert line.sent == []
