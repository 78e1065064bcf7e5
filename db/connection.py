"""Opens and closes the store; the only place that knows its address."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import DBConnectionError
from tortoise.transactions import in_transaction

from db.engines.asyncpg import LOST
from db.engines.faults import STATEMENT_SECONDS, unavailable
from db.engines.sqlite import SafeSqlite
from db.reads import wire

Dialect = Literal["sqlite", "postgres"]

APP = "models"
MODELS = ("db.models",)
MIGRATIONS = "db.migrations"

_CONNECT_SECONDS = 5
_COMMAND_SECONDS = 30.0
_GRACE_SECONDS = 5.0
_POOL = 10
_RETRY_SECONDS = 0.5
_QUESTION = re.compile(r"'(?:[^']|'')*'|\?")

_context: TortoiseContext | None = None
_dialect: Dialect | None = None


def tortoise_config(url: str) -> dict[str, Any]:
    """Tortoise's configuration for `url`: the connections `default` (read-write) and `read` (read-only)."""
    expanded = expand_db_url(url)
    engine, credentials = expanded["engine"].rpartition(".")[2], expanded["credentials"]
    if engine == "sqlite":
        if ":memory:" in url:
            raise ValueError("the store needs a file: its two connections must see the same data")
        Path(credentials["file_path"]).parent.mkdir(parents=True, exist_ok=True)
        read = {**credentials, "query_only": "ON"}
    else:
        credentials = {
            "timeout": _CONNECT_SECONDS,
            "command_timeout": _COMMAND_SECONDS,
            "maxsize": _POOL,
            **credentials,
        }
        # a read transaction is one snapshot, whatever its statements
        modes = {
            "default_transaction_read_only": "on",
            "default_transaction_isolation": "repeatable read",
            "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
        }
        # the server's limit comes first: it names what was too slow, ours only tells a lost server
        patience = max(STATEMENT_SECONDS + _GRACE_SECONDS, float(credentials["command_timeout"]))
        read = {**credentials, "command_timeout": patience, "server_settings": modes}
    module = f"db.engines.{engine}"
    return {
        "connections": {
            "default": {"engine": module, "credentials": credentials},
            "read": {"engine": module, "credentials": read},
        },
        "apps": {APP: {"models": list(MODELS), "default_connection": "default", "migrations": MIGRATIONS}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(url: str, *, patience: float = 8.0) -> None:
    """Open the store for the whole process; waits `patience` seconds for a PostgreSQL that is starting.

    Raises UNAVAILABLE when it cannot be reached or refuses us.
    """
    global _context, _dialect  # noqa: PLW0603 - one store per process, as Tortoise has it
    if _context is not None:
        raise RuntimeError("the store is open already")
    context, config = TortoiseContext(), tortoise_config(url)
    forget_statements()
    with context:  # while it loads the models; afterwards every task finds it as the global one
        await context.init(config, _enable_global_fallback=True)
    _context = context
    try:
        for name in ("default", "read"):
            await reach(context.connections.get(name), patience)
        _dialect = _asked()
        wire.start(_dialect, config["connections"]["read"]["credentials"])
    except BaseException:
        await disconnect()
        raise


async def disconnect() -> None:
    """Close the store; without an open one it does nothing."""
    global _context, _dialect
    if _context is not None:
        context, _context, _dialect = _context, None, None
        await wire.stop()
        await context.close_connections()


def forget_statements() -> None:
    """Drop the statements Tortoise keeps per table: the store opened before may be of the other kind."""
    EXECUTOR_CACHE.clear()


async def reach(client: BaseDBAsyncClient, patience: float) -> None:
    """Open one connection within `patience` seconds, or raise UNAVAILABLE with a reason free of passwords."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        try:
            async with asyncio.timeout(patience):
                return await client.create_connection(with_db=True)
        except DBConnectionError as error:  # no such database: waiting would not help
            raise unavailable(f"{_named(client)} refuses us: {error}") from None
        except LOST as error:
            if loop.time() + _RETRY_SECONDS > deadline:
                raise unavailable(f"{_named(client)} cannot be reached: {type(error).__name__}") from None
        except (asyncpg.PostgresError, sqlite3.OperationalError) as error:
            raise unavailable(f"{_named(client)} refuses us: {error}") from None
        await asyncio.sleep(_RETRY_SECONDS)


def _named(client: BaseDBAsyncClient) -> str:
    """The store as an operator knows it, without user and password."""
    if isinstance(client, SafeSqlite):
        return f"SQLite file {client.filename}"
    return f"PostgreSQL at {getattr(client, 'host', None) or 'localhost'}:{getattr(client, 'port', '')}"


def dialect() -> Dialect:
    """Which store is open; asked for every statement, so it is told once, when the store opens."""
    return _dialect or _asked()


def _asked() -> Dialect:
    """Which store this task's context has; for a migration, which opens one of its own."""
    return "sqlite" if get_connection("default").capabilities.dialect == "sqlite" else "postgres"


def reader() -> BaseDBAsyncClient:
    """The client for reads (`.using_db(reader())`); inside `read_cut` it is the cut's own."""
    return get_connection("read")


@asynccontextmanager
async def read_cut() -> AsyncIterator[BaseDBAsyncClient]:
    """One read transaction: everything read inside, the log's head included, is of one instant (design §4).

    Keep it short: on SQLite other reads wait for its end. Every `reader()` inside is this one.
    """
    async with in_transaction("read") as connection:
        yield connection


def numbered(sql: str) -> str:
    """The same statement with `$1 $2 …` for `?`; a question mark inside quotes stays."""
    count = 0

    def place(match: re.Match[str]) -> str:
        nonlocal count
        if match[0] != "?":
            return match[0]
        count += 1
        return f"${count}"

    return _QUESTION.sub(place, sql)


async def fetch(
    sql: str, params: Sequence[Any] = (), *, connection: BaseDBAsyncClient | None = None
) -> list[dict[str, Any]]:
    """Rows of a statement written with `?` for either store; through `connection`, by default the reader.

    SQLite answers ids and times as text, PostgreSQL as `UUID` and `datetime`.
    """
    client = connection or reader()
    statement = sql if client.capabilities.dialect == "sqlite" else numbered(sql)
    return await client.execute_query_dict(statement, list(params))
