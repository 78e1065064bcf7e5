"""One command, one transaction: whole, shielded, tried again when writers meet, the bell after the commit."""

import asyncio
import logging
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from db import bell, event_log
from db.connection import fetch
from db.engines.faults import Contention
from db.models.incident import DayCounterRow
from db.unit_of_work import ATTEMPTS, Work, begin, in_transaction, settle
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from tests import servers
from tests.db.samples import event


class _Watched(bell.Bell):
    """A real bell that also notes what was in the table, seen by another connection, when it was rung."""

    def __init__(self) -> None:
        super().__init__("memory://")
        self.rings: list[int] = []

    def ring(self, seq: int) -> None:
        self.rings.append(seq)
        super().ring(seq)


@pytest.fixture
async def rung() -> AsyncIterator[_Watched]:
    watched = _Watched()
    await watched.connect()
    bell.install(watched)
    yield watched
    bell.install(None)
    await watched.disconnect()


async def _count(work: Work, day: str = "20241024") -> int:
    row, _ = await DayCounterRow.get_or_create({"value": 0}, using_db=work.connection, day=day)
    row.value += 1
    await row.save(using_db=work.connection)
    return row.value


async def _days() -> dict[str, int]:
    return {row["day"]: row["value"] for row in await fetch("SELECT day, value FROM day_counter")}


@pytest.mark.usefixtures("store")
async def test_rows_and_events_are_committed_together_then_the_bell_rings(rung: _Watched) -> None:
    async with begin() as work:
        await _count(work)
        work.append(event())
        work.append(event(kind=EventKind.LIGHT))
        assert await event_log.head() == 0
        assert rung.rings == []
    assert work.rung
    assert rung.rings == [2]
    assert [it.event.kind for it in await event_log.read(0, 10)] == [EventKind.REPORTED, EventKind.LIGHT]
    assert await _days() == {"20241024": 1}


@pytest.mark.usefixtures("store")
async def test_a_failure_leaves_no_row_no_event_and_no_ring(rung: _Watched) -> None:
    async def body(work: Work) -> None:
        await _count(work)
        work.append(event())
        raise DomainError(ErrorCode.GUARD_FAILED)

    with pytest.raises(DomainError):
        await in_transaction(body)
    assert (await _days(), await event_log.head(), rung.rings) == ({}, 0, [])


@pytest.mark.usefixtures("store")
async def test_work_without_events_rings_nothing(rung: _Watched) -> None:
    assert await in_transaction(_count) == 1
    assert rung.rings == []


@pytest.mark.usefixtures("store")
async def test_a_caller_who_leaves_does_not_cut_the_work(rung: _Watched) -> None:
    started = asyncio.Event()

    async def body(work: Work) -> None:
        await _count(work)
        started.set()
        await asyncio.sleep(0.05)
        work.append(event())

    caller = asyncio.create_task(in_transaction(body))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert rung.rings == []
    await settle()
    assert (await _days(), rung.rings) == ({"20241024": 1}, [1])


@pytest.mark.usefixtures("sqlite_store")
async def test_a_failure_after_the_caller_left_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    started = asyncio.Event()

    async def body(_: Work) -> None:
        started.set()
        await asyncio.sleep(0.01)
        raise ZeroDivisionError

    caller = asyncio.create_task(in_transaction(body))
    await started.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    with caplog.at_level(logging.ERROR):
        await settle()
        await asyncio.sleep(0)
    assert "after its caller had left" in caplog.text


@pytest.mark.usefixtures("store")
async def test_contention_is_tried_again() -> None:
    attempts = 0

    async def body(work: Work) -> int:
        nonlocal attempts
        attempts += 1
        value = await _count(work)
        if attempts < ATTEMPTS:
            raise Contention
        return value

    assert await in_transaction(body) == 1
    assert attempts == ATTEMPTS


@pytest.mark.usefixtures("sqlite_store")
async def test_lasting_contention_is_unavailable() -> None:
    async def body(_: Work) -> None:
        raise Contention

    with pytest.raises(DomainError) as refused:
        await in_transaction(body)
    assert refused.value.code is ErrorCode.UNAVAILABLE


@pytest.mark.usefixtures("postgres_store")
async def test_a_real_deadlock_is_resolved_by_trying_again() -> None:
    await DayCounterRow.bulk_create([DayCounterRow(day=day, value=0) for day in ("a", "b")])
    together = asyncio.Barrier(2)
    attempts = 0

    async def body(work: Work, *days: str) -> None:
        nonlocal attempts
        attempts += 1
        await _count(work, days[0])
        if attempts <= 2:
            await together.wait()
        await _count(work, days[1])

    await asyncio.gather(
        in_transaction(lambda work: body(work, "a", "b")), in_transaction(lambda work: body(work, "b", "a"))
    )
    assert attempts == 3
    assert await _days() == {"a": 2, "b": 2}


@pytest.mark.usefixtures("store")
async def test_twenty_writers_of_one_row_all_count() -> None:
    async def body(work: Work) -> None:
        await work.connection.execute_query(
            "INSERT INTO day_counter (day, value) VALUES ('x', 1) ON CONFLICT (day) "
            "DO UPDATE SET value = day_counter.value + 1"
        )
        work.append(event())

    await asyncio.gather(*(in_transaction(body) for _ in range(20)))
    assert await _days() == {"x": 20}
    assert [it.seq for it in await event_log.read(0, 100)] == list(range(1, 21))


@pytest.mark.usefixtures("store")
async def test_transactions_do_not_nest_and_a_task_started_inside_cannot_write() -> None:
    async with begin():
        with pytest.raises(RuntimeError, match="open already"):
            await in_transaction(_count)
    assert await _days() == {}


async def test_a_lost_server_is_unavailable(postgres_store: str, postgres_admin: asyncpg.Connection) -> None:
    async def body(work: Work) -> None:
        await _count(work)
        await servers.end_sessions(postgres_admin, postgres_store)
        await _count(work, uuid4().hex[:8])

    with pytest.raises(DomainError) as refused:
        await in_transaction(body)
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert await in_transaction(_count) == 1
