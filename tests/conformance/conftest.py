"""The servers that are judged, and the tools that judge them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import servers
from tests.acceptance.town import Town
from tests.conformance import node
from tests.conformance.town import lay, serving


@pytest.fixture(scope="session")
def tools() -> Path:
    """Where the tools of npm are; without them the test is skipped, or fails where nothing may be absent."""
    if lacking := node.missing():
        servers.absent(lacking)
    return node.MODULES


@pytest.fixture(scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One server on SQLite with the ground laid."""
    folder = tmp_path_factory.mktemp("conformance")
    url = f"sqlite://{folder / 'town.db'}"
    await lay(url)
    async with serving(url, folder) as town:
        yield town
