"""A plan of one operation: every root's text, put together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import VariableValues

from api.execution.compiler import Compiler
from api.execution.lists import one, paged
from api.execution.run import Deviation, Run
from api.execution.selection import NotCompiledError, Selected, Selections

Text = Callable[[Run], Awaitable[str | bytes]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The roots of an operation in order."""

    roots: tuple[tuple[str, Text], ...]
    flat: bool

    async def data(self, run: Run) -> bytes:
        """The response's `data`. Raises Deviation, or whatever stands in the way."""
        parts = [b'"%b":%b' % (key.encode(), _bytes(await text(run))) for key, text in self.roots]
        return b"{%b}" % b",".join(parts)


def compiled(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
) -> Plan:
    """The plan of a query under these conditions. Raises NotCompiledError with the reason."""
    if operation.operation is not OperationType.QUERY or schema.query_type is None:
        raise NotCompiledError(operation.operation.value)
    selections = Selections(schema, document, operation, variables)
    compiler = Compiler(selections)
    roots = [_root(schema.query_type, it, selections, compiler) for it in selections.root(schema.query_type)]
    return Plan(tuple(roots), flat=not compiler.resolves)


def _root(
    query: GraphQLObjectType, it: Selected | str, selections: Selections, compiler: Compiler
) -> tuple[str, Text]:
    if isinstance(it, str):
        return it, _named(query.name)
    word = it.word
    if word is not None and word.kind == "page":
        return it.key, paged(selections, compiler, it).text
    if word is not None and word.kind == "one":
        return it.key, one(compiler, it).text
    return it.key, _resolved(it, compiler)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _named(name: str) -> Text:
    async def text(_run: Run) -> str:
        return f'"{name}"'

    return text


def _resolved(it: Selected, compiler: Compiler) -> Text:
    field = compiler.resolved(it)

    async def text(run: Run) -> str:
        values = await field.values([None], run)
        if isinstance(values[0], Exception):
            raise Deviation("refused")
        return (await field.written.texts(values, run))[0]

    return text


def choices(variables: VariableValues, names: tuple[str, ...]) -> tuple[Any, ...]:
    """The values of the variables that decide which fields are selected."""
    return tuple(variables.coerced.get(name) for name in names)
