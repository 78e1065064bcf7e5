"""A town for other people's tools: the demo's ground, and one server process on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from channels.demo import ground
from db import connection, sealed
from db.migrate import migrate
from tests.acceptance.town import KEYS, Town, running

MONDAY = "2024-10-21T09:00:00+08:00"


async def lay(url: str) -> None:
    """Migrate a store and lay the demo's ground in it: units, grids, people, no case."""
    await migrate(url)
    sealed.install_keys(KEYS["FENGQIAO_DATA_KEYS"])
    await connection.connect(url)
    try:
        await ground.load_ground(datetime.fromisoformat(MONDAY))
    finally:
        await connection.disconnect()


@asynccontextmanager
async def serving(url: str, folder: Path) -> AsyncIterator[Town]:
    """One server process on a laid store; it ends with the block."""
    environment = {
        "FENGQIAO_DATABASE_URL": url,
        "FENGQIAO_BROADCAST_URL": "memory://",
        "FENGQIAO_MEDIA_DIR": str(folder / "media"),
        "FENGQIAO_CLOCK": MONDAY,
    }
    async with running(environment, folder, 1) as town:
        yield town
