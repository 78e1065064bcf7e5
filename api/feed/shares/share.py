"""What many read alike: one execution and one encoding of each item, told to every seat (design §5)."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, Protocol

from api.feed.hearing import standing
from api.feed.items import Revoked, RevokedReason
from api.feed.shares.seat import Ring, Seat, Told
from api.feed.works import Works
from db.engines.faults import Contention
from domain.errors import DomainError, ErrorCode
from domain.event import LoggedEvent
from domain.viewer import Viewer

PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between two tries while the store is away
SLICE = 256  # sockets that are written to in one turn of the loop


class Render(Protocol):
    """Writes items as the readers of a share get them; `graphql.py` hands in what executes the document."""

    async def __call__(self, item: Any) -> Any:  # noqa: ANN401 - text for sockets, the item for who reads these
        """One item, as it is now."""

    async def ahead(self, entries: Sequence[LoggedEvent]) -> None:
        """Read at once what these entries will show."""


class Share(ABC):
    """One stream as one class of viewers reads it through one document. `told` is the position of its last item."""

    def __init__(self, works: Works, stream: str, key: Hashable, render: Render) -> None:
        self.works = works
        self.stream = stream
        self.lasting = True
        self.key = key
        self.told = works.hub.position
        self.held = 0
        self._render = render
        self._seats: dict[Seat, None] = {}
        self._running: asyncio.Task[None] | None = None

    @abstractmethod
    async def enter(self, seat: Seat) -> None:
        """The first items of a reader, until it is one of many. Raises what refuses the stream."""

    @abstractmethod
    def overflown(self, seat: Seat) -> None:
        """There is no room for what waits for a reader."""

    def basket(self) -> Any:  # noqa: ANN401 - a ring, or what merges
        """What keeps items for a reader who is behind."""
        return Ring(self.works.capacity)

    async def renew(self, seat: Seat) -> None:
        """Write anew what waits for a reader and was merged meanwhile; event streams merge nothing."""
        seat.relieved()

    # who reads

    def join(self, seat: Seat) -> None:
        """Tell the seat everything from now on."""
        seat.live = True
        self._seats[seat] = None
        if seat.doubts or self.works.hub.draining:  # it came while something was said
            seat.interrupt()

    def sit(self, seat: Seat) -> None:
        """A reader came; it is not told anything before it joined."""
        self.held += 1
        self.works.hub.sit(seat)

    def left(self, seat: Seat) -> None:
        """A reader is gone."""
        self._seats.pop(seat, None)
        self.works.hub.rise(seat)
        self.held -= 1
        if not self.held:
            shares = self.works.hub.shares
            if shares.get(self.key) is self:
                del shares[self.key]
            self.stop()

    def stop(self) -> None:
        """Nobody reads any more."""
        if self._running is not None:
            self._running.cancel()

    async def standing_of(self, viewer: Viewer) -> RevokedReason | None:
        """Why a reader may no longer read, by the store."""
        now = await self.works.reread(viewer)
        if isinstance(now, RevokedReason):
            return now
        return RevokedReason.RIGHTS_CHANGED if standing(now) != standing(viewer) else None

    async def ended(self, seat: Seat, start: int = 0) -> bool:
        """Whether the stream of the seat is over: revoked, or with the server; then it was told so.

        `start` is where a reader begins who was told nothing yet.
        """
        if not (seat.over or seat.closing):
            if reason := await seat.settled():
                await self.end_with(seat, Revoked(reason, seat.cursor))
            elif self.works.hub.draining:
                told = seat.told if seat.told >= 0 else start
                await self.end_with(seat, self.works.heartbeat(told, told))
        return seat.over or seat.closing

    async def end_with(self, seat: Seat, item: Any) -> None:  # noqa: ANN401 - an item of the stream
        """Its last item, and then nothing."""
        told = Told(await self._render(item), max(seat.told, 0))
        if not (seat.over or seat.closing):
            seat.close_with(told)

    async def written(self, item: Any) -> Any:  # noqa: ANN401 - as above
        """The item as text; a store that is away is waited for."""
        pause = PAUSE
        while True:
            try:
                return await self._render(item)
            except (DomainError, Contention) as refusal:
                if isinstance(refusal, DomainError) and refusal.code is not ErrorCode.UNAVAILABLE:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def beat(self, seq: int, follows: int) -> Told:
        """A heartbeat: everything up to `seq` was read."""
        return Told(await self._render(self.works.heartbeat(seq, follows)), seq)

    # how it tells

    def wake(self) -> None:
        """There is something to tell."""
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name=f"feed, {self.stream}")
            self._running.add_done_callback(self._ran)

    @abstractmethod
    async def tell(self) -> bool:
        """Tell what there is next; False when that is nothing."""

    async def _run(self) -> None:
        try:
            while await self.tell():
                pass
        except Exception as error:  # noqa: BLE001 - whatever it is must reach the readers as a fault
            for seat in tuple(self._seats):
                seat.finish(error)

    def _ran(self, _: "asyncio.Task[None]") -> None:
        self._running = None
        if self.held and self.waits:
            self.wake()

    @property
    def waits(self) -> bool:
        """Whether there is something to tell."""
        return False

    async def fan(self, recipients: Sequence[Seat], batch: Sequence[Told], base: int) -> list[Seat]:
        """Tell the seats that are at `base` these items, in slices; who are elsewhere, and not yet as far as these."""
        elsewhere: list[Seat] = []
        for start in range(0, len(recipients), SLICE):
            if start:
                await asyncio.sleep(0)
            level = self._level(recipients[start : start + SLICE], batch, base, elsewhere)
            if level:
                level[0].sink.spread(level, batch)
        return elsewhere

    def _level(
        self, seats: Sequence[Seat], batch: Sequence[Told], base: int, elsewhere: list[Seat]
    ) -> list[Seat]:
        """Those who can be told all together; the others are told one by one, or are `elsewhere`."""
        level, last = [], batch[-1].seq
        for seat in seats:
            if not seat.live:
                self._seats.pop(seat, None)
            elif seat.read == base:
                if seat.waiting is None and seat.line is not None:
                    level.append(seat)
                else:
                    seat.offer(batch)
            elif seat.read < last:
                elsewhere.append(seat)
        return level
