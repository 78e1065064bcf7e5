"""One reader of a share: what it was told, what waits for it, whether its rights are in doubt (design §5)."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from api.feed.items import Consumer, RevokedReason
from domain.viewer import Viewer

if TYPE_CHECKING:
    from api.feed.shares.share import Share

SLICE = 32  # items that leave together


class Told:
    """One item as text, shared by all who are told it. `frames` is what a transport keeps of it for its sockets."""

    __slots__ = ("frames", "payload", "seq")

    def __init__(self, payload: Any, seq: int) -> None:  # noqa: ANN401 - text for sockets, items for who reads these
        self.payload = payload
        self.seq = seq
        self.frames: Any = None


class Sink(Protocol):
    """Where a seat's items go."""

    def give(self, told: Sequence[Told]) -> bool:
        """Send these at once; False when the reader is behind: `Seat.relieved` is called when it is not any more."""

    def end(self, error: Exception | None) -> None:
        """Nothing follows; None when the stream completes."""

    @property
    def line(self) -> Any:  # noqa: ANN401 - the transport's own
        """What `spread` needs to write to the reader; None where each is to be given its own."""

    def spread(self, seats: "Sequence[Seat]", told: Sequence[Told]) -> None:
        """Tell all these, which have lines and for which nothing waits, the same, as cheaply as it can be done."""


class Seat:
    """One reader: live (the share tells it), or private, while it catches up or its rights are asked for anew.

    `read` is the position of the last item it was offered, `told` of the last one it was given.
    """

    __slots__ = (
        "_room",
        "_taken",
        "_work",
        "after",
        "closing",
        "doubts",
        "frozen",
        "line",
        "live",
        "over",
        "read",
        "share",
        "since",
        "sink",
        "viewer",
        "waiting",
        "waits_since",
    )

    def __init__(
        self, share: "Share", viewer: Viewer, sink: Sink, *, after: str | None = None, vouched: bool = False
    ) -> None:
        self.share = share
        self.viewer = viewer
        self.sink = sink
        self.line = sink.line
        self.after = after
        self.since = datetime.now(UTC)
        self.read = -1
        self.live = self.closing = self.over = False
        self.frozen = False  # nothing more of what waits is given
        self.doubts = 0 if vouched else 1  # who signed in a while ago may have lost a post since
        self.waiting: Any = None
        self.waits_since: float | None = None
        self._taken = -1
        self._room: asyncio.Future[None] | None = None
        self._work: asyncio.Task[None] | None = None

    @property
    def told(self) -> int:
        """The position that the reader has; -1 for none."""
        return self.read if self.waiting is None else self._taken

    @property
    def cursor(self) -> str | None:
        """The cursor that the reader has."""
        return self.share.works.cursors.at(self.told) if self.told >= 0 else self.after

    # what it is told

    def offer(self, batch: Sequence[Told]) -> None:
        """Send these, or keep them until the reader can take them."""
        if self.waiting is None:
            if self.sink.give(batch):
                self.read = batch[-1].seq
                return
            self._hold()
        self.read = batch[-1].seq
        for told in batch:
            if not self.waiting.put(told):
                self.share.overflown(self)
                return
        if self.waits_since is None:
            self.waits_since = asyncio.get_running_loop().time()

    def _hold(self) -> None:
        """From now on items wait."""
        self.waiting, self._taken = self.share.basket(), self.read

    def relieved(self) -> None:
        """The reader can take more of what waits."""
        while self.waiting is not None and self._may_be_given:
            batch = self.waiting.take(SLICE)
            if not batch:
                self._level()
                return
            if not self.sink.give(batch):
                self.waiting.put_back(batch)
                return
            self._gave(batch[-1])

    @property
    def _may_be_given(self) -> bool:
        return self.closing or not (self.doubts or self.frozen)

    def take(self) -> Told | None:
        """The next item for a reader that asks for them one by one."""
        if self.waiting is None or not self._may_be_given:
            return None
        for told in self.waiting.take(1):
            self._gave(told)
            return told  # type: ignore[no-any-return]  # baskets hold nothing else
        self._level()
        return None

    def _gave(self, told: Told) -> None:
        self._taken = told.seq
        self._level()

    def _level(self) -> None:
        """Nothing waits any more, if so."""
        if len(self.waiting):
            if self.waiting.stale:
                self.work(self.share.renew(self))
            return
        self.waiting = self.waits_since = None
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        if self.closing:
            self.finish(None)

    async def room(self) -> None:
        """Returns when nothing waits any more, or when there is something else to see to."""
        if self.waiting is not None and not (self.over or self.closing or self.doubts):
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    # whether it may still read

    def suspect(self) -> None:
        """Something was said about the rights of the reader: ask before the next item."""
        if self.over or self.closing:
            return
        self.doubts += 1
        if self.waiting is None:
            self._hold()
        self.interrupt()

    def interrupt(self) -> None:
        """See how to go on."""
        if self.live:
            self.work(self.share.ended(self))
        elif self._room is not None and not self._room.done():
            self._room.set_result(None)

    async def settled(self) -> RevokedReason | None:
        """Why the reader may no longer read, if so; reads the store only when something was said."""
        while doubts := self.doubts:
            reason = await self.share.standing_of(self.viewer)
            if reason is not None:
                return reason
            if doubts == self.doubts:
                self.doubts = 0
        self.relieved()
        return None

    # how it ends

    def close_with(self, told: Told) -> None:
        """Drop what waits, say this, and complete."""
        self._taken = self.told
        self.closing, self.live, self.waiting = True, False, None
        self.read = told.seq
        if self.sink.give((told,)):
            self.finish(None)
        else:
            self.waiting = _Last(told)

    def finish(self, error: Exception | None) -> None:
        """The stream is over; the reader is told, once."""
        if not self.over:
            self.leave()
            self.waiting = None if error is not None else self.waiting
            self.sink.end(error)

    def leave(self) -> None:
        """The reader is gone."""
        if self.over:
            return
        self.over, self.live = True, False
        self.share.left(self)
        if self._work is not None and self._work is not asyncio.current_task():
            self._work.cancel()
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def work(self, doing: Any) -> None:  # noqa: ANN401 - a coroutine
        """Go on privately, in a task of its own; a failure ends the stream with it."""
        self._work = asyncio.create_task(self._worked(doing), name="feed, one reader")
        self._work.add_done_callback(lambda _: doing.close())  # a reader may be gone before it began

    async def _worked(self, doing: Any) -> None:  # noqa: ANN401 - as above
        try:
            await doing
        except Exception as error:  # noqa: BLE001 - whatever it is must reach the reader as a fault
            self.finish(error)

    def consumer(self, lag_seconds: float, now: float) -> Consumer:
        """Who reads here, with the tail's lag and what waits on top."""
        lag = lag_seconds + now - (self.waits_since or now)
        cursor = self.share.works.cursors.at(self.told) if self.told >= 0 else None
        return Consumer(self.viewer.person_id, self.share.stream, self.since, cursor, round(lag * 1000))


class Ring:
    """What waits for a reader of an event stream, in order: the items themselves are shared."""

    __slots__ = ("_capacity", "_items")
    stale = False

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: deque[Told] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._items)

    def put(self, told: Told) -> bool:
        """Keep it; False when the ring is full."""
        if len(self._items) >= self._capacity:
            return False
        self._items.append(told)
        return True

    def take(self, most: int) -> list[Told]:
        """The oldest."""
        return [self._items.popleft() for _ in range(min(most, len(self._items)))]

    def put_back(self, batch: Sequence[Told]) -> None:
        """They could not be given."""
        self._items.extendleft(reversed(batch))


class _Last(Ring):
    """The last item of a stream."""

    __slots__ = ()

    def __init__(self, told: Told) -> None:
        super().__init__(1)
        self.put(told)
