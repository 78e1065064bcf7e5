"""The tail: late at worst, never wrong, and loud when it cannot go on (design §5)."""

import asyncio
import signal
from types import ModuleType

import asyncpg
import pytest

from api.feed.items import Gap, Heartbeat
from db import bell, dictionaries, grids
from db.engines.faults import too_costly, unavailable
from db.models.event_log import EventLogRow
from db.reads import event_log
from domain.event import EventKind, LoggedEvent
from tests import servers
from tests.api.feed.rig import command, everything, happened, happening, reading, running, until, write
from tests.db.factories import NOW, SOUTH, WEST, a_district


async def test_without_a_bell_entries_come_by_the_poll(sqlite_store: str) -> None:
    assert sqlite_store
    async with running(poll=0.2) as feed, reading(everything(feed, command())) as reader:
        await reader.next()
        bell.install(None)
        await write(happening())
        assert happened(await reader.next()).logged.seq == 1


async def test_a_redis_that_dies_and_comes_back_delays_entries_and_loses_none(
    sqlite_store: str, redis_server: servers.RedisServer
) -> None:
    assert sqlite_store
    async with running(redis_server.url) as feed, reading(everything(feed, command())) as reader:
        await reader.next()
        await write(happening())
        assert happened(await reader.next()).logged.seq == 1
        redis_server.kill()
        await write(happening(), happening())
        assert [happened(await reader.next()).logged.seq for _ in range(2)] == [2, 3]
        redis_server.start()
        await write(happening())
        assert happened(await reader.next()).logged.seq == 4


async def test_a_frozen_redis_delays_entries_and_loses_none(
    sqlite_store: str, redis_server: servers.RedisServer
) -> None:
    assert sqlite_store
    async with running(redis_server.url) as feed, reading(everything(feed, command())) as reader:
        await reader.next()
        redis_server.send_signal(signal.SIGSTOP)
        await write(happening())
        assert happened(await reader.next()).logged.seq == 1
        await asyncio.sleep(3)  # longer than a publication is waited for
        redis_server.send_signal(signal.SIGCONT)
        await write(happening())
        assert happened(await reader.next()).logged.seq == 2


async def test_a_database_that_drops_its_connections_delays_entries_and_loses_none(
    postgres_store: str, postgres_admin: asyncpg.Connection
) -> None:
    deaths: list[BaseException] = []
    async with running(deaths=deaths, poll=0.05) as feed, reading(everything(feed, command())) as reader:
        await reader.next()
        for seq in range(1, 6):
            await servers.end_sessions(postgres_admin, postgres_store)
            await asyncio.sleep(0.1)
            await write(happening())
            assert happened(await reader.next(20)).logged.seq == seq
        assert feed.alive
        assert deaths == []


async def test_a_log_that_answers_too_slowly_is_asked_again(
    sqlite_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sqlite_store
    slow = [too_costly(10), unavailable()]
    real = event_log.follow

    async def follow(after: int, limit: int) -> list[LoggedEvent]:
        if slow:
            raise slow.pop()
        return await real(after, limit)

    async with running(poll=30) as feed, reading(everything(feed, command())) as reader:
        await reader.next()
        monkeypatch.setattr(event_log, "follow", follow)
        await write(happening())
        assert happened(await reader.next()).logged.seq == 1
        assert feed.alive
    assert not slow


async def test_a_hole_in_the_log_ends_the_tail_and_says_so(
    sqlite_store: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert sqlite_store
    deaths: list[BaseException] = []
    async with running(deaths=deaths, poll=30) as feed:
        bell.install(None)
        await write(happening(), happening())
        await EventLogRow.filter(seq=1).delete()
        feed._tail._bell.ring(2)
        await until(lambda: not feed.alive)
    assert [type(it) for it in deaths] == [RuntimeError]
    assert "cannot go on" in caplog.text


@pytest.mark.parametrize(("kind", "module"), [(EventKind.GRID, grids), (EventKind.DICTIONARY, dictionaries)])
async def test_an_entry_about_the_ground_or_a_dictionary_drops_what_the_process_keeps(
    sqlite_store: str, kind: EventKind, module: ModuleType
) -> None:
    assert sqlite_store
    await a_district()
    async with running():
        await grids.locate(WEST + 0.005, SOUTH + 0.01)
        await dictionaries.rulebook(NOW)
        assert module._kept._held is not None
        await write(happening(kind))
        await until(lambda: module._kept._held is None)


async def test_a_log_that_is_put_back_to_before_the_tail_is_noticed_by_who_resumes(sqlite_store: str) -> None:
    assert sqlite_store
    await write(happening(), happening())
    async with running() as feed, reading(everything(feed, command(), feed.cursors.at(2))) as reader:
        assert isinstance(await reader.next(), Heartbeat)
    await EventLogRow.filter(seq=2).delete()
    async with running() as feed, reading(everything(feed, command(), feed.cursors.at(2))) as reader:
        assert isinstance(await reader.next(), Gap)
