"""GraphQL over server-sent events: `POST /graphql` with `Accept: text/event-stream`, one operation a connection.

The distinct connections mode of graphql-sse: events `next` with the response and `complete` at the end. A request that
is refused (token, rate, media type, body) is answered as any other, by its status; an operation that is refused, or
breaks, is one `next` with `errors`, then `complete`. The `id` of an event is its item's cursor, and `Last-Event-ID`
takes the place of `after`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack

from graphql import OperationType
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp

from api.engine import Executes, Operation, Refused
from api.errors import WireError, present
from api.limits import Caps, Limits, Rates
from api.protocol import Asked, Caller, MalformedError, Session, Shelter
from api.sse.connection import Connection
from api.sse.resumption import resumed
from api.stored_documents import StoredDocuments
from domain.errors import DomainError, ErrorCode


class SseEndpoint:
    """What answers `/graphql` in events. `caps` counts connections per person, those of websockets among them."""

    def __init__(
        self,
        executes: Executes,
        open_session: Callable[[HTTPConnection, Mapping[str, object]], Awaitable[Session]],
        *,
        limits: Limits,
        rates: Rates,
        caps: Caps,
        documents: StoredDocuments | None = None,
    ) -> None:
        self.executes = executes
        self.documents = documents or StoredDocuments(executes)
        self.limits = limits
        self.rates = rates
        self.caps = caps
        self.shelter = Shelter()
        self.draining = False
        self.open: set[Connection] = set()
        self._open_session = open_session

    async def answer(self, request: Request, read: Callable[[], Awaitable[Asked]]) -> ASGIApp:
        """The application that sends the events. DomainError where the request is refused; `read` reads its body."""
        session = await self._seat(request)
        asked, context = await read(), session.context()
        if self.draining:
            raise DomainError(ErrorCode.UNAVAILABLE, facts={"retryAfter": 1})
        if asked.names_nothing and context.bound is None:
            raise MalformedError("query", zh="缺少 query", en="Give the document as `query`")
        with ExitStack() as held:
            held.enter_context(self.caps.hold(session.holder))
            last = request.headers.get("last-event-id")
            operation: Operation | list[WireError]
            try:
                operation = await self._operation(asked, context, last)
            except Refused as refused:
                operation = refused.errors
            return Connection(self, session, context, operation, held.pop_all())

    async def drain(self) -> None:
        """End every connection politely: operations in flight finish, streams complete with a retry hint."""
        self.draining = True
        await asyncio.gather(*(it.drain() for it in tuple(self.open)))
        await self.shelter.idle()

    async def _seat(self, request: Request) -> Session:
        """Who listens, counted for the person or the key, or for the address when the token is bad."""
        authorization = request.headers.get("authorization")
        try:
            session = await self._open_session(
                request, {"authorization": authorization} if authorization else {}
            )
        except DomainError:
            await self.rates.request(request.client.host if request.client else "unknown")
            raise
        await self.rates.request(session.holder)
        return session

    async def _operation(self, asked: Asked, context: Caller, last: str | None) -> Operation:
        request = await self.documents.request(asked, context.bound, context.language)
        operation = self.executes.prepare(request, context.language)
        if not last or operation.kind is not OperationType.SUBSCRIPTION:
            return operation
        again = resumed(operation, last)
        if again is None:
            refusal = MalformedError("Last-Event-ID", zh="请写 after: $after", en="Write after: $after")
            raise Refused([present(refusal, context.language)])
        try:
            return self.executes.prepare(again, context.language)
        except Refused:  # the field takes no `after`: a stream of state begins anew by itself
            return operation
