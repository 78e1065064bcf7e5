"""A year of the founding case's volume, lived through by the test clock in one run, and its books done twice.

    python -m bench.year [--cases 11355] [--days 366] [--seed 2024] [--store sqlite|postgres] [--keep FOLDER]

From 1 January 2024 the test clock goes through the year; made-up matters arrive as the founding case's did and are
worked on by people of mixed diligence, through the services. Then every clock, assignment, card and point is worked
out a second time from what was done and when, by code that shares no rule with the product, and compared. It ends
with 1 and every difference in words when there is one.
"""

import argparse
import asyncio
import contextlib
import cProfile
import pstats
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.year.living import Told
from bench.year.run import Outcome, run
from tests import servers

START = datetime(2023, 12, 31, 16, tzinfo=UTC)  # midnight of 1 January 2024 in the district
SHOWN = 60
EVERY = 100_000


def say(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Live the year and do its books twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=int, default=11_355)
    parser.add_argument("--days", type=int, default=366)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--keep", type=Path, help="where the SQLite store stays afterwards")
    parser.add_argument("--profile", action="store_true", help="end with the functions that took the time")
    asked = parser.parse_args()
    profile = cProfile.Profile() if asked.profile else None
    with tempfile.TemporaryDirectory() as folder, _url(asked.store, asked.keep or Path(folder)) as url:
        began = time.perf_counter()
        year = run(
            url, Path(folder), START, START + timedelta(days=asked.days), asked.cases, asked.seed, _told()
        )
        outcome = profile.runcall(asyncio.run, year) if profile else asyncio.run(year)
        _report(outcome, time.perf_counter() - began)
    if profile:
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(SHOWN)
    if outcome.differences:
        sys.exit(1)


@contextlib.contextmanager
def _url(store: str, folder: Path) -> Iterator[str]:
    if store == "sqlite":
        folder.mkdir(parents=True, exist_ok=True)
        yield f"sqlite://{folder}/year.db"
        return
    with servers.postgres_server() as url:
        if url is None:
            sys.exit("no PostgreSQL on this machine")
        yield url


def _told() -> Told:
    began, months = time.perf_counter(), set[str]()

    def told(at: datetime, _number: int, deeds: int) -> None:
        month = f"{at:%Y-%m}"
        if month not in months:
            months.add(month)
            say(f"{month}: {deeds:,} commands, {time.perf_counter() - began:.0f} s")

    return told


def _report(outcome: Outcome, seconds: float) -> None:
    say(f"{outcome.lived:.0f} s lived, {outcome.audited:.0f} s audited, {seconds:.0f} s in all")
    _table("in the store", outcome.stored)
    _table("compared", outcome.compared)
    _table("commands", outcome.commands)
    _table("steps of clocks", outcome.steps)
    _table("refused and tried again", outcome.refused)
    say(f"differences: {len(outcome.differences)}")
    _table("differences by what", Counter(_kind(it) for it in outcome.differences))
    for line in outcome.differences[:SHOWN]:
        say(f"  {line}")


def _kind(difference: str) -> str:
    """What differs, without case and times: `clock: stored (REPLY`."""
    return difference.partition(" ")[2].partition(",")[0]


def _table(title: str, counts: Counter[str]) -> None:
    say(f"{title}: " + ", ".join(f"{name} {count:,}" for name, count in counts.most_common()))


if __name__ == "__main__":
    main()
