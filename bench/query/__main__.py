"""`python -m bench.query prepare`, then `python -m bench.query run`; `flame` draws where the time goes."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.query import flame, load, report
from bench.query.plan import Run
from bench.query.process import BenchError
from bench.query.sides import install_peers
from bench.query.stores import ROOT, Stores

RESULTS = ROOT / "bench" / "RESULTS.md"
PARTS = ("reads", "ends", "writes")


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What to do, on what, how long."""
    parser = argparse.ArgumentParser(prog="python -m bench.query", description=__doc__)
    parser.add_argument("what", choices=("prepare", "run", "flame"))
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "fengqiao-bench")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument(
        "--most", type=int, default=1_000_000, help="cases of the store for first and last page"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run of a side")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    return parser.parse_args(arguments)


async def main(given: argparse.Namespace) -> None:
    """Do what was asked, with PostgreSQL running."""
    load.build()
    install_peers()
    stores = Stores(given.data)
    stores.postgres.start()
    try:
        if given.what == "prepare":
            prepare(stores, given)
        elif given.what == "flame":
            await flame.draw(stores, f"cases_{given.cases}")
        else:
            await measure(stores, given)
    finally:
        stores.postgres.stop()


def prepare(stores: Stores, given: argparse.Namespace) -> None:
    """Load what is not there yet; a million cases take a while."""
    for count in (given.cases, given.most):
        began = time.monotonic()
        name = stores.prepare(count)
        sys.stderr.write(f"{name} after {time.monotonic() - began:.0f} s\n")


async def measure(stores: Stores, given: argparse.Namespace) -> None:
    """One run, and its results; of one that breaks off, those it had."""
    began, name = time.monotonic(), stores.prepare(given.cases)
    run = Run(stores, rounds=given.rounds, seconds=given.seconds)
    most = given.most if stores.known(given.most) else given.cases
    parts = {"reads": run.reads, "ends": run.ends, "writes": run.writes}
    try:
        for part in (it for it in PARTS if it in given.only):
            await parts[part](f"cases_{most}" if part == "ends" else name)
    finally:
        said = [
            f"`python -m bench.query run --rounds {given.rounds} --seconds {given.seconds:g}`",
            f" on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {time.monotonic() - began:.0f} s:",
            f" {given.cases:,} cases; first and last page of {most:,}; {load.CONNECTIONS} connections;",
            " rounds interleaved.",
        ]
        versions = report.versions(stores.postgres.ask("postgres", "SHOW server_version")[0])
        conditions = (Path(__file__).parent / "conditions.md").read_text(encoding="utf-8").strip()
        head = ["".join(said), "", versions, "", conditions]
        sys.stdout.write(report.write(RESULTS, run.groups, head))


if __name__ == "__main__":
    try:
        asyncio.run(main(options()))
    except BenchError as error:
        sys.exit(f"bench: {error}")
