"""Who reads in every process, and the alarm for an escalation that no console received (design §5)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.feed.feed import Feed
from api.feed.presence.registry import Registry, everyone
from db import cases
from db.live.consumers import rolls, unseen_since
from db.unit_of_work import in_transaction
from domain.event import Event, EventKind
from domain.incident import IncidentState
from domain.viewer import Viewer
from tests.api.feed.rig import command, happening, reading, running, until, write
from tests.db.factories import a_district, build_case

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)


async def _case() -> Event:
    """An escalation of a case that is in the store."""
    case = build_case(await a_district(), IncidentState.DISPATCHED)
    await in_transaction(lambda work: cases.insert(work, case))
    return replace(happening(EventKind.ESCALATED, incident=case.incident.id), row="E4")


@asynccontextmanager
async def _console(feed: Feed, who: Viewer | None = None) -> AsyncIterator[None]:
    """A console of the command centre that takes whatever comes."""
    async with reading(feed.command_centre(who or command(), None)) as reader:

        async def take() -> None:
            while True:
                await reader.next(60)

        await reader.next()
        taking = asyncio.create_task(take())
        try:
            yield
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)


async def _raised() -> list[int]:
    return [it.id for it in await unseen_since(NOW - MINUTE, 10, viewer=command())]


async def _position(feed: Feed, seq: int) -> None:
    await until(lambda: feed._hub.position >= seq)


@pytest.mark.usefixtures("store")
async def test_an_escalation_that_no_console_receives_raises_one_alarm_however_many_processes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    escalated = await _case()
    async with running() as one, running() as other:
        registries = [Registry(one), Registry(other)]
        await write(escalated)
        await asyncio.gather(_position(one, 1), _position(other, 1))
        for registry in registries:
            await registry.call(datetime.now(UTC) + MINUTE / 2)
        assert await _raised() == []
        for registry in (*registries, *registries):
            await registry.call(datetime.now(UTC) + MINUTE)
        assert await _raised() == [1]
        assert sum(registry.unseen for registry in registries) == 1
    assert caplog.text.count("no console of the command centre") == 1


@pytest.mark.usefixtures("store")
async def test_a_console_at_any_process_is_enough() -> None:
    escalated = await _case()
    async with running() as one, running() as other, _console(other):
        registries = [Registry(one), Registry(other)]
        await write(escalated)
        await _position(one, 1)
        await until(lambda: bool(other.consumers()) and other.consumers()[0].cursor == other.cursors.at(1))
        await registries[1].call(datetime.now(UTC))
        for registry in registries:
            await registry.call(datetime.now(UTC) + MINUTE)
        assert await _raised() == []


@pytest.mark.usefixtures("sqlite_store")
async def test_reminders_and_what_is_no_escalation_alarm_nobody() -> None:
    escalated = await _case()
    async with running() as feed:
        registry = Registry(feed)
        await write(replace(escalated, row="E0"), replace(escalated, row="I1"), happening())
        await _position(feed, 3)
        await registry.call(datetime.now(UTC) + MINUTE)
        assert await _raised() == []


@pytest.mark.usefixtures("sqlite_store")
async def test_a_process_that_takes_over_waits_again_for_what_the_last_one_left_unseen() -> None:
    escalated = await _case()
    async with running() as feed, _console(feed):
        await write(escalated)
        await until(lambda: feed.consumers()[0].cursor == feed.cursors.at(1))
        await Registry(feed).call(datetime.now(UTC))
    await write(escalated)
    async with running() as feed:
        registry, stop = (
            Registry(feed, every=timedelta(milliseconds=5), patience=MINUTE / 1200),
            asyncio.Event(),
        )
        task = asyncio.create_task(registry.run(stop))
        await until(lambda: registry.unseen == 1)
        stop.set()
        await task
        assert await _raised() == [2]


@pytest.mark.usefixtures("store")
async def test_everyone_is_listed_whatever_the_process_until_it_falls_silent() -> None:
    director = command()
    async with running() as one, running() as other, _console(one, director), _console(other):
        await Registry(other).call(NOW)
        listed = await everyone(one, NOW)
        assert [it.stream for it in listed] == ["commandCentre", "commandCentre"]
        assert director.person_id in {it.person_id for it in listed}
        assert {it.cursor for it in listed} == {one.cursors.at(0)}
        assert len(await everyone(one, NOW + MINUTE)) == 1


@pytest.mark.usefixtures("sqlite_store")
async def test_the_store_is_told_what_changed_and_else_twice_a_minute() -> None:
    async with running() as feed:
        registry = Registry(feed)
        for seconds, told_at in ((0, 0), (5, 0), (29, 0), (31, 31)):
            await registry.call(NOW + timedelta(seconds=seconds))
            (roll,) = await rolls()
            assert roll.told_at == NOW + timedelta(seconds=told_at)
        async with _console(feed):
            await registry.call(NOW + timedelta(seconds=32))
            (roll,) = await rolls()
            assert [told[1] for told in roll.consumers] == ["commandCentre"]
