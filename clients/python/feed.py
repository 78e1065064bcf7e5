"""The reference client of the live feed over graphql-transport-ws: resumes, checks the chain, never stops quietly.

Event streams are resumed by cursor, and each item is checked against the one before (`follows`); state streams begin
again with their snapshot. A stream that is silent for `silence` seconds is given up, reconnection backs off.
What it does is the table of `docs/feed.md`, which the client in `clients/ts` keeps as well.
"""

import asyncio
import contextlib
import json
import random
import re
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from clients.python.session import AGAIN, REFRESH, FeedError, Session, Unreachable, why

SUBPROTOCOL = "graphql-transport-ws"
LARGEST = 16 * 1024 * 1024  # bytes of one message
FIRST_WAIT = 0.5
LONGEST_WAIT = 20.0
PATIENCE = 10.0
FAREWELL = 0.5
RETRY = re.compile(r"retryAfterMs=(\d+)")
SESSION = "session"  # the id of our own operation that renews the tokens
SIGN_IN_AGAIN = frozenset({"UNAUTHENTICATED", "SESSION_ENDED"})
OUR_FAULT = frozenset({4400, 4401, 4406, 4409, 4429})  # the server did not understand us: it never will


@dataclass(frozen=True, slots=True)
class Stream:
    """A subscription: its field, its document, whether it resumes (`$after`), whether it sends heartbeats."""

    name: str
    document: str
    variables: Mapping[str, object] = field(default_factory=dict)
    resumable: bool = True
    beats: bool = True


@dataclass(frozen=True, slots=True)
class Connected:
    """The streams are open. `again`: after an interruption; event streams then go on where they stopped."""

    again: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone; another one is tried after `wait` seconds."""

    reason: str
    wait: float


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a stream, as the server sent it."""

    stream: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Missed:
    """Items are missing and will not come: `why` is the gap's reason, `CHAIN` or `BAD_CURSOR`."""

    stream: str
    why: str


Notice = Connected | Lost | Item | Missed


class Again(Exception):  # noqa: N818 - it asks for another connection, it is not a failure
    """This connection has served; open another."""


class FeedClient:
    """Follows some streams at one server for as long as it is listened to.

    A stream is given up after `silence` seconds without an item: two and a half heartbeats.
    """

    def __init__(self, session: Session, *streams: Stream, silence: float = 25.0) -> None:
        self.session = session
        self.cursors: dict[str, str | None] = {stream.name: None for stream in streams}
        self._streams = {stream.name: stream for stream in streams}
        self._silence = silence
        self._heard: dict[str, float] = {}
        self._failures = 0
        self._connections = 0

    async def listen(self) -> AsyncGenerator[Notice, None]:
        """Every item of every stream, in order, across interruptions; raises FeedError when refused for good."""
        while True:
            hint: float | None = None
            try:
                await self.session.ensure()
                async with self._socket() as socket:
                    await self._greet(socket)
                    yield Connected(again=self._connections > 0)
                    self._connections += 1
                    async with contextlib.aclosing(self._converse(socket)) as notices:
                        async for notice in notices:
                            self._failures = 0
                            yield notice
            except ConnectionClosed as closed:
                reason, hint = self._closed(closed)
            except (Again, OSError, TimeoutError, InvalidHandshake) as error:
                reason = why(error)
            wait = self._wait() if hint is None else hint
            yield Lost(reason, wait)
            await asyncio.sleep(wait)

    def _socket(self) -> connect:
        return connect(
            self.session.socket_url,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]  # the library brands its strings
            max_size=LARGEST,
            compression=None,
            open_timeout=PATIENCE,
            close_timeout=1,
        )

    def _wait(self) -> float:
        """Full jitter under a doubling ceiling: a thousand consoles do not come back at one moment."""
        self._failures += 1
        ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2**self._failures)
        return random.uniform(FIRST_WAIT / 2, ceiling)  # noqa: S311 - spreads reconnections, no secret

    def _closed(self, closed: ConnectionClosed) -> tuple[str, float | None]:
        """Why the socket closed, and how long the server asks us to stay away."""
        code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
        if code in OUR_FAULT:
            raise FeedError(str(code), reason)
        if reason in SIGN_IN_AGAIN:
            self.session.forget()
        hint = RETRY.search(reason)
        return f"{code} {reason}".strip(), int(hint[1]) / 1000 if hint else None

    async def _greet(self, socket: ClientConnection) -> None:
        payload = {"authorization": f"Bearer {self.session.access}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        async with asyncio.timeout(PATIENCE):
            while json.loads(await socket.recv()).get("type") != "connection_ack":
                pass
        for name in self._streams:
            await self._subscribe(socket, name)

    async def _subscribe(self, socket: ClientConnection, name: str) -> None:
        stream = self._streams[name]
        after = {"after": self.cursors[name]} if stream.resumable else {}
        payload = {"query": stream.document, "variables": {**stream.variables, **after}}
        await socket.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))
        self._heard[name] = time.monotonic()

    async def _next(self, socket: ClientConnection) -> dict[str, Any]:
        """The next message; TimeoutError when a stream that beats is silent too long.

        Where none does, the server is asked to answer.
        """
        beating = [self._heard[name] for name, stream in self._streams.items() if stream.beats]
        if beating:
            async with asyncio.timeout(min(beating) + self._silence - time.monotonic()):
                return dict(json.loads(await socket.recv()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._silence * 0.4):
                return dict(json.loads(await socket.recv()))
        await socket.send(json.dumps({"type": "ping"}))
        async with asyncio.timeout(self._silence * 0.6):
            return dict(json.loads(await socket.recv()))

    async def _converse(self, socket: ClientConnection) -> AsyncGenerator[Notice, None]:
        renewing = asyncio.create_task(self._renew(socket))
        try:
            while True:
                message = await self._next(socket)
                if message["type"] == "ping":
                    await socket.send(json.dumps({**message, "type": "pong"}))
                elif message.get("id") == SESSION:
                    if self._renewed(message):
                        renewing = asyncio.create_task(self._renew(socket))
                else:
                    for notice in self._understand(message):
                        yield notice
                    if message["type"] in {"complete", "error"} and message["id"] in self._streams:
                        await self._farewell(socket, message["type"])
        finally:
            renewing.cancel()

    async def _farewell(self, socket: ClientConnection, kind: str) -> None:
        """A stream ended: a server that stops says next when to come back; else begin the stream again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                while True:
                    await socket.recv()
        raise Again(kind)

    async def _renew(self, socket: ClientConnection) -> None:
        """Renew the tokens on the same socket before they end, so that its streams go on."""
        await asyncio.sleep(self.session.renewal())
        payload = {"query": REFRESH, "variables": {"token": self.session.refresh}}
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps({"id": SESSION, "type": "subscribe", "payload": payload}))

    def _renewed(self, message: Mapping[str, Any]) -> bool:
        """Whether the answer to our renewal brought tokens."""
        try:
            if message["type"] == "next":
                self.session.take(message["payload"], "refreshSession")
            elif message["type"] == "error":
                self.session.take({"errors": message["payload"]}, "refreshSession")
        except FeedError as refused:
            self.session.forget()
            raise Again(refused.code) from None
        return bool(message["type"] == "next")

    def _understand(self, message: Mapping[str, Any]) -> list[Notice]:
        name = message.get("id", "")
        if name not in self._streams:
            return []
        if message["type"] == "complete":
            return []
        self._heard[name] = time.monotonic()
        errors = message["payload"] if message["type"] == "error" else message["payload"].get("errors")
        value = None if message["type"] == "error" else (message["payload"].get("data") or {}).get(name)
        if value is None:
            return self._refused(name, errors or [{}])
        return self._taken(name, value)

    def _refused(self, name: str, errors: list[Mapping[str, Any]]) -> list[Notice]:
        extensions = errors[0].get("extensions") or {}
        code = str(extensions.get("code", "INTERNAL"))
        if code == "BAD_CURSOR" and self.cursors[name] is not None:
            self.cursors[name] = None
            return [
                Missed(name, code)
            ]  # the server says no more on this stream: its `complete` or our silence follows
        if code in AGAIN:
            raise Unreachable(code)
        if code in SIGN_IN_AGAIN:
            self.session.forget()
            raise Again(code)
        raise FeedError(code, str(errors[0].get("message", "")))

    def _taken(self, name: str, value: Mapping[str, Any]) -> list[Notice]:
        kind = value.get("__typename")
        if kind == "FeedRevoked":
            self._revoked(name, value)
        if kind == "FeedGap":
            self.cursors[name] = value.get("resumeAt")
            return [] if value.get("gap") == "OVERLOAD" else [Missed(name, str(value.get("gap")))]
        notices: list[Notice] = []
        if self._streams[name].resumable and "follows" in value:
            if self.cursors[name] not in {None, value["follows"]}:
                notices.append(Missed(name, "CHAIN"))
            self.cursors[name] = value["cursor"]
        return [*notices, Item(name, value)]

    def _revoked(self, name: str, value: Mapping[str, Any]) -> None:
        """Rights changed: go on under the new ones. The session ended: sign in again. Locked: stop."""
        if value.get("revoked") == "ACCOUNT_LOCKED":
            raise FeedError("ACCOUNT_LOCKED", "账号已锁定 The account is locked")
        if value.get("revoked") == "SESSION_ENDED":
            self.session.forget()
        self.cursors[name] = value.get("resumeAt") or self.cursors[name]
        raise Again(str(value.get("revoked")))
