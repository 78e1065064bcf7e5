"""The documents this process has seen: parsed, weighed and validated once, and kept in bounds."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import (
    SKIP,
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VisitorAction,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
    validate_input_literal,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.errors import WireError, present, present_all
from api.kept import KeptDocuments
from api.limits import Limits, check, check_variables
from api.weights import Measure, Sizes, measure
from domain.errors import DomainError, ErrorCode
from domain.term import Language

REASONS = 3
"""Told of one literal at most: each reason quotes the whole of its object, which is as long as a client likes."""

KEPT_DOCUMENTS = 512
KEPT_BYTES = 64 * 1024 * 1024
KEPT_LENGTH = 16 * 1024
"""Characters; longer documents are parsed and validated each time."""

KEPT_MEASURES = 64
"""Of one document: one for each operation and each set of page sizes in its variables."""

_BYTES = 4096
_BYTES_A_TOKEN = 600
"""Of a document, parsed, as measured; each of its plans takes about as much again."""

_TOO_LONG = {" tokens": "tokens", "nested too deeply": "depth"}  # what the parser says when it gives up

_Measures = dict[tuple[int | None, ...], Measure]


class _Enough(Exception):  # noqa: N818 - it is no error: what was found is reported, the rest of the literal not read
    """As many reasons against one literal as are told."""


class ValuesOfCorrectType(ValuesOfCorrectTypeRule):
    """The specification's rule of literals, which stops at the first `REASONS` against each."""

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Check a literal against the type expected at its place."""
        with contextlib.suppress(_Enough):
            self._check(node, input_type)
        return SKIP

    def _check(self, node: ValueNode, input_type: GraphQLInputType | None) -> None:
        told = 0

        def on_error(error: GraphQLError, _path: list[str | int]) -> None:
            nonlocal told
            self.report_error(error)
            told += 1
            if told == REASONS:
                raise _Enough

        if input_type:
            validate_input_literal(node, input_type, on_error, hide_suggestions=self.context.hide_suggestions)


RULES = (
    *(ValuesOfCorrectType if it is ValuesOfCorrectTypeRule else it for it in specified_rules),
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)


@dataclass(slots=True)
class GraphQLRequest:
    """An operation as the client sent it."""

    document: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Operation:
    """An operation that is known, affordable and valid."""

    request: GraphQLRequest
    document: DocumentNode
    chosen: OperationDefinitionNode
    measure: Measure
    plans: dict[str | None, Any] = field(default_factory=dict)

    @property
    def cost(self) -> int:
        """What it weighs with these variables."""
        return self.measure.cost

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.chosen.operation


class Refused(Exception):  # noqa: N818 - it is an answer to the client, not a failure of ours
    """The operation did not start, or its stream ended by a fault: the response is these errors alone."""

    def __init__(self, errors: list[WireError]) -> None:
        super().__init__("refused")
        self.errors = errors

    def payload(self) -> bytes:
        """The response as JSON, without `data`."""
        return orjson.dumps({"errors": self.errors})


@dataclass(slots=True)
class _Known:
    """A document, or why it is refused whatever the variables are. `sized_by`: what its weight depends on.

    `settled` are the operations that are known to be good whatever the variables are.
    """

    document: DocumentNode | None
    tokens: int = 0
    refusals: list[GraphQLError | DomainError] | None = None  # None until it was validated
    sized_by: dict[str | None, tuple[Any, ...]] = field(default_factory=dict)
    measures: dict[str | None, _Measures] = field(default_factory=dict)
    plans: dict[str | None, Any] = field(default_factory=dict)
    settled: dict[str | None, tuple[OperationDefinitionNode, Measure]] = field(default_factory=dict)


class Preparation:
    """Prepares operations of a schema, under limits."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self.limits = limits
        self.kept: KeptDocuments[_Known] = KeptDocuments(KEPT_DOCUMENTS, KEPT_BYTES, KEPT_LENGTH, _size)
        self._schema = schema

    def prepare(self, request: GraphQLRequest, language: Language) -> Operation:
        """The operation, parsed, weighed and validated, from what is kept when it was seen before."""
        try:
            check_variables(request.variables, self.limits)
            known = self._known(request.document)
            if known.document is None:
                raise Refused(present_all(known.refusals or (), language))
            if settled := known.settled.get(request.operation_name):
                return Operation(request, known.document, *settled, known.plans)
            chosen = _choose(known.document, request.operation_name)
            weight = self._weigh(known, known.document, chosen, request)
        except (GraphQLError, DomainError) as error:
            raise Refused([present(error, language)]) from None
        if known.refusals is None:
            known.refusals = [
                *validate(self._schema, known.document, RULES, max_errors=10, hide_suggestions=True)
            ]
        if known.refusals:
            raise Refused(present_all(known.refusals, language))
        if not known.sized_by.get(request.operation_name):  # whatever the variables are, it is as heavy
            known.settled[request.operation_name] = chosen, weight
        return Operation(request, known.document, chosen, weight, known.plans)

    def _known(self, text: str) -> _Known:
        known = self.kept.get(text)
        if known is None:
            known = self._read(text)
            self.kept.put(text, known)
        return known

    def _read(self, text: str) -> _Known:
        """A document, parsed; or why it cannot be."""
        try:
            check("document", len(text), self.limits.document)
            document = self._parse(text)
            check("operations", _operations(document), self.limits.operations)
        except (GraphQLError, DomainError) as error:
            return _Known(None, refusals=[_untraced(error)])
        return _Known(document, _tokens(document))

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_tokens=self.limits.tokens)
        except GraphQLSyntaxError as error:
            for words, what in _TOO_LONG.items():
                if words in error.message:
                    limit = getattr(self.limits, what)
                    check(what, limit + 1, limit)
            raise

    def _weigh(
        self, known: _Known, document: DocumentNode, chosen: OperationDefinitionNode, request: GraphQLRequest
    ) -> Measure:
        """What the operation weighs with these variables; TOO_COSTLY when that is too much."""
        name, sizes = request.operation_name, Sizes(chosen, request.variables)
        measures = known.measures.setdefault(name, {})
        asked = tuple(map(sizes.of, known.sized_by.get(name, ())))
        weight = measures.get(asked)
        if weight is None:
            weight = measure(self._schema, document, chosen, self.limits, sizes)
            weight.check(self.limits)
            known.sized_by[name] = tuple(sizes.read)
            if len(measures) >= KEPT_MEASURES:
                measures.clear()
            measures[tuple(sizes.read.values())] = weight
        return weight


def _untraced(error: GraphQLError | DomainError) -> GraphQLError | DomainError:
    """A refusal that may be kept: without the frames it was raised in."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _operations(document: DocumentNode) -> int:
    return sum(isinstance(it, OperationDefinitionNode) for it in document.definitions)


def _tokens(document: DocumentNode) -> int:
    count, token = 0, document.loc.start_token if document.loc else None
    while token is not None:
        count, token = count + 1, token.next
    return count


def _size(text: str, known: _Known) -> int:
    """The bytes that are kept of a document, about."""
    plans = sum(1 + len(it.variants) for it in known.plans.values())
    return 4 * len(text) + (_BYTES + _BYTES_A_TOKEN * known.tokens) * (1 + plans)


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
