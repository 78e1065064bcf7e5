"""Tortoise's SQLite engine with BEGIN IMMEDIATE and transactions that survive a cancellation.

The module's name must hold `sqlite`: the migration editor is chosen by it.
"""

import sqlite3
from types import TracebackType
from typing import Any

from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite import client as stock
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from db.engines.faults import Contention, finish

BUSY_MILLISECONDS = 5000


class Transaction(stock.SqliteTransactionWrapper):
    """The client a transaction's body sees."""

    opening = "BEGIN IMMEDIATE"

    async def begin(self) -> None:
        """Take the write lock at once: a deferred BEGIN fails at its first write when another process wrote.

        Raises Contention when the file stays busy for `BUSY_MILLISECONDS`.
        """
        try:
            await self._connection.execute(self.opening)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise Contention(str(error)) from error
            raise OperationalError(error) from error

    async def abandon(self) -> None:
        """Roll back whatever a cancelled or failed BEGIN may have opened."""
        await self._connection.rollback()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(type(self)(self))


class ReadTransaction(Transaction):
    """A transaction of the read-only connection: one snapshot from its first statement on."""

    opening = "BEGIN"


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
