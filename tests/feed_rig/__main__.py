"""`python -m tests.feed_rig --seed 7 --store postgres --seconds 20 --faults redis,api`: one run."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.feed_rig.plan import GROUPS
from tests.feed_rig.report import Asked
from tests.feed_rig.run import run
from tests.text_rules import ROOT


def _asked() -> tuple[Asked, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m tests.feed_rig", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--actors", type=int, default=6)
    parser.add_argument(
        "--faults", default=",".join(GROUPS), help="groups, separated by commas; none for none"
    )
    parser.add_argument("--every", action="store_true", help="every seat at both doors")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the source whose server is tried")
    parser.add_argument("--folder", type=Path, help="keep everything here; by default nothing is kept")
    given = parser.parse_args()
    groups = tuple(it for it in given.faults.split(",") if it in GROUPS) or ("none",)
    asked = Asked(
        given.seed, given.store, given.seconds, groups, given.actors, given.tree.resolve(), every=given.every
    )
    return asked, given.folder


def _folder(folder: Path | None, stack: ExitStack) -> Path:
    """The folder that was named, or one that goes afterwards; PostgreSQL enters it as another user."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        return folder.resolve()
    made = tempfile.TemporaryDirectory(prefix="fengqiao-rig-", ignore_cleanup_errors=True)
    found = Path(stack.enter_context(made))
    found.chmod(0o755)
    return found


def main() -> int:
    """Run once; 0 when nothing was wrong."""
    asked, folder = _asked()
    with ExitStack() as stack:
        report = asyncio.run(run(asked, _folder(folder, stack)))
    sys.stdout.write("\n".join(report.lines()) + "\n")
    return 0 if report.clean else 1


if __name__ == "__main__":
    sys.exit(main())
