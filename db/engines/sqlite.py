"""Tortoise's SQLite engine with BEGIN IMMEDIATE and transactions that survive a cancellation.

The module's name must hold `sqlite`: the migration editor is chosen by it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, cast

import aiosqlite
from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite import client as stock
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError

from db.engines.faults import Contention, finish, no_room
from domain.errors import DomainError

BUSY_MILLISECONDS = 5000
_STATEMENTS = 256
_NO_ROOM = (
    "disk is full",
    "disk I/O error",
)  # the second where a quota or a limit on files refuses the write


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OperationalError) as error:
        if any(word in str(error) for word in _NO_ROOM):
            raise no_room() from error
        raise OperationalError(error) from error
    except sqlite3.IntegrityError as error:
        raise IntegrityError(error) from error


class Transaction(stock.SqliteTransactionWrapper):
    """The client a transaction's body sees.

    Its statements run in the loop: a hop to the connection's thread costs several times what a short statement
    does. What may take long goes to the thread: BEGIN waits for other writers, COMMIT for the disk, and a DELETE
    takes as long as there is to delete.
    """

    opening = "BEGIN IMMEDIATE"

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        """How many rows were touched or found, and the rows."""
        if query.startswith("DELETE"):
            with _translated():
                return cast("tuple[int, Sequence[Any]]", await super().execute_query(query, values))
        connection: sqlite3.Connection = self._connection._conn  # noqa: SLF001 - aiosqlite keeps it there
        before = connection.total_changes
        rows = self._here(connection, query, values)
        return (connection.total_changes - before) or len(rows), rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """The rows, by column."""
        connection: sqlite3.Connection = self._connection._conn  # noqa: SLF001 - as above
        return [dict(row) for row in self._here(connection, query, values)]

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Several rows of one statement."""
        with _translated():
            await super().execute_many(query, values)

    def _here(
        self, connection: sqlite3.Connection, query: str, values: list[Any] | None
    ) -> list[sqlite3.Row]:
        self.log.debug("%s: %s", query, values)
        with _translated():
            return connection.execute(query, values or ()).fetchall()

    async def begin(self) -> None:
        """Take the write lock at once: a deferred BEGIN fails at its first write when another process wrote.

        Raises Contention when the file stays busy for `BUSY_MILLISECONDS`.
        """
        try:
            with _translated():
                await self._connection.execute(self.opening)
        except OperationalError as error:
            if "locked" in str(error):
                raise Contention(str(error)) from error
            raise

    async def commit(self) -> None:
        """Make it last; a commit that the disk refuses is undone, or the next BEGIN would find it open.

        Raises UNAVAILABLE when there is no room.
        """
        try:
            with _translated():
                await super().commit()
        except (OperationalError, IntegrityError, DomainError):
            await self.abandon()
            raise

    async def abandon(self) -> None:
        """Roll back whatever a cancelled or failed BEGIN may have opened."""
        await self._connection.rollback()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(type(self)(self))


class ReadTransaction(Transaction):
    """A transaction of the read-only connection: one snapshot from its first statement on, read on the thread."""

    opening = "BEGIN"
    execute_query = stock.SqliteTransactionWrapper.execute_query
    execute_query_dict = stock.SqliteTransactionWrapper.execute_query_dict


class WholeTransaction(stock.SqliteTransactionContext):
    """Enters and leaves whole, whatever is cancelled meanwhile."""

    connection: Transaction

    async def __aenter__(self) -> TransactionalDBClient:
        """Lock the connection, then BEGIN."""
        await self._trxlock.acquire()
        try:
            await finish(self.ensure_connection())
            try:
                await finish(self.connection.begin())
            except BaseException:
                await finish(self.connection.abandon())
                raise
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """COMMIT or ROLLBACK, then give the connection back."""
        try:
            if not self.connection._finalized:  # noqa: SLF001 - Tortoise keeps the state there
                await finish(self.connection.rollback() if exc_type else self.connection.commit())
        finally:
            get_connections().reset(self.token)
            self._trxlock.release()


class SafeSqlite(stock.SqliteClient):
    """The read-write connection."""

    transaction: type[Transaction] = Transaction

    def __init__(self, file_path: str, **kwargs: Any) -> None:  # noqa: ANN401 - every URL parameter is a pragma
        kwargs = {"busy_timeout": BUSY_MILLISECONDS, "synchronous": "NORMAL", **kwargs}
        super().__init__(file_path, **kwargs)

    def _in_transaction(self) -> TransactionContext:
        return WholeTransaction(self.transaction(self), self._lock)

    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002, FBT001 - the stock one's signature
        """Open the file; transactions use the connection from the loop, everything else from its thread."""
        if self._connection is None:
            self._connection = await aiosqlite.connect(
                self.filename, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS
            )
            self._connection._conn.row_factory = sqlite3.Row  # noqa: SLF001 - aiosqlite has no setter
            for pragma, value in self.pragmas.items():
                await (await self._connection.execute(f"PRAGMA {pragma}={value}")).close()
            await self._post_connect()

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """In a transaction of its own; the stock one leaves BEGIN open when cancelled."""
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)


class ReadSqlite(SafeSqlite):
    """The second, read-only connection: reads do not wait for a writer's transaction."""

    transaction = ReadTransaction

    def __init__(self, file_path: str, **kwargs: Any) -> None:  # noqa: ANN401 - every URL parameter is a pragma
        super().__init__(file_path, **kwargs)
        self.pragmas.pop("journal_mode")
        self.pragmas.pop("journal_size_limit")


def get_client_class(db_info: dict[str, Any]) -> type[SafeSqlite]:
    """Tortoise asks here which client serves a connection."""
    return ReadSqlite if db_info["credentials"].get("query_only") else SafeSqlite
