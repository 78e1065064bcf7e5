"""Hands each batch of the log to the streams that may hear of it, and never waits for any of them (design §5)."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from api.feed.items import Consumer, RevokedReason
from api.feed.place import Place
from api.feed.shares.index import Hearer, Index
from api.feed.shares.turns import Turns
from api.feed.shares.window import LogWindow
from domain.event import EventKind, LoggedEvent
from domain.viewer import Viewer

_OF_MANY = frozenset({EventKind.RIGHTS, EventKind.DICTIONARY, EventKind.GRID})  # items name what these change

Reread = Callable[[Viewer], Awaitable[Viewer | RevokedReason]]


class Reader(Protocol):
    """A seat of a share, or a place of a stream by itself."""

    @property
    def viewer(self) -> Viewer:
        """Who reads."""

    def suspect(self) -> None:
        """Something was said about the rights of the reader."""

    def interrupt(self) -> None:
        """See how to go on."""

    def consumer(self, lag_seconds: float, now: float) -> Consumer:
        """Who reads, and how far."""


class Shared(Hearer, Protocol):
    """A share of an event stream."""

    def hear(self, logged: LoggedEvent) -> None:
        """An entry that its class may hear of."""

    def forget(self, incident_id: UUID | None) -> None:
        """A case changed; None: anything may have."""


class Hub:
    """All streams of one process. `shares` are those that are read, by what makes two readers read the same."""

    def __init__(self) -> None:
        self.window = LogWindow()
        self.draining = False
        self.turns = Turns()
        self.shares: dict[Hashable, object] = {}
        self._index: Index[Shared] = Index()
        self._hearing: dict[Shared, None] = {}
        self._places: dict[Place, None] = {}
        self._readers: defaultdict[UUID, dict[Reader, None]] = defaultdict(dict)
        self._left = asyncio.Event()
        self._left.set()

    @property
    def position(self) -> int:
        """The last entry the tail has handed on."""
        return self.window.position

    # who reads

    def sit(self, reader: Reader) -> None:
        """Somebody reads."""
        self._readers[reader.viewer.person_id][reader] = None
        self._left.clear()

    def rise(self, reader: Reader) -> None:
        """Somebody reads no more."""
        person_id = reader.viewer.person_id
        held = self._readers[person_id]
        held.pop(reader, None)
        if not held:
            del self._readers[person_id]
            if not self._readers:
                self._left.set()

    def listen(self, share: Shared) -> None:
        """Hand a share what its class may hear of."""
        self._index.add(share)
        self._hearing[share] = None

    def deafen(self, share: Shared) -> None:
        """Hand it nothing more."""
        if share in self._hearing:
            del self._hearing[share]
            self._index.remove(share)

    @contextmanager
    def joined(self, place: Place) -> Iterator[None]:
        """Belong to the hub; call `go_live` to receive entries."""
        self.sit(place)
        try:
            yield
        finally:
            self._places.pop(place, None)
            self.rise(place)

    def go_live(self, place: Place) -> None:
        """From now on every entry after the hub's position reaches the place."""
        place.position = self.position
        self._places[place] = None

    # what happens

    def deliver(self, batch: Sequence[LoggedEvent]) -> None:
        """Hand on the next entries, in order."""
        if not batch:
            return
        self.window.extend(batch)
        for logged in batch:
            self._forget(logged)
            for share in self._index.hearing(logged.event):
                share.hear(logged)
        for place in self._places:
            place.offer(batch)

    def _forget(self, logged: LoggedEvent) -> None:
        event = logged.event
        many = event.kind in _OF_MANY
        if many or event.incident_id is not None:
            for share in self._hearing:
                share.forget(None if many else event.incident_id)

    def suspect(self, people: AbstractSet[UUID]) -> None:
        """Make every stream of these people ask again before its next item."""
        for person_id in people & self._readers.keys():
            for reader in tuple(self._readers[person_id]):
                reader.suspect()

    async def drain(self, patience: float) -> None:
        """Let every stream say its last position and end; gives up after `patience` seconds."""
        self.draining = True
        for readers in tuple(self._readers.values()):
            for reader in tuple(readers):
                reader.interrupt()
        try:
            async with asyncio.timeout(patience):
                await self._left.wait()
        except TimeoutError:
            return

    def consumers(self, lag_seconds: float) -> tuple[Consumer, ...]:
        """Who reads here, with the tail's lag and what waits for them on top."""
        now = asyncio.get_running_loop().time()
        found = [it.consumer(lag_seconds, now) for readers in self._readers.values() for it in readers]
        return tuple(sorted(found, key=lambda it: it.since))

    @property
    def reading(self) -> int:
        """How many read."""
        return sum(map(len, self._readers.values()))
