"""Reads the log once per process, in order, on the bell or every second (design §5)."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from db.bell import Bell
from db.engines.faults import Contention
from db.reads import event_log
from domain.errors import DomainError, ErrorCode
from domain.event import LoggedEvent

BATCH = 500
LONGEST_PAUSE = 5.0  # seconds between two tries while the database is away
_PASSING = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.TOO_COSTLY})  # it is away, or answers too slowly

log = logging.getLogger("fengqiao.feed")

Deliver = Callable[[Sequence[LoggedEvent]], Awaitable[None]]


class Tail:
    """One per process. A lost database is waited for; anything else ends the tail and is told to `on_death`.

    `reading` is entered as long as it reads.
    """

    def __init__(
        self,
        bell: Bell,
        deliver: Deliver,
        on_death: Callable[[BaseException], None],
        *,
        poll_seconds: float,
        reading: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._bell = bell
        self._deliver = deliver
        self._on_death = on_death
        self._poll_seconds = poll_seconds
        self._reading = reading
        self._known = 0.0
        self._task: asyncio.Task[None] | None = None
        self.position = 0

    @property
    def alive(self) -> bool:
        """Whether it reads, or waits for the database."""
        return self._task is not None and not self._task.done()

    @property
    def lag_seconds(self) -> float:
        """How long ago it last knew that it had everything."""
        return time.monotonic() - self._known

    def start(self, position: int) -> None:
        """Read from `position` on."""
        self.position = self._bell.known = position
        self._known = time.monotonic()
        self._task = asyncio.create_task(self._run(), name="feed, tail")

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            async for _ in self._bell.listen(self._poll_seconds):
                with self._reading():
                    await self._patiently()
        except Exception as error:
            log.critical("the feed's tail cannot go on", exc_info=error)
            self._on_death(error)
            raise

    async def _patiently(self) -> None:
        """Read everything there is, trying again for as long as the database is away."""
        pause = 0.1
        while True:
            try:
                return await self._read()
            except (DomainError, Contention) as refusal:
                if isinstance(refusal, DomainError) and refusal.code not in _PASSING:
                    raise
                log.warning("the feed waits for the database, at %d", self.position)
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - spreads retries, no secret
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _read(self) -> None:
        while True:
            asked = time.monotonic()
            batch = await event_log.follow(self.position, BATCH)
            if batch:
                self._check(batch)
                self.position = self._bell.known = batch[-1].seq
            await self._deliver(batch)
            if len(batch) < BATCH:
                self._known = asked
                return

    def _check(self, batch: Sequence[LoggedEvent]) -> None:
        """The log has no holes; one means that entries went which nobody here has read."""
        if batch[0].seq != self.position + 1:
            raise RuntimeError(f"the log goes on at {batch[0].seq} after {self.position}")
