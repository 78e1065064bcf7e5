"""The log as streams read it again: what is recent from memory, the rest in blocks read once for everybody."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from db import event_log
from domain.event import LoggedEvent

RECENT = 4096  # entries kept in memory
BLOCK = 500  # entries of one read
BLOCKS = 24  # kept; some 20 MB of entries at most


class HoleError(Exception):
    """The entries that were asked for are no longer kept."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Entries in order, maybe some before those asked for; `end` is how far the log was looked through.

    `key` names the piece for who keeps what it wants of it.
    """

    key: tuple[int, int]
    entries: Sequence[LoggedEvent]
    end: int


class LogWindow:
    """One per process. `position` is the last entry that the tail handed on, `oldest` the first that the log keeps."""

    def __init__(self) -> None:
        self.position = 0
        self.oldest = 1
        self.reads = 0
        self._recent: deque[LoggedEvent] = deque(maxlen=RECENT)
        self._blocks: OrderedDict[tuple[int, int], asyncio.Task[list[LoggedEvent]]] = OrderedDict()

    async def open(self) -> None:
        """Begin at the present head."""
        self.position = await event_log.head()
        await self.look()

    async def look(self) -> None:
        """See anew how far back the log goes."""
        self.oldest = await event_log.oldest()

    def extend(self, batch: Sequence[LoggedEvent]) -> None:
        """The tail read on."""
        self._recent.extend(batch)
        self.position = batch[-1].seq

    async def piece(self, after: int) -> Piece:
        """The next entries after a position below `position`. HoleError when they are gone."""
        first = self._recent[0].seq if self._recent else self.position + 1
        start = after - after % BLOCK
        end = min(start + BLOCK, self.position)
        if after + 1 >= first:
            skip = after + 1 - first
            found = [*islice(self._recent, skip, skip + end - after)]
            return Piece((after, end), found, end)
        end = min(end, first - 1)
        held = await self._block(start, end)
        if not held or held[-1].seq != end or held[0].seq > after + 1:
            self._blocks.pop((start, end), None)
            await self.look()
            raise HoleError
        return Piece((start, end), held, end)

    async def _block(self, start: int, end: int) -> list[LoggedEvent]:
        task = self._blocks.get((start, end))
        if task is None:
            self.reads += 1
            task = asyncio.create_task(event_log.read(start, BLOCK, end), name="feed, block")
            self._blocks[start, end] = task
            task.add_done_callback(lambda done: self._done((start, end), done))
            if len(self._blocks) > BLOCKS:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end((start, end))
        return await asyncio.shield(task)

    def _done(self, key: tuple[int, int], task: "asyncio.Task[list[LoggedEvent]]") -> None:
        """A read that failed is not kept."""
        if (task.cancelled() or task.exception() is not None) and self._blocks.get(key) is task:
            del self._blocks[key]
