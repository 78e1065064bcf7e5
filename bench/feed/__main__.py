"""`python -m bench.feed prepare`, then `python -m bench.feed run`; `report` writes what is kept once more."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import results
from bench.feed import fan, report
from bench.feed.plan import Run, Scale, kept
from bench.feed.store import HISTORY, ROOT, Store
from bench.query.process import BenchError
from bench.query.report import versions
from bench.query.sides import install_peers

RESULTS = ROOT / "bench" / "RESULTS.md"
PARTS = tuple(report.TITLES)


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What to do, of which product, how much of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.feed", description=__doc__)
    parser.add_argument("what", choices=("prepare", "run", "report"))
    parser.add_argument("--product", type=Path, default=ROOT, help="the folder of the product to measure")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "fengqiao-feed-bench")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file whose section is replaced")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run of a side")
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--many", type=int, default=5000, help="sockets of the largest fan and of the return")
    parser.add_argument("--history", type=int, default=HISTORY, help="events to be caught up with")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    return parser.parse_args(arguments)


def main(given: argparse.Namespace) -> None:
    """Do what was asked, with PostgreSQL and Redis running."""
    fan.build()
    install_peers()
    store = Store(given.data, given.product)
    store.start()
    try:
        if given.what == "prepare":
            prepare(store, given)
        elif given.what == "run":
            run(store, given)
        write(store, given)
    finally:
        store.stop()


def prepare(store: Store, given: argparse.Namespace) -> None:
    """Seed what is not there; the long log takes a minute."""
    for count in (0, given.history):
        began = time.monotonic()
        store.prepare(count)
        sys.stderr.write(f"a store with {count:,} events of history after {time.monotonic() - began:.0f} s\n")


def run(store: Store, given: argparse.Namespace) -> None:
    """Each part in turn; what was measured is kept though a later one breaks off."""
    measured = Run(store, Scale(given.sockets, given.many, given.rounds, given.seconds, given.history))
    for part in (it for it in PARTS if it in given.only):
        sys.stderr.write(f"{part}\n")
        measured.part(part)


def write(store: Store, given: argparse.Namespace) -> None:
    """The section, of every part that is kept."""
    parts = kept(store.folder / "results")
    if not parts:
        return
    said = f"`python -m bench.feed run --rounds {given.rounds} --seconds {given.seconds:g}`, part by part."
    conditions = (Path(__file__).parent / "conditions.md").read_text(encoding="utf-8").strip()
    known = versions(store.postgres.ask("postgres", "SHOW server_version")[0], store.product)
    text = report.section(parts, [said, "", known, "", conditions])
    results.put(given.results, text)
    sys.stdout.write(text)


if __name__ == "__main__":
    try:
        main(options())
    except BenchError as error:
        sys.exit(f"bench: {error}")
