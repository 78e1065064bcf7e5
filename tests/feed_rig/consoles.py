"""The consoles of a run: they read at once, slowly or not at all, leave and come back, and write everything down."""

import asyncio
import json
import random
import time
from base64 import b64decode
from contextlib import suppress
from enum import Enum
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.feed_rig.judge import STATE_STREAMS
from tests.feed_rig.people import People, RefusedError
from tests.feed_rig.record import Item, Recording, Row, Sitting

_ROW = "id version state light"
_EVENTS = f"""__typename
  ... on FeedEvent {{ cursor follows kind subjectId version
    incident {{ {_ROW} title complainant {{ name phone }} }} }}
  ... on FeedHeartbeat {{ cursor follows }}
  ... on FeedGap {{ gap resumeAt }} ... on FeedRevoked {{ revoked resumeAt }}"""
_QUEUE = f"""__typename
  ... on QueueSnapshot {{ cursor complete total items {{ {_ROW} }} }}
  ... on QueueEntered {{ cursor assignment {{ {_ROW} }} }}
  ... on QueueChanged {{ cursor kinds assignment {{ {_ROW} }} }}
  ... on QueueLeft {{ cursor assignmentId incidentNo reason }}
  ... on FeedHeartbeat {{ cursor }} ... on FeedRevoked {{ revoked resumeAt }}"""
DOCUMENTS = {
    "feed": f"subscription ($after: Cursor) {{ feed(after: $after) {{ {_EVENTS} }} }}",
    "commandCentre": f"subscription ($after: Cursor) {{ commandCentre(after: $after) {{ {_EVENTS} }} }}",
    "incidentChanged": (
        f"subscription ($after: Cursor, $id: ID!) {{ incidentChanged(id: $id, after: $after) {{ {_EVENTS} }} }}"
    ),
    "departmentQueue": (
        f"subscription ($unit: ID) {{ departmentQueue(orgUnitId: $unit, first: 10) {{ {_QUEUE} }} }}"
    ),
    "board": "subscription { board { __typename open byState { state count } } }",
}
_LONGEST = 4 * 1024 * 1024
_IDS = frozenset({"id", "subjectId", "assignmentId"})


class Manner(Enum):
    """How somebody reads."""

    PROMPT = "prompt"
    SLOW = "slow"
    RESTLESS = "restless"


class Console:
    """One console and its recording. It sits down again until `leave`."""

    def __init__(
        self, people: People, recording: Recording, manner: Manner, seed: int, variables: Row | None = None
    ) -> None:
        self.recording = recording
        self.manner = manner
        self.calm = False  # the storm is over: everybody reads at once
        self.stalled = 0.0  # until then nothing is read
        self.deliveries = 0
        self.seated = asyncio.Event()
        self._people = people
        self._variables = variables or {}
        self._chance = random.Random(seed)  # noqa: S311 - a run that can be played again
        self._cursor: str | None = None
        self._leaving = False
        self._task: asyncio.Task[None] | None = None

    @property
    def cursor(self) -> str | None:
        """The last position it was told."""
        return self._cursor

    def start(self) -> None:
        """Sit down."""
        self._task = asyncio.create_task(self._live(), name=f"console {self.recording.who}")

    async def leave(self) -> None:
        """Get up for good."""
        self._leaving = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def stall(self, seconds: float) -> None:
        """Read nothing for a while."""
        self.recording.prompt = False
        self.stalled = time.monotonic() + seconds

    async def _live(self) -> None:
        while not self._leaving:
            with suppress(OSError, TimeoutError, websockets.WebSocketException, RefusedError):
                await self._visit()
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))

    async def _visit(self) -> None:
        token, session = await self._people.token(self.recording.who)
        apis = self._people.site.apis
        address = self._chance.choice(apis).address
        async with connect(
            f"ws://{address}/graphql",
            subprotocols=[websockets.Subprotocol("graphql-transport-ws")],
            max_size=_LONGEST, max_queue=8, compression=None, open_timeout=5, close_timeout=1,
        ) as socket:  # fmt: skip
            await self._say(
                socket, {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
            )
            async with asyncio.timeout(10):
                await socket.recv()
            sitting = Sitting(time.monotonic(), self._cursor, session)
            self.recording.sittings.append(sitting)
            variables = self._variables
            if self.recording.stream not in STATE_STREAMS:
                variables = {**variables, "after": self._cursor}
            payload = {"query": DOCUMENTS[self.recording.stream], "variables": variables}
            await self._say(socket, {"id": "1", "type": "subscribe", "payload": payload})
            await self._read(socket, sitting)

    async def _read(self, socket: ClientConnection, sitting: Sitting) -> None:
        until = time.monotonic() + self._chance.uniform(0.5, 3.0)
        while True:
            if not self.calm:
                if self.manner is Manner.RESTLESS and time.monotonic() > until:
                    if self._chance.random() < 0.5:
                        socket.transport.abort()
                    return
                await self._dawdle()
            try:
                async with asyncio.timeout(1 if self.manner is Manner.RESTLESS else 30):
                    message = json.loads(await socket.recv(), object_hook=_plain)
            except TimeoutError:
                if self.manner is Manner.RESTLESS:
                    continue
                raise
            if not self._take(message, sitting):
                return

    async def _dawdle(self) -> None:
        if self.manner is Manner.SLOW:
            await asyncio.sleep(self._chance.uniform(0, 0.03))
        if (left := self.stalled - time.monotonic()) > 0 and not self.calm:
            await asyncio.sleep(left)

    def _take(self, message: Row, sitting: Sitting) -> bool:
        """Write it down; False when the stream is over."""
        if message["type"] == "next" and message["payload"].get("data"):
            (value,) = message["payload"]["data"].values()
            if halves := message["payload"].get("errors"):
                value = {**value, "errors": halves}  # the judge does not let this pass
            sitting.items.append(Item(time.monotonic(), value))
            self.deliveries += 1
            self.seated.set()
            self._cursor = value.get("resumeAt") or value.get("cursor") or self._cursor
            return True
        if message["type"] in {"next", "error"}:
            errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            sitting.errors += errors
            code = str(errors[0].get("extensions", {}).get("code"))
            self.recording.refused.append(code)
            return False
        if message["type"] == "complete":
            sitting.completed = True
            return False
        return True

    @staticmethod
    async def _say(socket: ClientConnection, message: Row) -> None:
        await socket.send(json.dumps(message))


def _plain(value: Row) -> Row:
    """Global ids as they are meant: `Incident:key`."""
    for name in _IDS & value.keys():
        if isinstance(value[name], str) and len(value[name]) > 40:
            value[name] = b64decode(value[name]).decode()
    return value


def plain(value: Any) -> Any:
    """The same for an answer over HTTP."""
    return json.loads(json.dumps(value), object_hook=_plain)
