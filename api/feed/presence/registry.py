"""Who reads streams in all processes, and the alarm for an escalation that no console received (design §5).

Each process tells the others, every few seconds and only what changed, who reads its streams and how far the consoles
of the command centre have come. Every process hears every escalation by its tail; one that no console of any process
has received within a minute is kept, counted and logged by whoever finds it first.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.feed.feed import Feed
from api.feed.hearing import REMINDERS
from api.feed.items import Consumer
from db import event_log
from db.live.consumers import Roll, Told, UnseenEscalation, rolls
from domain.errors import DomainError
from domain.event import EventKind, LoggedEvent
from services import consumers

CONSOLE = "commandCentre"
TOLD_MOST = 1000  # consumers of one process that the others are told of
LOOKED_BACK = 500  # entries of the log looked through at the start
EVERY, PATIENCE = timedelta(seconds=5), timedelta(minutes=1)

log = logging.getLogger("fengqiao.feed")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An escalation that is to be received until then (wall time)."""

    logged: LoggedEvent
    until: datetime


class Registry:
    """One per process. `unseen` counts the alarms it was the first to raise."""

    def __init__(self, feed: Feed, *, every: timedelta = EVERY, patience: timedelta = PATIENCE) -> None:
        self.unseen = 0
        self._feed = feed
        self._every = every
        self._patience = patience
        self._told: tuple[int, tuple[Told, ...]] | None = None
        self._told_at = datetime.min.replace(tzinfo=UTC)
        self._received = 0
        self._waiting: deque[_Waiting] = deque()
        feed.listen(self.hear)

    def hear(self, batch: Sequence[LoggedEvent]) -> None:
        """Wait for the escalations among these entries to be received."""
        until = datetime.now(UTC) + self._patience
        self._waiting.extend(_Waiting(it, until) for it in batch if _alarming(it))

    async def run(self, stop: asyncio.Event) -> None:
        """Call the roll again and again; what the store refuses is tried the next time."""
        await self._patiently(self._look_back())
        while not stop.is_set():
            await self._patiently(self.call(datetime.now(UTC)))
            try:
                async with asyncio.timeout(self._every.total_seconds()):
                    await stop.wait()
            except TimeoutError:
                continue

    async def call(self, now: datetime) -> None:
        """Tell the others what changed here, and raise what nobody has received until `now` (wall time)."""
        here = self._here()
        positions = [seq for _, stream, _, seq, _ in here if stream == CONSOLE and seq is not None]
        self._received = max([self._received, *positions])
        if self._told != (self._received, here) or now - self._told_at > self._patience / 2:
            await consumers.tell(Roll(self._feed.process, now, self._received, here))
            self._told, self._told_at = (self._received, here), now
        if self._waiting and self._waiting[0].until <= now:
            await self._judge(now)

    async def _judge(self, now: datetime) -> None:
        received = max([self._received, *(roll.received for roll in await rolls())])
        while self._waiting and self._waiting[0].until <= now:
            logged = self._waiting[0].logged
            if logged.seq > received:
                await self._raise(logged, now)
            self._waiting.popleft()

    async def _raise(self, logged: LoggedEvent, now: datetime) -> None:
        event = logged.event
        if await consumers.raise_unseen(UnseenEscalation(logged.seq, event.incident_id, event.at, now)):
            self.unseen += 1
            log.critical(
                "no console of the command centre has received an escalation",
                extra={"seq": logged.seq, "incident": str(event.incident_id), "step": event.row},
            )

    async def _look_back(self) -> None:
        """An escalation that no console had received when the last process ended is waited for again."""
        known = await rolls()
        if not known:
            return
        received, head = max(roll.received for roll in known), self._feed.started_at
        start = max(received, head - LOOKED_BACK)
        self.hear([it for it in await event_log.read(start, LOOKED_BACK, head) if it.seq > received])

    def _here(self) -> tuple[Told, ...]:
        """Who reads here; how many milliseconds they are behind, in steps that do not change all the time."""
        return tuple(
            (
                str(it.person_id),
                it.stream,
                it.since.isoformat(),
                None if it.cursor is None else self._feed.cursors.seq(it.cursor),
                it.lag_ms - it.lag_ms % 10_000,
            )
            for it in self._feed.consumers()[:TOLD_MOST]
        )

    async def _patiently(self, work: Awaitable[None]) -> None:
        try:
            await work
        except DomainError as refusal:
            log.warning("the registry of consumers waits for the store: %s", refusal.code)


async def everyone(feed: Feed, now: datetime, *, patience: timedelta = PATIENCE) -> list[Consumer]:
    """Who reads here, at this moment, and in the processes that still run, as they told last (wall time)."""
    found = list(feed.consumers())
    for roll in await rolls():
        if roll.id != feed.process and consumers.fresh(roll, now, patience):
            found += [_consumer(feed, told) for told in roll.consumers]
    return sorted(found, key=lambda it: it.since)


def _consumer(feed: Feed, told: Told) -> Consumer:
    person_id, stream, since, seq, lag_ms = told
    cursor = None if seq is None else feed.cursors.at(seq)
    return Consumer(UUID(person_id), stream, datetime.fromisoformat(since), cursor, lag_ms)


def _alarming(logged: LoggedEvent) -> bool:
    """Reminders go to one desk alone (B.4, B.6); everything else that escalates is the command centre's."""
    return logged.event.kind is EventKind.ESCALATED and logged.event.row not in REMINDERS
