"""The short rig: every kind of fault, on both stores; longer by `make rig`, one seed by `python -m tests.feed_rig`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.feed_rig.engines import postgres_binaries
from tests.feed_rig.plan import Fault
from tests.feed_rig.report import Asked, Report
from tests.feed_rig.run import run


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL may enter as another user, by a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="fengqiao-rig-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


def _holds(report: Report) -> None:
    assert report.clean, "\n" + "\n".join(report.lines())
    assert report.answered > 10
    assert report.deliveries > report.events > 20
    assert report.resumed > 10


async def test_nothing_is_lost_doubled_or_leaked_on_sqlite(sqlite_store_url: str, folder: Path) -> None:
    report = await run(Asked(20241024, "sqlite", 5.0, template=sqlite_store_url), folder)
    _holds(report)
    small = {it.name.lower() for it in Fault if it.group not in {"redis", "postgres"}}
    assert set(report.faults) == small


@pytest.mark.usefixtures("redis_binary")
async def test_nothing_is_lost_doubled_or_leaked_on_postgresql(postgres_store_url: str, folder: Path) -> None:
    if postgres_binaries() is None:
        servers.absent("PostgreSQL that may be restarted")
    report = await run(Asked(20241024, "postgres", 6.0, template=postgres_store_url), folder)
    _holds(report)
    assert set(report.faults) >= {it.name.lower() for it in Fault} - {"disk_full", "commits_delayed"}
