"""The two doors of the feed. A line yields messages as a websocket has them: `next`, `error`, `complete`."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import httpx2
import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.feed_rig.ids import plainly
from tests.feed_rig.record import Row

_LONGEST = 4 * 1024 * 1024
_WAITING = 8  # messages that wait in a console that does not read


class LeftError(Exception):
    """The other side went away."""


class Line(Protocol):
    """One subscription; `opened` is when it was asked for (monotonic seconds)."""

    opened: float

    async def message(self, seconds: float) -> Row:
        """The next message. TimeoutError when none comes in time, LeftError when none will come."""

    def drop(self) -> None:
        """Break the connection, as a cable that is pulled."""


class SocketLine:
    """A subscription over a websocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.opened = time.monotonic()
        self._socket = socket

    async def say(self, message: Row) -> None:
        """Send."""
        await self._socket.send(json.dumps(message))

    async def message(self, seconds: float) -> Row:
        """The next one."""
        async with asyncio.timeout(seconds):
            found: Row = json.loads(await self._socket.recv(), object_hook=plainly)
            return found

    def drop(self) -> None:
        """Break it."""
        self._socket.transport.abort()


@asynccontextmanager
async def websocket(
    address: str, token: str, document: str, variables: Mapping[str, object], after: str | None
) -> AsyncIterator[SocketLine]:
    """Over `graphql-transport-ws`; where to go on stands in the variable `after`."""
    async with connect(
        f"ws://{address}/graphql",
        subprotocols=[websockets.Subprotocol("graphql-transport-ws")],
        max_size=_LONGEST, max_queue=_WAITING, compression=None, open_timeout=5, close_timeout=1, proxy=None,
    ) as socket:  # fmt: skip
        line = SocketLine(socket)
        await line.say({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
        await line.message(10)
        line.opened = time.monotonic()
        given = {**variables, "after": after} if "$after" in document else dict(variables)
        await line.say({"id": "1", "type": "subscribe", "payload": {"query": document, "variables": given}})
        yield line


class EventLine:
    """A subscription over server-sent events; whoever does not read stops the reader as well."""

    def __init__(self, response: httpx2.Response, opened: float) -> None:
        self.opened = opened
        self._response = response
        self._waiting: asyncio.Queue[Row | Exception] = asyncio.Queue(_WAITING)
        self._reader = asyncio.create_task(self._read(), name="events")

    async def message(self, seconds: float) -> Row:
        """The next one; `eventId` is what it was called."""
        async with asyncio.timeout(seconds):
            found = await self._waiting.get()
        if isinstance(found, Exception):
            raise LeftError from found
        return found

    def drop(self) -> None:
        """Break it: what is still to come is read by nobody."""
        self._reader.cancel()

    async def leave(self) -> None:
        """Read no more."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        said: dict[str, str] = {}
        try:
            async for text in self._response.aiter_lines():
                name, _, value = text.partition(":")
                if text and name:
                    said[name] = value.removeprefix(" ")
                elif not text and said:
                    await self._waiting.put(_message(said))
                    said = {}
        except httpx2.HTTPError as error:
            await self._waiting.put(error)
        else:
            await self._waiting.put(ConnectionError("the answer ended"))


def _message(said: Mapping[str, str]) -> Row:
    payload = json.loads(said["data"], object_hook=plainly) if said.get("data") else None
    return {"type": said["event"], "payload": payload, "eventId": said.get("id")}


@asynccontextmanager
async def events(
    address: str, token: str, document: str, variables: Mapping[str, object], after: str | None
) -> AsyncIterator[EventLine]:
    """Over server-sent events; where to go on stands in `Last-Event-ID`."""
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {token}"}
    if after is not None:
        headers["last-event-id"] = after
    body = {"query": document, "variables": variables}
    timeout, opened = httpx2.Timeout(5, read=None), time.monotonic()
    async with (
        httpx2.AsyncClient(timeout=timeout, trust_env=False) as client,
        client.stream("POST", f"http://{address}/graphql", json=body, headers=headers) as response,
    ):
        if response.headers["content-type"].startswith("text/event-stream"):
            line = EventLine(response, opened)
            try:
                yield line
            finally:
                await line.leave()
        else:
            raise LeftError(f"{response.status_code}: {(await response.aread()).decode()[:300]}")


Door = Callable[
    [str, str, str, Mapping[str, object], str | None], AbstractAsyncContextManager[SocketLine | EventLine]
]
DOORS: Mapping[str, Door] = {"websocket": websocket, "events": events}
