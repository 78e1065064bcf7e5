"""How each documented read finds its rows, on a store full enough to matter: by an index, never by the whole table.

The plans lie in `tests/db/plans`, one file for each store; `WRITE_PLANS=1 pytest tests/db/test_plans.py` writes
them anew, so that a change is seen in review.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from channels.demo.bulk import load_bulk
from db import assignments, board, clocks, connection, event_log, incidents, people, rows, sealed
from db.connection import dialect
from db.lists import sizes
from db.lists.filters import Test
from db.lists.pages import Slice
from domain.clock import Light
from domain.incident import IncidentState
from domain.viewer import Viewer
from tests import servers

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
COUNT = 20_000
PLANS = Path(__file__).parent / "plans"
BIG = {"i", "a", "c", "o", "va", "incident", "assignment", "clock", "event_log", "t", "incident_text"}
ROLES = ("command", "housing", "civil", "community", "grid", "volunteer", "resident")
KEPT = ("command", "housing", "grid")
OTHER_ORDERS = re.compile("ASC (first|last)|CLOSED|NO_")
STEP = re.compile("SCAN|SEARCH|B-TREE|Scan|Sort")
WHOLE = re.compile(r"^SCAN (\w+)$|Seq Scan on (?:incident|assignment|clock|event_log|incident_text)\b")
# Every ended case is counted for whoever sees all: PostgreSQL may as well read the table as the whole index.
COUNTS_ALL = "board command"

Statement = tuple[str, tuple[Any, ...]]


@pytest.fixture(scope="module")
def full_sqlite_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("plans") / "full.db"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite://{file}"


@pytest.fixture(scope="module")
async def full_postgres_url(
    postgres_url: str, postgres_admin: asyncpg.Connection, postgres_template: str
) -> AsyncIterator[str]:
    name = f"{postgres_template}_full"
    await postgres_admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"')
    yield servers.at_database(postgres_url, name)
    await postgres_admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def full_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"full_{request.param}_url"))


@pytest.fixture(scope="module")
async def full(full_url: str) -> AsyncIterator[str]:
    """A store of each kind with cases enough, as `fengqiao demo --cases` leaves it; which kind it is."""
    sealed.install_keys("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    await connection.connect(full_url)
    await load_bulk(COUNT, NOW)
    yield full_url.partition(":")[0]
    await connection.disconnect()


@pytest.fixture(autouse=True)
def _sizes_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the tests take, the same statements are sent."""
    monkeypatch.setattr(sizes, "REMEMBERED_SECONDS", 3600.0)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Every statement sent through `db.rows`, as it goes out."""
    found: list[Statement] = []
    fetch = connection.fetch

    async def listening(sql: str, params: Any = (), **through: Any) -> list[dict[str, Any]]:
        found.append((sql, tuple(params)))
        return await fetch(sql, params, **through)

    monkeypatch.setattr(rows, "fetch", listening)
    return found


async def viewer_of(username: str) -> Viewer:
    person = await people.by_username(username)
    viewer = await people.viewer_of(person.id, NOW) if person else None
    assert viewer is not None
    return viewer


def lists(viewer: Viewer) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
    """The documented lists of a viewer: every order, both ways, from the start and from within; and their counts."""
    tables: tuple[tuple[str, Any], ...] = (("incidents", incidents), ("assignments", assignments))
    for name, table in tables:
        for order in table.ORDERS:
            for forward in (True, False):

                async def walk(order: str = order, *, forward: bool = forward, table: Any = table) -> None:
                    page = await table.page(viewer=viewer, order=order, slice_=Slice(50, forward))
                    edge = page.positions[-1 if forward else 0]
                    await table.page(viewer=viewer, order=order, slice_=Slice(50, forward, edge))

                yield f"{name} {order} {'first' if forward else 'last'}", walk
        yield f"{name} count", partial(table.count, viewer=viewer)


def reads(viewer: Viewer) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
    """The other documented reads: filters, words, the board, a node, and what hangs on a page of cases."""
    since = Test("reportedAt", "gte", NOW - timedelta(days=3))
    red = Test("light", "eq", Light.RED)
    filed = Test("state", "in", [IncidentState.FILED, IncidentState.HANDLING])
    for name, tests in (("since", [since]), ("red", [red]), ("state", [filed])):
        yield (
            f"incidents {name}",
            partial(incidents.page, viewer=viewer, tests=tests, slice_=Slice(50)),
        )
    yield "search", partial(incidents.page, viewer=viewer, search="路灯", slice_=Slice(50))
    yield "board", partial(board.counts, viewer=viewer, now=NOW)

    async def level() -> None:
        page = await incidents.page(viewer=viewer, slice_=Slice(50))
        ids = [it.id for it in page.rows]
        await incidents.get(ids, viewer=viewer)
        await incidents.by_no(page.rows[0].no, viewer=viewer)
        await assignments.of_incidents(ids, viewer=viewer)
        await clocks.of_incidents(ids, viewer=viewer)
        await incidents.notes_of(ids, viewer=viewer)

    yield "nodes and children", level
    yield "due clocks", partial(clocks.due, NOW, 100)


async def plan(statement: Statement) -> list[str]:
    """The steps of a statement.

    So few rows are soon read whole, which PostgreSQL knows: it is told not to, and then does so only where no
    index could serve, as it would with a million.
    """
    sql, params = statement
    async with connection.read_cut() as cut:
        if dialect() == "sqlite":
            found = await connection.fetch(f"EXPLAIN QUERY PLAN {sql}", params, connection=cut)
            return [str(it["detail"]) for it in found]
        await cut.execute_query("SET LOCAL enable_seqscan = off")
        await cut.execute_query("SET LOCAL max_parallel_workers_per_gather = 0")
        bound = rows.bound(params, cut)
        found = await connection.fetch(f"EXPLAIN (COSTS OFF) {sql}", bound, connection=cut)
        return [str(it["QUERY PLAN"]) for it in found]


def whole_tables(lines: list[str]) -> list[str]:
    """The steps that read a big table from end to end without an index."""
    found = ((line, WHOLE.search(line)) for line in lines)
    return [line for line, fits in found if fits and (fits[1] is None or fits[1] in BIG)]


async def version() -> str:
    sql = "SELECT sqlite_version() AS v" if dialect() == "sqlite" else "SHOW server_version"
    (row,) = await connection.fetch(sql)
    return f"{dialect()} {str(next(iter(row.values()))).split()[0]}"


async def test_no_documented_read_goes_through_a_whole_table(full: str, sent: list[Statement]) -> None:
    text, broken = [await version(), ""], []
    for role in ROLES:
        viewer = await viewer_of(role)
        for name, ask in (*lists(viewer), *reads(viewer)):
            sent.clear()
            await ask()
            for statement in dict.fromkeys(islice(sent, 20)):
                lines = await plan(statement)
                if role in KEPT and not OTHER_ORDERS.search(name):
                    steps = dict.fromkeys(line.strip() for line in lines if STEP.search(line))
                    text += [f"{name} {role}", *(f"    {step}" for step in steps), ""]
                faults = [] if f"{name} {role}" == COUNTS_ALL else whole_tables(lines)
                broken += [f"{name} {role}: {fault}\n    {statement[0]}" for fault in faults]
    file, told = PLANS / f"{full}.txt", "\n".join(text)
    if os.environ.get("WRITE_PLANS"):
        file.write_text(told, encoding="utf-8")
    assert not broken, "\n" + "\n".join(broken)
    kept = file.read_text(encoding="utf-8")
    # another version plans in its own way; PostgreSQL's statistics are a sample, so near plans change places
    if full == "sqlite" and kept.partition("\n")[0] == text[0]:
        assert kept == told, (
            f"the plans changed: WRITE_PLANS=1 pytest {Path(__file__).name}, and look at them"
        )


async def test_the_size_of_a_page_is_a_literal_in_every_statement(full: str, sent: list[Statement]) -> None:
    """PostgreSQL plans a bound LIMIT as a tenth of the table, and then sorts where an index would do."""
    assert full
    for role in ROLES:
        viewer = await viewer_of(role)
        for name, ask in lists(viewer):
            sent.clear()
            await ask()
            for sql, _ in sent:
                assert re.search(r"LIMIT \d+", sql), name
                assert not re.search(r"LIMIT \?", sql), name


async def test_a_list_of_few_rows_is_read_from_them_and_one_of_many_in_its_order(full: str) -> None:
    """Either way the same rows come, in the same order, whatever the size of the viewer's share."""
    assert full
    for role in ROLES:
        viewer = await viewer_of(role)
        seen = await incidents.page(viewer=viewer, order="DUE_AT_ASC", slice_=Slice(100))
        every = incidents.listing(viewer)
        rest = rows.Sql(every.where.text.replace("+i.", "i."), every.where.params)
        plain = rows.select("i.id", "incident i", rest)
        found = {str(rows.identity(it["id"])) for it in await rows.read(plain)}
        assert {str(it.id) for it in seen.rows} <= found
        exact, _ = await incidents.count(viewer=viewer)
        assert exact == min(len(found), 10_000)


async def test_the_end_of_the_log_is_found_by_its_key(full: str) -> None:
    assert full
    lines = await plan(("SELECT seq, hash FROM event_log ORDER BY seq DESC LIMIT 1", ()))
    assert not whole_tables(lines)
    assert await event_log.head() > 0
