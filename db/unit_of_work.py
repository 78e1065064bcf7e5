"""The only place where transactions open: one command, one transaction, its events last (design §3)."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.transactions import in_transaction as tortoise_transaction

from db import bell, event_log
from db.engines.faults import Contention, unavailable
from db.work.batch import Batch
from domain.errors import DomainError
from domain.event import Event

T = TypeVar("T")

ATTEMPTS = 3
_PAUSE_SECONDS = 0.05

log = logging.getLogger("fengqiao.db")
_inside: ContextVar[bool] = ContextVar("inside a unit of work", default=False)
_running: set[asyncio.Task[Any]] = set()
_listeners: list[Callable[[Sequence[Event]], None]] = []


@dataclass(slots=True, eq=False)
class Work:
    """One open transaction. `connection` goes to every query as `using_db`; `writes` are sent with its end.

    `rung` is true once the bell was rung, after the commit; `answers` are the results under the keys claimed in
    this transaction, which are stored with its end.
    """

    connection: TransactionalDBClient
    events: list[Event] = field(default_factory=list)
    writes: Batch = field(default_factory=Batch)
    rung: bool = False
    answers: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    ends: list[Callable[[], None]] = field(default_factory=list)

    def append(self, event: Event) -> None:
        """Keep an event; all are written together, as the last thing before the commit."""
        self.events.append(event)

    def at_end(self, told: Callable[[], None]) -> None:
        """Call this when the transaction has ended, whether it was committed or not."""
        self.ends.append(told)

    def part(self) -> "Work":
        """A part of this transaction; who awaits the end hears of the whole, though the part be undone."""
        return Work(self.connection, answers=self.answers, ends=self.ends)

    def take(self, part: "Work") -> None:
        """What a part of this transaction did, and was not undone, becomes its own."""
        self.events += part.events
        self.writes.take(part.writes)

    async def finish(self) -> int:
        """Send what waits, the events last; the log's new head, or 0 where nothing happened."""
        if self.events:
            return await event_log.append(self.connection, self.events, self.writes)
        await self.writes.flush(self.connection)
        return 0

    def end(self, head: int) -> None:
        """Tell whoever has to know that the transaction has ended: with a `head` it may have been committed."""
        if head:  # a cancelled commit may still have been made, and a needless ring costs one read
            bell.ring(head)
            self.rung = True
            for listener in _listeners:
                listener(self.events)
        for told in self.ends:
            told()


@asynccontextmanager
async def begin() -> AsyncIterator[Work]:
    """Open a transaction; on leaving, write its events and commit, then ring the bell.

    It does not nest and never starts tasks of its own: a task started inside would share its connection.
    Raises Contention (see `in_transaction`, which tries again) and UNAVAILABLE.
    """
    if _inside.get():
        raise RuntimeError("a unit of work is open already; hand its Work down instead")
    token = _inside.set(True)
    head = 0
    work: Work | None = None
    try:
        async with tortoise_transaction("default") as connection:
            work = Work(connection)
            yield work
            head = await work.finish()
    finally:
        _inside.reset(token)
        if work is not None:
            work.end(head)


async def in_transaction(
    body: Callable[[Work], Awaitable[T]],
    *,
    first: Callable[[Callable[[Work], Awaitable[T]]], Awaitable[T]] | None = None,
) -> T:
    """Run `body` in one transaction to its end, even if the caller is cancelled meanwhile.

    `first` makes the first attempt in its own way (`db.work.groups`). There are up to `ATTEMPTS` when two writers
    meet, so `body` must be able to run again.
    Raises UNAVAILABLE when the store is lost or stays contended, and whatever `body` raises.
    """
    task = asyncio.create_task(_attempts(body, first or _once), name="unit of work")
    _running.add(task)
    task.add_done_callback(_running.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_report_orphan)
        raise


def listen(listener: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
    """Hand a process its own events as soon as they are committed, before the command answers; the end of it.

    What other processes commit is heard from the log's tail.
    """
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


async def settle() -> None:
    """Wait until every running transaction has ended; for the shutdown."""
    while _running:
        await asyncio.wait(_running)


async def _attempts(
    body: Callable[[Work], Awaitable[T]], first: Callable[[Callable[[Work], Awaitable[T]]], Awaitable[T]]
) -> T:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await (first if attempt == 1 else _once)(body)
        except Contention:
            if attempt == ATTEMPTS:
                break
        await asyncio.sleep(attempt * _PAUSE_SECONDS * random.random())  # noqa: S311 - spreads writers, no secret
    raise unavailable("Too many writers at once, try again", "同时写入过多，请重试")


async def _once(body: Callable[[Work], Awaitable[T]]) -> T:
    async with begin() as work:
        return await body(work)


def _report_orphan(task: asyncio.Task[Any]) -> None:
    """A failure nobody waits for any more is a bug unless it is a refusal."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, DomainError):
        log.error("a transaction failed after its caller had left", exc_info=error)
