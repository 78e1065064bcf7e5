"""Who gives the log its order: a lock before the commit, or a sequencer after it (ADR 6).

    python -m bench.log_order [--writers 1 8 32] [--rounds 3] [--seconds 2]

One command writes one event. PostgreSQL is started for this, `fsync` and `synchronous_commit` on. The sides take turns:

- `bare`: one INSERT of the same columns by asyncpg, each a transaction of its own; no order, no chain.
- `lock`: the product's `append` as the last act of a transaction, each command alone.
- `lock, in groups`: the same through group commit (ADR 16), as the product's commands go.
- `sequencer, in groups`: commands in groups put their events into an outbox; whoever holds an advisory lock moves them
  into the log in batches, numbered and chained. It has written what has reached the log: no reader sees the outbox.

`command` is the time of one command; `seen` is how long after its commit an event could be read.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from bench import results
from bench.query.postgres import Postgres
from db import connection, event_log
from db.migrate import migrate
from db.unit_of_work import Work, in_transaction
from db.work.groups import in_group
from tests.db.samples import event

BATCH = 500
STORE = "log_order"
RESULTS = Path(__file__).parent / "RESULTS.md"
_LIKE_THE_LOG = """DROP TABLE IF EXISTS {0};
CREATE TABLE {0} (LIKE event_log INCLUDING DEFAULTS);
ALTER TABLE {0} DROP COLUMN seq, ADD COLUMN id BIGSERIAL PRIMARY KEY, ADD COLUMN put DOUBLE PRECISION"""

Command = Callable[[], Awaitable[object]]


@dataclass
class Tally:
    """One run of a side: seconds of each command and until each event was seen; how many, in how many seconds."""

    took: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Side:
    """One way, and what its rounds found for each number of writers."""

    name: str
    run: Callable[[float, int], Awaitable[Tally]]
    tallies: dict[int, list[Tally]] = field(default_factory=dict)


async def write_for(seconds: float, writers: int, command: Command) -> Tally:
    """So many writers, each with its next command as soon as the last was answered."""
    tally, began = Tally(), time.perf_counter()

    async def writer() -> None:
        while time.perf_counter() - began < seconds:
            start = time.perf_counter()
            await command()
            tally.took.append(time.perf_counter() - start)

    await asyncio.gather(*(writer() for _ in range(writers)))
    tally.seconds = time.perf_counter() - began
    return tally


def entry() -> dict[str, Any]:
    """The columns of one entry, without its place in the log."""
    made = event_log._entry(0, event(), event_log.GENESIS)  # noqa: SLF001 - the same columns outside the log
    return {name: value for name, value in made.items() if name != "seq"}


def bare(pool: asyncpg.Pool) -> Side:
    """The floor."""

    async def command() -> None:
        row = entry()
        columns = ", ".join(f'"{it}"' for it in row)
        places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
        sql = f"INSERT INTO bare ({columns}) VALUES ({places})"  # noqa: S608 - names of columns
        await pool.execute(sql, *row.values())

    return Side("bare", lambda seconds, writers: write_for(seconds, writers, command))


def locked(name: str, through: Callable[[Callable[[Work], Awaitable[None]]], Awaitable[None]]) -> Side:
    """The product's own way, through one kind of transaction."""

    async def body(work: Work) -> None:
        work.append(event())

    return Side(name, lambda seconds, writers: write_for(seconds, writers, lambda: through(body)))


class Sequencer:
    """Moves an outbox into the log for as long as it runs, or until the outbox is empty once it was told to end."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._bell = asyncio.Event()
        self._ending = False

    async def run(self, seconds: float, writers: int) -> Tally:
        """Write through the outbox, and wait until all of it is in the log."""
        self._ending = False
        seen: list[float] = []
        moving = asyncio.create_task(self._move(seen))
        tally = await write_for(seconds, writers, lambda: in_group(self._put))
        self._ending = True
        self._bell.set()
        began = time.perf_counter()
        await moving
        tally.seconds += time.perf_counter() - began
        tally.seen = seen
        return tally

    async def _put(self, work: Work) -> None:
        work.writes.insert("outbox", [{**entry(), "put": time.perf_counter()}])
        work.at_end(self._bell.set)

    async def _move(self, seen: list[float]) -> None:
        async with self._pool.acquire() as session:
            while True:
                moved = await self._batch(session)
                now = time.perf_counter()
                seen.extend(now - put for put in moved)
                if not moved and self._ending:
                    return
                if not moved:
                    self._bell.clear()
                    await self._bell.wait()

    async def _batch(self, session: asyncpg.Connection) -> list[float]:
        """One batch, in the order of the outbox's numbers, whoever committed first."""
        async with session.transaction():
            await session.execute("SELECT pg_advisory_xact_lock(1)")
            taken = await session.fetch(
                f"DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT {BATCH}) RETURNING *"  # noqa: S608 - a number
            )
            if not taken:
                return []
            head = await session.fetchrow("SELECT seq, hash FROM event_log ORDER BY seq DESC LIMIT 1")
            seq, previous = (head["seq"], head["hash"]) if head else (0, event_log.GENESIS)
            rows = []
            for row in sorted(taken, key=lambda it: it["id"]):
                seq += 1
                made = {**{name: value for name, value in row.items() if name not in {"id", "put"}}}
                made |= {"seq": seq, "prev_hash": previous}
                previous = made["hash"] = event_log._chained(made)  # noqa: SLF001 - as `append` does
                rows.append(made)
            await session.copy_records_to_table(
                "event_log", records=[tuple(it.values()) for it in rows], columns=list(rows[0])
            )
        return [row["put"] for row in taken]


async def measure(url: str, asked: argparse.Namespace) -> list[Side]:
    """Every side with each number of writers, in turn."""
    await migrate(url)
    await connection.connect(url)
    pool = await asyncpg.create_pool(url, min_size=32, max_size=33)
    try:
        for table in ("bare", "outbox"):
            await pool.execute(_LIKE_THE_LOG.format(table))
        sides = [
            bare(pool),
            locked("lock", in_transaction),
            locked("lock, in groups", in_group),
            Side("sequencer, in groups", Sequencer(pool).run),
        ]
        for number in range(asked.rounds + 1):  # the first warms up
            for writers in asked.writers:
                for side in sides:
                    tally = await side.run(asked.seconds if number else 0.3, writers)
                    if number:
                        side.tallies.setdefault(writers, []).append(tally)
        report = await event_log.verify()
        if report.first_broken is not None:
            raise SystemExit(f"the log is broken at {report.first_broken}: {report.reason}")
    finally:
        await pool.close()
        await connection.disconnect()
    return sides


def _ms(values: Sequence[float], share: float) -> str:
    ordered = sorted(values)
    return f"{ordered[int(share * (len(ordered) - 1))] * 1e3:.1f}" if ordered else ""


def table(sides: Sequence[Side], writers: Sequence[int]) -> str:
    """The results as Markdown; ratios are of medians, beside `bare` with the same writers."""
    lines = [
        "| writers | way | commands/s: least | median | most | beside bare | p50 ms | p99 | seen p50 ms | p99 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for count in writers:
        floor = 0.0
        for side in sides:
            found = side.tallies[count]
            rates = sorted(len(it.took) / it.seconds for it in found)
            median = statistics.median(rates)
            floor = floor or median
            took = [value for it in found for value in it.took]
            seen = [value for it in found for value in it.seen]
            cells = [
                *(f"{value:,.0f}" for value in (rates[0], median, rates[-1])),
                f"{median / floor:.2f}×",
                *(_ms(took, share) for share in (0.5, 0.99)),
                *(_ms(seen, share) for share in (0.5, 0.99)),
            ]
            lines.append(f"| {count} | {side.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Start PostgreSQL, measure, write the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.log_order", description=__doc__)
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        postgres = Postgres(Path(folder) / "postgres")
        postgres.start()
        try:
            postgres.create(STORE)
            sides = asyncio.run(measure(postgres.url(STORE), asked))
        finally:
            postgres.stop()
    said = f"`python -m bench.log_order --rounds {asked.rounds} --seconds {asked.seconds:g}`: PostgreSQL 18, fsync on."
    text = f"# Results of `bench.log_order`\n\n{said}\n\n{table(sides, asked.writers)}\n"
    results.put(RESULTS, text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
