"""GraphQL over WebSocket: the server side of graphql-transport-ws, every rule and close code of it.

Faults of one operation answer that operation alone; only a message that breaks the protocol closes the socket, with a
neutral reason. A reader that does not read is dropped after `send_seconds`; what it asked is cancelled, save commands.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, aclosing, asynccontextmanager, suppress

import orjson
from graphql import OperationType
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from api import close_codes as codes
from api.close_codes import Close, Closing
from api.engine import Executes, Operation, OperationContext, Refused
from api.errors import WireError, present
from api.limits import Caps, Limits, Rates
from api.protocol import (
    Caller,
    ClientMessage,
    Complete,
    Init,
    MalformedError,
    Ping,
    Session,
    Shelter,
    Subscribe,
    origin_allowed,
)
from api.stored_documents import StoredDocuments
from api.wire import GONE, Running, Wire
from domain.errors import DomainError, ErrorCode

SUBPROTOCOL = "graphql-transport-ws"
FAREWELL_SECONDS = 1.0  # for streams to say why they end, before the socket does
DRAIN_SECONDS = 10.0  # for operations in flight when the server stops


class WebSocketEndpoint:
    """The ASGI application behind `/graphql` for websockets.

    `open_session` checks the payload of `connection_init` (`{"authorization": "Bearer …", "language": "EN"}`); a
    DomainError closes with 4403 and its code. `documents` finds the text of an operation that is named by its hash.
    """

    def __init__(
        self,
        executes: Executes,
        open_session: Callable[[HTTPConnection, Mapping[str, object]], Awaitable[Session]],
        *,
        limits: Limits,
        rates: Rates,
        origins: frozenset[str] = frozenset(),
        documents: StoredDocuments | None = None,
    ) -> None:
        self.executes = executes
        self.documents = documents or StoredDocuments(executes)
        self.open_session = open_session
        self.limits = limits
        self.rates = rates
        self.shelter = Shelter()
        self.caps = Caps(limits.sockets_per_user)
        self.draining = False
        self._origins = origins
        self._sockets: set[_Socket] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket from the handshake to its end."""
        websocket = WebSocket(scope, receive, send)
        await websocket.receive()
        if not origin_allowed(websocket.headers, self._origins):
            await websocket.close()  # before accepting: the handshake is answered 403
            return
        with suppress(*GONE):
            if SUBPROTOCOL not in scope["subprotocols"]:
                await websocket.accept()
                await websocket.close(codes.OTHER_SUBPROTOCOL.code, codes.OTHER_SUBPROTOCOL.reason)
                return
            await websocket.accept(SUBPROTOCOL)
            await self._serve(websocket)

    async def drain(self) -> None:
        """End every socket politely: operations in flight finish, streams complete, then 1012 with a retry hint."""
        self.draining = True
        await asyncio.gather(*(socket.drain() for socket in tuple(self._sockets)))
        await self.shelter.idle()

    async def _serve(self, websocket: WebSocket) -> None:
        socket = _Socket(self, Wire(websocket, self.limits))
        if self.draining:
            socket.end(codes.restart())
        self._sockets.add(socket)
        try:
            await socket.serve()
        finally:
            self._sockets.discard(socket)


class _Socket:
    """One connection: a reader, and one task for each operation."""

    def __init__(self, door: WebSocketEndpoint, wire: Wire) -> None:
        self._door = door
        self._wire = wire
        self._gone = asyncio.Event()
        self._held = ExitStack()
        self._running = Running()
        self._over: asyncio.Future[Close | None] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Converse until either side ends it, then leave nothing behind."""
        reader = asyncio.create_task(self._read())
        try:
            close = await self._over
            await self._running.stop(reader)
            if close is not None:
                await self._wire.close(close)
        finally:
            await self._running.stop(reader)
            self._wire.release()
            self._held.close()
            self._gone.set()

    def end(self, close: Close | None) -> None:
        """End the socket; None when there is nobody left to tell."""
        if not self._over.done():
            self._over.set_result(close)

    async def drain(self) -> None:
        """Let queries and commands finish, complete the streams, then close; returns when the socket is gone."""
        if brief := self._running.brief:
            await asyncio.wait(brief, timeout=DRAIN_SECONDS)
        with suppress(*GONE):
            for operation_id in self._running.ids:
                self._running.leave(operation_id)
                await self._wire.send("complete", operation_id)
        self.end(codes.restart())
        await self._gone.wait()

    async def _read(self) -> None:
        try:
            session = await self._open()
            self._running.spawn(self._watch(session))
            while True:
                await self._handle(await self._wire.next(), session)
        except Closing as closing:
            self.end(closing.close)
        except MalformedError:
            self.end(codes.MALFORMED)
        except GONE:
            self.end(None)
        except Exception as error:  # noqa: BLE001 - a bug must end the socket, and tell nothing
            present(error)
            self.end(codes.BUG)

    async def _open(self) -> Session:
        try:
            async with asyncio.timeout(self._door.limits.init_seconds):
                init = await self._await_init()
        except TimeoutError:
            raise Closing(codes.INIT_TIMEOUT) from None
        try:
            session = await self._door.open_session(self._wire.connection, init.payload)
        except DomainError as refusal:
            raise Closing(codes.forbidden(refusal)) from None
        try:
            self._held.enter_context(self._door.caps.hold(session.holder))
        except DomainError:
            raise Closing(codes.TOO_MANY_SOCKETS) from None
        await self._wire.send("connection_ack")
        return session

    async def _await_init(self) -> Init:
        while not isinstance(message := await self._wire.next(), Init):
            if isinstance(message, Subscribe):
                raise Closing(codes.NOT_INITIALISED)
            if isinstance(message, Ping):
                await self._pong(message)
        return message

    async def _handle(self, message: ClientMessage, session: Session) -> None:
        match message:
            case Init():
                raise Closing(codes.INITIALISED_TWICE)
            case Ping():
                await self._pong(message)
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
        elif self._running.count > limit:  # the session's watch is one of them
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
                self._running.streams.add(task)
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

        def ended(error: Exception | None) -> None:
            self._running.strike(operation_id)
            if error is None:
                self._wire.push("complete", operation_id)
            else:
                self._wire.push("error", operation_id, orjson.dumps([present(error, language)]))

        language = context.language
        outlet = self._wire.outlet(operation_id, ended)
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

    async def _watch(self, session: Session) -> None:
        """Close when the session ends, after its streams had a moment to say so."""
        await session.ended.wait()
        await self._running.none(FAREWELL_SECONDS)
        self.end(codes.SESSION_ENDED)

    async def _pong(self, ping: Ping) -> None:
        payload = None if ping.payload is None else orjson.dumps(ping.payload)
        await self._wire.send("pong", payload=payload)

    async def _fail(self, operation_id: str, errors: list[WireError]) -> None:
        await self._wire.send("error", operation_id, orjson.dumps(errors))
