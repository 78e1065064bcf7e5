"""Raw reads of PostgreSQL on connections of their own: text in, text out, no round trip on giving back."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from db.engines.asyncpg import translated
from db.engines.faults import STATEMENT_SECONDS, finish, too_costly

_CONNECTIONS = 10
_STATEMENTS = 128  # per connection; a list's prepared statement holds 80 kB at the server
_STATEMENT_BYTES = 1 << 16
_SETTLE_SECONDS = 2.0
_SILENT_SECONDS = 5
_AS_TEXT = ("uuid", "timestamptz", "timestamp", "date", "time", "numeric", "json", "jsonb")
_OF_POOLS = {
    *("minsize", "maxsize", "min_size", "max_size", "max_queries", "max_inactive_connection_lifetime"),
    *("loop", "connection_class", "connection_name", "fetch_inserted", "command_timeout"),
}
_FAULTS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

Rows = Sequence[Sequence[Any]]


class PostgresWire:
    """A lean pool, last in first out: a calm process uses few connections, their statements stay warm."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._arguments = _arguments(credentials)
        self._places = asyncio.Semaphore(int(credentials.get("maxsize", _CONNECTIONS)))
        self._open: set[asyncpg.Connection] = set()
        self._idle: list[asyncpg.Connection] = []

    async def close(self) -> None:
        """Close every connection; one that is still in use is cut."""
        for connection in [*self._open]:
            if connection in self._idle:
                await _closed(connection)
            self._drop(connection)
        self._idle.clear()

    async def tuples(self, text: str, params: Sequence[Any], seconds: float) -> Rows:
        """All rows of one statement.

        TOO_COSTLY after `seconds`, UNAVAILABLE when the server is lost, Contention when it refuses for others.
        """
        try:
            async with self._places:
                return await self._read(self._warm() or await self._connect(), text, params, seconds)
        except _FAULTS:
            with translated():
                raise

    async def _read(
        self, connection: asyncpg.Connection, text: str, params: Sequence[Any], seconds: float
    ) -> Rows:
        # the server keeps the usual limit itself: a timer here would cost 3 µs of every read's 40
        own = seconds if seconds < STATEMENT_SECONDS else None
        try:
            rows: Rows = await connection.fetch(text, *params, timeout=own)
        except asyncio.CancelledError:
            await finish(self._settle(connection))
            raise
        except TimeoutError:
            await finish(self._settle(connection))
            if own is None:
                raise
            raise too_costly(seconds) from None
        except BaseException:
            self._give_back(connection)
            raise
        self._idle.append(connection)
        return rows

    def _warm(self) -> asyncpg.Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._drop(connection)
        return None

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(**self._arguments)
        try:
            _watch(connection)
            for name in _AS_TEXT:  # known types: nothing is asked of the server
                await connection.set_builtin_type_codec(
                    name, schema="pg_catalog", codec_name="text", format="text"
                )
        except BaseException:
            connection.terminate()
            raise
        self._open.add(connection)
        return connection

    def _give_back(self, connection: asyncpg.Connection) -> None:
        if connection.is_closed():
            self._drop(connection)
        else:
            self._idle.append(connection)

    async def _settle(self, connection: asyncpg.Connection) -> None:
        """Give a connection back once the statement that nobody awaits any more has ended at the server."""
        try:
            await connection.fetchval("SELECT 1", timeout=_SETTLE_SECONDS)
        except _FAULTS:
            self._drop(connection)
        else:
            self._idle.append(connection)

    def _drop(self, connection: asyncpg.Connection) -> None:
        self._open.discard(connection)
        connection.terminate()


def _watch(connection: asyncpg.Connection) -> None:
    """Let the kernel notice a server that has gone without a word."""
    wire = connection._transport.get_extra_info("socket")  # noqa: SLF001 - asyncpg has no setting for it
    if wire.family != socket.AF_UNIX:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENT_SECONDS)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _SILENT_SECONDS)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2 * _SILENT_SECONDS * 1000)


async def _closed(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=_SETTLE_SECONDS)
    except _FAULTS:
        return  # it is cut instead


def _arguments(credentials: Mapping[str, Any]) -> dict[str, Any]:
    """What `asyncpg.connect` takes, from what Tortoise was given."""
    given = {name: value for name, value in credentials.items() if name not in _OF_POOLS}
    settings = {
        **given.pop("server_settings", {}),
        "default_transaction_isolation": "read committed",  # one statement is one snapshot anyway
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "jit": "off",  # it pays for itself in long statements only
        # plan_cache_mode stays auto. Measured: children by ANY($1) 185 µs, forced generic 180, forced custom 268;
        # a list with its LIMIT written out 365, 413 and 843. A generic plan for every role would be a gamble.
        "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
    }
    for word, setting in (("schema", "search_path"), ("application_name", "application_name")):
        if word in given:
            settings[setting] = given.pop(word)
    return {
        "statement_cache_size": _STATEMENTS,
        "max_cached_statement_lifetime": 0,
        "max_cacheable_statement_size": _STATEMENT_BYTES,
        **given,
        "server_settings": settings,
    }
