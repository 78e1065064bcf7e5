"""The wire: everything as text, no slow read stops the loop, no cancellation or lost server leaves a mark."""

import asyncio
import contextlib
import random
import sqlite3
from itertools import pairwise
from time import monotonic
from typing import Any

import asyncpg
import pytest

from db import connection
from db.connection import dialect, fetch
from db.engines.faults import Contention
from db.models.incident import DayCounterRow
from db.reads import wire
from db.reads.wire import tuples
from db.reads.wire_postgres import PostgresWire
from db.reads.wire_sqlite import SqliteWire
from domain.errors import DomainError, ErrorCode
from tests import servers

ID = "0192b3c4-d5e6-7f80-9123-456789abcdef"
SLOW = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n",
    "postgres": "SELECT pg_sleep(60)",
}
SOME = {  # a statement of some 200 ms that ends by itself
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 1000000) SELECT 7, max(x) FROM n",
    "postgres": "SELECT 7, pg_sleep(0.2)",
}
CHANCE = random.Random(11)  # noqa: S311 - seeded, so that a failure can be seen again


def slow() -> str:
    """A statement that does not end."""
    return SLOW[dialect()]


def lane() -> SqliteWire:
    assert isinstance(wire._wire, SqliteWire)
    return wire._wire


def pool() -> PostgresWire:
    assert isinstance(wire._wire, PostgresWire)
    return wire._wire


async def first(text: str, *params: object) -> tuple[Any, ...]:
    rows = await tuples(text, params)
    return tuple(rows[0])


@pytest.mark.usefixtures("postgres_store")
async def test_postgres_answers_and_takes_everything_as_text() -> None:
    stamp, many = "2024-10-24T09:00:00+08:00", [ID, ID]
    text = "SELECT $1::uuid, $2::timestamptz, $3::uuid[], $4::jsonb, $5::numeric, $6::date, $7::timestamptz[]"
    assert await first(text, ID, stamp, many, '{"网格": [1]}', "1.50", "2024-10-24", [stamp]) == (
        ID,
        "2024-10-24 01:00:00+00",
        many,
        '{"网格": [1]}',
        "1.50",
        "2024-10-24",
        ["2024-10-24 01:00:00+00"],
    )
    words = ['with "quotes", commas', "枫桥", "", "NULL", "{}"]
    plain = (
        "SELECT $1::text[], true, 3, 0.5::float8, $2::bytea, NULL::uuid, NULL::timestamptz, ARRAY[]::uuid[]"
    )
    assert await first(plain, words, b"\x00\xff") == (words, True, 3, 0.5, b"\x00\xff", None, None, [])


@pytest.mark.usefixtures("sqlite_store")
async def test_sqlite_answers_plain_tuples() -> None:
    rows = await tuples("SELECT ?, ?, ?, 1 = 1, NULL, 0.5", (ID, b"\x00\xff", "枫桥"))
    assert rows == [(ID, b"\x00\xff", "枫桥", 1, None, 0.5)]


@pytest.mark.usefixtures("store")
async def test_what_is_committed_is_read_and_no_row_is_an_empty_answer() -> None:
    text = "SELECT day, value FROM day_counter ORDER BY day"
    assert len(await tuples(text)) == 0
    await DayCounterRow.bulk_create([DayCounterRow(day=f"d{it}", value=it) for it in range(3)])
    assert [tuple(row) for row in await tuples(text)] == [("d0", 0), ("d1", 1), ("d2", 2)]
    assert [row["day"] for row in await fetch(text)] == ["d0", "d1", "d2"]


@pytest.mark.usefixtures("store")
async def test_the_wire_cannot_write() -> None:
    with pytest.raises((sqlite3.OperationalError, asyncpg.PostgresError), match=r"(?i)read.?only"):
        await tuples("INSERT INTO day_counter (day, value) VALUES ('20241024', 1)")


@pytest.mark.usefixtures("store")
async def test_a_wrong_statement_is_a_bug_of_ours_and_the_wire_goes_on() -> None:
    for _ in range(15):  # more often than there are connections
        with pytest.raises((sqlite3.OperationalError, asyncpg.UndefinedTableError)):
            await tuples("SELECT 1 FROM nowhere")
    assert await first("SELECT 1") == (1,)


@pytest.mark.usefixtures("store")
async def test_many_reads_at_once_each_get_their_own_answer() -> None:
    mark = "?" if dialect() == "sqlite" else "$1::int"
    answers = await asyncio.gather(*(first(f"SELECT {mark}", it) for it in range(200)))
    assert answers == [(it,) for it in range(200)]


@pytest.mark.usefixtures("store")
async def test_a_read_that_takes_too_long_is_too_costly_and_harms_no_other() -> None:
    for _ in range(3):
        with pytest.raises(DomainError) as refused:
            await tuples(slow(), seconds=0.15)
        assert refused.value.code is ErrorCode.TOO_COSTLY
        assert refused.value.facts == {"what": "seconds", "limit": 0.15}
    assert await first("SELECT 1") == (1,)


async def test_the_server_itself_ends_a_slow_statement_of_the_wire_and_of_the_ordinary_reader(
    postgres_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("db.connection", "db.reads.wire_postgres", "db.engines.asyncpg", "db.reads.wire"):
        monkeypatch.setattr(f"{module}.STATEMENT_SECONDS", 0.2)
    await connection.connect(postgres_store_url)
    for read in (lambda: tuples(SLOW["postgres"], seconds=30), lambda: fetch(SLOW["postgres"])):
        with pytest.raises(DomainError) as refused:
            await read()
        assert refused.value.code is ErrorCode.TOO_COSTLY
        assert refused.value.facts == {"what": "seconds", "limit": 0.2}
    await connection.disconnect()


@pytest.mark.usefixtures("store")
async def test_a_slow_read_does_not_stop_the_loop() -> None:
    beats = [monotonic()]

    async def beat() -> None:
        while True:
            await asyncio.sleep(0.01)
            beats.append(monotonic())

    heart = asyncio.create_task(beat())
    with pytest.raises(DomainError):
        await tuples(slow(), seconds=1.0)
    heart.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await heart
    assert max(later - earlier for earlier, later in pairwise(beats)) < 0.5


@pytest.mark.usefixtures("sqlite_store")
async def test_a_text_that_was_slow_once_goes_to_a_thread_until_it_proves_short() -> None:
    assert await first(SOME["sqlite"]) == (7, 1000000)
    assert SOME["sqlite"] in lane()._slow
    once_slow = "SELECT ?"
    lane()._remember(once_slow)
    for it in range(200):
        assert await first(once_slow, it) == (it,)
        if once_slow not in lane()._slow:
            break
    assert once_slow not in lane()._slow


@pytest.mark.usefixtures("sqlite_store")
async def test_slow_texts_are_remembered_within_bounds() -> None:
    for it in range(2000):
        lane()._remember(f"SELECT {it}")
    assert len(lane()._slow) <= 512
    assert "SELECT 1999" in lane()._slow


@pytest.mark.usefixtures("sqlite_store")
async def test_waiting_behind_other_slow_reads_counts_as_time_too() -> None:
    reads = [asyncio.create_task(tuples(slow(), seconds=0.3)) for _ in range(6)]
    async with asyncio.timeout(5):
        errors = await asyncio.gather(*reads, return_exceptions=True)
    assert {error.code for error in errors if isinstance(error, DomainError)} == {ErrorCode.TOO_COSTLY}
    assert await first(SOME["sqlite"]) == (7, 1000000)


@pytest.mark.usefixtures("store")
async def test_random_cancellations_leave_no_broken_connection() -> None:
    some, mark = SOME[dialect()], "?" if dialect() == "sqlite" else "$1::int"
    for number in range(60):
        texts = [(some, ()), (f"SELECT {mark}", (number,)), (slow(), ())]
        tasks = [asyncio.create_task(tuples(text, params)) for text, params in texts]
        for task in tasks:
            await asyncio.sleep(CHANCE.random() * 0.004)
            task.cancel()
            if CHANCE.random() < 0.3:
                await asyncio.sleep(0)
                task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [it for it in done if isinstance(it, Exception)]
    async with asyncio.timeout(20):
        assert await asyncio.gather(*(first(some) for _ in range(3))) == [await first(some)] * 3
        answers = await asyncio.gather(*(first(f"SELECT {mark}", it) for it in range(50)))
    assert answers == [(it,) for it in range(50)]


@pytest.mark.usefixtures("postgres_store")
async def test_the_wire_keeps_within_its_connections_and_gets_each_back() -> None:
    tasks = [asyncio.create_task(tuples("SELECT pg_sleep(0.01)")) for _ in range(60)]
    await asyncio.sleep(0.02)
    for task in CHANCE.sample(tasks, 30):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert 0 < len(pool()._open) <= 10
    assert set(pool()._idle) == pool()._open


async def test_connections_ended_by_the_server_are_replaced(
    postgres_store: str, postgres_admin: asyncpg.Connection
) -> None:
    await asyncio.gather(*(tuples("SELECT pg_sleep(0.01)") for _ in range(5)))
    await servers.end_sessions(postgres_admin, postgres_store)
    await asyncio.sleep(0.1)
    assert await first("SELECT 1") == (1,)
    running = asyncio.create_task(tuples(SLOW["postgres"]))
    await asyncio.sleep(0.1)
    await servers.end_sessions(postgres_admin, postgres_store)
    with pytest.raises(DomainError) as refused:
        await running
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert await first("SELECT 1") == (1,)


@pytest.mark.usefixtures("postgres_store")
async def test_a_connection_that_has_heard_the_servers_farewell_is_unavailable() -> None:
    said = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
    assert await first("SELECT 1") == (1,)
    (idle,) = pool()._idle
    idle._protocol.data_received(b"E" + (len(said) + 4).to_bytes(4) + said)
    with pytest.raises(DomainError) as refused:
        await first("SELECT 1")
    assert refused.value.code is ErrorCode.UNAVAILABLE
    idle.terminate()
    assert await first("SELECT 1") == (1,)


async def test_a_file_that_stays_locked_is_contention_and_is_waited_for_beside_the_loop(
    sqlite_store_url: str,
) -> None:
    await connection.connect(f"{sqlite_store_url}?journal_mode=DELETE&busy_timeout=300")
    other = sqlite3.connect(sqlite_store_url.removeprefix("sqlite://"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Contention):
        await tuples("SELECT count(*) FROM day_counter")
    waits = asyncio.create_task(tuples("SELECT count(*) FROM day_counter"))
    await asyncio.sleep(0.05)
    other.execute("COMMIT")
    other.close()
    assert await waits == [(0,)]
    await connection.disconnect()


async def test_without_a_store_there_is_no_wire() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        await tuples("SELECT 1")
