"""Items that were written, for whoever needs the same one a moment later; dropped when their case changes."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar
from uuid import UUID

from api.feed.shares.seat import Told

MOST = 512  # items of one share
OLD = 5.0  # seconds: what depends on the time of day is written anew then
BRIEF = 0.25  # seconds for which a heartbeat may be said again

T = TypeVar("T")
Key = tuple[int, ...]
Cases = Iterable[UUID | None]


class Kept(Generic[T]):
    """What was written of one share by position and by what it follows: an item, or several."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._made: OrderedDict[Key, tuple[float, asyncio.Future[T]]] = OrderedDict()
        self._of_case: dict[UUID, list[Key]] = {}

    async def text(self, key: Key, cases: Cases, make: Callable[[], Awaitable[T]]) -> T:
        """What there is to tell as it is now; whoever asks while it is being written waits for that."""
        loop = asyncio.get_running_loop()
        while (found := self._made.get(key)) is not None and found[0] > loop.time() - OLD:
            future = found[1]
            if not future.done():
                await asyncio.wait((future,))
            if not future.cancelled():
                return future.result()
        return await self._written(key, cases, make)

    async def _written(self, key: Key, cases: Cases, make: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if len(self._of_case) >= MOST:
            self.forget(None)
        if len(self._made) >= self._most:
            self._made.popitem(last=False)
        self._made[key] = loop.time(), future
        for incident_id in cases:
            if incident_id is not None:
                self._of_case.setdefault(incident_id, []).append(key)
        try:
            made = await make()
        except BaseException:
            future.cancel()  # whoever waits for it writes it again, and meets what is wrong
            if self._made.get(key, (0.0, None))[1] is future:
                del self._made[key]
            raise
        future.set_result(made)
        return made

    def forget(self, incident_id: UUID | None) -> None:
        """A case changed; None: anything may have."""
        if incident_id is None:
            self._made.clear()
            self._of_case.clear()
        elif self._made:
            for key in self._of_case.pop(incident_id, ()):
                self._made.pop(key, None)

    def tidy(self) -> None:
        """Drop what is old."""
        then = asyncio.get_running_loop().time() - OLD
        while self._made and next(iter(self._made.values()))[0] < then:
            self._made.popitem(last=False)
        if not self._made:
            self._of_case.clear()


class Beats:
    """Heartbeats that many begin with at about the same time."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[float, Told]] = {}

    async def first(self, start: int, make: Callable[[], Awaitable[Told]]) -> Told:
        """The one of that position."""
        now = asyncio.get_running_loop().time()
        found = self._made.get(start)
        if found is not None and found[0] > now - BRIEF:
            return found[1]
        told = await make()
        if len(self._made) >= MOST:
            self._made.clear()
        self._made[start] = now, told
        return told

    def tidy(self) -> None:
        """Drop what is old."""
        self._made.clear()
