"""Engines: no cancellation leaves a lock behind, writers wait for each other, a lost server is a refusal."""

import asyncio
import random
import sqlite3
import threading
from pathlib import Path

import asyncpg
import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from db import connection
from db.connection import fetch, numbered, read_cut, reader
from db.engines.faults import Contention, finish
from db.models.incident import DayCounterRow
from domain.errors import DomainError, ErrorCode
from domain.term import Language
from tests import servers

ROUNDS = 60
CHANCE = random.Random(7)  # noqa: S311 - seeded, so that a failure can be seen again


async def _pair(number: int) -> None:
    """Two rows that only ever appear together."""
    async with in_transaction("default") as client:
        await DayCounterRow.create(using_db=client, day=f"{number}a", value=1)
        await DayCounterRow.get_or_create({"value": 2}, using_db=client, day=f"{number}b")


@pytest.mark.usefixtures("store")
async def test_random_cancellations_leave_neither_locks_nor_half_transactions() -> None:
    for number in range(ROUNDS):
        task = asyncio.create_task(_pair(number))
        await asyncio.sleep(CHANCE.random() * 0.004)
        task.cancel()
        if CHANCE.random() < 0.3:
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        await _pair(ROUNDS)
        days = {row["day"] for row in await fetch("SELECT day FROM day_counter")}
    assert {day[:-1] for day in days if day.endswith("a")} == {day[:-1] for day in days if day.endswith("b")}
    assert f"{ROUNDS}a" in days


async def _bulk(number: int) -> None:
    await DayCounterRow.bulk_create([DayCounterRow(day=f"{number:02}{it:02}", value=it) for it in range(20)])


@pytest.mark.usefixtures("store")
async def test_bulk_inserts_survive_cancellations_too() -> None:
    for number in range(ROUNDS):
        task = asyncio.create_task(_bulk(number))
        await asyncio.sleep(CHANCE.random() * 0.003)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        await _bulk(ROUNDS)
        counts = await fetch("SELECT count(*) AS n FROM day_counter GROUP BY substr(day, 1, 2)")
    assert {row["n"] for row in counts} == {20}


@pytest.mark.usefixtures("store")
async def test_an_error_in_the_body_rolls_back() -> None:
    async def fails() -> None:
        async with in_transaction("default") as client:
            await DayCounterRow.create(using_db=client, day="20241024", value=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await DayCounterRow.all().count() == 0


@pytest.mark.usefixtures("store")
async def test_reads_do_not_wait_for_a_writer() -> None:
    async with in_transaction("default") as client:
        await DayCounterRow.create(using_db=client, day="20241024", value=1)
        async with asyncio.timeout(1):
            assert await fetch("SELECT day FROM day_counter") == []


@pytest.mark.usefixtures("store")
async def test_the_reader_cannot_write() -> None:
    with pytest.raises((OperationalError, TransactionManagementError), match=r"(?i)read.?only"):
        await fetch("INSERT INTO day_counter (day, value) VALUES ('20241024', 1)")


@pytest.mark.usefixtures("store")
async def test_a_cut_sees_one_instant() -> None:
    async with read_cut():
        assert await fetch("SELECT count(*) AS n FROM day_counter") == [{"n": 0}]
        await DayCounterRow.create(day="20241024", value=1)
        assert await DayCounterRow.all().using_db(reader()).count() == 0
    assert await DayCounterRow.all().using_db(reader()).count() == 1


@pytest.mark.usefixtures("store")
async def test_parameters_are_written_the_same_for_both_stores() -> None:
    await DayCounterRow.bulk_create([DayCounterRow(day=f"d{it}", value=it) for it in range(5)])
    rows = await fetch(
        "SELECT day FROM day_counter WHERE value > ? AND day <> '?' AND value < ? ORDER BY 1", (1, 4)
    )
    assert [row["day"] for row in rows] == ["d2", "d3"]


def test_question_marks_inside_quotes_are_not_parameters() -> None:
    assert numbered("a = ? AND b = 'it''s?' AND c = ?") == "a = $1 AND b = 'it''s?' AND c = $2"


async def test_a_second_process_makes_a_sqlite_writer_wait_not_fail(sqlite_store: str) -> None:
    other = sqlite3.connect(
        sqlite_store.removeprefix("sqlite://"), isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, other.execute, ["COMMIT"]).start()
    async with in_transaction("default") as client:
        await DayCounterRow.create(using_db=client, day="20241024", value=1)
    other.close()
    assert await DayCounterRow.all().count() == 1


async def test_a_file_that_stays_busy_is_contention(sqlite_store_url: str) -> None:
    await connection.connect(f"{sqlite_store_url}?busy_timeout=20")
    other = sqlite3.connect(sqlite_store_url.removeprefix("sqlite://"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Contention):
        await _pair(1)
    other.execute("COMMIT")
    await _pair(2)
    other.close()
    await connection.disconnect()


@pytest.mark.usefixtures("sqlite_store")
async def test_sqlite_is_durable_and_concurrent() -> None:
    client = get_connection("default")
    for pragma, expected in {
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }.items():
        rows = await client.execute_query_dict(f"PRAGMA {pragma}")
        assert [*rows[0].values()] == [expected], pragma


async def test_a_connection_ended_by_the_server_is_unavailable_then_replaced(
    postgres_store: str, postgres_admin: asyncpg.Connection
) -> None:
    async def loses_its_server() -> None:
        async with in_transaction("default") as client:
            await servers.end_sessions(postgres_admin, postgres_store)
            await DayCounterRow.create(using_db=client, day="20241024", value=1)

    with pytest.raises(DomainError) as refused:
        await loses_its_server()
    assert refused.value.code is ErrorCode.UNAVAILABLE
    await DayCounterRow.create(day="20241025", value=1)
    assert [row["day"] for row in await fetch("SELECT day FROM day_counter")] == ["20241025"]


@pytest.mark.usefixtures("postgres_store")
async def test_a_session_that_has_heard_the_servers_farewell_is_unavailable() -> None:
    said = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
    async with in_transaction("default") as client:
        client._connection._protocol.data_received(b"E" + (len(said) + 4).to_bytes(4) + said)
        with pytest.raises(DomainError) as refused:
            await fetch("SELECT 1", connection=client)
        client._connection.terminate()
        await asyncio.sleep(0)
        client._finalized = True
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert await fetch("SELECT 1 AS one") == [{"one": 1}]


@pytest.mark.usefixtures("postgres_store")
async def test_the_pool_gets_every_connection_back() -> None:
    tasks = [asyncio.create_task(_pair(number)) for number in range(40)]
    for task in tasks:
        await asyncio.sleep(CHANCE.random() * 0.002)
        if CHANCE.random() < 0.5:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    pool = get_connection("default")._pool
    assert pool.get_idle_size() == pool.get_size()


async def test_an_absent_postgres_is_refused_in_bounded_time_without_the_password() -> None:
    with pytest.raises(DomainError) as refused:
        await connection.connect("postgres://someone:hush@127.0.0.1:1/none", patience=0.3)
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert "hush" not in refused.value.message(Language.EN) + str(refused.value)
    assert "127.0.0.1:1" in refused.value.message(Language.EN)
    with pytest.raises(RuntimeError, match="Context"):
        connection.dialect()


async def test_a_missing_database_is_named_at_once(postgres_url: str) -> None:
    with pytest.raises(DomainError) as refused:
        await connection.connect(servers.at_database(postgres_url, "nowhere"))
    assert refused.value.code is ErrorCode.UNAVAILABLE


async def test_the_store_opens_once(store: str) -> None:
    with pytest.raises(RuntimeError, match="open already"):
        await connection.connect(store)


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DomainError) as refused:
        await connection.connect(f"sqlite://{tmp_path}")
    assert refused.value.code is ErrorCode.UNAVAILABLE


def test_a_store_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="file"):
        connection.tortoise_config("sqlite://:memory:")


async def test_work_that_must_finish_finishes_before_the_cancellation_is_felt() -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0.02)
        done.set()

    task = asyncio.create_task(finish(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()


@pytest.mark.usefixtures("sqlite_store")
async def test_a_full_disk_under_sqlite_is_a_refusal_and_the_next_write_goes_on() -> None:
    client = get_connection("default")
    (pages,) = (await client.execute_query_dict("PRAGMA page_count"))[0].values()
    await client.execute_query(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DomainError) as refused:
        await DayCounterRow.bulk_create([DayCounterRow(day=f"{it:08}", value=it) for it in range(20_000)])
    assert (refused.value.code, refused.value.message()) == (ErrorCode.UNAVAILABLE, "存储空间不足")
    await client.execute_query("PRAGMA max_page_count = 100000")
    await _pair(1)


@pytest.mark.usefixtures("postgres_store")
async def test_a_full_disk_under_postgresql_is_a_refusal_and_the_next_write_goes_on() -> None:
    with pytest.raises(DomainError) as refused:
        await get_connection("default").execute_query(
            "DO $$ BEGIN RAISE 'no room' USING ERRCODE = 'disk_full'; END $$"
        )
    assert (refused.value.code, refused.value.message()) == (ErrorCode.UNAVAILABLE, "存储空间不足")
    await _pair(1)


@pytest.mark.usefixtures("sqlite_store")
async def test_a_commit_that_sqlite_refuses_is_undone() -> None:
    parent = "day TEXT REFERENCES parent (day) DEFERRABLE INITIALLY DEFERRED"

    async def refused_at_its_end() -> None:
        async with in_transaction("default") as client:
            await DayCounterRow.create(using_db=client, day="20241024", value=1)
            await client.execute_query("CREATE TABLE parent (day TEXT PRIMARY KEY)")
            await client.execute_query(f"CREATE TABLE orphan ({parent})")
            await client.execute_query("INSERT INTO orphan VALUES ('none')")

    with pytest.raises(IntegrityError):
        await refused_at_its_end()
    await _pair(1)
    assert {row["day"] for row in await fetch("SELECT day FROM day_counter")} == {"1a", "1b"}


@pytest.mark.usefixtures("postgres_store")
async def test_a_session_that_ended_after_its_commit_takes_nothing_back() -> None:
    async with in_transaction("default") as client:
        await DayCounterRow.create(using_db=client, day="20241024", value=1)
        await client.commit()
        holder = client._connection._holder
        holder._in_use = None  # as the pool does by itself when the server ends the session just then
    await _pair(1)
    assert {row["day"] for row in await fetch("SELECT day FROM day_counter")} == {"20241024", "1a", "1b"}
