"""Bare connections to PostgreSQL through a stock Tortoise, one for each writer, with none of our machinery."""

import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tortoise import Tortoise
from tortoise.connection import get_connection

Link = Any  # the driver's own connection; it ships no types


@asynccontextmanager
async def links(url: str, count: int) -> AsyncIterator[list[Link]]:
    """So many connections of the driver (asyncpg), all open until the end."""
    joined = "&" if "?" in url else "?"
    address = f"{url}{joined}minsize={count}&maxsize={count}"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*has no models")  # statements are all that is sent here
        await Tortoise.init(db_url=address, modules={"models": [__name__]}, _enable_global_fallback=True)
    try:
        async with AsyncExitStack() as stack:
            client = get_connection("default")
            yield [await stack.enter_async_context(client.acquire_connection()) for _ in range(count)]
    finally:
        await Tortoise.close_connections()
