"""A year of the founding case's volume, lived through by the test clock in one run, and its books done twice.

    python -m bench.year [--cases 11355] [--from 2024-01-01] [--days 366] [--seed 2024] [--store sqlite|postgres]
                         [--keep FOLDER] [--differences FILE] [--within MINUTES] [--again]

From 1 January 2024 the test clock goes through the year; made-up matters arrive as the founding case's did and are
worked on by people of mixed diligence, through the services. Then every clock, assignment, card and point is worked
out a second time from what was done and when, by code that shares no rule with the product, and compared. It ends
with 1 and every difference in words when there is one.
"""

import argparse
import contextlib
import cProfile
import pstats
import sys
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from time import perf_counter

import uvloop

from bench.year.living import Told
from bench.year.run import Outcome, again, run
from tests import servers

DISTRICT = timezone(timedelta(hours=8))
START = date(2024, 1, 1)
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
    parser.add_argument("--from", type=date.fromisoformat, default=START, dest="start", help="its first day")
    parser.add_argument("--days", type=int, default=366)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--keep", type=Path, help="where the SQLite store stays afterwards")
    parser.add_argument(
        "--differences", type=Path, help="where every difference is written, not the first ones only"
    )
    parser.add_argument(
        "--within", type=float, help="stop living after so many minutes, and audit what was lived"
    )
    parser.add_argument(
        "--again", action="store_true", help="only do the books of what --keep kept once more"
    )
    parser.add_argument("--profile", action="store_true", help="end with the functions that took the time")
    asked = parser.parse_args()
    profile = cProfile.Profile() if asked.profile else None
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        with _url(asked.store, folder) as url:
            began = perf_counter()
            year = again(url, folder) if asked.again else _year(asked, url, folder)
            outcome = profile.runcall(uvloop.run, year) if profile else uvloop.run(year)
            _report(outcome, perf_counter() - began)
        if asked.differences:
            asked.differences.write_text("".join(f"{line}\n" for line in outcome.differences))
    if profile:
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(SHOWN)
    if outcome.differences:
        sys.exit(1)


def _year(asked: argparse.Namespace, url: str, folder: Path) -> Coroutine[None, None, Outcome]:
    start = datetime.combine(asked.start, time.min, DISTRICT).astimezone(UTC)
    end = start + timedelta(days=asked.days)
    return run(url, folder, start, end, asked.cases, asked.seed, _told(asked.within))


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


def _told(within: float | None) -> Told:
    began, months = perf_counter(), set[str]()

    def told(at: datetime, _number: int, deeds: int) -> bool:
        month = f"{at:%Y-%m}"
        if month not in months:
            months.add(month)
            say(f"{month}: {deeds:,} commands, {perf_counter() - began:.0f} s")
        return within is not None and perf_counter() - began > within * 60

    return told


def _report(outcome: Outcome, seconds: float) -> None:
    say(f"until {outcome.until:%Y-%m-%dT%H:%MZ}")
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
