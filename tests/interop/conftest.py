"""The server that the clients talk to, and Node with what npm brings."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import servers
from tests.acceptance.town import Town
from tests.channels.house import House, lay_ground
from tests.conformance.town import lay, serving
from tests.interop import guide, node


@pytest.fixture(scope="session")
def clients() -> Path:
    """Where the clients of npm are; without them the test is skipped, or fails where nothing may be absent."""
    if lacking := node.missing():
        servers.absent(lacking)
    return node.NPM


@pytest.fixture(scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One server on SQLite with the ground laid, for all clients."""
    folder = tmp_path_factory.mktemp("interop")
    url = f"sqlite://{folder / 'town.db'}"
    await lay(url)
    async with serving(url, folder) as town:
        yield town


@pytest.fixture(scope="session")
async def made(clients: Path) -> Path:
    """Our client in TypeScript with the guide's example, compiled; a type that does not hold fails here."""
    folder = clients / f"made-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    await asyncio.to_thread(_lay_out, folder)
    await node.run(clients / "node_modules" / "typescript" / "bin" / "tsc", "-p", folder)
    return folder / "out" / "tests" / "interop" / "npm"


def _lay_out(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "snippet").mkdir(parents=True)
    source = "../../../../../clients/ts/src/index.js"
    text = guide.snippet("typescript").replace("@fengqiao/feed", source)
    (folder / "snippet" / "watch.ts").write_text(text, encoding="utf-8")
    options = {"outDir": "out", "rootDir": "../../../..", "typeRoots": ["../node_modules/@types"]}
    include = ["../../../../clients/ts/src", "../*.ts", "snippet"]
    config = {"extends": "../tsconfig.json", "compilerOptions": options, "include": include}
    (folder / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")


@pytest.fixture(scope="module")
async def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A server that tests may kill and start again."""
    folder = tmp_path_factory.mktemp("house")
    store = f"sqlite://{folder / 'store.db'}"
    shutil.copyfile(sqlite_template, folder / "store.db")
    await lay_ground(store)
    house = House(folder, store)
    await house.start()
    yield house
    await house.end()
    assert "Traceback" not in house.log(), house.log()
