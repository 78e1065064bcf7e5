"""The bell: a hint that survives the loss of Redis and never holds anybody up."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from db import bell, event_log
from db.bell import Bell, RedisBell, refuse_if_unsafe
from db.unit_of_work import begin
from domain.errors import DomainError, ErrorCode
from tests import servers
from tests.db.samples import event

LONG = 30.0  # seconds; no test waits for the poll


class _Ear:
    """Counts the hints of one bell."""

    def __init__(self, of: Bell) -> None:
        self.heard = 0
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._listen(of))

    async def _listen(self, of: Bell) -> None:
        async for _ in of.listen(LONG):
            self.heard += 1
            self._news.set()

    async def next(self, seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            await self._news.wait()
        self._news.clear()

    async def quiet(self) -> None:
        """Wait until no hint has come for a moment."""
        while True:
            self._news.clear()
            try:
                await self.next(0.3)
            except TimeoutError:
                return

    async def over(self) -> None:
        async with asyncio.timeout(2):
            await self._task


@asynccontextmanager
async def _ringing(
    url: str, ping_seconds: float = 0.2, patience: float = 0.3
) -> AsyncIterator[tuple[Bell, _Ear]]:
    one = Bell(url)
    transport = one._broadcast._backend
    if isinstance(transport, RedisBell):
        transport._ping_seconds, transport._patience = ping_seconds, patience
    await one.connect()
    ear = _Ear(one)
    await ear.quiet()
    yield one, ear
    await one.disconnect()
    await ear.over()


@pytest.fixture
def urls(request: pytest.FixtureRequest) -> str:
    return "memory://" if request.param == "memory" else str(request.getfixturevalue("redis_url"))


@pytest.mark.parametrize("urls", ["memory", "redis"], indirect=True)
async def test_a_ring_is_heard_at_once(urls: str) -> None:
    async with _ringing(urls) as (one, ear):
        one.ring(1)
        await ear.next(1)


@pytest.mark.parametrize("urls", ["memory", "redis"], indirect=True)
async def test_rings_of_one_moment_are_few_hints(urls: str) -> None:
    async with _ringing(urls) as (one, ear):
        before = ear.heard
        for seq in range(10_000):
            one.ring(seq)
        await ear.quiet()
        assert 1 <= ear.heard - before <= 3


async def test_listening_starts_with_a_hint_and_polls_without_any() -> None:
    async with _ringing("memory://") as (one, _):
        started = time.monotonic()
        hints = one.listen(0.05)
        for _ in range(3):
            await anext(hints)
        await hints.aclose()  # type: ignore[attr-defined] # an async generator, declared as what it yields
        assert 0.08 <= time.monotonic() - started < 1


async def test_a_hint_of_what_became_known_before_it_was_heard_wakes_nobody() -> None:
    async with _ringing("memory://") as (one, _):
        hints = one.listen(LONG)
        await anext(hints)
        one.ring(7)
        await asyncio.sleep(0.1)  # it is said while nobody listens
        one.known = 7
        hint = asyncio.ensure_future(anext(hints))
        await asyncio.sleep(0.1)
        assert not hint.done()
        one.ring(8)
        await asyncio.wait_for(hint, 5)
        await hints.aclose()  # type: ignore[attr-defined] # an async generator, declared as what it yields


async def test_processes_hear_each_other_through_redis(redis_url: str) -> None:
    async with _ringing(redis_url) as (one, _), _ringing(redis_url) as (_, other):
        one.ring(1)
        await other.next(1)


async def test_a_bell_starts_without_redis_and_finds_it_later(redis_server: servers.RedisServer) -> None:
    redis_server.kill()
    async with _ringing(redis_server.url) as (_, ear):
        redis_server.start()
        await ear.next()


async def test_a_killed_redis_costs_a_gap_and_nothing_else(redis_server: servers.RedisServer) -> None:
    async with _ringing(redis_server.url) as (one, _), _ringing(redis_server.url) as (_, other):
        redis_server.kill()
        await other.quiet()
        redis_server.start()
        await other.next()
        await other.quiet()
        one.ring(1)
        await other.next(1)


async def test_without_redis_the_own_process_still_hears(redis_server: servers.RedisServer) -> None:
    async with _ringing(redis_server.url) as (one, ear):
        redis_server.kill()
        await ear.quiet()
        started = time.monotonic()
        one.ring(1)
        assert time.monotonic() - started < 0.05
        await ear.next(3)


async def test_a_frozen_redis_is_noticed(redis_server: servers.RedisServer) -> None:
    async with _ringing(redis_server.url) as (one, _), _ringing(redis_server.url) as (_, other):
        redis_server.send_signal(signal.SIGSTOP)
        await asyncio.sleep(1.2)
        redis_server.send_signal(signal.SIGCONT)
        await other.next()
        await other.quiet()
        one.ring(2)
        await other.next(1)


async def test_a_bell_that_is_publishing_to_a_frozen_redis_can_still_be_stopped(
    redis_server: servers.RedisServer,
) -> None:
    one = Bell(redis_server.url)
    await one.connect()
    redis_server.send_signal(signal.SIGSTOP)
    try:
        one.ring(1)
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await one.disconnect()
    finally:
        redis_server.send_signal(signal.SIGCONT)


async def test_the_installed_bell_is_the_one_that_rings() -> None:
    bell.ring(1)
    async with _ringing("memory://") as (one, ear):
        bell.install(one)
        bell.ring(2)
        await ear.next(1)
        bell.install(None)


@pytest.mark.parametrize(
    ("database", "broadcast"),
    [
        ("sqlite://var/fengqiao.db", "redis://127.0.0.1/0"),
        ("postgres://u:p@127.0.0.1/f", "memory://"),
        ("sqlite://var/fengqiao.db", "memory://"),
    ],
)
def test_several_workers_need_postgres_and_redis(database: str, broadcast: str) -> None:
    refuse_if_unsafe(1, database, broadcast)
    refuse_if_unsafe(4, "postgres://u:p@127.0.0.1/f", "redis://127.0.0.1/0")
    with pytest.raises(DomainError) as refused:
        refuse_if_unsafe(2, database, broadcast)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "workers")


@asynccontextmanager
async def _notified(store: str) -> AsyncIterator[tuple[Bell, _Ear]]:
    """A bell whose own transport never rings, so that only the store can."""
    one = Bell("memory://", store)
    await one.connect()
    ear = _Ear(one)
    await ear.quiet()
    yield one, ear
    await one.disconnect()
    await ear.over()


async def test_the_store_itself_rings_when_nothing_else_does(postgres_store: str) -> None:
    async with _notified(postgres_store) as (_, ear):
        async with begin() as work:
            work.append(event())
        await ear.next(2)


async def test_a_transaction_that_is_taken_back_rings_nothing(postgres_store: str) -> None:
    async with _notified(postgres_store) as (_, ear):
        before = ear.heard
        with contextlib.suppress(ZeroDivisionError):
            async with begin() as work:
                await event_log.append(work.connection, [event()])
                raise ZeroDivisionError
        await ear.quiet()
        assert ear.heard == before


async def test_the_store_wakes_nobody_for_what_is_known(postgres_store: str) -> None:
    async with _notified(postgres_store) as (one, ear):
        before, one.known = ear.heard, 1
        async with begin() as work:
            work.append(event())
        await ear.quiet()
        assert ear.heard == before
        async with begin() as work:
            work.append(event())
        await ear.next(2)


async def test_a_cut_session_of_the_second_bell_costs_a_hint_and_nothing_else(
    postgres_store: str, postgres_admin: asyncpg.Connection
) -> None:
    async with _notified(postgres_store) as (_, ear):
        cut = await postgres_admin.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND query ILIKE 'listen%'",
            urlsplit(postgres_store).path.removeprefix("/"),
        )
        assert len(cut) == 1
        await ear.next()  # the gap that a new session announces
        await ear.quiet()
        async with begin() as work:
            work.append(event())
        await ear.next(2)
