"""The place at the hub of a stream that is no share: it keeps what it wants until its reader takes it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from api.feed.cursors import Cursors
from api.feed.hearing import Wants, standing
from api.feed.items import Consumer, RevokedReason
from domain.event import LoggedEvent
from domain.viewer import Viewer


class Basket(Protocol):
    """What a stream keeps of the entries it wants until its reader takes them."""

    def put(self, logged: LoggedEvent) -> bool:
        """Keep it; False when there is no room."""

    def empty(self) -> None:
        """Drop everything."""


class Place:
    """One stream's place at the hub.

    It hears of lost rights from the start, of entries once it is live. `delivered` is the position its reader has;
    `cursors` writes that for the list of consumers.
    """

    def __init__(
        self,
        viewer: Viewer,
        stream: str,
        wants: Wants,
        basket: Basket,
        cursors: Cursors | None = None,
    ) -> None:
        self.viewer = viewer
        self.stream = stream
        self.since = datetime.now(UTC)
        self.position = 0
        self.delivered: int | None = None
        self.doubted = True  # who signed in a while ago may have lost a post since
        self.overflown = False
        self.waits_since: float | None = None
        self.wake = asyncio.Event()
        self._wants = wants
        self._basket = basket
        self._cursors = cursors

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

    def suspect(self) -> None:
        """Something was said about the viewer's rights: ask again before the next item."""
        self.doubted = True
        self.wake.set()

    def interrupt(self) -> None:
        """See how to go on."""
        self.wake.set()

    async def revoked(
        self, reread: Callable[[Viewer], Awaitable[Viewer | RevokedReason]]
    ) -> RevokedReason | None:
        """Why the viewer may no longer read, if so; reads the database only when something was said."""
        while self.doubted:
            self.doubted = False
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

    def consumer(self, lag_seconds: float, now: float) -> Consumer:
        """Who reads here, with the tail's lag and what waits on top."""
        known = self.delivered is not None and self._cursors is not None
        cursor = self._cursors.at(self.delivered or 0) if known and self._cursors else None
        lag = lag_seconds + now - (self.waits_since or now)
        return Consumer(self.viewer.person_id, self.stream, self.since, cursor, round(lag * 1000))
