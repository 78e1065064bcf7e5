"""Raw reads of PostgreSQL on connections of their own: text in, text out, no round trip on giving back."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from db.engines.asyncpg import translated
from db.engines.faults import STATEMENT_SECONDS, finish, too_costly
from db.engines.session import arguments_of, watch

_CONNECTIONS = 10
_SETTLE_SECONDS = 2.0
_AS_TEXT = ("uuid", "timestamptz", "timestamp", "date", "time", "numeric", "json", "jsonb")
_FAULTS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

Rows = Sequence[Sequence[Any]]


class PostgresWire:
    """A lean pool, last in first out: a calm process uses few connections, their statements stay warm."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._arguments = arguments_of(credentials)
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
            watch(connection)
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


async def _closed(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=_SETTLE_SECONDS)
    except _FAULTS:
        return  # it is cut instead
