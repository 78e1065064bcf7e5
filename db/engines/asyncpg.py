"""Tortoise's asyncpg engine with transactions that survive a cancellation and refusals instead of raw errors.

The module's name must hold `asyncpg`: the migration editor is chosen by it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import asyncpg
from tortoise.backends.asyncpg import client as stock
from tortoise.backends.base.client import (
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections

from db.engines.faults import STATEMENT_SECONDS, Contention, finish, no_room, too_costly, unavailable

LOST = (
    OSError,  # also TimeoutError: a half-open connection
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # the server is stopping or starting, or an administrator ended us
    asyncpg.TooManyConnectionsError,
)
_FAREWELL = "another operation (2) is in progress"
"""How asyncpg refuses a session that the server has ended, between the server's word and the socket's end."""
_FREE = "free connection holder"
"""How its pool refuses to take such a session back: it has let it go already."""


@contextmanager
def translated() -> Iterator[None]:
    """Deadlock, serialisation and a lock not had in time become Contention, a statement the server cut off TOO_COSTLY.

    A lost server and a full disk become UNAVAILABLE.
    """
    try:
        yield
    except (
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
        asyncpg.LockNotAvailableError,
    ) as error:
        raise Contention(str(error)) from error
    except asyncpg.QueryCanceledError as error:  # of the family of interventions, but the server is well
        raise too_costly(STATEMENT_SECONDS) from error
    except (*LOST, asyncpg.DiskFullError) as error:
        raise (no_room() if isinstance(error, asyncpg.DiskFullError) else unavailable()) from error
    except asyncpg.InternalClientError as error:
        if any(word in str(error) for word in (_FAREWELL, _FREE)):
            raise unavailable() from error
        raise
    except asyncpg.InterfaceError as error:
        # "connection is closed", "pool is closing", or the pool took back one that was cut: any other is a bug of ours
        if "clos" in str(error) or "released back to the pool" in str(error):
            raise unavailable() from error
        raise


class _Translating(stock.AsyncpgDBClient):
    async def _translate_exceptions(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the stock one claims to return an Exception
        with translated():
            return await super()._translate_exceptions(func, *args, **kwargs)


class Transaction(_Translating, stock.TransactionWrapper):
    """The client a transaction's body sees."""

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(Transaction(self))


class WholeTransaction(TransactionContextPooled):
    """Enters and leaves whole, whatever is cancelled meanwhile."""

    client: Transaction

    async def __aenter__(self) -> TransactionalDBClient:
        """Take a connection of the pool, then BEGIN."""
        with translated():
            await self.ensure_connection()
            pool: asyncpg.Pool = self.client._parent._pool  # noqa: SLF001 - Tortoise keeps the pool there
            connection = await pool.acquire()
            self.client._connection = connection  # noqa: SLF001 - and the connection there
            try:
                await finish(self.client.begin())
            except BaseException:
                await finish(_given_back(pool, connection))  # asyncpg ends an open transaction on release
                raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """COMMIT or ROLLBACK, then give the connection back."""
        client = self.client
        try:
            with translated():
                if not client._finalized:  # noqa: SLF001 - Tortoise keeps the state there
                    await finish(client.rollback() if exc_type else client.commit())
        finally:
            get_connections().reset(self.token)
            pool = client._parent._pool  # noqa: SLF001 - as above
            if pool:
                await finish(_given_back(pool, client._connection))  # noqa: SLF001 - as above


async def _given_back(pool: asyncpg.Pool, connection: Any) -> None:  # noqa: ANN401 - the pool's proxy
    """Return a connection; one that ended meanwhile is gone already, and what was committed stays committed."""
    try:
        await pool.release(connection)
    except asyncpg.InternalClientError as error:
        if _FREE not in str(error):
            raise


async def _as_it_is(_: asyncpg.Connection) -> None:
    """Nothing to reset: a session of ours sets nothing beyond its transaction, and that is ended by then."""


class SafeAsyncpg(_Translating):
    """A pool of connections."""

    async def create_pool(self, **kwargs: Any) -> asyncpg.Pool:  # noqa: ANN401 - asyncpg's own arguments
        """Connections go back without the round trip that would reset them."""
        return await super().create_pool(reset=_as_it_is, **kwargs)

    def _in_transaction(self) -> TransactionContext:
        return WholeTransaction(Transaction(self), self._pool_init_lock)


client_class = SafeAsyncpg
