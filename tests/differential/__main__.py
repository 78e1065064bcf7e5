"""`python -m tests.differential --documents 200000`: many generated documents on both executors, on each store."""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import structlog

from db.migrate import migrate
from tests import servers
from tests.differential.contest import Tally
from tests.differential.stage import staged

_STORES = ("sqlite", "postgres")
_STEP = 500


async def _hold(url: str, store: str, documents: int, seed: int) -> Tally:
    await migrate(url)
    tally, started = Tally(), time.monotonic()
    async with staged(url) as contest:
        for number, asked in enumerate(range(0, documents, _STEP)):
            own = seed * 1_000_003 + _STORES.index(store) * 500_000 + number  # others on each store
            await contest.hold(own, min(_STEP, documents - asked), tally)
            seconds = time.monotonic() - started
            speed = f"{tally.asked / seconds:.0f} a second, {_peak()} MB at most"
            said = f"{store}: {tally.asked}/{documents}, {len(tally.findings)} wrong, {speed}"
            sys.stderr.write(said + "\n")
    return tally


def _peak() -> int:
    """The most memory this process has had, in MB: it must not grow with the documents."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (1024 * 1024 if sys.platform == "darwin" else 1024)


async def _on(store: str, documents: int, seed: int) -> Tally | None:
    if store == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            return await _hold(f"sqlite://{Path(folder) / 'fengqiao.db'}", store, documents, seed)
    with servers.postgres_server() as url:
        if url is None:
            return None
        name = f"fengqiao_differential_{servers.free_port()}"
        admin = await asyncpg.connect(url)
        try:
            await admin.execute(f'CREATE DATABASE "{name}"')
            return await _hold(servers.at_database(url, name), store, documents, seed)
        finally:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await admin.close()


def main() -> int:
    """0 when every answer was the same and none was a bug, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--documents", type=int, default=2000, help="how many in all")
    parser.add_argument("--store", choices=_STORES, help="one store instead of both")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stores = (given.store,) if given.store else _STORES
    wrong = 0
    for store in stores:
        tally = asyncio.run(_on(store, given.documents // len(stores), given.seed))
        sys.stdout.write(f"{store}, seed {given.seed}: {tally or 'absent on this machine'}\n")
        wrong += len(tally.findings) if tally else 0
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
