"""The promise of the feed: whoever resumes by cursor receives exactly the visible log, in order, nothing twice."""

import asyncio
import random
from uuid import UUID, uuid4

import pytest

from api.feed.feed import Feed
from api.feed.hearing import may_hear
from api.feed.items import Gap, GapReason, Happened, Heartbeat
from db import event_log
from domain.event import EventKind, LoggedEvent
from domain.viewer import Viewer
from domain.visibility import visibility_of
from tests.api.feed.rig import command, everything, handler, happening, reading, running, write

pytestmark = pytest.mark.usefixtures("store")

COMMITS, WRITERS = 40, 3


async def _writer(units: list[UUID], dice: random.Random) -> None:
    for _ in range(COMMITS):
        await write(
            *(
                happening(
                    dice.choice(list(EventKind)[:8]),
                    before=dice.sample(units, dice.randint(0, 2)),
                    after=dice.sample(units, dice.randint(0, 2)),
                )
                for _ in range(dice.randint(1, 4))
            )
        )
        await asyncio.sleep(dice.random() * 0.01)


class _Consumer:
    """Reads, breaks off at random points and resumes; checks the chain as a client can."""

    def __init__(self, feed: Feed, who: Viewer, dice: random.Random) -> None:
        self._feed, self._who, self._dice = feed, who, dice
        self.cursor = feed.cursors.at(0)
        self.received: list[LoggedEvent] = []

    async def read_until(self, done: asyncio.Event) -> None:
        while not done.is_set() or self.cursor != self._feed.cursors.at(await event_log.head()):
            await self._once()

    async def _once(self) -> None:
        stay = self._dice.randint(0, 30)
        async with reading(everything(self._feed, self._who, self.cursor)) as reader:
            first = await reader.next()
            assert isinstance(first, Heartbeat)
            assert first.cursor == first.follows == self.cursor
            for _ in range(stay):
                item = await reader.next()
                if isinstance(item, Gap):
                    assert (item.gap, item.resume_at) == (GapReason.OVERLOAD, self.cursor)
                    return
                assert isinstance(item, Happened | Heartbeat)
                assert item.follows == self.cursor
                self.cursor = item.cursor
                if isinstance(item, Happened):
                    self.received.append(item.logged)
                if self._dice.random() < 0.1:
                    await asyncio.sleep(self._dice.random() * 0.05)


@pytest.mark.parametrize("seed", range(3))
async def test_a_consumer_that_reconnects_anywhere_receives_the_visible_log_once_and_in_order(
    seed: int,
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a repeatable test, no secret
    units = [uuid4() for _ in range(4)]
    async with running(heartbeat=0.05, capacity=20) as feed:
        people = [handler(units[0]), handler(units[1]), command()]
        consumers = [_Consumer(feed, who, random.Random(dice.random())) for who in people]  # noqa: S311 - as above
        done = asyncio.Event()
        readers = [asyncio.create_task(it.read_until(done)) for it in consumers]
        async with asyncio.timeout(60):
            await asyncio.gather(*(_writer(units, random.Random(dice.random())) for _ in range(WRITERS)))  # noqa: S311 - as above
            done.set()
            await asyncio.gather(*readers)
    log = await event_log.read(0, 10_000)
    assert len(log) > COMMITS * WRITERS
    for who, consumer in zip(people, consumers, strict=True):
        visible = [it for it in log if may_hear(visibility_of(who), it.event)]
        assert consumer.received == visible
    assert 0 < len(consumers[0].received) < len(log)
