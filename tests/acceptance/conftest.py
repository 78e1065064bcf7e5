"""The towns the stories play in: one process on SQLite, two processes on PostgreSQL and Redis."""

import shutil
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from channels.demo import ground
from db import connection, sealed
from tests import servers
from tests.acceptance.desks import Desks
from tests.acceptance.town import KEYS, Town, running

MONDAY = "2024-10-21T09:00:00+08:00"
ACCOUNTS = (  # design §10
    *("command", "acceptor", "shift", "dispatcher", "inspector", "callback", "civil", "civil-handler"),
    *("civility", "enforcement", "housing", "community", "grid", "volunteer", "resident", "auditor", "admin"),
)


async def _laid(url: str) -> None:
    """Lay the demo's ground, without its cases, into the store."""
    sealed.install_keys(KEYS["FENGQIAO_DATA_KEYS"])
    await connection.connect(url)
    try:
        await ground.load_ground(datetime.fromisoformat(MONDAY))
    finally:
        await connection.disconnect()


@pytest.fixture(scope="session")
async def ground_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the ground laid."""
    file = tmp_path_factory.mktemp("ground") / "ground.db"
    shutil.copyfile(sqlite_template, file)
    await _laid(f"sqlite://{file}")
    return file


@pytest.fixture(scope="session")
async def desks(ground_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desks]:
    """One town on SQLite that many stories share, with the demo accounts signed in."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copyfile(ground_file, folder / "town.db")
    environment = {
        "FENGQIAO_DATABASE_URL": f"sqlite://{folder / 'town.db'}",
        "FENGQIAO_BROADCAST_URL": "memory://",
        "FENGQIAO_MEDIA_DIR": str(folder / "media"),
        "FENGQIAO_CLOCK": MONDAY,
    }
    async with running(environment, folder, 1) as town:
        found = Desks(town, folder / "town.db", folder / "media")
        for account in ACCOUNTS:
            await found(account)
        yield found


@pytest.fixture
async def small_town(ground_file: Path, tmp_path: Path) -> AsyncIterator[Town]:
    """One process on SQLite and the bell in memory."""
    shutil.copyfile(ground_file, tmp_path / "town.db")
    environment = {
        "FENGQIAO_DATABASE_URL": f"sqlite://{tmp_path / 'town.db'}",
        "FENGQIAO_BROADCAST_URL": "memory://",
        "FENGQIAO_MEDIA_DIR": str(tmp_path / "media"),
        "FENGQIAO_CLOCK": MONDAY,
    }
    async with running(environment, tmp_path, 1) as town:
        yield town


@pytest.fixture
async def large_town(
    postgres_store_url: str, redis_server: servers.RedisServer, tmp_path: Path
) -> AsyncIterator[Town]:
    """Two processes, each with its own sweeper, on PostgreSQL and Redis."""
    await _laid(postgres_store_url)
    environment = {
        "FENGQIAO_DATABASE_URL": postgres_store_url,
        "FENGQIAO_BROADCAST_URL": redis_server.url,
        "FENGQIAO_MEDIA_DIR": str(tmp_path / "media"),
        "FENGQIAO_CLOCK": MONDAY,
    }
    async with running(environment, tmp_path, 2) as town:
        yield town


@pytest.fixture(params=["small", "large"])
def town(request: pytest.FixtureRequest) -> Town:
    """Both towns in turn."""
    found = request.getfixturevalue(f"{request.param}_town")
    assert isinstance(found, Town)
    return found
