"""What somebody subscribed to: read directly it gives items; the engine seats those together who read the same text."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from api.feed.shares.seat import Seat, Sink, Told
from api.feed.shares.share import Render, Share
from api.feed.works import Works
from domain.event import LoggedEvent
from domain.viewer import Viewer

T = TypeVar("T")
Opens = Callable[[Hashable, Render, Viewer], Share]


class Stream(AsyncGenerator[T, None], Generic[T]):
    """One subscription of a viewer, resumed `after` a cursor.

    `opens` makes its share; `lasting` says whether others of the class may join that unasked. `vouched`: the viewer's
    rights are kept as the log says, so nobody has to be asked for them. `shown` makes GraphQL objects of items, and
    `context_of` the context in which a class reads; both are the schema's.
    """

    def __init__(
        self,
        works: Works,
        viewer: Viewer,
        opens: Opens,
        *,
        after: str | None = None,
        lasting: bool = True,
        vouched: bool = False,
    ) -> None:
        self.works = works
        self.viewer = viewer
        self.after = after
        self.lasting = lasting
        self.vouched = vouched
        self.shown: Callable[[Any], object] = _unshown
        self.context_of: Callable[[Viewer], Any] = _unshown
        self._opens = opens
        self._items: AsyncGenerator[Any] | None = None

    def presented(self, shown: Callable[[Any], object], context: Any) -> "Stream[Any]":  # noqa: ANN401 - the operation's
        """The same, with what the schema makes of it; the context is asked for one of a class, and not kept."""
        self.shown, self.context_of = shown, context.for_class(self.viewer).for_class
        return self

    def share(self, key: Hashable, render: Render, reads: Viewer) -> Share:
        """The share of that key, made if nobody reads it yet; items are written for `reads`."""
        shares = self.works.hub.shares
        found = shares.get(key)
        if not isinstance(found, Share):
            found = shares[key] = self._opens(key, render, reads)
            found.lasting = self.lasting
        return found

    def joining(self, key: Hashable, render: Render, reads: Viewer) -> "Joining":
        """The share of that key, about to be joined."""
        return Joining(self.share(key, render, reads), self.viewer, self.after, self.vouched)

    async def asend(self, _value: None) -> T:
        """The next item."""
        if self._items is None:
            self._items = self.joining(object(), AsTheyAre(), self.viewer).pulled()
        item: T = await self._items.asend(None)
        return item

    async def athrow(self, *error: Any) -> T:  # noqa: ANN401 - in either of the two ways
        """Leave the stream."""
        if self._items is None:
            self._items = _nothing()
        item: T = await self._items.athrow(*error)
        return item

    async def aclose(self) -> None:
        """Leave the stream."""
        if self._items is not None:
            await self._items.aclose()


@dataclass(frozen=True, slots=True)
class Joining:
    """Somebody about to read a share; take the seat before anything is awaited."""

    share: Share
    viewer: Viewer
    after: str | None
    vouched: bool

    def seat(self, sink: Sink) -> Seat:
        """A seat that tells a sink; `enter` it."""
        seat = Seat(self.share, self.viewer, sink, after=self.after, vouched=self.vouched)
        self.share.sit(seat)
        return seat

    def pulled(self) -> AsyncGenerator[Any]:
        """What the share tells, for a reader that is no socket. Raises what refuses or breaks the stream."""
        sink = _Pulling()
        return _pulled(self.seat(sink), sink)


class AsTheyAre:
    """For who reads items, not text."""

    async def __call__(self, item: Any) -> Any:  # noqa: ANN401 - any item
        """The item itself."""
        return item

    async def ahead(self, entries: Sequence[LoggedEvent]) -> None:
        """Nothing is shown of them."""


class _Pulling:
    """A reader that asks for one item after the other."""

    line = None

    def __init__(self) -> None:
        self.over = False
        self.error: Exception | None = None
        self.wake = asyncio.Event()

    def give(self, _told: Sequence[Told]) -> bool:
        """It asks when it wants more."""
        self.wake.set()
        return False

    def spread(self, _seats: Sequence[Seat], _told: Sequence[Told]) -> None:
        """There is no line to it."""

    def end(self, error: Exception | None) -> None:
        """Nothing follows."""
        self.over, self.error = True, error
        self.wake.set()


async def _pulled(seat: Seat, sink: _Pulling) -> AsyncGenerator[Any]:
    seat.work(seat.share.enter(seat))
    try:
        while True:
            sink.wake.clear()
            if (told := seat.take()) is not None:
                yield told.payload
            elif sink.over:
                if sink.error is not None:
                    raise sink.error
                return
            else:
                await sink.wake.wait()
    finally:
        seat.leave()


def _unshown(_: Any) -> Any:  # noqa: ANN401 - as above
    raise TypeError("the schema has to say how items are shown")


async def _nothing() -> AsyncGenerator[Any]:
    for it in deque[Any]():
        yield it


__all__ = ["AsTheyAre", "Joining", "Stream"]
