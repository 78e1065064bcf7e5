"""`python -m tests.conformance`: audit a server, write the conformance sheet, and say what changed in the schema."""

import asyncio
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.conformance import node, sheet
from tests.conformance.changes import accepted, changes, unnoticed
from tests.conformance.town import lay, serving


async def _audit() -> int:
    """Write the page; how many audits are not ok."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite://{folder / 'town.db'}"
        await lay(url)
        async with serving(url, folder) as town:
            results = await asyncio.to_thread(node.answer, "audit.mjs", f"http://{town.addresses[0]}/graphql")
    sheet.FILE.write_text(sheet.sheet(results), encoding="utf-8")
    failed = [audit for audit in results if audit["status"] != "ok"]
    _say(f"{len(results)} audits, {len(failed)} not ok; written: docs/{sheet.FILE.name}", failed)
    return len(failed)


def _compare() -> int:
    """Print every change of the schema since the release; how many break clients unnoticed."""
    found = changes()
    faults = list(unnoticed(found, accepted()))
    _say(f"{len(found)} changes since the release, {len(faults)} breaking and unlisted", found)
    return len(faults)


def _say(summary: str, lines: Iterable[object]) -> None:
    sys.stdout.write("\n".join([*map(str, lines), summary, ""]))


if __name__ == "__main__":
    if lacking := node.missing():
        sys.exit(f"{lacking} missing")
    sys.exit(bool(asyncio.run(_audit()) + _compare()))
