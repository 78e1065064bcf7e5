"""`python -m bench.rig --minutes 10`: one seed after the other on both stores; the log lies in bench/build/rig.log.

A seed that found something is played again by `python -m tests.feed_rig --seed N --store S --seconds T`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.feed_rig.run import WRONGS, Asked, Report, run
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


def _once(asked: Asked) -> Report:
    made = tempfile.TemporaryDirectory(prefix="fengqiao-rig-", ignore_cleanup_errors=True)
    with made as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as another user
        return asyncio.run(run(asked, Path(name)))


def summary(reports: list[Report]) -> str:
    """All runs in a few lines."""
    faults: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for report in reports:
        faults += report.faults
        wrong.update(it.what for it in report.findings)
    kinds = ", ".join(f"{name} {times}" for name, times in sorted(faults.items()))
    return "\n".join(
        [
            f"{len(reports)} runs, seeds {reports[0].asked.seed} to {reports[-1].asked.seed}",
            f"commands {sum(it.commands for it in reports)}, answered {sum(it.answered for it in reports)}",
            f"events {sum(it.events for it in reports)}, deliveries {sum(it.deliveries for it in reports)}",
            f"streams resumed {sum(it.resumed for it in reports)}",
            f"faults {sum(faults.values())}: {kinds}",
            ", ".join(f"{name} {wrong[name]}" for name in WRONGS),
            f"strange answers {sum(len(it.strange) for it in reports)}",
        ]
    )


def main() -> int:
    """Run for so many minutes; 0 when nothing was wrong in any run."""
    given = _asked()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + given.minutes * 60
    reports: list[Report] = []
    with LOG.open("w", encoding="utf-8") as log:

        def tell(text: str) -> None:
            for out in (sys.stdout, log):
                out.write(text + "\n")
                out.flush()

        while time.monotonic() < end:
            number = len(reports)
            asked = Asked(given.seed + number, STORES[number % 3], given.seconds, tree=given.tree.resolve())
            reports.append(_once(asked))
            tell("\n".join(reports[-1].lines()))
        tell(summary(reports))
    return 0 if all(it.clean for it in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
