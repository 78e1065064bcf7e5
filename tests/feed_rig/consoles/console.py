"""A console: it reads at once, slowly or not at all, leaves and comes back, and writes everything down."""

import asyncio
import random
import time
from contextlib import suppress
from enum import Enum

import httpx2
import websockets

from tests.feed_rig.consoles.documents import STREAMS
from tests.feed_rig.consoles.doors import DOORS, LeftError, Line
from tests.feed_rig.judging.verdict import STATE_STREAMS
from tests.feed_rig.people import People, RefusedError
from tests.feed_rig.record import Item, Recording, Row, Sitting

_GONE = (OSError, TimeoutError, LeftError, websockets.WebSocketException, httpx2.HTTPError, RefusedError)


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
            with suppress(*_GONE):
                await self._visit()
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))

    async def _visit(self) -> None:
        token, session = await self._people.token(self.recording.who)
        address = self._chance.choice(self._people.site.apis).address
        after = None if self.recording.stream in STATE_STREAMS else self._cursor
        document = STREAMS[self.recording.stream]
        async with DOORS[self.recording.door](address, token, document, self._variables, after) as line:
            sitting = Sitting(line.opened, after, session)
            self.recording.sittings.append(sitting)
            await self._read(line, sitting)

    async def _read(self, line: Line, sitting: Sitting) -> None:
        until = time.monotonic() + self._chance.uniform(0.5, 3.0)
        while True:
            if not self.calm and self.seated.is_set():
                if self.manner is Manner.RESTLESS and time.monotonic() > until:
                    if self._chance.random() < 0.5:
                        line.drop()
                    return
                await self._dawdle()
            try:
                message = await line.message(1 if self.manner is Manner.RESTLESS else 30)
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
            sitting.items.append(Item(time.monotonic(), value, message.get("eventId")))
            self.deliveries += 1
            self.seated.set()
            self._cursor = self._told(message, value) or self._cursor
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

    def _told(self, message: Row, value: Row) -> str | None:
        """Where to go on: what the item says, or what its event was called."""
        event: str | None = message.get("eventId")
        item: str | None = value.get("resumeAt") or value.get("cursor")
        return event if self.recording.door == "events" else item
