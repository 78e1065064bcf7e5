"""Event streams: `feed`, `commandCentre`, `incidentChanged` never conflate and never lose (design §5)."""

from collections import deque
from collections.abc import AsyncGenerator

from api.feed.hearing import Wants
from api.feed.hub import Place, Ring
from api.feed.items import FeedItem, Gap, GapReason, Happened, Heartbeat
from api.feed.works import Teller, Works
from db import event_log
from domain.event import LoggedEvent
from domain.viewer import Viewer

BATCH = 500


class EventStream:
    """One reader: catches up from the log, then follows the hub.

    `_read` is how far the log was looked through, `_told` how far the reader knows of it.
    """

    def __init__(self, works: Works, viewer: Viewer, stream: str, wants: Wants, after: str | None) -> None:
        self._works = works
        self._ring = Ring(works.capacity)
        self._place = Place(viewer, stream, wants, self._ring)
        self._teller = Teller(works, self._place, after)
        self._after = after
        self._read = 0
        self._told = 0
        self._found: deque[LoggedEvent] = deque()
        self._over = False

    async def items(self) -> AsyncGenerator[FeedItem]:
        """A heartbeat that follows itself, then what happens, in order; it ends with a gap, a revocation or the server.

        Raises BAD_CURSOR, field `after`.
        """
        with self._works.hub.joined(self._place):
            yield await self._first()
            while not self._over:
                yield await self._next()

    async def _first(self) -> FeedItem:
        head = await event_log.head()
        start = head if self._after is None else self._works.cursors.seq(self._after)
        if gap := self._gap(start, head, await event_log.oldest()):
            return self._last(gap)
        if start is not None:
            self._read = self._told = start
        return await self._ended() or self._teller.heartbeat(self._read)

    def _gap(self, start: int | None, head: int, oldest: int) -> Gap | None:
        """A position that the log cannot go on from: of another life, ahead of it, or no longer kept."""
        if start is None or start > head:
            return Gap(GapReason.EPOCH_CHANGED, self._after, self._works.cursors.at(head))
        if start < oldest - 1:
            return Gap(GapReason.RETENTION, self._after, self._works.cursors.at(oldest - 1))
        return None

    async def _next(self) -> FeedItem:
        while True:
            if ended := await self._ended():
                return ended
            if self._place.live:
                self._take()
            if self._found:
                return self._happened(self._found.popleft())
            if self._teller.silent_too_long:
                return self._heartbeat(self._read)
            if self._place.live:
                await self._place.pause(self._teller.due)
            else:
                await self._catch_up()

    async def _ended(self) -> FeedItem | None:
        if revoked := await self._teller.revoked():
            return self._last(revoked)
        if self._place.overflown:
            return self._last(Gap(GapReason.OVERLOAD, self._teller.last, self._teller.last))
        if self._works.hub.draining:
            return self._last(self._heartbeat(self._told))
        return None

    def _last(self, item: FeedItem) -> FeedItem:
        self._over = True
        return item

    def _heartbeat(self, seq: int) -> Heartbeat:
        self._told = seq
        return self._teller.heartbeat(seq)

    def _happened(self, logged: LoggedEvent) -> Happened:
        self._told = logged.seq
        return Happened(*self._teller.tell(logged.seq), logged)

    async def _catch_up(self) -> None:
        """Read on in the log; once level with the tail, live from the very next entry."""
        batch = await event_log.read(self._read, BATCH)
        if batch:
            self._read = batch[-1].seq
            self._found.extend(it for it in batch if self._place.wants(it))
        if self._read >= self._works.hub.position:
            self._works.hub.go_live(self._place)

    def _take(self) -> None:
        """Take what came; the log may have been read beyond what the hub hands on now."""
        self._found.extend(it for it in self._ring.take_all() if it.seq > self._read)
        self._read = max(self._read, self._place.position)
