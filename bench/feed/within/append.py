"""Append and commit with so many writers: the log's own way, or the same rows bare.

    python -m within.append URL CASE ours|bare WRITERS SECONDS

Prints JSON: commits a second, p50 and p99 in milliseconds. `ours` is a unit of work with group commit, as every command
runs in one; `bare` inserts the same row by asyncpg into a table of the same columns and key, each writer on a
connection of its own, with no lock, no order and no hash that depends on another.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
from within.events import pattern_of, write

from db import connection, sealed
from db.work.groups import in_group

WARM_SECONDS = 0.5
COPY = "CREATE TABLE IF NOT EXISTS bench_log (LIKE event_log INCLUDING DEFAULTS INCLUDING INDEXES)"
Commit = Callable[[int], Awaitable[object]]


async def main(url: str, case: UUID, way: str, writers: int, seconds: float) -> None:
    """Measure one way with so many writers."""
    sealed.install_keys(os.environ["FENGQIAO_DATA_KEYS"])
    await connection.connect(url)
    try:
        commits = await (_ours(case, writers) if way == "ours" else _bare(url, writers))
        took = await _measured(commits, WARM_SECONDS, seconds)
    finally:
        await connection.disconnect()
    took.sort()
    said = {
        "rate": len(took) / seconds,
        "p50": took[len(took) // 2] * 1e3,
        "p99": took[int(len(took) * 0.99)] * 1e3,
    }
    sys.stdout.write(json.dumps(said) + "\n")


async def _ours(case: UUID, writers: int) -> list[Commit]:
    pattern = await pattern_of(case)

    async def commit(number: int) -> None:
        ordinal = 1_000_001 + number
        await in_group(partial(write, pattern=pattern, case=case, ordinals=range(ordinal, ordinal + 1)))

    return [commit] * writers


async def _bare(url: str, writers: int) -> list[Commit]:
    connections = [await asyncpg.connect(url) for _ in range(writers)]
    await connections[0].execute(COPY)
    row = dict(await connections[0].fetchrow("SELECT * FROM event_log ORDER BY seq DESC LIMIT 1"))
    names = [name for name in row if name != "seq"]
    places = ", ".join(f"${place}" for place in range(2, len(names) + 2))
    text = f"INSERT INTO bench_log (seq, {', '.join(names)}) VALUES ($1, {places})"  # noqa: S608 - column names of ours
    values = [row[name] for name in names]
    return [await _inserting(it, text, values) for it in connections]


async def _inserting(link: Any, text: str, values: list[object]) -> Commit:  # noqa: ANN401 - asyncpg ships no types
    statement = await link.prepare(text)

    async def commit(_: int) -> object:
        return await statement.fetch(random.getrandbits(62), *values)

    return commit


async def _measured(commits: list[Commit], warm: float, seconds: float) -> list[float]:
    """How long each commit of the measured time took."""
    took: list[float] = []
    begin = time.perf_counter() + warm
    end = begin + seconds

    async def writer(commit: Commit) -> None:
        number = 0
        while (before := time.perf_counter()) < end:
            number += 1
            await commit(number)
            after = time.perf_counter()
            if before >= begin and after <= end:
                took.append(after - before)

    await asyncio.gather(*(writer(it) for it in commits))
    return took


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], UUID(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))
