"""Real stores and servers for every test that wants them."""

import asyncio
import itertools
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from api.process import collect_seldom
from db import connection
from db.migrate import migrate
from tests import servers

_numbers = itertools.count(1)

LONG = (
    "tests/db/test_plans.py",
    "tests/test_feed_bench.py",
    "tests/feed_rig/",
    "tests/channels/test_replay.py",
    "tests/interop/",
    "tests/acceptance/",
    "tests/differential/",
    "tests/conformance/",
    "tests/test_architecture.py",
    "tests/channels/",
)
"""The files that take longest, the longest first: begun last, one of them keeps a worker when all others are done."""

# Without bytecode every process that the tests start compiles the program again, for a second each.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; within a file the order stays."""
    items.sort(
        key=lambda item: next((n for n, it in enumerate(LONG) if item.nodeid.startswith(it)), len(LONG))
    )


def pytest_collection_finish() -> None:
    """Set aside what the tests themselves are made of: walking it again and again took a fifth of their time."""
    collect_seldom()


@pytest.fixture(autouse=True)
async def no_task_is_left_behind() -> AsyncIterator[None]:
    """Fail a test that leaves asyncio tasks running; they would disturb the next."""
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)
    left = {task for task in asyncio.all_tasks() - before - {asyncio.current_task()} if not task.done()}
    if left:
        _, left = await asyncio.wait(left, timeout=0.2)
    for task in left:
        task.cancel()
    assert not left, f"tasks left running: {sorted(task.get_name() for task in left)}"


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    await migrate(f"sqlite://{file}")
    return file


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL server."""
    with servers.postgres_server(servers.roomy_memory()) as url:
        if url is None:
            servers.absent("PostgreSQL")
        else:
            yield url


@pytest.fixture(scope="session")
async def postgres_admin(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A session of the server that may create databases; durability is off, as in no other place."""
    session = await asyncpg.connect(postgres_url)
    await session.execute("ALTER SYSTEM SET fsync = off")
    await session.execute("ALTER SYSTEM SET synchronous_commit = off")
    await session.execute("SELECT pg_reload_conf()")
    yield session
    await session.close()


@pytest.fixture(scope="session")
async def postgres_template(postgres_url: str, postgres_admin: asyncpg.Connection) -> AsyncIterator[str]:
    """The name of a migrated, empty database."""
    name = f"fengqiao_template_{servers.free_port()}"
    await postgres_admin.execute(f'CREATE DATABASE "{name}"')
    await migrate(servers.at_database(postgres_url, name))
    yield name
    await postgres_admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_store_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite file."""
    shutil.copyfile(sqlite_template, tmp_path / "fengqiao.db")
    return f"sqlite://{tmp_path / 'fengqiao.db'}"


@pytest.fixture
async def postgres_store_url(
    postgres_url: str, postgres_admin: asyncpg.Connection, postgres_template: str
) -> AsyncIterator[str]:
    """The address of a fresh, migrated PostgreSQL database."""
    name = f"{postgres_template}_{next(_numbers)}"
    await postgres_admin.execute(
        f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}" STRATEGY FILE_COPY'
    )
    yield servers.at_database(postgres_url, name)
    await postgres_admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated store, of each kind in turn."""
    return str(request.getfixturevalue(f"{request.param}_store_url"))


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[str]:
    """A fresh, migrated, connected store, of each kind in turn; its address."""
    await connection.connect(store_url)
    yield store_url
    await connection.disconnect()


@pytest.fixture
async def sqlite_store(sqlite_store_url: str) -> AsyncIterator[str]:
    """A fresh, migrated, connected SQLite store; its address."""
    await connection.connect(sqlite_store_url)
    yield sqlite_store_url
    await connection.disconnect()


@pytest.fixture
async def postgres_store(postgres_store_url: str) -> AsyncIterator[str]:
    """A fresh, migrated, connected PostgreSQL store; its address."""
    await connection.connect(postgres_store_url)
    yield postgres_store_url
    await connection.disconnect()


@pytest.fixture(scope="session")
def redis_binary() -> str:
    """The path of a redis-server."""
    found = servers.redis_executable()
    if found is None:
        servers.absent("Redis")
    return str(found)


@pytest.fixture
def redis_server(redis_binary: str) -> Iterator[servers.RedisServer]:
    """A Redis that runs; the test may kill, freeze and restart it."""
    server = servers.RedisServer(redis_binary)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """The address of a Redis that the test only uses: TEST_REDIS_URL, or one of our own."""
    given = os.environ.get("TEST_REDIS_URL")
    return given or str(request.getfixturevalue("redis_server").url)
