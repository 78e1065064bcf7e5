"""A desk live: at once, again when it is another, and as time goes by."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from db import clocks
from db.clocks import BusinessClock
from db.unit_of_work import in_transaction
from services.clocks import start_test_clock
from services.command import forget_clock
from services.people import EndPost, end_post
from tests.api.live import live, ticket
from tests.api.workbench.bench import Bench, a_bench
from tests.db.factories import NOW

DESK = """subscription ($desk: Desk!, $where: TaskFilter, $first: Int!) {
  workbench(desk: $desk, where: $where, first: $first) {
    at desk totalCount totalCountExact tasks { why lateMinutes incident { title state } } } }"""


@pytest.fixture
async def bench(store: str) -> AsyncIterator[Bench]:  # noqa: ARG001 - the store must be open
    made = await a_bench()
    await start_test_clock(NOW)
    yield made
    forget_clock()


async def _at(moment: datetime) -> None:
    """The clock shows that moment; nothing else happens."""
    shown = BusinessClock(datetime.now(UTC), moment, 1.0)
    await in_transaction(lambda work: clocks.set_business_clock(work, shown))
    forget_clock()


async def test_a_case_enters_and_leaves_a_desk_at_most_once_a_second(bench: Bench) -> None:
    async with live() as server, server.line(await ticket(bench.district, "housing")) as line:
        loop = asyncio.get_running_loop()
        await line.ask("1", DESK, desk="UNREAD", first=2)
        first = await line.item("1")
        assert (first["desk"], first["totalCount"], first["tasks"]) == ("UNREAD", 0, [])
        began = loop.time()
        await bench.give("HOUSING")
        entered = await line.item("1")
        assert loop.time() - began >= 0.6
        assert entered["totalCount"] == 1
        (task,) = entered["tasks"]
        assert task["why"] == ["TO_SIGN"]
        assert task["incident"]["state"] == "DISPATCHED"
        await bench.accept()
        left = await line.item("1")
        assert (left["totalCount"], left["tasks"]) == (0, [])


async def test_nothing_comes_when_the_answer_is_the_same(bench: Bench) -> None:
    async with live(heartbeat=0.2) as server, server.line(await ticket(bench.district, "housing")) as line:
        await line.ask("1", DESK, desk="OVERDUE", first=10)
        assert (await line.item("1"))["totalCount"] == 0
        await bench.give("HOUSING")
        assert await line.quiet(2.0)


async def test_the_clock_alone_brings_a_row_onto_the_desk_of_what_is_overdue(bench: Bench) -> None:
    await bench.give("HOUSING")
    async with live(heartbeat=0.2) as server, server.line(await ticket(bench.district, "housing")) as line:
        await line.ask("1", DESK, desk="OVERDUE", first=10)
        assert (await line.item("1"))["totalCount"] == 0
        await _at(datetime(2024, 10, 25, 1, 0, 30, tzinfo=UTC))
        late = await line.item("1")
        assert late["totalCount"] == 1
        assert late["tasks"][0]["why"] == ["TO_CONTACT"]
        assert await line.quiet(0.5)  # however late it gets, the answer is the same


async def test_a_desk_that_is_filtered_tells_of_nothing_else(bench: Bench) -> None:
    async with live() as server, server.line(await ticket(bench.district, "dispatcher")) as line:
        only = {"incidentIs": {"title": {"contains": "路灯"}}}
        await line.ask("1", DESK, desk="UNREAD", where=only, first=10)
        assert (await line.item("1"))["totalCount"] == 0
        await bench.give("HOUSING")
        assert await line.quiet(1.5)


@pytest.mark.parametrize(
    ("username", "desk", "first", "refusal"),
    [
        (None, "OVERDUE", 1, ("UNAUTHENTICATED", None)),
        ("housing", "HARD_CASES", 1, ("FORBIDDEN", "desk")),
        ("volunteer", "OVERDUE", 1, ("FORBIDDEN", "desk")),
        ("housing", "OVERDUE", 0, ("PAGE_SIZE_REQUIRED", "first")),
    ],
)
async def test_a_desk_that_is_not_the_viewer_s_is_refused(
    bench: Bench, username: str | None, desk: str, first: int, refusal: tuple[str, str | None]
) -> None:
    signed = await ticket(bench.district, username) if username else None
    async with live() as server, server.line(signed) as line:
        await line.ask("1", DESK, desk=desk, first=first)
        assert await line.fault("1") == refusal


async def test_a_desk_ends_with_the_post_that_gave_it(bench: Bench) -> None:
    async with live() as server, server.line(await ticket(bench.district, "housing")) as line:
        await line.ask("1", DESK, desk="UNREAD", first=1)
        await line.item("1")
        post = bench.district.posts["housing"]
        await end_post(bench.call("sysadmin"), EndPost(id=post.id, expected_version=post.version))
        assert await line.fault("1") == ("FORBIDDEN", None)
