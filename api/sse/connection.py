"""One operation and the connection that its events go out on."""

import asyncio
import secrets
from contextlib import ExitStack, aclosing
from typing import Protocol

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from api.close_codes import RETRY_SPREAD_MS
from api.engine import Executes, Operation, Refused
from api.errors import WireError, present
from api.limits import Limits, Rates
from api.protocol import Caller, Session, Shelter
from api.sse.events import Ending, GoneError, Writer
from domain.errors import DomainError, ErrorCode

FAREWELL_SECONDS = 1.0  # for a stream to say why it ends, before its connection does
DRAIN_SECONDS = 10.0  # for an operation in flight when the server stops
QUIET_SECONDS = 15.0  # after which a comment shows proxies that the connection lives


class Door(Protocol):
    """What all connections share."""

    executes: Executes
    limits: Limits
    rates: Rates
    shelter: Shelter
    draining: bool
    open: "set[Connection]"


class Connection:
    """One operation and its events; what ends it first says how."""

    def __init__(
        self,
        door: Door,
        session: Session,
        context: Caller,
        operation: Operation | list[WireError],
        held: ExitStack,
    ) -> None:
        self._door = door
        self._session = session
        self._context = context
        self._operation = operation
        self._held = held
        self._gone = asyncio.Event()
        self._over: asyncio.Future[Ending | None] = asyncio.get_running_loop().create_future()
        self._work: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until the operation, the client, the session or the server ends it."""
        writer = Writer(scope, send, self._door.limits.send_seconds)
        self._door.open.add(self)
        self._work = asyncio.create_task(self._send(writer))
        tasks = {
            self._work,
            *map(asyncio.ensure_future, (self._hung_up(receive), self._ended(), self._quiet(writer))),
        }
        try:
            ending = await self._over
            await _cancel(tasks)
            if ending is not None:
                await writer.end(ending)
        except GoneError:
            return
        finally:
            await _cancel(tasks)
            self._held.close()
            self._door.open.discard(self)
            self._gone.set()

    def end(self, ending: Ending | None) -> None:
        """End the connection; None when there is nobody left to tell."""
        if not self._over.done():
            self._over.set_result(ending)

    async def drain(self) -> None:
        """Let a query or command finish, complete a stream; returns when the connection is gone."""
        if self._work is not None and not self._streams:
            await asyncio.wait({self._work}, timeout=DRAIN_SECONDS)
        self.end(Ending(retry_ms=_retry()))
        await self._gone.wait()

    @property
    def _streams(self) -> bool:
        operation = self._operation
        return isinstance(operation, Operation) and _is_stream(operation)

    async def _send(self, writer: Writer) -> None:
        """Everything the operation answers, and then the end of the connection."""
        try:
            await writer.begin()
            self.end(Ending(await self._answers(writer), _retry() if self._door.draining else None))
        except GoneError:
            self.end(None)

    async def _answers(self, writer: Writer) -> list[WireError]:
        """Send the responses; the errors that ended them."""
        if not isinstance(self._operation, Operation):
            return self._operation
        try:
            if not _is_stream(self._operation):
                await writer.next(await self._run(self._operation))
                return []
            async with aclosing(self._door.executes.stream(self._operation, self._context)) as payloads:
                async for payload in payloads:
                    await writer.next(payload)
        except Refused as refused:
            return refused.errors
        except GoneError:
            raise
        except Exception as error:  # noqa: BLE001 - a failed operation must never look like a finished one
            return [present(error, self._context.language)]
        return []

    async def _run(self, operation: Operation) -> bytes:
        with self._door.rates.running(self._session.holder):
            running = self._door.executes.run(operation, self._context)
            mutation = operation.kind is OperationType.MUTATION
            return (await (self._door.shelter.run(running) if mutation else running)).payload()

    async def _hung_up(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end(None)

    async def _ended(self) -> None:
        """The session is over: the stream says why, if it can."""
        await self._session.ended.wait()
        if self._work is not None:
            await asyncio.wait({self._work}, timeout=FAREWELL_SECONDS)
        self.end(Ending([present(DomainError(ErrorCode.UNAUTHENTICATED), self._context.language)]))

    async def _quiet(self, writer: Writer) -> None:
        try:
            while True:
                await asyncio.sleep(QUIET_SECONDS)
                await writer.comment()
        except GoneError:
            self.end(None)


def _is_stream(operation: Operation) -> bool:
    return operation.kind is OperationType.SUBSCRIPTION and not operation.request.dry_run


def _retry() -> int:
    """Milliseconds after which to come back, spread over all who were there."""
    return secrets.randbelow(RETRY_SPREAD_MS)


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
