"""The rows of the event log bare: each writer on a connection of its own, with no lock, no order and no hash.

python -m bench.peers.bare_inserts URL WRITERS SECONDS

The last row of the log is inserted again and again into a table of the same columns and key; the statement is
prepared, the driver's own.
"""

import asyncio
import random
import sys

from bench.feed.within.writers import Commit, measured
from bench.peers.links import Link, links

COPY = "CREATE TABLE IF NOT EXISTS bench_log (LIKE event_log INCLUDING DEFAULTS INCLUDING INDEXES)"


async def main(url: str, writers: int, seconds: float) -> None:
    """Measure, and print JSON."""
    async with links(url, writers) as found:
        await found[0].execute(COPY)
        row = dict(await found[0].fetchrow("SELECT * FROM event_log ORDER BY seq DESC LIMIT 1"))
        names = [name for name in row if name != "seq"]
        places = ", ".join(f"${place}" for place in range(2, len(names) + 2))
        text = f"INSERT INTO bench_log (seq, {', '.join(names)}) VALUES ($1, {places})"  # noqa: S608 - column names of ours
        commits = [await _inserting(it, text, [row[name] for name in names]) for it in found]
        sys.stdout.write(await measured(commits, seconds))


async def _inserting(link: Link, text: str, values: list[object]) -> Commit:
    statement = await link.prepare(text)

    async def commit(_: int) -> object:
        return await statement.fetch(random.getrandbits(62), *values)

    return commit


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
