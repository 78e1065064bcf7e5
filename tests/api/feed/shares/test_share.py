"""Many readers of one share: each is told everything once, however it comes, goes and is doubted (design §5)."""

import asyncio
import random
from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.feed.feed import Feed
from api.feed.hearing import may_hear
from api.feed.items import FeedItem, Filter, Gap, GapReason, Happened, Heartbeat, Revoked, RevokedReason
from api.feed.shares import events
from api.feed.shares.window import LogWindow
from api.feed.stream import AsTheyAre
from db import event_log
from db.unit_of_work import begin
from domain.event import LoggedEvent
from domain.viewer import Viewer
from domain.visibility import visibility_of
from tests.api.feed.rig import (
    Reader,
    Standings,
    command,
    handler,
    happened,
    happening,
    reading,
    rights,
    running,
    until,
    write,
)

pytestmark = pytest.mark.usefixtures("sqlite_store")


class _Counting(AsTheyAre):
    """Counts what is written."""

    def __init__(self) -> None:
        self.items: list[FeedItem] = []

    async def __call__(self, item: Any) -> Any:
        await asyncio.sleep(0)
        self.items.append(item)
        return item


def _shared(
    feed: Feed, who: Viewer, after: str | None = None, key: Hashable = "one", render: Any = None
) -> AsyncGenerator[Any]:
    """`feed` as who reads it with all others of that key."""
    return feed.everything(who, after, Filter()).joining(key, render or _Counting(), who).pulled()


async def test_an_item_is_written_once_for_all_and_told_to_each() -> None:
    render = _Counting()
    async with running() as feed:
        readers = [Reader(_shared(feed, command(), render=render)) for _ in range(20)]
        for reader in readers:
            assert isinstance(await reader.next(), Heartbeat)
        await write(happening(), happening())
        for reader in readers:
            assert [happened(await reader.next()).logged.seq for _ in range(2)] == [1, 2]
        assert len([it for it in render.items if isinstance(it, Happened)]) == 2
        for reader in readers:
            await reader.close()
        assert not feed.shares
        assert not feed.reading


async def test_a_stampede_that_resumes_reads_the_log_once_and_writes_each_item_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await write(*(happening() for _ in range(700)))
    reads, heads = list[int](), list[str]()
    real, real_head = event_log.read, event_log.head

    async def read(*given: Any, **named: Any) -> list[LoggedEvent]:
        if len(given) == 3:  # the tail asks without an end
            reads.append(given[0])
        return await real(*given, **named)

    async def head(*given: Any) -> int:
        heads.append("head")
        return await real_head(*given)

    render = _Counting()
    async with running(poll=30) as feed:
        monkeypatch.setattr(event_log, "read", read)
        monkeypatch.setattr(event_log, "head", head)
        after = feed.cursors.at(200)
        readers = [Reader(_shared(feed, command(), after, render=render)) for _ in range(50)]
        for reader in readers:
            first = await reader.next()
            assert isinstance(first, Heartbeat)
            assert first.cursor == first.follows == after
            assert [happened(await reader.next()).logged.seq for _ in range(500)] == list(range(201, 701))
        for reader in readers:
            await reader.close()
    assert sorted(reads) == [0, 500]
    assert not heads
    assert len([it for it in render.items if isinstance(it, Happened)]) <= 2 * 500


class _Changing(_Counting):
    """Something happens to a case, once, while what was missed of it is written."""

    def __init__(self, feed: Feed, incident_id: UUID) -> None:
        super().__init__()
        self._feed, self._incident_id, self.happened = feed, incident_id, False

    async def __call__(self, item: Any) -> Any:
        if isinstance(item, Happened) and item.logged.seq == 10 and not self.happened:
            self.happened = True
            for share in self._feed._hub._hearing:
                share.forget(self._incident_id)
        return await super().__call__(item)


async def test_what_changes_while_a_part_of_the_log_is_written_is_written_anew() -> None:
    changed = uuid4()
    await write(happening(incident=changed), *(happening() for _ in range(15)))
    async with running(poll=30) as feed:
        render = _Changing(feed, changed)
        reader = Reader(_shared(feed, command(), feed.cursors.at(0), render=render))
        assert isinstance(await reader.next(), Heartbeat)
        assert [happened(await reader.next()).logged.seq for _ in range(16)] == list(range(1, 17))
        await reader.close()
    assert render.happened
    assert sorted(it.logged.seq for it in render.items if isinstance(it, Happened)) == [1, *range(1, 17)]


async def test_who_joins_between_two_heartbeats_is_brought_level_with_one_of_its_own() -> None:
    ours, render = uuid4(), _Counting()
    async with running(heartbeat=0.3) as feed:
        who = handler(ours)
        first = Reader(_shared(feed, who, render=render))
        start = await first.next()
        await write(happening(after=[uuid4()]))
        beat = await first.next()
        assert isinstance(beat, Heartbeat)
        while beat.cursor != feed.cursors.at(1):
            beat = await first.next()
        second = Reader(_shared(feed, who, start.cursor, render=render))
        assert (await second.next()).cursor == start.cursor
        bridge = await second.next()
        assert (bridge.follows, bridge.cursor) == (start.cursor, feed.cursors.at(1))
        await write(happening(after=[ours]))
        for reader in (first, second):
            item = await reader.next()
            while isinstance(item, Heartbeat):
                item = await reader.next()
            assert happened(item).logged.seq == 2
            await reader.close()


async def test_who_is_ahead_of_the_share_is_told_the_next_item_as_following_its_own() -> None:
    ours = uuid4()
    async with running() as feed:
        who = handler(ours)
        first = Reader(_shared(feed, who))
        await first.next()
        await write(happening(after=[uuid4()]), happening(after=[uuid4()]))
        await until(lambda: feed._hub.position == 2)
        second = Reader(_shared(feed, who, feed.cursors.at(1)))
        await second.next()
        await write(happening(after=[ours]))
        assert [happened(await it.next()).follows for it in (first, second)] == [
            feed.cursors.at(0),
            feed.cursors.at(1),
        ]
        for reader in (first, second):
            await reader.close()


async def test_an_end_of_rights_touches_only_whose_they_were() -> None:
    standings = Standings()
    async with running(standings=standings) as feed:
        gone, stays = command(), command()
        readers = [Reader(_shared(feed, who)) for who in (gone, stays)]
        first = [await it.next() for it in readers]
        standings.now[gone.person_id] = RevokedReason.SESSION_ENDED
        await write(happening(), rights(gone.person_id), happening())
        assert await readers[0].next() == Revoked(RevokedReason.SESSION_ENDED, first[0].cursor)
        assert await readers[0].over()
        assert [happened(await readers[1].next()).logged.seq for _ in range(2)] == [1, 3]
        await readers[1].close()


async def test_a_log_trimmed_under_who_catches_up_is_a_gap() -> None:
    await write(*(happening() for _ in range(20)))
    async with running() as feed:
        async with begin() as work:
            await event_log.trim(work.connection, 15)
        async with reading(_shared(feed, command(), feed.cursors.at(3))) as reader:
            assert isinstance(await reader.next(), Heartbeat)
            assert await reader.next() == Gap(GapReason.RETENTION, feed.cursors.at(3), feed.cursors.at(15))
            assert await reader.over()


async def test_a_share_that_falls_far_behind_lets_its_readers_read_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "MOST_PENDING", 10)
    async with running() as feed, reading(_shared(feed, command())) as reader:
        await reader.next()
        await write(*(happening() for _ in range(30)))
        assert [happened(await reader.next()).logged.seq for _ in range(30)] == list(range(1, 31))


async def test_recent_entries_are_served_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    await write(*(happening() for _ in range(5)))
    async with running() as feed:
        await write(*(happening() for _ in range(5)))
        await until(lambda: feed._hub.position == 10)
        window: LogWindow = feed._hub.window

        async def never(*_: Any) -> list[LoggedEvent]:
            raise AssertionError("the log was read")

        monkeypatch.setattr(event_log, "read", never)
        assert [it.seq for it in (await window.piece(7)).entries] == [8, 9, 10]
        assert window.reads == 0


class _Console:
    """Reads one share with others; breaks off, resumes, falls asleep; checks the chain."""

    def __init__(self, feed: Feed, who: Viewer, key: str, dice: random.Random) -> None:
        self._feed, self._who, self._key, self._dice = feed, who, key, dice
        self.cursor = feed.cursors.at(0)
        self.received: list[LoggedEvent] = []

    async def read_until(self, done: asyncio.Event) -> None:
        while not done.is_set() or self.cursor != self._feed.cursors.at(await event_log.head()):
            stream = _shared(
                self._feed, self._who, self.cursor, self._key, _RENDERS.setdefault(self._key, _Counting())
            )
            async with aclosing(stream):
                await self._some(stream)

    async def _some(self, stream: AsyncGenerator[Any]) -> None:
        first = await anext(stream)
        assert first.cursor == first.follows == self.cursor
        for _ in range(self._dice.randint(0, 30)):
            item = await anext(stream)
            if isinstance(item, Gap):
                assert item.resume_at == self.cursor
                return
            assert item.follows == self.cursor
            self.cursor = item.cursor
            if isinstance(item, Happened):
                self.received.append(item.logged)
            if self._dice.random() < 0.1:
                await asyncio.sleep(self._dice.random() * 0.05)


_RENDERS: dict[str, _Counting] = {}


async def _storm(units: list[UUID], people: list[Viewer], dice: random.Random) -> None:
    for _ in range(60):
        some = [
            happening(
                before=dice.sample(units, dice.randint(0, 2)), after=dice.sample(units, dice.randint(0, 2))
            )
            for _ in range(dice.randint(1, 6))
        ]
        if dice.random() < 0.3:
            some.insert(0, rights(dice.choice(people).person_id))
        await write(*some)
        await asyncio.sleep(dice.random() * 0.01)


@pytest.mark.parametrize("seed", range(3))
async def test_whoever_shares_resumes_and_is_doubted_receives_the_visible_log_once_and_in_order(
    seed: int,
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a repeatable test, no secret
    _RENDERS.clear()
    units = [uuid4() for _ in range(3)]
    async with running(heartbeat=0.05, capacity=20) as feed:
        people = [handler(units[0]), handler(units[0]), handler(units[1]), command(), command(), command()]
        keys = ["0", "0", "1", "all", "all", "all"]
        consoles = [
            _Console(feed, who, key, random.Random(dice.random()))  # noqa: S311 - as above
            for who, key in zip(people, keys, strict=True)
        ]
        done = asyncio.Event()
        tasks = [asyncio.create_task(it.read_until(done)) for it in consoles]
        async with asyncio.timeout(60):
            await _storm(units, people, dice)
            done.set()
            await asyncio.gather(*tasks)
    log = await event_log.read(0, 10_000)
    for who, console in zip(people, consoles, strict=True):
        assert console.received == [it for it in log if may_hear(visibility_of(who), it.event)]
