"""Runs GraphQL operations: parse, weigh, validate, execute, encode. Every transport goes through here."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Protocol

import orjson
import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.execution import (
    Executor,
    create_source_event_stream,
    execute_root_selection_set,
    execute_subscription_event,
    map_source_to_response_event,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.errors import WireError, present, present_all
from api.limits import Limits, Measure, check, measure
from domain.errors import DomainError, ErrorCode
from domain.term import Language

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
CACHED_DOCUMENTS = 512
_TOO_LONG = {" tokens": "tokens", "nested too deeply": "depth"}  # what the parser says when it gives up
CACHED_LENGTH = 16 * 1024  # characters; longer documents are parsed each time


class OperationContext(Protocol):
    """What the resolvers of one operation share; made for one operation, and never kept longer."""

    @property
    def language(self) -> Language:
        """The language of messages."""

    def refresh(self) -> None:
        """Forget what loaders hold; called before each item of a stream."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """An operation as the client sent it."""

    document: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that is known, affordable and valid."""

    request: GraphQLRequest
    document: DocumentNode
    kind: OperationType
    cost: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What an executed operation answers. `data` may be an `orjson.Fragment` of ready bytes."""

    data: object
    errors: list[WireError]
    cost: int | None = None

    def payload(self) -> bytes:
        """The response as JSON."""
        body: dict[str, object] = {"data": self.data}
        if self.errors:
            body["errors"] = self.errors
        if self.cost is not None:
            body["extensions"] = {"cost": self.cost}
        return orjson.dumps(body)


class Refused(Exception):  # noqa: N818 - it is an answer to the client, not a failure of ours
    """The operation did not start, or its stream ended by a fault: the response is these errors alone."""

    def __init__(self, errors: list[WireError]) -> None:
        super().__init__("refused")
        self.errors = errors

    def payload(self) -> bytes:
        """The response as JSON, without `data`."""
        return orjson.dumps({"errors": self.errors})


class Executes(Protocol):
    """What a transport needs; `Engine` is one, and what stands before it may answer some operations itself."""

    def prepare(self, request: GraphQLRequest, language: Language) -> Operation:
        """The operation, parsed, weighed and validated; raises `Refused`."""

    async def run(self, operation: Operation, context: OperationContext) -> Answer:
        """The answer to a query or mutation; raises `Refused` for bad variables."""

    def stream(self, operation: Operation, context: OperationContext) -> AsyncGenerator[bytes, None]:
        """The encoded responses of a subscription; raises `Refused` where it fails."""


@dataclass(slots=True)
class _Known:
    document: DocumentNode
    measures: dict[str | None, Measure] = field(default_factory=dict)
    valid: bool = False


class Engine:
    """Executes a schema with graphql-core, under limits and with a bounded cache of documents."""

    def __init__(self, schema: strawberry.Schema, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._strawberry = schema
        self._schema = schema._schema  # noqa: SLF001 - Strawberry has no public name for it
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def prepare(self, request: GraphQLRequest, language: Language) -> Operation:
        """The operation, parsed, weighed and validated, from the cache when it was seen before."""
        known = self._recall(request.document)
        try:
            if known is None:
                known = _Known(self._parse(request.document))
            check("variables_depth", _nesting(request.variables), self.limits.variables_depth)
            chosen = _choose(known.document, request.operation_name)
            if request.operation_name not in known.measures:
                known.measures[request.operation_name] = measure(known.document, chosen, self.limits)
        except (GraphQLError, DomainError) as error:
            raise Refused([present(error, language)]) from None
        if not known.valid:
            self._validate(known.document, language)
            known.valid = True
            self._remember(request.document, known)
        cost = known.measures[request.operation_name].cost
        return Operation(request, known.document, chosen.operation, cost)

    async def run(self, operation: Operation, context: OperationContext) -> Answer:
        """The answer to a query or mutation. A query has a time limit; a command runs to its end."""
        executor = self._build(operation, context)
        seconds = self.limits.query_seconds if operation.kind is OperationType.QUERY else None
        try:
            async with asyncio.timeout(seconds):
                pending = execute_root_selection_set(executor)
                result = await pending if isawaitable(pending) else pending
        except TimeoutError:
            late = DomainError(ErrorCode.TOO_COSTLY, facts={"what": "seconds", "limit": seconds})
            return Answer(None, [present(late, context.language)], operation.cost)
        return Answer(result.data, present_all(result.errors or (), context.language), operation.cost)

    async def stream(self, operation: Operation, context: OperationContext) -> AsyncGenerator[bytes, None]:
        """The encoded responses of a subscription; its source is closed when this generator is."""
        executor = self._build(operation, context)
        try:
            source = await _source(executor, context)
            async with aclosing(_responses(executor, source, context)) as responses:
                async for result in responses:
                    yield Answer(result.data, present_all(result.errors or (), context.language)).payload()
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the source raises must reach the client as a fault
            raise Refused([present(error, context.language)]) from None

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

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_tokens=self.limits.tokens)
        except GraphQLSyntaxError as error:
            for words, what in _TOO_LONG.items():
                if words in error.message:
                    limit = getattr(self.limits, what)
                    check(what, limit + 1, limit)
            raise

    def _validate(self, document: DocumentNode, language: Language) -> None:
        errors = validate(self._schema, document, RULES, max_errors=20, hide_suggestions=True)
        if errors:
            raise Refused(present_all(errors, language))

    def _recall(self, text: str) -> _Known | None:
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
        return known

    def _remember(self, text: str, known: _Known) -> None:
        if len(text) <= CACHED_LENGTH:
            self._known[text] = known
            if len(self._known) > CACHED_DOCUMENTS:
                self._known.popitem(last=False)


def _nesting(value: object) -> int:
    """How deeply lists and objects nest, level by level."""
    depth, level = 0, [value]
    while level := [child for item in level for child in _children(item)]:
        depth += 1
    return depth


def _children(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    chosen = get_operation_ast(document, name)
    if chosen is None:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "operationName",
            zh="找不到要执行的操作",
            en="No such operation, or the name of one of several is missing",
        )
    return chosen


async def _source(executor: Executor[Any], context: OperationContext) -> AsyncIterable[Any]:
    created = create_source_event_stream(executor)
    source = await created if isawaitable(created) else created
    if isinstance(source, ExecutionResult):
        raise Refused(present_all(source.errors or (), context.language))
    return source


def _responses(
    executor: Executor[Any], source: AsyncIterable[Any], context: OperationContext
) -> AsyncGenerator[ExecutionResult, None]:
    def execute_event(event: Executor[Any]) -> Any:  # noqa: ANN401 - a result or an awaitable of one, as the library has it
        context.refresh()
        return execute_subscription_event(event)

    return map_source_to_response_event(executor, source, execute_event)
