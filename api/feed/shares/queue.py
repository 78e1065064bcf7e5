"""Shares of `departmentQueue`: one unit's open assignments as one class reads them (design §5).

The rows are read once, and then kept as events change them; whoever comes later is shown them as they are.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from uuid import UUID

from api.feed import queue
from api.feed.items import Snapshot
from api.feed.shares.seat import Seat, Told
from api.feed.shares.share import Render, Share
from api.feed.works import Works
from domain.errors import DomainError, ErrorCode
from domain.event import LoggedEvent
from domain.viewer import Viewer
from domain.visibility import Visibility

STREAM = "departmentQueue"


class QueueShare(Share):
    """Told in chunks of `first` rows; `reads` is the viewer as whom its class reads."""

    incident_id: UUID | None = None

    def __init__(
        self, works: Works, key: Hashable, render: Render, *, reads: Viewer, org_id: UUID, first: int
    ) -> None:
        super().__init__(works, STREAM, key, render)
        # entries of cases it held before or holds after
        self.visibility = Visibility(org_holds=frozenset({org_id}), apart=reads.recused)
        self._reads = reads
        self._org_id = org_id
        self._first = first
        self._changes = queue.Changes()
        self._known: queue.Rows | None = None
        self._cut = 0
        self._chunks: list[Told] | None = None
        self._comparing = asyncio.Lock()
        self._due = False
        self._timer = self._wind()

    def hear(self, logged: LoggedEvent) -> None:
        """An entry of a case that the unit held before or holds after."""
        self._changes.put(logged)
        self._chunks = None
        self.wake()

    def forget(self, incident_id: UUID | None) -> None:
        """What the chunks show beside the rows may have changed."""
        if incident_id is None:
            self._chunks = None

    @property
    def waits(self) -> bool:
        """Whether there is something to compare or to say."""
        return bool(len(self._changes)) or self._due

    def stop(self) -> None:
        """Nobody reads any more."""
        super().stop()
        self._timer.cancel()
        self.works.hub.deafen(self)

    def basket(self) -> "Merging":
        """One item for each row."""
        return Merging(self.works.capacity)

    # who comes

    async def enter(self, seat: Seat) -> None:
        """The queue in chunks, as of one moment, and then what moves it."""
        async with self._comparing:
            if self._known is None:
                self._cut, self._known = await queue.read_open(self._reads, self._org_id)
                self.told = self._cut
            if await self.ended(seat, self.told):
                return
            if self._chunks is None:
                self._chunks = [
                    Told(await self._render(chunk), self.told) for chunk in self._snapshot(self._known)
                ]
            if seat.over or seat.closing:
                return
            seat.offer(self._chunks)
            self.join(seat)
        self.wake()

    def _snapshot(self, known: queue.Rows) -> list[Snapshot]:
        cursor, rows = self.works.cursors.at(self.told), queue.in_order(known)
        starts = range(0, max(len(rows), 1), self._first)
        return [
            Snapshot(
                tuple(rows[start : start + self._first]), len(rows), start + self._first >= len(rows), cursor
            )
            for start in starts
        ]

    def overflown(self, seat: Seat) -> None:
        """The reader is too slow even for merged changes."""
        seat.finish(DomainError(ErrorCode.UNAVAILABLE, facts={"reason": "OVERLOAD"}))

    async def renew(self, seat: Seat) -> None:
        """Write what was merged, as it is now."""
        basket = seat.waiting
        if isinstance(basket, Merging):
            for told, item in basket.merged():
                told.payload, told.frames = await self._render(item), None
            basket.settle()
            seat.relieved()
            if seat.waiting is not None:
                seat.sink.give(())

    # what is told to all

    async def tell(self) -> bool:
        """What became of the case that waited longest; a heartbeat when it was quiet for long."""
        if self._known is None:
            return False
        if taken := self._changes.take():
            async with self._comparing:
                await self._compare(self._known, *taken)
        elif self._due:
            self._due = False
            async with self._comparing:
                base, self.told = self.told, max(self.told, self.works.hub.position)
                self._chunks = None
                await self.fan(tuple(self._seats), (await self.beat(self.told, base),), base)
        else:
            return False
        return True

    async def _compare(self, known: queue.Rows, incident_id: UUID, change: queue.Change) -> None:
        if change.seq <= self._cut:
            return
        before = {row.id: row for row in known.values() if row.incident_id == incident_id}
        now = await queue.read_case(self._reads, self._org_id, incident_id, before)
        cursor = self.works.cursors.at(change.seq)
        items = [*queue.differences(known, before, now, change, cursor)]
        self._chunks = None
        if items:
            base, self.told = self.told, max(self.told, change.seq)
            batch = [_About(await self._render(item), self.told, item) for item in items]
            await self.fan(tuple(self._seats), batch, base)
            self._timer.cancel()
            self._timer = self._wind()

    def _wind(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self.works.heartbeat_seconds, self._struck)

    def _struck(self) -> None:
        self._due = True
        self._timer = self._wind()
        self.wake()


class _About(Told):
    """An item about one row."""

    __slots__ = ("item",)

    def __init__(self, payload: object, seq: int, item: queue.Moved) -> None:
        super().__init__(payload, seq)
        self.item = item


class Merging:
    """What waits for a slow reader: one item for each row, with what is neither before or between."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: OrderedDict[object, Told] = OrderedDict()
        self._stale: set[object] = set()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._items)

    @property
    def stale(self) -> bool:
        """Whether the next one has to be written anew."""
        return bool(self._stale) and next(iter(self._items), None) in self._stale

    def put(self, told: Told) -> bool:
        """Keep it, or merge it with what waits of its row; False when too many rows wait."""
        row = queue.subject_of(told.item) if isinstance(told, _About) else None
        waiting = self._items.get(row) if row is not None else None
        if not isinstance(waiting, _About) or not isinstance(told, _About):
            self._items[row if row is not None else told] = told
            return row is None or len(self._items) <= self._capacity
        item = queue.merged(waiting.item, told.item)
        if item is None:
            del self._items[row]
            self._stale.discard(row)
        else:
            self._items[row] = _About(told.payload, told.seq, item)
            if item is not told.item:
                self._stale.add(row)
        return True

    def take(self, most: int) -> list[Told]:
        """The oldest, as far as they are written."""
        taken: list[Told] = []
        while self._items and len(taken) < most and not self.stale:
            taken.append(self._items.popitem(last=False)[1])
        return taken

    def put_back(self, batch: Sequence[Told]) -> None:
        """They could not be given."""
        for told in reversed(batch):
            row = queue.subject_of(told.item) if isinstance(told, _About) else None
            key = row if row is not None else told
            self._items[key] = told
            self._items.move_to_end(key, last=False)

    def merged(self) -> list[tuple[Told, queue.Moved]]:
        """What has to be written anew."""
        found = [self._items[key] for key in self._stale if key in self._items]
        return [(it, it.item) for it in found if isinstance(it, _About)]

    def settle(self) -> None:
        """It was written."""
        self._stale.clear()
