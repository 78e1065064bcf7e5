"""Runs GraphQL operations: parse, weigh, validate, execute, encode. Every transport goes through here."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from inspect import isawaitable
from typing import Any, Protocol

import orjson
import strawberry
from graphql import (
    ExecutionResult,
    OperationType,
)
from graphql.execution import (
    Executor,
    create_source_event_stream,
    execute_root_selection_set,
    execute_subscription_event,
    map_source_to_response_event,
)
from strawberry.execution import optimized_is_awaitable

from api.errors import WireError, present, present_all, present_result
from api.execution.plans import Plans
from api.execution.shared import Writer, form_kept, key_of
from api.feed.hearing import audience_of
from api.feed.shares.seat import Seat, Sink
from api.feed.stream import Joining, Stream
from api.introspection import Introspection
from api.limits import Limits
from api.prepared import GraphQLRequest, Operation, Preparation, Refused
from domain.errors import DomainError, ErrorCode
from domain.event import Event
from domain.term import Language
from domain.viewer import Viewer

__all__ = ["Answer", "Engine", "Executes", "GraphQLRequest", "Operation", "OperationContext", "Refused"]


_AWAY = {"code": ErrorCode.UNAVAILABLE.value}


class OperationContext(Protocol):
    """What the resolvers of one operation share; made for one operation, and never kept longer."""

    @property
    def language(self) -> Language:
        """The language of messages."""

    @property
    def viewer(self) -> Viewer | None:
        """Who asks."""

    @property
    def signer(self) -> Any:  # noqa: ANN401 - seals cursors
        """What seals cursors."""

    async def now(self) -> datetime:
        """The business time of the operation."""

    def refresh(self) -> None:
        """Forget what loaders hold; called before each item of a stream."""


@dataclass(slots=True)
class Answer:
    """What an operation answers. `data` may be ready bytes, `told` goes beside the cost."""

    data: object
    errors: list[WireError]
    cost: int | None = None
    told: Mapping[str, object] = field(default_factory=dict)

    def payload(self) -> bytes:
        """The response as JSON."""
        if isinstance(self.data, bytes):
            return b'{"data":%b,"extensions":{"cost":%d}}' % (self.data, self.cost or 0)
        body: dict[str, object] = {"data": self.data}
        if self.errors:
            body["errors"] = self.errors
        if self.cost is not None:
            body["extensions"] = {"cost": self.cost, **self.told}
        return orjson.dumps(body)


class Executes(Protocol):
    """What a transport needs; `Engine` is one, and what stands before it may answer some operations itself."""

    def prepare(self, request: GraphQLRequest, language: Language) -> Operation:
        """The operation, parsed, weighed and validated; raises `Refused`."""

    async def run(self, operation: Operation, context: OperationContext) -> Answer:
        """The answer to a query or mutation; raises `Refused` for bad variables."""

    def stream(self, operation: Operation, context: OperationContext) -> AsyncGenerator[bytes, None]:
        """The encoded responses of a subscription; raises `Refused` where it fails."""

    async def seat(self, operation: Operation, context: OperationContext, sink: Sink) -> Seat | None:
        """A seat that a shared subscription writes to; None for one that has to be read by `stream`."""


class Engine:
    """Executes a schema with graphql-core, under limits and with a bounded cache of documents."""

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: Limits | None = None,
        *,
        compiled: bool = True,
        ready_megabytes: int = 96,
    ) -> None:
        self.limits = limits or Limits()
        self.plans = Plans(schema._schema, ready_megabytes) if compiled else None  # noqa: SLF001 - as below
        self._strawberry = schema
        self._schema = schema._schema  # noqa: SLF001 - Strawberry has no public name for it
        self._preparation = Preparation(self._schema, self.limits)
        self._introspection = Introspection(self._schema)
        self.kept = self._preparation.kept

    def hear(self, events: Iterable[Event]) -> None:
        """Drop what the plans keep of things that these events change."""
        if self.plans is not None:
            self.plans.hear(events)

    def prepare(self, request: GraphQLRequest, language: Language) -> Operation:
        """The operation, parsed, weighed and validated, from the cache when it was seen before."""
        return self._preparation.prepare(request, language)

    async def run(self, operation: Operation, context: OperationContext) -> Answer:
        """The answer to a query or mutation. A query has a time limit; a command runs to its end.

        A dry run, of a subscription too, checks the variables and tells what the operation weighs.
        """
        if operation.request.dry_run:
            self._build(operation, context)
            return Answer(None, [], operation.cost, {"dryRun": operation.measure.told(self.limits)})
        seconds = self.limits.query_seconds if operation.kind is OperationType.QUERY else None
        try:
            if (data := await self._unexecuted(operation, context)) is not None:
                return Answer(data, [], operation.cost)
            async with asyncio.timeout(seconds):
                executor = self._build(operation, context)
                pending = execute_root_selection_set(executor)
                result = await pending if isawaitable(pending) else pending
        except TimeoutError:
            late = DomainError(ErrorCode.TOO_COSTLY, facts={"what": "seconds", "limit": seconds})
            return Answer(None, [present(late, context.language)], operation.cost)
        return Answer(result.data, present_result(result, context.language), operation.cost)

    async def stream(self, operation: Operation, context: OperationContext) -> AsyncGenerator[bytes, None]:
        """The encoded responses of a subscription; its source is closed when this generator is.

        Those of the feed are written once for all who read the same.
        """
        try:
            found = await self._found(operation, context)
            payloads = found.pulled() if isinstance(found, Joining) else _payloads(*found, context)
            async with aclosing(payloads):
                async for payload in payloads:
                    yield payload
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the source raises must reach the client as a fault
            raise Refused([present(error, context.language)]) from None

    async def seat(self, operation: Operation, context: OperationContext, sink: Sink) -> Seat | None:
        """A seat at a stream of the feed, not yet entered; None where the subscription has to be read by `stream`.

        Raises `Refused` where the stream may not be.
        """
        try:
            found = await self._found(operation, context)
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            raise Refused([present(error, context.language)]) from None
        return found.seat(sink) if isinstance(found, Joining) else None

    async def _found(
        self,
        operation: Operation,
        context: Any,  # noqa: ANN401 - the feed is asked only of contexts that have one
    ) -> Joining | tuple[Executor[Any], AsyncIterable[Any]]:
        """The share of a subscription, by what is known of it or by its resolver; or its own source of events."""
        viewer, key, form = context.viewer, None, form_kept(self._schema, operation)
        reads = audience_of(viewer, personal=form.personal) if viewer is not None else None
        if reads is not None:
            key = key_of(operation, form, reads, context.language)
            plain, after = form.resumes(operation.request.variables)
            if plain and (share := context.feed.shared(key)) is not None:
                return Joining(share, viewer, after, context.feed.vouches(context.attendee, viewer))
        executor = self._build(operation, context)
        source = await _source(executor, context)
        if reads is None or not isinstance(source, Stream):
            return executor, source
        return source.joining(key, self._writer(operation, source, reads.viewer), reads.viewer)

    def _writer(self, operation: Operation, source: Stream[Any], reads: Viewer) -> Writer:
        """What writes the items of a new share."""

        def build(value: object, context: OperationContext) -> Executor[Any]:
            return self._build(operation, context).build_per_event_executor(value)

        def answer(result: ExecutionResult, context: OperationContext) -> bytes:
            return Answer(result.data, present_result(result, context.language)).payload()

        return Writer(self.plans, operation, source, reads, build, answer)

    async def _unexecuted(self, operation: Operation, context: OperationContext) -> bytes | None:
        """What introspection or the compiled plan answers; None where the ordinary executor must."""
        if operation.measure.introspects:
            return self._introspection.answer(operation)
        if self.plans is None or operation.kind is not OperationType.QUERY:
            return None
        request = operation.request
        return await self.plans.data(
            operation.plans,
            request.operation_name,
            operation.document,
            operation.chosen,
            request.variables,
            context,
            self.limits.query_seconds,
        )

    def _build(self, operation: Operation, context: OperationContext) -> Executor[Any]:
        executor = self._strawberry.execution_context_class.build(
            self._schema,
            operation.document,
            context_value=context,
            raw_variable_values=dict(operation.request.variables),
            operation_name=operation.request.operation_name,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # a plain bool there, a guard here
            hide_suggestions=True,
            operation_extensions=None,
        )
        if isinstance(executor, list):
            raise Refused(present_all(executor, context.language))
        return executor


async def _source(executor: Executor[Any], context: OperationContext) -> AsyncIterable[Any]:
    created = create_source_event_stream(executor)
    source = await created if isawaitable(created) else created
    if isinstance(source, ExecutionResult):
        raise Refused(present_all(source.errors or (), context.language))
    return source


async def _payloads(
    executor: Executor[Any], source: AsyncIterable[Any], context: OperationContext
) -> AsyncGenerator[bytes, None]:
    async with aclosing(_responses(executor, source, context)) as responses:
        async for result in responses:
            yield Answer(result.data, _whole(present_result(result, context.language))).payload()


def _responses(
    executor: Executor[Any], source: AsyncIterable[Any], context: OperationContext
) -> AsyncGenerator[ExecutionResult, None]:
    def execute_event(event: Executor[Any]) -> Any:  # noqa: ANN401 - a result or an awaitable of one, as the library has it
        context.refresh()
        return execute_subscription_event(event)

    return map_source_to_response_event(executor, source, execute_event)


def _whole(errors: list[WireError]) -> list[WireError]:
    """The errors of an item; raises Refused with them when the database was away for a part of it."""
    if any(it["extensions"] == _AWAY for it in errors):
        raise Refused(errors)
    return errors
