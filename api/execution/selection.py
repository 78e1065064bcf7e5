"""What a document selects, field by field, as the specification collects and merges it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)
from graphql.execution import get_argument_values, get_variable_values
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from api.execution.word import WORD, Word

CONDITIONS = {"skip", "include"}


class NotCompiledError(Exception):
    """The operation runs on the ordinary executor; `reason` is what metrics count."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Selected:
    """One field of a selection: under which key, with which nodes."""

    key: str
    name: str
    details: list[FieldDetails]
    field: GraphQLField
    declared: StrawberryField

    @property
    def node(self) -> FieldNode:
        """The first node; all have the same arguments."""
        return self.details[0].node

    @property
    def word(self) -> Word | None:
        """The field's declaration, if it is a word of the vocabulary."""
        return self.declared.metadata.get(WORD)

    def arguments(self, variables: VariableValues) -> dict[str, Any]:
        """The coerced arguments."""
        return get_argument_values(self.field, self.node, variables)

    @property
    def varies(self) -> bool:
        """Whether an argument depends on a variable."""
        return any(mentioned(it) for it in self.node.arguments or ())

    @property
    def type(self) -> Any:  # noqa: ANN401 - an object, interface, union or leaf type
        """The named type of its values."""
        return get_named_type(self.field.type)

    @property
    def resolve(self) -> Callable[..., Any]:
        """The ordinary resolver; Strawberry gives every field one."""
        if self.field.resolve is None:
            raise NotCompiledError(f"no resolver of {self.name}")
        return self.field.resolve


class Selections:
    """The selections of one operation, under given values of the variables that `@skip` and `@include` read."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
    ) -> None:
        self.schema = schema
        self.operation = operation
        self._variables = variables
        self._fragments = {
            it.name.value: FragmentDetails(it)
            for it in document.definitions
            if isinstance(it, FragmentDefinitionNode)
        }

    def root(self, type_: GraphQLObjectType) -> Iterator[Selected | str]:
        """The fields of the operation; a bare key stands for `__typename`."""
        found = collect_fields(self.schema, self._fragments, self._variables, type_, self.operation)
        return self._selected(type_, found.grouped_field_set)

    def of(self, type_: GraphQLObjectType, selected: Selected) -> Iterator[Selected | str]:
        """The fields below a field whose value is an object of that type."""
        found = collect_subfields(
            self.schema, self._fragments, self._variables, self.operation, type_, selected.details
        )
        return self._selected(type_, found.grouped_field_set)

    def _selected(
        self, type_: GraphQLObjectType, grouped: Mapping[str, list[FieldDetails]]
    ) -> Iterator[Selected | str]:
        for key, details in grouped.items():
            name = details[0].node.name.value
            if name == "__typename":
                yield key
                continue
            field = type_.fields.get(name)
            if field is None:
                raise NotCompiledError("introspection")
            yield Selected(key, name, details, field, field.extensions["strawberry-definition"])


def conditions(document: DocumentNode) -> tuple[str, ...]:
    """The variables that `@skip` and `@include` read."""
    found: dict[str, None] = {}

    class _Conditions(Visitor):
        def enter_directive(self, node: Any, *_: Any) -> None:  # noqa: ANN401 - as the library calls it
            if node.name.value in CONDITIONS:
                found.update(dict.fromkeys(_variables(node)))

    visit(document, _Conditions())
    return tuple(sorted(found))


class Variables:
    """The variables of one operation: simple ones are taken as they are, the others coerced as specified."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._declared = operation.variable_definitions or ()
        self._simple = _simple(self._declared)

    def values(self, given: Mapping[str, Any]) -> VariableValues:
        """The coerced values; refused ones are left to the ordinary executor to explain."""
        if self._simple is not None and given.keys() == self._simple.keys():
            kinds = self._simple
            if all(type(value) is kinds[name] for name, value in given.items()):
                return VariableValues({}, dict(given))
        found = get_variable_values(self._schema, self._declared, dict(given))
        if isinstance(found, list):
            raise NotCompiledError("variables")
        return found


class Arguments:
    """The arguments of one field: what no variable changes is coerced once, plain variables are put in their place."""

    def __init__(self, selected: Selected) -> None:
        self._selected = selected
        self._fixed: dict[str, Any] | None = None
        self._plain: dict[str, str] = {}
        nodes = selected.node.arguments or ()
        if all(isinstance(it.value, VariableNode) or not mentioned(it) for it in nodes):
            self._plain = {
                it.name.value: it.value.name.value for it in nodes if isinstance(it.value, VariableNode)
            }
            if not any(isinstance(selected.field.args[name].type, GraphQLNonNull) for name in self._plain):
                still = FieldNode(
                    name=selected.node.name,
                    arguments=tuple(it for it in nodes if it.name.value not in self._plain),
                )
                self._fixed = get_argument_values(selected.field, still, VariableValues({}, {}))

    def __call__(self, variables: VariableValues) -> dict[str, Any]:
        """The coerced arguments."""
        if self._fixed is None:
            return self._selected.arguments(variables)
        if not self._plain:
            return self._fixed
        given = dict(self._fixed)
        for name, variable in self._plain.items():
            if variable in variables.coerced:
                given[self._selected.field.args[name].out_name or name] = variables.coerced[variable]
        return given


_KINDS: Mapping[str, type] = {"String": str, "ID": str, "Boolean": bool}


def _simple(declared: Sequence[VariableDefinitionNode]) -> dict[str, type] | None:
    """The Python types of the variables; None unless all are texts, ids and truths without a default."""
    kinds: dict[str, type] = {}
    for it in declared:
        named = it.type.type if isinstance(it.type, NonNullTypeNode) else it.type
        if (
            it.default_value is not None
            or not isinstance(named, NamedTypeNode)
            or named.name.value not in _KINDS
        ):
            return None
        kinds[it.variable.name.value] = _KINDS[named.name.value]
    return kinds


def mentioned(node: Any) -> bool:  # noqa: ANN401 - any node
    """Whether any variable occurs in it."""
    return any(True for _ in _variables(node))


def _variables(node: Any) -> Iterator[str]:  # noqa: ANN401 - any node
    if isinstance(node, VariableNode):
        yield node.name.value
        return
    for name in ("value", "values", "fields", "arguments"):
        below = getattr(node, name, None)
        for it in below if isinstance(below, tuple | list) else (below,):
            if hasattr(it, "kind"):
                yield from _variables(it)
