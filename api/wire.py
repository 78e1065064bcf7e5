"""One accepted websocket, seen as messages: it reads them checked, and never waits for ever to write one.

Items of shared streams go straight to the transport: everything but the operation's id is written once for all sockets.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from os import write
from typing import Any

import orjson
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from api.close_codes import Close
from api.feed.shares.seat import Seat, Told
from api.limits import Limits
from api.protocol import ClientMessage, MalformedError, frame, message_of

Line = tuple[int, asyncio.Transport, bytes]
"""A socket, its transport, and what closes a frame there: the id of the operation."""

GONE = (WebSocketDisconnect, WebSocketDisconnected)

_NEXT = b'{"type":"next","payload":'
_SMALL, _MIDDLE = 126, 65536  # bytes from which a frame says its length in two bytes, and in eight


class Wire:
    """Reads and writes graphql-transport-ws. Everything raises one of `GONE` when the client is not there."""

    __slots__ = ("_behind", "_limits", "_raw", "_timer", "_websocket")

    def __init__(self, websocket: WebSocket, limits: Limits) -> None:
        self._websocket = websocket
        self._limits = limits
        self._raw: Any = websocket.scope.get("extensions", {}).get("raw")
        self._behind: dict[Seat, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        if self._raw is not None:
            self._raw.watch = self

    @property
    def connection(self) -> HTTPConnection:
        """The handshake: headers and addresses."""
        return self._websocket

    async def next(self) -> ClientMessage:
        """The next message; MalformedError for binary, oversize and meaningless frames."""
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        text = event.get("text")
        if text is None or len(text) > self._limits.body:
            raise MalformedError
        return message_of(text)

    async def send(self, kind: str, operation_id: str | None = None, payload: bytes | None = None) -> None:
        """Write one message; a reader that does not take it within `send_seconds` is dropped."""
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._websocket.send_text(frame(kind, operation_id, payload))
        except TimeoutError:
            self._abort()
            raise WebSocketDisconnect(1006) from None

    async def close(self, close: Close) -> None:
        """Say why, and close."""
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                with suppress(*GONE):
                    await self._websocket.close(close.code, close.reason)
        except TimeoutError:
            self._abort()

    def release(self) -> None:
        """The socket is over."""
        self._calm()
        self._behind.clear()
        if self._raw is not None:
            self._raw.watch = None

    # what goes straight to the transport

    def outlet(self, operation_id: str, ended: Callable[[Exception | None], None]) -> "Outlet | None":
        """Where the items of a shared stream go; None where the server has no such way. `ended` hears of the end."""
        return Outlet(self, self._raw, operation_id, ended) if self._raw is not None else None

    def push(self, kind: str, operation_id: str, payload: bytes | None = None) -> None:
        """Write one small message at once, whatever waits."""
        body = frame(kind, operation_id, payload).encode()
        if self._raw is not None and not self._raw.transport.is_closing():
            self._raw.transport.write(header(len(body)) + body)

    def behind(self, seat: Seat) -> None:
        """Tell the seat when the reader has caught up."""
        self._behind[seat] = None

    def paused(self) -> None:
        """The reader is behind: drop it unless it takes something within `send_seconds`."""
        self._watch(self._raw.transport.get_write_buffer_size())

    def resumed(self) -> None:
        """The reader has caught up."""
        self._calm()
        seats, self._behind = self._behind, {}
        for seat in seats:
            seat.relieved()

    def _watch(self, size: int) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._limits.send_seconds, self._look, size)

    def _look(self, before: int) -> None:
        size = self._raw.transport.get_write_buffer_size()
        if size >= before:
            self._abort()
        else:
            self._watch(size)

    def _calm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _abort(self) -> None:
        if self._raw is not None:
            self._raw.abort()


class Running:
    """What runs on one socket by the ids its client gave: tasks, and seats at shared streams, which need none."""

    __slots__ = ("_all", "_thinned", "seats", "streams", "tasks")

    def __init__(self) -> None:
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.seats: dict[str, Seat] = {}
        self.streams: set[asyncio.Task[None]] = set()
        self._all: set[asyncio.Task[None]] = set()
        self._thinned: asyncio.Event | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that are taken."""
        return (*self.tasks, *self.seats)

    @property
    def count(self) -> int:
        """How much runs, what was left and has not ended yet included."""
        return len(self._all) + len(self.seats)

    @property
    def brief(self) -> set[asyncio.Task[None]]:
        """Queries and commands."""
        return set(self.tasks.values()) - self.streams

    def spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """Do something as long as the socket lives."""
        task = asyncio.ensure_future(work)
        self._all.add(task)
        task.add_done_callback(self._all.discard)
        return task

    def leave(self, operation_id: str) -> None:
        """Stop an operation; its id is free again at once, its stream is closed behind it."""
        if task := self.tasks.pop(operation_id, None):
            task.cancel()
        if seat := self.seats.pop(operation_id, None):
            seat.leave()

    def strike(self, operation_id: str) -> None:
        """An operation has ended by itself."""
        self.tasks.pop(operation_id, None)
        self.seats.pop(operation_id, None)
        if self._thinned is not None:
            self._thinned.set()

    @asynccontextmanager
    async def listed(self, operation_id: str) -> AsyncIterator[asyncio.Task[None]]:
        """The operation's task, struck off when it ends, unless its id already means another."""
        task = self.tasks[operation_id]
        try:
            yield task
        finally:
            self.streams.discard(task)
            if self.tasks.get(operation_id) is task:
                del self.tasks[operation_id]
            if self._thinned is not None:
                self._thinned.set()

    async def none(self, patience: float) -> None:
        """Returns when nothing runs, or after `patience` seconds."""
        self._thinned = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self.tasks or self.seats:
                    self._thinned.clear()
                    await self._thinned.wait()

    async def stop(self, *others: asyncio.Task[None]) -> None:
        """End everything, and these tasks."""
        for operation_id in tuple(self.seats):
            self.leave(operation_id)
        tasks = {*others, *self._all}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Outlet:
    """A seat's way to one operation of one socket."""

    __slots__ = ("_ended", "_raw", "_size", "_suffix", "_wire", "line", "seat")

    def __init__(
        self,
        wire: Wire,
        raw: Any,  # noqa: ANN401 - the server's protocol
        operation_id: str,
        ended: Callable[[Exception | None], None],
    ) -> None:
        self._wire = wire
        self._raw = raw
        self._ended = ended
        self._suffix = b',"id":%b}' % orjson.dumps(operation_id)
        self._size = len(self._suffix)
        self.seat: Seat | None = None
        descriptor = raw.descriptor
        self.line: Line | None = (descriptor, raw.transport, self._suffix) if descriptor >= 0 else None

    def spread(self, seats: Sequence[Seat], told: Sequence[Told]) -> None:
        """Write these to sockets that hold nothing back, one system call each; the others go their own way."""
        last, size, heads = told[-1].seq, -1, [b""]
        for seat in seats:
            descriptor, transport, suffix = seat.line
            if len(suffix) != size:
                size = len(suffix)
                heads = [*[_head(it, size) for it in told], b""]
            if transport.is_closing() or transport.get_write_buffer_size():
                seat.offer(told)
                continue
            frame = suffix.join(heads)
            try:
                sent = write(descriptor, frame)
            except OSError:  # it would have to wait, or the peer is gone: the transport knows what to do
                sent = 0
            if sent < len(frame):
                transport.write(frame[sent:])
            seat.read = last

    def give(self, told: Sequence[Told]) -> bool:
        """Write these in one go; False when the reader is behind."""
        raw = self._raw
        if raw.held or raw.transport.is_closing():
            if self.seat is not None:
                self._wire.behind(self.seat)
            return False
        size, suffix = self._size, self._suffix
        if len(told) == 1:
            raw.put(_head(told[0], size) + suffix)
        else:
            raw.put(suffix.join([*[_head(it, size) for it in told], b""]))
        return True

    def end(self, error: Exception | None) -> None:
        """The stream is over."""
        self._ended(error)


def header(size: int) -> bytes:
    """The head of a text frame that a server sends whole (RFC 6455, 5.2)."""
    if size < _SMALL:
        return b"\x81" + bytes((size,))
    if size < _MIDDLE:
        return b"\x81\x7e" + size.to_bytes(2, "big")
    return b"\x81\x7f" + size.to_bytes(8, "big")


def _head(told: Told, size: int) -> bytes:
    """Everything of a frame that comes before the operation's id, which takes `size` bytes."""
    frames = told.frames
    if frames is None:
        frames = told.frames = {}
    made: bytes | None = frames.get(size)
    if made is None:
        length = len(_NEXT) + len(told.payload) + size
        made = frames[size] = b"%b%b%b" % (header(length), _NEXT, told.payload)
    return made
