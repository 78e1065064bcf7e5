"""One accepted websocket, seen as messages: it reads them checked, and never waits for ever to write one.

Items of shared streams go straight to the transport: everything but the operation's id is written once for all sockets.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from os import write
from typing import Any, Protocol

import orjson
from starlette.requests import HTTPConnection
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from api.close_codes import Close
from api.feed.shares.seat import Seat, Told
from api.limits import Limits
from api.protocol import ClientMessage, MalformedError, frame, message_of
from domain.term import Language

Line = tuple[int, asyncio.Transport, bytes]
"""A socket, its transport, and what closes a frame there: the id of the operation."""

GONE = (WebSocketDisconnect, WebSocketDisconnected)

_NEXT = b'{"type":"next","payload":'
_SMALL, _MIDDLE = 126, 65536  # bytes from which a frame says its length in two bytes, and in eight


class Reads(Protocol):
    """Who is handed what a server received, one after the other."""

    def put_nowait(self, event: Message) -> None:
        """A message, or the end."""


class Hears(Protocol):
    """Who hears of the end of shared streams."""

    def ended(self, operation_id: str, language: Language, error: Exception | None) -> None:
        """One is over."""


class Wire:
    """Reads and writes graphql-transport-ws. Everything raises one of `GONE` when the client is not there."""

    __slots__ = ("_behind", "_limits", "_raw", "_straight", "_timer", "_websocket")

    def __init__(self, websocket: WebSocket, limits: Limits) -> None:
        self._websocket: WebSocket | None = websocket
        self._limits = limits
        self._raw: Any = websocket.scope.get("extensions", {}).get("raw")
        self._straight = False  # without the application's task between
        self._behind: dict[Seat, None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        if self._raw is not None:
            self._raw.watch = self

    def hand_over(self, reader: Reads) -> bool:
        """Have the server hand all that comes to the reader, so that nobody has to wait for it; whether it can."""
        self._straight = self._raw is not None
        if self._straight:
            self._raw.hand_over(reader)
        return self._straight

    def read_on(self) -> None:
        """What was handed over was seen to."""
        self._raw.read_on()

    def greeted(self) -> None:
        """The handshake was looked at for the last time."""
        if self._straight:
            self._websocket = None

    @property
    def connection(self) -> HTTPConnection:
        """The handshake: headers and addresses."""
        return self._asgi

    @property
    def _asgi(self) -> WebSocket:
        if self._websocket is None:
            raise RuntimeError("the handshake is over")
        return self._websocket

    async def next(self) -> ClientMessage:
        """The next message; MalformedError for binary, oversize and meaningless frames."""
        event = await self._asgi.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        return self.message(event)

    def message(self, event: Message) -> ClientMessage:
        """What was received; MalformedError as above."""
        text = event.get("text")
        if text is None or len(text) > self._limits.body:
            raise MalformedError
        return message_of(text)

    async def send(self, kind: str, operation_id: str | None = None, payload: bytes | None = None) -> None:
        """Write one message; a reader that does not take it within `send_seconds` is dropped."""
        text = frame(kind, operation_id, payload)
        if self._straight and not self._raw.held:
            self._write(text.encode())
            return None
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                if not self._straight:
                    return await self._asgi.send_text(text)
                await self._raw.writable.wait()
        except TimeoutError:
            self._abort()
            raise WebSocketDisconnect(1006) from None
        return self._write(text.encode())

    def _write(self, body: bytes) -> None:
        if self._raw.transport.is_closing():
            raise WebSocketDisconnect(1006)
        self._raw.put(header(len(body)) + body)

    async def close(self, close: Close) -> None:
        """Say why, and close."""
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                with suppress(*GONE):
                    if self._straight:
                        await self._raw.say_goodbye(close.code, close.reason)
                    else:
                        await self._asgi.close(close.code, close.reason)
        except TimeoutError:
            self._abort()

    def release(self) -> None:
        """The socket is over."""
        self._calm()
        self._behind = None
        if self._raw is not None:
            self._raw.release()

    # what goes straight to the transport

    def outlet(self, operation_id: str, language: Language, hears: Hears) -> "Outlet | None":
        """Where the items of a shared stream go; None where the server has no such way."""
        return Outlet(self, self._raw, operation_id, language, hears) if self._raw is not None else None

    def push(self, kind: str, operation_id: str, payload: bytes | None = None) -> None:
        """Write one small message at once, whatever waits."""
        body = frame(kind, operation_id, payload).encode()
        if self._raw is not None and not self._raw.transport.is_closing():
            self._raw.transport.write(header(len(body)) + body)

    def behind(self, seat: Seat) -> None:
        """Tell the seat when the reader has caught up."""
        self._behind = self._behind or {}
        self._behind[seat] = None

    def paused(self) -> None:
        """The reader is behind: drop it unless it takes something within `send_seconds`."""
        self._watch(self._raw.transport.get_write_buffer_size())

    def resumed(self) -> None:
        """The reader has caught up."""
        self._calm()
        seats, self._behind = self._behind, None
        for seat in seats or ():
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


class Outlet:
    """A seat's way to one operation of one socket."""

    __slots__ = ("_hears", "_id", "_language", "_raw", "_size", "_suffix", "_wire", "line", "seat")

    def __init__(
        self,
        wire: Wire,
        raw: Any,  # noqa: ANN401 - the server's protocol
        operation_id: str,
        language: Language,
        hears: Hears,
    ) -> None:
        self._wire = wire
        self._raw = raw
        self._id = operation_id
        self._language = language
        self._hears = hears
        self._suffix = _suffix(operation_id)
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
        self.seat = None
        self._hears.ended(self._id, self._language, error)


@lru_cache(1024)
def _suffix(operation_id: str) -> bytes:
    """What closes a message; many clients count alike."""
    return b',"id":%b}' % orjson.dumps(operation_id)


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
