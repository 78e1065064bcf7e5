"""What runs on one socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress

from api.feed.shares.seat import Seat

_NONE: frozenset[asyncio.Task[None]] = frozenset()  # the one that takes nothing


class Running:
    """What runs on one socket by the ids its client gave: tasks, and seats at shared streams, which need none."""

    __slots__ = ("_all", "_thinned", "seats", "streams", "tasks")

    def __init__(self) -> None:
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.seats: dict[str, Seat] = {}
        self.streams: AbstractSet[asyncio.Task[None]] = _NONE
        self._all: AbstractSet[asyncio.Task[None]] = _NONE
        self._thinned: asyncio.Event | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that are taken."""
        return (*self.tasks, *self.seats)

    @property
    def count(self) -> int:
        """How much runs, what was left and has not ended yet included."""
        return len(self._all) + len(self.seats)

    @property
    def brief(self) -> set[asyncio.Task[None]]:
        """Queries and commands."""
        return {*self.tasks.values()} - self.streams

    def spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """Do something as long as the socket lives."""
        task = asyncio.ensure_future(work)
        self._all = self._all | {task}
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._all = (self._all - {task}) or _NONE

    def leave(self, operation_id: str) -> None:
        """Stop an operation; its id is free again at once, its stream is closed behind it."""
        if task := self.tasks.pop(operation_id, None):
            task.cancel()
        if seat := self.seats.pop(operation_id, None):
            seat.leave()

    def strike(self, operation_id: str) -> None:
        """An operation has ended by itself."""
        self.tasks.pop(operation_id, None)
        self.seats.pop(operation_id, None)
        if self._thinned is not None:
            self._thinned.set()

    @asynccontextmanager
    async def listed(self, operation_id: str) -> AsyncIterator[asyncio.Task[None]]:
        """The operation's task, struck off when it ends, unless its id already means another."""
        task = self.tasks[operation_id]
        try:
            yield task
        finally:
            self.streams = (self.streams - {task}) or _NONE
            if self.tasks.get(operation_id) is task:
                del self.tasks[operation_id]
            if self._thinned is not None:
                self._thinned.set()

    async def none(self, patience: float) -> None:
        """Returns when nothing runs, or after `patience` seconds."""
        self._thinned = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self.tasks or self.seats:
                    self._thinned.clear()
                    await self._thinned.wait()

    async def stop(self, *others: asyncio.Task[None]) -> None:
        """End everything, and these tasks."""
        for operation_id in tuple(self.seats):
            self.leave(operation_id)
        tasks = {*others, *self._all}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
