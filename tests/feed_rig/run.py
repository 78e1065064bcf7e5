"""One run of the rig from its seed: lay the ground, open the site, let everybody act, bring the trouble, judge."""

import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from tests.feed_rig import truth
from tests.feed_rig.judging.verdict import judged
from tests.feed_rig.people import People
from tests.feed_rig.report import Asked, Report
from tests.feed_rig.site import Site, store_of
from tests.feed_rig.storm import Storm


async def run(asked: Asked, folder: Path) -> Report:
    """One whole run in an empty folder."""
    report = Report(asked)
    async with AsyncExitStack() as stack:
        with _timed(report, "laid"):
            store = store_of(asked.store, folder, asked.template)
            stack.push_async_callback(store.stop)
            await store.start()
            await truth.lay(store.url)
            await store.prepare()
        async with truth.opened(store.url):
            rights, first = await truth.rights(), await truth.head()
        site = Site(folder, store, 2 if asked.store == "postgres" else 1, asked.tree)
        stack.push_async_callback(site.close)
        with _timed(report, "opened"):
            await site.open()
            storm = await Storm.begun(asked, site, People(site, rights))
        stack.push_async_callback(storm.leave)
        with _timed(report, "stormed"):
            await storm.blow(report)
        async with truth.opened(store.url):
            with _timed(report, "settled"):
                report.findings = judged(await storm.settled(first + 1))
            report.events = await truth.head() - first
        storm.told(report)
        report.complaints = site.complaints()
    return report


@contextmanager
def _timed(report: Report, what: str) -> Iterator[None]:
    """How long a part of the run took."""
    began = time.monotonic()
    yield
    report.took[what] = time.monotonic() - began
