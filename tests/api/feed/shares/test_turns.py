"""Who catches up takes turns, and waits for those who are live, but not for ever (design §5)."""

import asyncio
from uuid import uuid4

import pytest

from api.feed.items import Filter, Heartbeat
from api.feed.shares import turns
from api.feed.shares.turns import Turns
from api.feed.stream import AsTheyAre
from tests.api.feed.rig import handler, happened, happening, reading, running, write


async def test_turns_are_taken_one_at_a_time_in_the_order_they_are_asked_for() -> None:
    taken, within = list[int](), 0
    line = Turns()

    async def catch_up(number: int) -> None:
        nonlocal within
        for _ in range(2):
            async with line.one():
                within += 1
                assert within == 1
                await asyncio.sleep(0)
                taken.append(number)
                within -= 1

    await asyncio.gather(*(catch_up(it) for it in range(3)))
    assert taken == [0, 1, 2, 0, 1, 2]


async def test_who_catches_up_waits_while_something_is_told_to_those_who_are_live(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 30)
    line, told = Turns(), list[str]()

    async def catch_up() -> None:
        async with line.one():
            told.append("behind")

    with line.live():
        with line.live():
            behind = asyncio.create_task(catch_up())
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)
        told.append("live")
    await asyncio.wait_for(behind, 5)
    assert told == ["live", "behind"]


async def test_who_catches_up_comes_on_though_there_is_always_something_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.01)
    line = Turns()
    with line.live():
        async with asyncio.timeout(5):
            for _ in range(3):
                async with line.one():
                    pass


async def test_who_was_told_all_that_a_block_has_for_the_share_goes_on_behind_it(sqlite_store: str) -> None:
    """The block is looked at for all who catch up: what it holds for the share may lie before where one resumes."""
    assert sqlite_store
    ours = uuid4()
    await write(*(happening(after=[ours]) for _ in range(5)), *(happening(after=[uuid4()]) for _ in range(5)))
    async with running() as feed:
        stream = feed.everything(handler(ours), feed.cursors.at(7), Filter())
        async with reading(stream.joining("one", AsTheyAre(), handler(ours)).pulled()) as reader:
            assert isinstance(await reader.next(), Heartbeat)
            await write(happening(after=[ours]))
            item = await reader.next()
            while isinstance(item, Heartbeat):
                item = await reader.next()
            assert happened(item).logged.seq == 11
