"""`python -m bench.rig --minutes 10`: one seed after the other on both stores; the log lies in bench/build/rig.log.

A seed that found something is played again by `python -m tests.feed_rig --every --actors 8 --seed N --store S`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.feed_rig import truth
from tests.feed_rig.actors.moves import MOVES, REPORT
from tests.feed_rig.engines import Store
from tests.feed_rig.report import WRONGS, Asked, Report, listed
from tests.feed_rig.run import run
from tests.feed_rig.site import store_of
from tests.text_rules import ROOT

LOG = ROOT / "bench" / "build" / "rig.log"
STORES = ("postgres", "sqlite", "postgres")  # two runs of three with everything that can go wrong


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.rig", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seconds", type=float, default=20.0, help="that each storm lasts")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the source whose server is tried")
    return parser.parse_args()


class Grounds:
    """A laid store of each kind, from which every run takes its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Store] = {}

    async def url(self, kind: str) -> str:
        """The address of the laid store of that kind."""
        if kind not in self._kept:
            folder = self._folder / kind
            folder.mkdir()
            folder.chmod(0o755)
            self._kept[kind] = store_of(kind, folder)
            await self._kept[kind].start()
            await truth.lay(self._kept[kind].url)
        return self._kept[kind].url

    async def stop(self) -> None:
        """Take them away."""
        for store in self._kept.values():
            await store.stop()


@contextmanager
def _folder() -> Iterator[Path]:
    made = tempfile.TemporaryDirectory(prefix="fengqiao-rig-", ignore_cleanup_errors=True)
    with made as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as another user
        yield Path(name)


async def _once(asked: Asked, grounds: Grounds) -> Report:
    with _folder() as folder:
        return await run(replace(asked, template=await grounds.url(asked.store)), folder)


def summary(reports: list[Report]) -> str:
    """All runs in a few lines."""
    faults: Counter[str] = Counter()
    done: Counter[str] = Counter()
    consoles: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for report in reports:
        faults += report.faults
        done += report.done
        consoles += report.consoles
        wrong.update(it.what for it in report.findings)

    def total(name: str) -> int:
        return sum(getattr(it, name) for it in reports)

    never = sorted({*MOVES, REPORT} - done.keys())
    return "\n".join(
        [
            f"{len(reports)} runs, seeds {reports[0].asked.seed} to {reports[-1].asked.seed}",
            f"commands {total('commands')}, answered {total('answered')}, tries {total('tries')}",
            f"{len(done)} kinds of command answered: {listed(done)}",
            f"never answered: {', '.join(never) or 'none'}",
            f"events {total('events')}, deliveries {total('deliveries')}",
            f"consoles: {listed(consoles)}",
            f"streams resumed {total('resumed')}",
            f"faults {sum(faults.values())}: {listed(faults)}",
            ", ".join(f"{name} {wrong[name]}" for name in WRONGS),
            f"strange answers {sum(len(it.strange) for it in reports)}",
        ]
    )


async def _all(given: argparse.Namespace, tell: Callable[[str], None]) -> list[Report]:
    end = time.monotonic() + given.minutes * 60
    reports: list[Report] = []
    with _folder() as folder:
        grounds = Grounds(folder)
        try:
            while time.monotonic() < end:
                store = STORES[len(reports) % len(STORES)]
                asked = Asked(given.seed + len(reports), store, given.seconds, actors=8, every=True)
                reports.append(await _once(replace(asked, tree=given.tree.resolve()), grounds))
                tell("\n".join(reports[-1].lines()))
        finally:
            await grounds.stop()
    return reports


def main() -> int:
    """Run for so many minutes; 0 when nothing was wrong in any run."""
    given = _asked()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("w", encoding="utf-8") as log:

        def tell(text: str) -> None:
            for out in (sys.stdout, log):
                out.write(text + "\n")
                out.flush()

        reports = asyncio.run(_all(given, tell))
        tell(summary(reports))
    return 0 if all(it.clean for it in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
