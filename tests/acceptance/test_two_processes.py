"""Two server processes over PostgreSQL and Redis: one log, one feed, whichever process a console sits at."""

import asyncio
from itertools import pairwise
from typing import Any

from tests import servers
from tests.acceptance.desks import GIVEN
from tests.acceptance.town import Desk, Town

FEED = """subscription ($after: Cursor) { feed(after: $after) { __typename
  ... on FeedEvent { cursor follows kind incident { no } }
  ... on FeedHeartbeat { cursor follows } } }"""


async def _report(desk: Desk) -> str:
    """Report a case; its number."""
    return str((await desk.do("reportIncident", "incident { no }", **GIVEN))["incident"]["no"])


def _numbers(items: list[dict[str, Any]]) -> list[str]:
    """The cases whose report arrived, in order."""
    return [it["incident"]["no"] for it in items if it.get("kind") == "REPORTED"]


def _chained(items: list[dict[str, Any]]) -> bool:
    return all(later["follows"] == earlier["cursor"] for earlier, later in pairwise(items))


async def test_each_process_hears_what_the_other_commits_and_cursors_are_the_same_everywhere(
    large_town: Town,
) -> None:
    here, there = await large_town.desk("command", server=0), await large_town.desk("command", server=1)
    desks = [await large_town.desk("acceptor", server=number) for number in (0, 1)]
    async with here.watch(FEED) as first, there.watch(FEED) as second:
        await first.until(bool)
        await second.until(bool)
        made = [await _report(desks[number % 2]) for number in range(6)]
        for console in (first, second):
            await console.until(lambda items: len(_numbers(items)) == len(made), 10)
            assert _numbers(console.items) == made
            assert _chained(console.items)
    assert _positions(first.items) == _positions(second.items)
    resume = next(it["cursor"] for it in first.items if it.get("kind") == "REPORTED")
    async with there.watch(FEED, after=resume) as again:
        await again.until(lambda items: len(_numbers(items)) == len(made) - 1, 10)
        assert _numbers(again.items) == made[1:]
        assert again.items[0]["cursor"] == again.items[0]["follows"] == resume


def _positions(items: list[dict[str, Any]]) -> list[str]:
    return [it["cursor"] for it in items if it["__typename"] == "FeedEvent"]


async def test_without_redis_events_come_late_and_none_is_lost(
    large_town: Town, redis_server: servers.RedisServer
) -> None:
    there = await large_town.desk("command", server=1)
    acceptor = await large_town.desk("acceptor", server=0)
    async with there.watch(FEED) as console:
        await console.until(bool)
        made = [await _report(acceptor)]
        redis_server.kill()
        made += [await _report(acceptor) for _ in range(2)]
        await console.until(lambda items: _numbers(items) == made, 15)
        redis_server.start()
        made += [await _report(acceptor)]
        await console.until(lambda items: _numbers(items) == made, 15)
        assert _chained(console.items)


GRIDS = "{ grids(first: 1) { nodes { id version } } incidents(first: 1) { nodes { grid { id name } } } }"


async def _name_of_grid(desk: Desk) -> str:
    """The name of the newest case's grid, as a compiled read has it ready."""
    return str((await desk.ask(GRIDS))["incidents"]["nodes"][0]["grid"]["name"])


async def test_a_renamed_grid_is_read_at_once_where_it_was_renamed_and_soon_everywhere(
    large_town: Town,
) -> None:
    here, there = await large_town.desk("admin", server=0), await large_town.desk("command", server=1)
    acceptor = await large_town.desk("acceptor", server=0)
    await _report(acceptor)
    old = await _name_of_grid(there)
    assert await _name_of_grid(acceptor) == old
    grid = (await there.ask(GRIDS))["incidents"]["nodes"][0]["grid"]
    version = (
        await there.ask("query ($id: ID!) { node(id: $id) { ... on Grid { version } } }", id=grid["id"])
    )["node"]
    await here.do(
        "reviseGrid", "grid { name }", id=grid["id"], expectedVersion=version["version"], name="改名网格"
    )
    assert await _name_of_grid(acceptor) == "改名网格"
    for _ in range(100):
        if await _name_of_grid(there) == "改名网格":
            break
        await asyncio.sleep(0.1)
    assert await _name_of_grid(there) == "改名网格"
