"""Both stores with the same rich ground, each filled once for a file of tests."""

import itertools
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests import servers
from tests.differential.contest import Contest
from tests.differential.stage import staged

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def sqlite_contest(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Contest]:
    """Both executors over a SQLite file."""
    file = tmp_path_factory.mktemp("ground") / "fengqiao.db"
    shutil.copyfile(sqlite_template, file)
    async with staged(f"sqlite://{file}") as contest:
        yield contest


@pytest.fixture(scope="module")
async def postgres_contest(
    postgres_url: str, postgres_admin: asyncpg.Connection, postgres_template: str
) -> AsyncIterator[Contest]:
    """Both executors over a PostgreSQL database."""
    name = f"{postgres_template}_ground_{next(_numbers)}"
    await postgres_admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"')
    async with staged(servers.at_database(postgres_url, name)) as contest:
        yield contest
    await postgres_admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
