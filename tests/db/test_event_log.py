"""The event log: order of commit, no gaps, nothing lost to a reader, a chain that shows every change."""

import asyncio
import contextlib
import random
from dataclasses import replace
from datetime import timedelta, timezone
from uuid import uuid4

import pytest

from db import event_log
from db.connection import fetch, read_cut
from db.models.event_log import EventLogRow
from db.unit_of_work import Work, begin, in_transaction
from domain.errors import DomainError, ErrorCode
from domain.event import Event, Subject
from tests.db.samples import CASE, WHEN, event

CHANCE = random.Random(5)  # noqa: S311 - seeded, so that a failure can be seen again


async def _write(*events: Event) -> None:
    async with begin() as work:
        for it in events:
            work.append(it)


@pytest.mark.usefixtures("store")
async def test_an_event_comes_back_as_it_was_written() -> None:
    written = event()
    bare = Event(
        at=WHEN, kind=written.kind, subject=Subject("Grid", uuid4(), 1), row="R61", person_id=uuid4()
    )
    await _write(written, bare)
    logged = await event_log.read(0, 10)
    assert [it.event for it in logged] == [written, bare]
    assert [it.seq for it in logged] == [1, 2]


@pytest.mark.usefixtures("store")
async def test_reading_is_bounded_by_place_number_and_case() -> None:
    await _write(*(event(incident=CASE if it % 2 else uuid4()) for it in range(10)))
    assert [it.seq for it in await event_log.read(3, 4)] == [4, 5, 6, 7]
    assert [it.seq for it in await event_log.read(3, 100, until=5)] == [4, 5]
    assert [it.seq for it in await event_log.of_incident(CASE, 2, 3)] == [4, 6, 8]
    absent = uuid4()
    found = await event_log.of_incidents([CASE, absent], 2, 3)
    assert ([it.seq for it in found[CASE]], found[absent]) == ([4, 6, 8], [])
    assert await event_log.of_incidents([], 0, 3) == {}


@pytest.mark.usefixtures("store")
async def test_a_new_log_is_empty_and_has_an_epoch() -> None:
    assert (await event_log.head(), await event_log.oldest()) == (0, 1)
    assert len(await event_log.epoch()) == 36
    assert await event_log.verify() == event_log.VerifyReport(0)


async def _dawdle(written: list[str]) -> None:
    """Append, wait, and commit or roll back, eight times."""

    async def body(work: Work) -> None:
        key = str(uuid4())
        await asyncio.sleep(CHANCE.random() * 0.004)
        await event_log.append(work.connection, [event(data={"key": key})])
        await asyncio.sleep(CHANCE.random() * 0.004)
        if CHANCE.random() < 0.3:
            raise DomainError(ErrorCode.CONFLICT)
        written.append(key)

    for _ in range(8):
        with contextlib.suppress(DomainError):
            await in_transaction(body)


async def _poll(start: int, limit: int, over: asyncio.Event) -> list[int]:
    """Everything after a position, in small reads while the log grows, and the rest when it is over."""
    seen: list[int] = []
    last = False
    while not last:
        last = over.is_set()
        seen += [it.seq for it in await event_log.read(seen[-1] if seen else start, 1000 if last else limit)]
        await asyncio.sleep(0.001)
    return seen


@pytest.mark.usefixtures("store")
async def test_seq_is_the_order_of_commit_and_no_polling_reader_loses_anything() -> None:
    """Writers append, dawdle and commit or roll back in any order; whoever asks `seq > n` sees every entry.

    A reader begins at each position that the log reaches, while it grows.
    """
    written: list[str] = []
    readers: dict[int, asyncio.Task[list[int]]] = {}
    over = asyncio.Event()
    async with asyncio.timeout(60):
        writing = [asyncio.create_task(_dawdle(written)) for _ in range(6)]
        while not all(it.done() for it in writing):
            if (head := await event_log.head()) not in readers:
                readers[head] = asyncio.create_task(_poll(head, 1 + head % 7, over))
            await asyncio.sleep(0.001)
        over.set()
        await asyncio.gather(*writing, *readers.values())
    entries = await event_log.read(0, 1000)
    assert [it.seq for it in entries] == list(range(1, len(written) + 1))
    assert sorted(str(it.event.data["key"]) for it in entries) == sorted(written)
    assert len(readers) > 3
    for start, reader in readers.items():
        assert reader.result() == [it.seq for it in entries[start:]], start
    assert (await event_log.verify(batch=7)).first_broken is None


@pytest.mark.usefixtures("store")
async def test_head_and_rows_of_a_cut_are_of_one_instant() -> None:
    await _write(event())
    async with read_cut() as cut:
        before = await event_log.head(cut)
        await _write(event())
        assert await event_log.head(cut) == before == 1
        assert len(await event_log.read(0, 10, connection=cut)) == 1
    assert await event_log.head() == 2


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ('UPDATE event_log SET data = \'{"state":"CLOSED"}\' WHERE seq = 3', "its data was changed"),
        ("UPDATE event_log SET kind = 'CHANGED' WHERE seq = 3", "it was changed"),
        ("UPDATE event_log SET scopes_after = NULL WHERE seq = 3", "it was changed"),
        ("UPDATE event_log SET actor_id = incident_id WHERE seq = 3", "it was changed"),
        ("UPDATE event_log SET prev_hash = hash WHERE seq = 3", "does not follow the entry before it"),
        ("DELETE FROM event_log WHERE seq = 3", "missing"),
    ],
)
async def test_the_chain_names_the_first_entry_that_was_tampered_with(change: str, reason: str) -> None:
    await _write(*(event() for _ in range(6)))
    assert (await event_log.verify(batch=4)).checked == 6
    async with begin() as work:
        await work.connection.execute_query(change)
    report = await event_log.verify(batch=4)
    assert (report.first_broken, report.reason) == (3, reason)


@pytest.mark.usefixtures("sqlite_store")
async def test_an_entry_that_cannot_be_read_any_more_is_named_too() -> None:
    await _write(*(event() for _ in range(6)))
    async with begin() as work:
        await work.connection.execute_query("UPDATE event_log SET at = 'rubbish' WHERE seq = 3")
    for batch in (1, 4):
        report = await event_log.verify(batch=batch)
        assert (report.first_broken, report.reason) == (3, event_log.UNREADABLE)


@pytest.mark.usefixtures("store")
async def test_data_may_be_blanked_by_law_and_the_chain_holds() -> None:
    await _write(event(), event(), event())
    async with begin() as work:
        await event_log.blank(work.connection, 2)
    assert (await event_log.verify()).first_broken is None
    assert [dict(it.event.data) == {} for it in await event_log.read(0, 10)] == [False, True, False]


@pytest.mark.usefixtures("store")
async def test_old_entries_may_go_and_numbers_and_chain_continue() -> None:
    await _write(*(event() for _ in range(5)))
    async with begin() as work:
        assert await event_log.trim(work.connection, 3) == 3
    assert (await event_log.oldest(), await event_log.head()) == (4, 5)
    assert await event_log.verify() == event_log.VerifyReport(2)
    async with begin() as work:
        assert await event_log.trim(work.connection, 99) == 2
        assert await event_log.trim(work.connection, 99) == 0
    assert (await event_log.oldest(), await event_log.head()) == (6, 5)
    await _write(event())
    assert (await event_log.head(), await event_log.verify()) == (6, event_log.VerifyReport(1))


@pytest.mark.usefixtures("store")
async def test_a_restore_renews_the_epoch() -> None:
    before = await event_log.epoch()
    async with begin() as work:
        renewed = await event_log.renew_epoch(work.connection)
    assert await event_log.epoch() == renewed != before
    async with begin() as work:
        await event_log.found(work.connection)
    assert await event_log.epoch() == renewed


@pytest.mark.usefixtures("store")
async def test_the_hash_does_not_depend_on_how_the_time_was_given() -> None:
    await _write(replace(event(), at=WHEN.astimezone(timezone(timedelta(hours=8)))))
    assert (await event_log.verify()).first_broken is None
    assert (await event_log.read(0, 1))[0].event.at == WHEN


@pytest.mark.usefixtures("store")
async def test_chinese_is_stored_as_chinese() -> None:
    await _write(event(data={"state": "结案"}))
    assert (await fetch("SELECT data FROM event_log"))[0]["data"] == '{"state":"结案"}'
    assert await EventLogRow.filter(data__contains="结案").count() == 1
