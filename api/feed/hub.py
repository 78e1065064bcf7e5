"""Hands each batch of the log to the streams that may hear of it, and never waits for any of them (design §5)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from api.feed.cursors import Cursors
from api.feed.hearing import Wants, standing
from api.feed.items import Consumer, RevokedReason
from domain.event import LoggedEvent
from domain.viewer import Viewer

Reread = Callable[[Viewer], Awaitable[Viewer | RevokedReason]]


class Basket(Protocol):
    """What a stream keeps of the entries it wants until its reader takes them."""

    def put(self, logged: LoggedEvent) -> bool:
        """Keep it; False when there is no room."""

    def empty(self) -> None:
        """Drop everything."""


class Ring:
    """A bounded queue: event streams never conflate."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: deque[LoggedEvent] = deque()

    def put(self, logged: LoggedEvent) -> bool:
        """Keep it; False when the ring is full."""
        if len(self._entries) >= self._capacity:
            return False
        self._entries.append(logged)
        return True

    def empty(self) -> None:
        """Drop everything."""
        self._entries.clear()

    def take_all(self) -> list[LoggedEvent]:
        """Everything kept, oldest first."""
        taken = list(self._entries)
        self._entries.clear()
        return taken


class Place:
    """One stream's place at the hub.

    It hears of lost rights from the start, of entries once it is live. `delivered` is the position its reader has.
    """

    def __init__(self, viewer: Viewer, stream: str, wants: Wants, basket: Basket) -> None:
        self.viewer = viewer
        self.stream = stream
        self.since = datetime.now(UTC)
        self.live = False
        self.position = 0
        self.delivered: int | None = None
        self.suspect = True  # who signed in a while ago may have lost a post since
        self.overflown = False
        self.waits_since: float | None = None
        self.wake = asyncio.Event()
        self._wants = wants
        self._basket = basket

    def wants(self, logged: LoggedEvent) -> bool:
        """Whether the stream carries this entry."""
        return self._wants(logged)

    def offer(self, batch: Sequence[LoggedEvent]) -> None:
        """Keep what the stream wants of the next entries."""
        self.position = batch[-1].seq
        for logged in batch:
            if self.overflown or not self._wants(logged):
                continue
            self.wake.set()
            self.waits_since = self.waits_since or asyncio.get_running_loop().time()
            if not self._basket.put(logged):
                self.overflown = True
                self._basket.empty()

    async def revoked(self, reread: Reread) -> RevokedReason | None:
        """Why the viewer may no longer read, if so; reads the database only when something was said."""
        while self.suspect:
            self.suspect = False
            now = await reread(self.viewer)
            if isinstance(now, RevokedReason):
                return now
            if standing(now) != standing(self.viewer):
                return RevokedReason.RIGHTS_CHANGED
        return None

    async def pause(self, until: float) -> None:
        """Everything was taken: wait for something to do, or for the loop's time `until`."""
        self.waits_since = None
        try:
            async with asyncio.timeout_at(until):
                await self.wake.wait()
        except TimeoutError:
            return
        self.wake.clear()


class Hub:
    """All streams of one process. `position` is the last entry the tail has handed on."""

    def __init__(self, cursors: Cursors) -> None:
        self.position = 0
        self.draining = False
        self._cursors = cursors
        self._places: set[Place] = set()
        self._left = asyncio.Event()
        self._left.set()

    @contextmanager
    def joined(self, place: Place) -> Iterator[None]:
        """Belong to the hub; call `go_live` to receive entries."""
        self._places.add(place)
        self._left.clear()
        try:
            yield
        finally:
            self._places.discard(place)
            if not self._places:
                self._left.set()

    def go_live(self, place: Place) -> None:
        """From now on every entry after the hub's position reaches the place."""
        place.position = self.position
        place.live = True

    def deliver(self, batch: Sequence[LoggedEvent]) -> None:
        """Hand on the next entries, in order."""
        if not batch:
            return
        self.position = batch[-1].seq
        for place in self._places:
            if place.live:
                place.offer(batch)

    def suspect(self, people: AbstractSet[UUID]) -> None:
        """Make every stream of these people ask again before its next item."""
        for place in self._places:
            if place.viewer.person_id in people:
                place.suspect = True
                place.wake.set()

    async def drain(self, patience: float) -> None:
        """Let every stream say its last position and end; gives up after `patience` seconds."""
        self.draining = True
        for place in self._places:
            place.wake.set()
        try:
            async with asyncio.timeout(patience):
                await self._left.wait()
        except TimeoutError:
            return

    def consumers(self, lag_seconds: float) -> tuple[Consumer, ...]:
        """Who reads here, with the tail's lag and what waits for them on top."""
        now = asyncio.get_running_loop().time()
        return tuple(
            Consumer(
                place.viewer.person_id,
                place.stream,
                place.since,
                None if place.delivered is None else self._cursors.at(place.delivered),
                round((lag_seconds + now - (place.waits_since or now)) * 1000),
            )
            for place in sorted(self._places, key=lambda place: place.since)
        )
