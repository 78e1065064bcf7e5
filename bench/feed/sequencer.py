"""A prototype beside the log's lock before commit: rows go to an outbox, whoever holds a lock orders them afterwards.

    python -m bench.feed.sequencer URL lock|sequencer WRITERS SECONDS

Both ways write one small row and one entry of a chained log, each writer on a connection of its own, as processes
without group commit would. `lock`: the advisory lock, the head, the entry, the commit. `sequencer`: the entry without
number or hash is committed to an outbox; then whoever gets the advisory lock moves all that is there into the log, in
batches, until nothing is left. A writer is answered when its own row is committed; the rate counts entries of the log.
"""

import asyncio
import hashlib
import itertools
import json
import sys
import time

from bench.feed.within.writers import WARM_SECONDS, said
from bench.peers.links import Link, links

LOCK = 0x66656E68
BATCH = 500
BODY = json.dumps(
    {"orgs": ["0192b7c0-0000-4000-8000-00000000000" + str(it) for it in range(7)], "kind": "CHANGED"}
)
TABLES = """
DROP TABLE IF EXISTS bench_row, bench_entry, bench_outbox;
CREATE TABLE bench_row (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE bench_outbox (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE bench_entry (seq BIGINT PRIMARY KEY, body TEXT NOT NULL, hash BYTEA NOT NULL);
INSERT INTO bench_entry VALUES (0, '', '\\x00');
"""
HEAD = "SELECT seq, hash FROM bench_entry ORDER BY seq DESC LIMIT 1"
ENTRY = "INSERT INTO bench_entry (seq, body, hash) VALUES ($1, $2, $3)"
ROW = "INSERT INTO bench_row (body) VALUES ($1)"
MOVED = "DELETE FROM bench_outbox WHERE id IN (SELECT id FROM bench_outbox ORDER BY id LIMIT $1) RETURNING id, body"


async def main(url: str, way: str, writers: int, seconds: float) -> None:
    """Measure one way with so many writers; prints JSON."""
    async with links(url, writers) as found:
        await found[0].execute(TABLES)
        commit = _locked if way == "lock" else _outboxed
        took: list[float] = []
        begin = time.perf_counter()
        end = begin + WARM_SECONDS + seconds

        async def writer(link: Link) -> None:
            while (before := time.perf_counter()) < end:
                await commit(link)
                took.append(time.perf_counter() - before)
                if way != "lock":
                    await _sequence(link)

        await asyncio.gather(*(writer(it) for it in found))
        while await found[0].fetchval("SELECT EXISTS (SELECT FROM bench_outbox)"):
            await _sequence(found[0])
        spent = time.perf_counter() - begin
        count = await found[0].fetchval("SELECT count(*) - 1 FROM bench_entry")
        await _check(found[0])
        sys.stdout.write(said(took, count / spent))


async def _locked(link: Link) -> None:
    """The order of the log is the order of commit."""
    async with link.transaction():
        await link.execute(ROW, BODY)
        await link.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        head = await link.fetchrow(HEAD)
        await link.execute(ENTRY, head["seq"] + 1, BODY, _next(head["hash"], BODY))


async def _outboxed(link: Link) -> None:
    """Committed, and not yet in the log."""
    async with link.transaction():
        await link.execute(ROW, BODY)
        await link.execute("INSERT INTO bench_outbox (body) VALUES ($1)", BODY)


async def _sequence(link: Link) -> None:
    """Move what is there, unless somebody else does."""
    while True:
        async with link.transaction():
            if not await link.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK):
                return
            waiting = sorted(await link.fetch(MOVED, BATCH), key=lambda row: row["id"])
            if not waiting:
                return
            head = await link.fetchrow(HEAD)
            seq, before, entries = head["seq"], head["hash"], []
            for row in waiting:
                seq, before = seq + 1, _next(before, row["body"])
                entries.append((seq, row["body"], before))
            columns = [list(column) for column in zip(*entries, strict=True)]
            await link.execute(
                "INSERT INTO bench_entry SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])",
                *columns,
            )
        if len(waiting) < BATCH:
            return


async def _check(link: Link) -> None:
    """As many entries as rows, without a gap, chained."""
    rows = await link.fetchval("SELECT count(*) FROM bench_row")
    entries = await link.fetch("SELECT seq, body, hash FROM bench_entry ORDER BY seq")
    chained = all(
        after["seq"] == before["seq"] + 1 and after["hash"] == _next(before["hash"], after["body"])
        for before, after in itertools.pairwise(entries)
    )
    if len(entries) != rows + 1 or not chained:
        raise SystemExit("sequencer: the log does not hold what was written")


def _next(before: bytes, body: str) -> bytes:
    return hashlib.sha256(before + body.encode()).digest()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
