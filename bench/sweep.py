"""What the sweep costs: it must grow with what is due, not with what exists.

    python -m bench.sweep [sqlite] [postgres] [--clocks 10000 100000 1000000] [--due 100] [--looks 50]

Each store gets more and more running clocks that are due in a month; at each size a sweep that finds nothing is timed,
then one that finds so many cases whose sign-off is late. PostgreSQL is one that this program starts, fsync on; SQLite
runs as the product ships it. Only the ratios between the sizes mean anything.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from db import cases, connection
from db.migrate import migrate
from db.rows import Sql, to_columns, write
from db.unit_of_work import Work, in_transaction
from domain.clock import ClockType
from domain.incident import IncidentState
from services.command import new_id
from services.sweep import drain, sweep
from tests import servers
from tests.db.factories import NOW, District, a_clock, a_district, build_case

MONTH = timedelta(days=30)
BATCH = 500


def say(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def fill(district: District, count: int) -> None:
    """So many more running clocks due in a month, spread over a day; of one case, which has nothing else to fire."""
    case = build_case(district, IncidentState.CLOSED)
    await in_transaction(lambda work: cases.insert(work, case))
    pattern = a_clock(case.incident, ClockType.HANDLE)
    made = 0
    while made < count:
        part = []
        for number in range(made, min(made + BATCH, count)):
            due = NOW + MONTH + timedelta(seconds=number % 86_400)
            part.append(to_columns(replace(pattern, id=new_id(), due_at=due, yellow_at=due, next_at=due)))
        await in_transaction(partial(_write, part=part))
        made += len(part)


async def _write(work: Work, *, part: list[dict[str, Any]]) -> None:
    work.writes.insert("clock", part)


async def late(district: District, count: int) -> datetime:
    """So many cases whose units let the sign-off pass; when all of them are late."""
    for _ in range(count):
        case = build_case(district, IncidentState.DISPATCHED)
        await in_transaction(partial(cases.insert, case=case))
    return NOW + timedelta(days=1)


async def measure(url: str, asked: argparse.Namespace) -> None:
    """Every size over one store."""
    await migrate(url)
    await connection.connect(url)
    try:
        district, there = await a_district(), 0
        await drain(NOW)
        base: tuple[float, float] | None = None
        for size in sorted(asked.clocks):
            await fill(district, size - there)
            there = size
            await in_transaction(lambda work: write(Sql("ANALYZE clock"), work.connection))
            idle = await _idle(asked.looks)
            steps, each = await _busy(await late(district, asked.due))
            base = base or (idle, each)
            say(
                f"{size:>9,} clocks: nothing due {idle * 1e3:6.2f} ms ({idle / base[0]:4.2f}x), "
                f"{steps} steps {each * 1e3:6.2f} ms each ({each / base[1]:4.2f}x)"
            )
    finally:
        await connection.disconnect()


async def _idle(looks: int) -> float:
    """Median seconds of a sweep that finds nothing."""
    took = []
    for _ in range(looks):
        began = time.perf_counter()
        if await sweep(NOW):
            raise SystemExit("bench: something was due")
        took.append(time.perf_counter() - began)
    return statistics.median(took)


async def _busy(now: datetime) -> tuple[int, float]:
    """How many steps a sweep fires until nothing is left, and the seconds of each."""
    began = time.perf_counter()
    fired = await drain(now)
    return fired, (time.perf_counter() - began) / fired


def main() -> None:
    """Measure on the stores asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("stores", nargs="*", default=["sqlite", "postgres"])
    parser.add_argument("--clocks", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--due", type=int, default=100, help="late cases at each size")
    parser.add_argument("--looks", type=int, default=50, help="sweeps that find nothing")
    asked = parser.parse_args()
    if "sqlite" in asked.stores:
        say("SQLite")
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure(f"sqlite://{folder}/bench.db", asked))
    if "postgres" in asked.stores:
        say("PostgreSQL")
        with servers.postgres_server() as url:
            if url is None:
                sys.exit("no PostgreSQL on this machine")
            asyncio.run(measure(url, asked))


if __name__ == "__main__":
    main()
