"""Shares of event streams: `feed`, `commandCentre`, `incidentChanged` never conflate and never lose (design §5)."""

import asyncio
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from uuid import UUID

from api.feed.hearing import Wants
from api.feed.items import Gap, GapReason, Happened
from api.feed.shares.kept import Beats, Kept
from api.feed.shares.seat import Seat, Told
from api.feed.shares.share import Render, Share
from api.feed.shares.window import HoleError, Piece
from api.feed.works import Works
from db import event_log
from domain.event import LoggedEvent
from domain.visibility import Visibility

TOGETHER = 64  # entries that wait and leave in one write
PRIVATE = 32  # entries that a reader who catches up is told before others have their turn
AT_ONCE = 4  # items of these that are written before others have their turn
PARTS = 16  # written together, kept for others who catch up: no more items than are kept singly
MOST_PENDING = 10_000  # entries; readers who fall behind by more read the log for themselves
_PIECES = 8


class EventShare(Share):
    """Every entry in order, each with the position it follows."""

    def __init__(
        self,
        works: Works,
        stream: str,
        key: Hashable,
        render: Render,
        *,
        visibility: Visibility,
        wants: Wants,
        incident_id: UUID | None = None,
    ) -> None:
        super().__init__(works, stream, key, render)
        self.visibility = visibility
        self.incident_id = incident_id
        self._wants = wants
        self._pending: deque[LoggedEvent] = deque()
        self._kept: Kept[Told] = Kept()
        self._parts: Kept[list[Told]] = Kept(PARTS)
        self._beats = Beats()
        self._pieces: OrderedDict[tuple[int, int], list[LoggedEvent]] = OrderedDict()
        self._due = False
        self._quiet_since = asyncio.get_running_loop().time()
        self._timer = self._wind()

    # what comes

    def hear(self, logged: LoggedEvent) -> None:
        """An entry that the class may hear of."""
        if not self._wants(logged):
            return
        self._pending.append(logged)
        if len(self._pending) > MOST_PENDING:
            self._pending.clear()
            self.told = logged.seq
            for seat in tuple(self._seats):
                if seat.live:
                    seat.live = False
                    seat.work(self._go_on(seat))
        self.wake()

    def forget(self, incident_id: UUID | None) -> None:
        """A case changed (None: anything may have): what was written of it is old."""
        self._kept.forget(incident_id)
        self._parts.forget(incident_id)

    @property
    def reached(self) -> int:
        """The position up to which every wanted entry was told, or is being told."""
        return self._pending[0].seq - 1 if self._pending else self.works.hub.position

    @property
    def waits(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._pending) or self._due

    def stop(self) -> None:
        """Nobody reads any more."""
        super().stop()
        self._timer.cancel()
        self.works.hub.deafen(self)

    # what is told to all

    async def tell(self) -> bool:
        """Everything that waits, at most `TOGETHER` entries in one write; a heartbeat when it was quiet for long."""
        if self._pending:
            with self.works.hub.turns.live():
                await self._pass_on(
                    [self._pending.popleft() for _ in range(min(TOGETHER, len(self._pending)))]
                )
        elif self._due:
            await self._beat()
        else:
            return False
        self._quiet_since = asyncio.get_running_loop().time()
        return True

    async def _pass_on(self, taken: Sequence[LoggedEvent]) -> None:
        base, self.told = self.told, taken[-1].seq
        recipients = tuple(self._seats)
        if len(taken) > 1:
            await self._render.ahead(taken)
        batch = await self._chain(taken, base)
        elsewhere = await self.fan(recipients, batch, base)
        for seat in elsewhere:
            first = await self.text(taken[0], seat.read)
            await self.fan((seat,), (first, *batch[1:]), seat.read)

    async def _beat(self) -> None:
        self._due = False
        base, self.told = self.told, self.reached
        recipients, seq = tuple(self._seats), self.told
        elsewhere = await self.fan(recipients, (await self.beat(seq, base),), base)
        for seat in elsewhere:
            await self.fan((seat,), (await self.beat(seq, seat.read),), seat.read)

    async def _chain(self, entries: Sequence[LoggedEvent], follows: int) -> list[Told]:
        batch = []
        for logged in entries:
            batch.append(await self.text(logged, follows))
            follows = logged.seq
        return batch

    async def text(self, logged: LoggedEvent, follows: int) -> Told:
        """The item of an entry for whoever was told `follows` before; written once for all of them."""
        at = self.works.cursors.at

        async def make() -> Told:
            return Told(await self.written(Happened(at(logged.seq), at(follows), logged)), logged.seq)

        return await self._kept.text((logged.seq, follows), (logged.event.incident_id,), make)

    def _wind(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_at(
            self._quiet_since + self.works.heartbeat_seconds, self._struck
        )

    def _struck(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_since + self.works.heartbeat_seconds:
            self._quiet_since = now
            self._due = True
            for kept in (self._kept, self._parts, self._beats):
                kept.tidy()
            self._pieces.clear()
            self.wake()
        self._timer = self._wind()

    # what is told to one

    async def enter(self, seat: Seat) -> None:
        """A heartbeat that follows itself, what was missed, then what all are told. BAD_CURSOR, field `after`."""
        begun = await self._begin(seat.after)
        if isinstance(begun, Gap):
            return await self.end_with(seat, begun)
        start, scanned = begun
        if await self.ended(seat, start):
            return None
        seat.offer((await self._first(start),))
        return await self._catch_up(seat, scanned)

    async def _go_on(self, seat: Seat) -> None:
        """As `enter` for a reader who was one of many."""
        if not await self.ended(seat):
            await self._catch_up(seat, seat.read)

    def overflown(self, seat: Seat) -> None:
        """The reader resumes from what it has."""
        cursor = seat.cursor
        seat.live, seat.frozen = False, True
        seat.work(self.end_with(seat, Gap(GapReason.OVERLOAD, cursor, cursor)))

    async def _begin(self, after: str | None) -> tuple[int, int] | Gap:
        """Where a reader begins, and how far the log holds nothing more for it; or why it cannot."""
        cursors, window = self.works.cursors, self.works.hub.window
        if after is None:
            return self.told, self.reached
        start, head = cursors.seq(after), window.position
        if start is not None and start > head:
            head = await event_log.head()  # another process may have heard of more
        if start is None or start > head:
            return Gap(GapReason.EPOCH_CHANGED, after, cursors.at(head))
        if start < window.oldest - 1:
            return Gap(GapReason.RETENTION, after, cursors.at(window.oldest - 1))
        return start, self.reached if self.told <= start <= self.reached else start

    async def _first(self, start: int) -> Told:
        """The first item: the same for all who begin there at about the same time."""
        return await self._beats.first(start, lambda: self.beat(start, start))

    async def _catch_up(self, seat: Seat, scanned: int) -> None:
        """Read on in the log; once level with the share, join it."""
        said = asyncio.get_running_loop().time()
        while not await self.ended(seat):
            if seat.waiting is not None:
                await seat.room()
            elif scanned < self.reached:
                try:
                    scanned, said = await self._read_on(seat, scanned, said)
                except HoleError:
                    return await self.end_with(seat, self._retention(seat))
            elif scanned > self.reached:
                await asyncio.sleep(0.01)  # the cursor is of a process that is ahead of this one
            elif seat.read < self.told:
                seat.offer((await self.beat(self.told, seat.read),))
            else:
                return self.join(seat)
        return None

    async def _read_on(self, seat: Seat, scanned: int, said: float) -> tuple[int, float]:
        """Tell what the next piece of the log holds; how far it went, and when something was said last."""
        piece = await self.works.hub.window.piece(scanned)
        wanted, size = self._wanted(piece), min(PRIVATE, self.works.capacity)
        told = bisect_right(wanted, scanned, key=lambda it: it.seq)
        for start in range(told - told % size, len(wanted), size):  # parts that are the same for all
            if told < start + size and told < len(wanted):
                await self._tell_one(seat, wanted[max(start, told) : start + size])
            if seat.closing or seat.over:
                break
        now = asyncio.get_running_loop().time()
        if len(wanted) > told or seat.closing:
            return piece.end, now
        if now >= said + self.works.heartbeat_seconds:
            seat.offer((await self.beat(piece.end, seat.read),))
            return piece.end, now
        await asyncio.sleep(0)
        return piece.end, said

    async def _tell_one(self, seat: Seat, entries: Sequence[LoggedEvent]) -> None:
        """Tell one reader these, when it is its turn; returns when it has taken them."""
        async with self.works.hub.turns.one():
            batch = await self._part(entries, seat.read)
            if await self.ended(seat):
                return
            seat.offer(batch)
        while seat.waiting is not None and not await self.ended(seat):
            await seat.room()

    async def _part(self, entries: Sequence[LoggedEvent], follows: int) -> list[Told]:
        """The items of these as they are now, written once for all who catch up."""

        async def make() -> list[Told]:
            last = follows
            await self._render.ahead(entries)
            for start in range(0, len(entries), AT_ONCE):
                await self.works.hub.turns.calm()
                last = (await self._chain(entries[start : start + AT_ONCE], last))[-1].seq
            return await self._chain(entries, follows)  # anew what changed in these pauses

        cases = {it.event.incident_id for it in entries}
        return await self._parts.text((entries[0].seq, entries[-1].seq, follows), cases, make)

    def _wanted(self, piece: Piece) -> Sequence[LoggedEvent]:
        """What the share wants of a piece of the log; looked at once for all who catch up."""
        known = self._pieces.get(piece.key)
        if known is None:
            known = self._pieces[piece.key] = [it for it in piece.entries if self._wants(it)]
            if len(self._pieces) > _PIECES:
                self._pieces.popitem(last=False)
        return known

    def _retention(self, seat: Seat) -> Gap:
        cursors = self.works.cursors
        return Gap(GapReason.RETENTION, seat.cursor, cursors.at(self.works.hub.window.oldest - 1))
