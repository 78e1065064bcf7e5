"""One connection of graphql-transport-ws: what it was told, what runs on it, how it ends.

It rests as long as nothing comes and shared streams tell it what they have: no task, no queue and no timer is its own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager, suppress

import orjson
from graphql import OperationType
from starlette.types import Message

from api import close_codes as codes
from api.close_codes import Close, Closing
from api.engine import Operation, OperationContext, Refused
from api.errors import WireError, present
from api.protocol import (
    Caller,
    ClientMessage,
    Complete,
    Init,
    MalformedError,
    Ping,
    Session,
    Subscribe,
)
from api.sockets.door import Door
from api.sockets.running import Running
from api.wire import GONE, Wire
from domain.errors import DomainError, ErrorCode
from domain.term import Language

FAREWELL_SECONDS = 1.0  # for streams to say why they end, before the socket does
DRAIN_SECONDS = 10.0  # for operations in flight when the server stops


class Conversation:
    """One socket, from its acceptance on. `serve` reads it, or it is handed each message where the server can do so."""

    __slots__ = (
        "_door",
        "_ending",
        "_gone",
        "_heard",
        "_held",
        "_late",
        "_reader",
        "_running",
        "_session",
        "_wire",
    )

    def __init__(self, door: Door, wire: Wire) -> None:
        self._door = door
        self._wire = wire
        self._running = Running()
        self._session: Session | None = None
        self._held: str | None = None
        self._heard: list[Message] | None = None  # while it is being read
        self._reader: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._gone: asyncio.Future[None] | None = None
        self._late: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(
            door.limits.init_seconds, self.end, codes.INIT_TIMEOUT
        )
        door.conversations.add(self)

    # what comes

    def put_nowait(self, event: Message) -> None:
        """What the server received, one after the other; it waits to receive more until this was seen to."""
        if event["type"] == "websocket.disconnect":
            self.end(None)
        elif self._heard is not None:
            self._heard.append(event)
        elif self._ending is None:
            self._heard = [event]
            self._reader = asyncio.create_task(self._hear(self._heard))

    async def _hear(self, heard: list[Message]) -> None:
        for event in heard:  # more may come meanwhile
            if self._ending is None:
                await self._safely(self._take_from(event))
        self._heard = self._reader = None
        self._wire.read_on()

    async def serve(self) -> None:
        """Read the socket until either side ends it; returns when nothing of it is left."""
        self._reader = asyncio.create_task(self._read())
        try:
            await self.gone()
        finally:
            self.end(None)

    async def _read(self) -> None:
        while self._ending is None:
            await self._safely(self._take_next())

    async def _take_next(self) -> None:
        await self._take(await self._wire.next())

    async def _take_from(self, event: Message) -> None:
        await self._take(self._wire.message(event))

    async def _safely(self, step: Awaitable[None]) -> None:
        try:
            await step
        except Closing as closing:
            self.end(closing.close)
        except MalformedError:
            self.end(codes.MALFORMED)
        except GONE:
            self.end(None)
        except Exception as error:  # noqa: BLE001 - a bug must end the socket, and tell nothing
            present(error)
            self.end(codes.BUG)

    # how it ends

    def end(self, close: Close | None) -> None:
        """End the socket; None when there is nobody left to tell."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(close))

    async def _end(self, close: Close | None) -> None:
        try:
            await self._running.stop(*((self._reader,) if self._reader is not None else ()))
            if close is not None:
                await self._wire.close(close)
        finally:
            self._calm()
            self._wire.release()
            if self._held is not None:
                self._door.caps.give_back(self._held)
            self._session = (
                None  # it would tell us of its end, so that only a search for garbage would free the two
            )
            self._door.conversations.discard(self)
            if self._gone is not None and not self._gone.done():
                self._gone.set_result(None)

    async def gone(self) -> None:
        """Returns when nothing of it is left."""
        if self in self._door.conversations:
            if self._gone is None:
                self._gone = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._gone)

    async def drain(self) -> None:
        """Let queries and commands finish, complete the streams, then close; returns when the socket is gone."""
        if brief := self._running.brief:
            await asyncio.wait(brief, timeout=DRAIN_SECONDS)
        with suppress(*GONE):
            for operation_id in self._running.ids:
                self._running.leave(operation_id)
                await self._wire.send("complete", operation_id)
        self.end(codes.restart())
        await self.gone()

    def _calm(self) -> None:
        """Nobody waits for `connection_init` any more."""
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _session_over(self) -> None:
        if self._ending is None:
            self._running.spawn(self._say_farewell())

    async def _say_farewell(self) -> None:
        """Close when the session ended, after its streams had a moment to say so."""
        await self._running.none(FAREWELL_SECONDS)
        self.end(codes.SESSION_ENDED)

    # what it says

    async def _take(self, message: ClientMessage) -> None:
        if isinstance(message, Ping):
            await self._pong(message)
        elif self._session is not None:
            await self._handle(message, self._session)
        elif isinstance(message, Init):
            await self._open(message)
        elif isinstance(message, Subscribe):
            raise Closing(codes.NOT_INITIALISED)

    async def _open(self, init: Init) -> None:
        self._calm()
        try:
            session = await self._door.open_session(self._wire.connection, init.payload)
        except DomainError as refusal:
            raise Closing(codes.forbidden(refusal)) from None
        try:
            self._door.caps.take(session.holder)
        except DomainError:
            raise Closing(codes.TOO_MANY_SOCKETS) from None
        self._held, self._session = session.holder, session
        await self._wire.send("connection_ack")
        self._wire.greeted()
        session.ended.then(self._session_over)

    async def _handle(self, message: ClientMessage, session: Session) -> None:
        match message:
            case Init():
                raise Closing(codes.INITIALISED_TWICE)
            case Subscribe():
                await self._start(message, session)
            case Complete(id=operation_id):
                self._running.leave(operation_id)

    async def _start(self, message: Subscribe, session: Session) -> None:
        if message.id in self._running.ids:
            raise Closing(codes.duplicate(message.id))
        limit = self._door.limits.operations_per_socket
        context = session.context()
        if message.asked.names_nothing and context.bound is None:
            raise MalformedError("query")
        if self._door.draining:
            refusal = DomainError(ErrorCode.UNAVAILABLE)
        elif self._running.count >= limit:
            refusal = DomainError(ErrorCode.RATE_LIMITED, facts={"limit": limit})
        else:
            operation = self._operate(message, context, session.holder)
            self._running.tasks[message.id] = self._running.spawn(operation)
            return
        await self._fail(message.id, [present(refusal, context.language)])

    async def _operate(self, message: Subscribe, context: Caller, holder: str) -> None:
        async with self._running.listed(message.id) as task, self._answering(message.id, context):
            await self._door.rates.request(holder)
            request = await self._door.documents.request(message.asked, context.bound, context.language)
            operation = self._door.executes.prepare(request, context.language)
            if operation.kind is OperationType.SUBSCRIPTION and not request.dry_run:
                self._running.streams = self._running.streams | {task}
                if await self._seated(message.id, operation, context):
                    return
                async with aclosing(self._door.executes.stream(operation, context)) as payloads:
                    async for payload in payloads:
                        await self._wire.send("next", message.id, payload)
            else:
                await self._wire.send("next", message.id, await self._run(operation, context, holder))
            await self._wire.send("complete", message.id)

    async def _seated(self, operation_id: str, operation: Operation, context: Caller) -> bool:
        """Whether a shared stream tells the socket from now on, or has told it all."""
        outlet = self._wire.outlet(operation_id, context.language, self)
        if outlet is None or (seat := await self._door.executes.seat(operation, context, outlet)) is None:
            return False
        outlet.seat = seat
        try:
            await seat.share.enter(seat)
        except BaseException:
            seat.leave()
            raise
        if not seat.over:
            self._running.seats[operation_id] = seat
        return True

    def ended(self, operation_id: str, language: Language, error: Exception | None) -> None:
        """A shared stream is over."""
        self._running.strike(operation_id)
        if error is None:
            self._wire.push("complete", operation_id)
        else:
            self._wire.push("error", operation_id, orjson.dumps([present(error, language)]))

    async def _run(self, operation: Operation, context: OperationContext, holder: str) -> bytes:
        with self._door.rates.running(holder):
            running = self._door.executes.run(operation, context)
            mutation = operation.kind is OperationType.MUTATION
            answer = await (self._door.shelter.run(running) if mutation else running)
        return answer.payload()

    @asynccontextmanager
    async def _answering(self, operation_id: str, context: OperationContext) -> AsyncIterator[None]:
        """Turn whatever goes wrong into an `error` message for this operation."""
        try:
            try:
                yield
            except Refused as refused:
                await self._fail(operation_id, refused.errors)
            except GONE:
                raise
            except Exception as error:  # noqa: BLE001 - a failed operation must never look like a finished one
                await self._fail(operation_id, [present(error, context.language)])
        except GONE:
            self.end(None)

    async def _pong(self, ping: Ping) -> None:
        payload = None if ping.payload is None else orjson.dumps(ping.payload)
        await self._wire.send("pong", payload=payload)

    async def _fail(self, operation_id: str, errors: list[WireError]) -> None:
        await self._wire.send("error", operation_id, orjson.dumps(errors))
