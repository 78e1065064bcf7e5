"""What the schema says of itself: answered by a walk that writes each type once, several times faster than executing.

Only for operations that ask for nothing else. The answers are those of the ordinary executor, byte for byte.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
)
from graphql.execution import get_argument_values, get_variable_values
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from graphql.utilities import strip_ignored_characters

from api.prepared import Operation

KEPT_ANSWERS = 8
_Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a selection: what is written before it, how its value is found, and what is selected of that."""

    prefix: str
    resolve: Callable[..., Any]
    arguments: dict[str, Any]
    listed: bool
    coerce: Callable[[Any], Any]
    below: "_Selection | None"


@dataclass(frozen=True, slots=True)
class _Selection:
    """The fields selected of objects of one type; `written` holds the text of each type already written.

    It serves the library's resolvers as their `info`, of which they read `schema` and `parent_type` alone.
    """

    parent_type: GraphQLObjectType
    schema: GraphQLSchema
    fields: list[_Field]
    written: dict[str, str]


def mend(schema: GraphQLSchema) -> None:
    """Give `isOneOf` an answer for every type; Strawberry's own resolver knows object types alone and else fails."""
    described: Any = schema.type_map["__Type"]
    described.fields["isOneOf"].resolve = _is_one_of


def _is_one_of(type_: object, _: object) -> bool | None:
    if not isinstance(type_, GraphQLInputObjectType):
        return None
    declared = type_.extensions.get("strawberry-definition")
    return type_.is_one_of or bool(declared is not None and declared.is_one_of)


class Introspection:
    """One per engine. Answers to operations without variables are kept: they never change.

    Texts that differ in blanks, commas and comments alone are one.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._answers: OrderedDict[_Key, bytes] = OrderedDict()

    def answer(self, operation: Operation) -> bytes | None:
        """The response's `data`; None where the ordinary executor must say what is wrong."""
        request = operation.request
        if operation.chosen.variable_definitions:
            return self._written(operation)
        key = (strip_ignored_characters(request.document), request.operation_name)
        answer = self._answers.get(key)
        if answer is None and (answer := self._written(operation)) is not None:
            self._answers[key] = answer
            if len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return answer

    def _written(self, operation: Operation) -> bytes | None:
        variables = get_variable_values(
            self._schema, operation.chosen.variable_definitions or (), dict(operation.request.variables)
        )
        if not isinstance(variables, VariableValues):
            return None
        try:
            return _Reader(self._schema, operation, variables).data().encode()
        except GraphQLError:
            return None


class _Reader:
    """Reads the selections of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: Operation, variables: VariableValues) -> None:
        self._schema = schema
        self._operation = operation.chosen
        self._variables = variables
        self._fragments = {
            it.name.value: FragmentDetails(it)
            for it in operation.document.definitions
            if isinstance(it, FragmentDefinitionNode)
        }

    def data(self) -> str:
        """The response's `data` as JSON."""
        query = self._schema.query_type
        assert query is not None  # noqa: S101 - an operation of another kind asks nothing of `__schema`
        found = collect_fields(self._schema, self._fragments, self._variables, query, self._operation)
        return _object(self._selection(query, found.grouped_field_set), None)

    def _selection(self, parent: GraphQLObjectType, grouped: GroupedFieldSet) -> _Selection:
        fields = [self._field(parent, key, details) for key, details in grouped.items()]
        return _Selection(parent, self._schema, fields, {})

    def _field(self, parent: GraphQLObjectType, key: str, details: list[FieldDetails]) -> _Field:
        node = details[0].node
        definition = self._schema.get_field(parent, node.name.value)
        assert definition is not None  # noqa: S101 - the document is valid
        named, below = get_named_type(definition.type), None
        if isinstance(named, GraphQLObjectType):
            found = collect_subfields(
                self._schema, self._fragments, self._variables, self._operation, named, details
            )
            below = self._selection(named, found.grouped_field_set)
        arguments = get_argument_values(definition, node, self._variables)
        assert definition.resolve is not None  # noqa: S101 - the library gives every field of introspection one
        listed = is_list_type(get_nullable_type(definition.type))
        return _Field(f'"{key}":', definition.resolve, arguments, listed, _coercion(named), below)


def _coercion(named: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - any type; objects need none
    coerce: Callable[[Any], Any] = getattr(named, "coerce_output_value", None) or (lambda value: value)
    return coerce


def _object(selection: _Selection, value: object) -> str:
    parts = []
    for field in selection.fields:
        found = field.resolve(value, selection, **field.arguments)
        if found is None:
            text = "null"
        elif field.listed:
            text = "[" + ",".join([_one(field, it) for it in found]) + "]"
        else:
            text = _one(field, found)
        parts.append(field.prefix + text)
    return "{" + ",".join(parts) + "}"


@lru_cache(1 << 16)
def _leaf(coerce: Callable[[Any], Any], value: Hashable) -> str:
    """A name, description, kind or flag as JSON; a schema holds a few thousand, asked for again and again."""
    return orjson.dumps(coerce(value)).decode()


def _one(field: _Field, value: Any) -> str:  # noqa: ANN401 - whatever a resolver found
    below = field.below
    if below is None:
        return _leaf(field.coerce, value)
    if below.parent_type.name != "__Type":
        return _object(below, value)
    name = str(value)
    text = below.written.get(name)
    if text is None:
        text = below.written[name] = _object(below, value)
    return text
