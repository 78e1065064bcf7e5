"""A filled store with both executors on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from db import connection
from tests.differential.contest import Contest
from tests.differential.store.ground import a_ground


@asynccontextmanager
async def staged(url: str) -> AsyncIterator[Contest]:
    """Open the migrated, empty store, fill it, and close it at the end."""
    await connection.connect(url)
    try:
        yield await Contest.open(await a_ground())
    finally:
        await connection.disconnect()
