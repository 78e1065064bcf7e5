"""What an operation weighs, known before anything runs: one memoised pass over it, whatever its fragments spread.

A field costs 1; below a list everything counts once per row. The rows of a list are those asked for by `first`,
`last` or `ids`, with the values of the variables; a list without them counts as `ASSUMED_ROWS`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from api.limits import MAX_PAGE, Limits, check

ASSUMED_ROWS = 5
"""Of a list that takes no page size: a case has about as many assignments, clocks or pictures."""

_PAGED = {"first", "last", "ids"}
_CONNECTION = "Connection"
_INTROSPECTION = {"__schema", "__type"}
_META_ROWS = {"fields": 5, "inputFields": 5, "enumValues": 5, "directives": 10}
_SHARED_TYPES = 4
"""Types are written once however many fields are of them, so that below `type` little is left to do."""

_Asked = tuple[Literal["rows", "objects"], str]
_CEILING = 10**12  # products stop growing here, so that numbers stay small


@dataclass(slots=True)
class Measure:
    """What an operation weighs; `introspection` is the cost of `__schema` and `__type`, apart from `cost`."""

    depth: int = 0
    cost: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    introspection: int = 0
    introspections: int = 0
    inputs: int = 0

    def add(self, other: "Measure") -> None:
        """Side by side: the deepest and the most repeated count, the rest adds up."""
        self.depth = max(self.depth, other.depth)
        self.repeats = max(self.repeats, other.repeats)
        self.cost = min(self.cost + other.cost, _CEILING)
        self.introspection = min(self.introspection + other.introspection, _CEILING)
        self.aliases = min(self.aliases + other.aliases, _CEILING)
        self.directives = min(self.directives + other.directives, _CEILING)
        self.introspections = min(self.introspections + other.introspections, _CEILING)
        self.inputs = min(self.inputs + other.inputs, _CEILING)

    @property
    def introspects(self) -> bool:
        """Whether the operation asks about the schema and nothing else."""
        return self.introspections > 0 and self.cost == 0

    def told(self, limits: Limits) -> dict[str, dict[str, int]]:
        """What a dry run answers: each value beside its limit."""
        return {
            what: {"value": getattr(self, what), "limit": getattr(limits, what)}
            for what in ("cost", "depth", "aliases", "directives", "inputs", "introspection")
        }

    def check(self, limits: Limits) -> None:
        """TOO_COSTLY with `what`, `value` and `limit` when it weighs too much."""
        for what in ("depth", "cost", "aliases", "directives", "repeats", "introspections", "inputs"):
            check(what, getattr(self, what), getattr(limits, what))
        check("introspection", self.introspection, limits.introspection)
        if not self.introspects:
            check("introspection_mixed", self.introspection, limits.introspection_mixed)


class Sizes:
    """What an operation's variables ask for. `read` holds what was asked about them: all that the weight depends on."""

    def __init__(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        self.read: dict[_Asked, int | None] = {}
        self._variables = variables
        self._declared = operation.variable_definitions or ()

    def of(self, asked: _Asked) -> int | None:
        """The rows or the objects that a variable stands for."""
        if asked not in self.read:
            what, name = asked
            self.read[asked] = self._rows(name) if what == "rows" else self._objects(name)
        return self.read[asked]

    def rows(self, name: str) -> int | None:
        """How many; a variable without a value counts as the longest page, None stands for null."""
        return self.of(("rows", name))

    def objects(self, name: str) -> int:
        """How many objects its value holds."""
        return self.of(("objects", name)) or 0

    def _rows(self, name: str) -> int | None:
        if name in self._variables:
            return _asked(self._variables[name])
        default = self._default(name)
        return _written(default, self) if default is not None else MAX_PAGE

    def _objects(self, name: str) -> int:
        if name in self._variables:
            return _objects_in(self._variables[name])
        default = self._default(name)
        return _objects_written(default, self) if default is not None else 0

    def _default(self, name: str) -> ValueNode | None:
        for it in self._declared:
            if it.variable.name.value == name and isinstance(it.default_value, ValueNode):
                return it.default_value
        return None


def measure(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    limits: Limits,
    sizes: Sizes | None = None,
) -> Measure:
    """What the operation weighs; TOO_COSTLY when it is too deep to be walked."""
    scale = _Scale(schema, document, limits.depth, sizes or Sizes(operation, {}))
    weight = scale.weigh(operation.selection_set, schema.get_root_type(operation.operation), 1)
    weight.directives += len(operation.directives or ())
    return weight


_Names = Counter[str]


class _Scale:
    """Weighs selection sets, each fragment once."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, depth: int, sizes: Sizes) -> None:
        self._schema = schema
        self._depth = depth
        self._sizes = sizes
        self._fragments = {
            part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)
        }
        self._known: dict[str, tuple[Measure, _Names]] = {}

    def weigh(self, selections: SelectionSetNode, parent: GraphQLNamedType | None, level: int) -> Measure:
        return self._weighed(selections, parent, level)[0]

    def _weighed(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, level: int
    ) -> tuple[Measure, _Names]:
        """And how often each response name stands side by side, in fragments spread there too: they are merged."""
        total, names = Measure(), _Names()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                names[node.alias.value if node.alias else node.name.value] += 1
                total.add(self._field(node, parent, level))
            elif isinstance(node, FragmentSpreadNode):
                part, there = self._spread(node.name.value, level)
                total.add(part)
                names.update(there)
            else:
                part, there = self._inline(node, parent, level)
                total.add(part)
                names.update(there)
            total.directives += len(node.directives or ())
        total.repeats = max(total.repeats, max(names.values(), default=0))
        return total, names

    def _inline(self, node: Any, parent: GraphQLNamedType | None, level: int) -> tuple[Measure, _Names]:  # noqa: ANN401 - an inline fragment
        condition = node.type_condition
        return self._weighed(
            node.selection_set, self._schema.get_type(condition.name.value) if condition else parent, level
        )

    def _spread(self, name: str, level: int) -> tuple[Measure, _Names]:
        if name not in self._known:
            self._known[name] = Measure(), _Names()  # a cycle weighs nothing; validation refuses it
            if fragment := self._fragments.get(name):
                parent = self._schema.get_type(fragment.type_condition.name.value)
                self._known[name] = self._weighed(fragment.selection_set, parent, level)
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, level: int) -> Measure:
        check("depth", level, self._depth)  # before going down, so that no stack overflows
        name = node.name.value
        below, field = Measure(), self._definition(parent, name)
        if node.selection_set:
            named = get_named_type(field.type) if field else None
            below = self.weigh(node.selection_set, named, level + 1)
        cost = 1 + min(self._rows(node, parent, field) * below.cost, _CEILING)
        if name == "type" and parent is not None and parent.name.startswith("__"):
            cost = 1 + below.cost // _SHARED_TYPES
        below.depth += 1
        below.aliases += node.alias is not None
        below.inputs += sum(_objects_written(it.value, self._sizes) for it in node.arguments or ())
        below.cost = cost if name != "__typename" else 0
        if name in _INTROSPECTION:
            below.cost, below.introspection, below.introspections = 0, cost, 1
        return below

    def _definition(self, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
        """None for what is not in the schema; validation refuses it."""
        if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return self._schema.get_field(parent, name)
        return None

    def _rows(self, node: FieldNode, parent: GraphQLNamedType | None, field: GraphQLField | None) -> int:
        asked = [_written(it.value, self._sizes) for it in node.arguments or () if it.name.value in _PAGED]
        if given := [rows for rows in asked if rows is not None]:
            return max(given)
        if parent is None or field is None or not is_list_type(get_nullable_type(field.type)):
            return 1
        if parent.name.startswith("__"):
            return self._meta_rows(node.name.value)
        counted_above = parent.name.endswith(_CONNECTION)
        return 1 if counted_above else ASSUMED_ROWS

    def _meta_rows(self, name: str) -> int:
        return len(self._schema.type_map) if name == "types" else _META_ROWS.get(name, 1)


def _written(value: ValueNode, sizes: Sizes) -> int | None:
    """The rows that a written page size asks for, None for null."""
    if isinstance(value, VariableNode):
        return sizes.rows(value.name.value)
    if isinstance(value, IntValueNode):
        return _page(int(value.value[:12]))
    if isinstance(value, ListValueNode):
        return max(1, len(value.values))
    return None if isinstance(value, NullValueNode) else MAX_PAGE


def _asked(value: object) -> int | None:
    """The rows that a variable's value asks for, None for null."""
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return _page(int(value))  # an Int may be written 20.0
    if isinstance(value, list):
        return max(1, len(value))
    return None if value is None else MAX_PAGE


def _objects_written(value: ValueNode, sizes: Sizes) -> int:
    """How many objects a written value holds, those of its variables among them."""
    count, rest = 0, [value]
    while rest:
        node = rest.pop()
        if isinstance(node, VariableNode):
            count += sizes.objects(node.name.value)
        elif isinstance(node, ListValueNode):
            rest.extend(node.values)
        elif isinstance(node, ObjectValueNode):
            count += 1
            rest.extend(it.value for it in node.fields)
    return count


def _objects_in(value: object) -> int:
    """How many objects a variable's value holds; it was found not to be too large."""
    count, rest = 0, [value]
    while rest:
        item = rest.pop()
        if isinstance(item, dict):
            count += 1
            rest.extend(item.values())
        elif isinstance(item, list):
            rest.extend(item)
    return count


def _page(size: int) -> int:
    return max(1, min(size, MAX_PAGE))
