"""Writes query documents from the schema itself: every construction the language has, mostly valid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

from api.engine import GraphQLRequest
from tests.differential.values import Question, Values, Variable, literal

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType

ROOTS: Mapping[str, float] = {
    "incidents": 8, "incident": 6, "assignments": 6, "node": 3, "nodes": 4, "events": 2, "people": 2, "grids": 2,
    "orgUnits": 2, "viewer": 2, "enumLabels": 0.3, "consumers": 0.3, "documents": 0.3, "integrationKeys": 0.3,
    "savedFilters": 0.5,
}  # fmt: skip
_ALIASES, _DEPTH = 40, 7
_GAPS = (" ", " ", " ", "\n", ", ", "\n  # “odd” \\ 注释 🚧\n", "\t,,\r\n", "\ufeff ")


@dataclass
class Writer:
    """One document being written."""

    rng: Random
    schema: GraphQLSchema
    values: Values
    budget: int = 40
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    heads: dict[str, list[tuple[str, GraphQLField]]] = field(default_factory=dict)
    aliases: int = 0

    def write(self) -> GraphQLRequest:
        """A document with its variables and, where it has several operations, the name of one."""
        rng, query = self.rng, self.schema.query_type
        assert query is not None
        self.budget = rng.choice((4, 10, 20, 40, 60))
        roots = [self._field(query, self._root(query), 0) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
        if rng.random() < 0.05:
            roots.insert(rng.randrange(len(roots) + 1), "__typename")
        body = "{ " + self._gap().join(roots) + " }"
        declared = ", ".join(f"${name}: {kind}" for name, kind in self.declared.items())
        head = f"({declared})" if declared else ""
        parts = [f"fragment {name} on {kind} {text}" for name, (kind, text) in self.fragments.items()]
        name = rng.choice((None, "Main", "Incident", "query"))
        if name is None:
            parts.append(body if not head and rng.random() < 0.5 else f"query {head} {body}")
        else:
            parts.append(f"query {name}{head} {body}")
            if rng.random() < 0.15:
                parts.append(f"query Other{head} {body}")
                name = rng.choice((name, "Other"))
            elif rng.random() < 0.5:
                name = None
        rng.shuffle(parts)
        return GraphQLRequest("\n".join(parts), self.given, name)

    def _root(self, query: GraphQLObjectType) -> str:
        names = list(query.fields)
        name: str = self.rng.choices(names, [ROOTS.get(it, 1) for it in names])[0]
        return name

    def _gap(self) -> str:
        return self.rng.choice(_GAPS)

    def _selection(self, kind: Composite, depth: int) -> str:
        count = self.rng.choice((1, 2, 3, 4, 6, 9))
        parts = [self._item(kind, depth) for _ in range(count)]
        return "{ " + self._gap().join(parts) + " }"

    def _item(self, kind: Composite, depth: int) -> str:
        chance = self.rng.random()
        if chance < 0.04:
            return "__typename" + self._conditions()
        if depth < _DEPTH and chance < (0.11 if isinstance(kind, GraphQLObjectType) else 0.8):
            return self._fragment(kind, depth)
        if isinstance(kind, GraphQLUnionType):
            return "__typename"
        if chance < 0.15 and self.heads.get(kind.name) and depth:
            head, found = self.rng.choice(self.heads[kind.name])
            return head + self._below(found.type, depth)
        return self._field(kind, self._choice(kind, depth), depth)

    def _choice(self, kind: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        leaves = [name for name, it in kind.fields.items() if is_leaf_type(get_named_type(it.type))]
        if leaves and (depth >= _DEPTH or self.budget <= 0):
            return str(self.rng.choice(leaves))
        return str(self.rng.choice(list(kind.fields)))

    def _fragment(self, kind: Composite, depth: int) -> str:
        target: Composite = kind
        if not isinstance(kind, GraphQLObjectType) and self.rng.random() < 0.9:
            target = self.rng.choice(list(self.schema.get_possible_types(kind)))
        elif isinstance(kind, GraphQLObjectType) and kind.interfaces and self.rng.random() < 0.3:
            target = kind.interfaces[0]
        known = [name for name, (on, _) in self.fragments.items() if on == target.name]
        if known and self.rng.random() < 0.4 and target is kind:
            return f"...{self.rng.choice(known)}{self._conditions()}"
        body = self._apart(target, depth) if target is not kind else self._selection(kind, depth + 1)
        if self.rng.random() < 0.5:
            name = f"F{len(self.fragments) + 1}"
            self.fragments[name] = (target.name, body)
            return f"... {name}{self._conditions()}"
        on = f"on {target.name}" if target is not kind or self.rng.random() < 0.5 else ""
        return f"... {on}{self._conditions()} {body}"

    def _apart(self, kind: Composite, depth: int) -> str:
        """A selection whose names cannot meet those of a sibling type."""
        if not isinstance(kind, GraphQLObjectType):
            return "{ id __typename }"
        names = [self._choice(kind, depth) for _ in range(self.rng.choice((1, 2, 3, 5)))]
        free = [it for it in names if self.aliases + len(names) < _ALIASES]
        return "{ " + " ".join(["id", *(self._field(kind, it, depth, alone=True) for it in free)]) + " }"

    def _field(
        self, kind: GraphQLObjectType | GraphQLInterfaceType, name: str, depth: int, *, alone: bool = False
    ) -> str:
        self.budget -= 1
        found = kind.fields[name]
        arguments = self._arguments(name, found, depth)
        head = name + arguments
        if alone or self.said.setdefault(name, arguments) != arguments or self.rng.random() < 0.08:
            self.aliases += 1
            alias = self.rng.choice(("x", "_", "Título".replace("í", "i"))) + str(self.aliases)
            head = f"{alias}: {head}"
        if not alone:
            self.heads.setdefault(kind.name, []).append((head, found))
        return head + self._conditions() + self._below(found.type, depth)

    def _below(self, kind: GraphQLOutputType, depth: int) -> str:
        named = get_named_type(kind)
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            return " " + self._selection(named, depth + 1)
        return ""

    def _conditions(self) -> str:
        said = ""
        for name in ("include", "skip"):
            if self.rng.random() < 0.02:
                holds = self.rng.random() < 0.6
                value = self._declare("Boolean!", holds) if self.rng.random() < 0.6 else str(holds).lower()
                said += f" @{name}(if: {value})"
        return said

    def _declare(self, kind: str, value: Any) -> str:
        name = f"v{len(self.declared) + 1}"
        self.declared[name] = kind
        self.given[name] = value
        return f"${name}"

    def _arguments(self, name: str, found: GraphQLField, depth: int) -> str:
        chosen = self._asked(name, found, depth)
        parts = [f"{key}: {self._argument(found.args[key], it)}" for key, it in chosen.items()]
        self.rng.shuffle(parts)
        return f"({', '.join(parts)})" if parts else ""

    def _asked(self, name: str, found: GraphQLField, depth: int) -> dict[str, Any]:
        rng = self.rng
        if "last" in found.args:
            return self._page(name, found)
        if name == "incident" and found.args:
            key = rng.choice(("id", "no"))
            kinds = {
                "id": self.values.identity("incident"),
                "no": self.values.draw(found.args["no"].type, "no"),
            }
            return kinds if rng.random() < 0.03 else {key: kinds[key]}
        chosen: dict[str, Any] = {}
        for key, argument in found.args.items():
            needed = isinstance(argument.type, GraphQLNonNull) and argument.default_value is not None
            if needed or rng.random() < 0.4:
                chosen[key] = self.values.draw(argument.type, key, depth)
        if "after" in chosen and name in {"events", "history"} and rng.random() < 0.8:
            chosen["after"] = rng.choice(self.values.questions["events"][0].cursors)
        return chosen

    def _page(self, name: str, found: GraphQLField) -> dict[str, Any]:
        rng, draw = self.rng, self.values.draw
        question = rng.choice(self.values.questions.get(name) or [Question({})])
        chosen: dict[str, Any] = dict(question.arguments)
        backward = rng.random() < 0.2
        size, cursor = ("last", "before") if backward else ("first", "after")
        chosen[size] = rng.choice((1, 2, 3, 5)) if rng.random() < 0.92 else draw(found.args[size].type, size)
        if question.cursors and rng.random() < 0.5:
            chosen[cursor] = rng.choice(question.cursors)
        if rng.random() < 0.3:
            for key in set(found.args) - {"first", "last", "after", "before"}:
                if rng.random() < 0.5:
                    chosen[key] = draw(found.args[key].type, key)
        if rng.random() < 0.04:
            extra = rng.choice(("first", "last", "after", "before"))
            chosen[extra] = draw(found.args[extra].type, extra)
        return chosen

    def _argument(self, argument: GraphQLArgument, value: Any) -> str:
        rng = self.rng
        if rng.random() > 0.35:
            return literal(self._within(argument.type, value), rng)
        kind = str(argument.type)
        if kind.endswith("!"):
            return self._declare(kind, value)
        if value is not None and rng.random() < 0.2:
            return self._declare(kind + "!", value)
        said = self._declare(kind, value)
        if rng.random() < 0.2:
            self.declared[said[1:]] += f" = {literal(self.values.draw(argument.type, 'first'), rng)}"
        if rng.random() < 0.1:
            del self.given[said[1:]]
        return said

    def _within(self, kind: Any, value: Any) -> Any:
        """The value with some of its parts as variables."""
        fields = getattr(get_named_type(kind), "fields", {})
        if not isinstance(value, dict) or getattr(get_named_type(kind), "is_one_of", False):
            return value
        return {
            key: Variable(self._declare(str(fields[key].type), it)[1:])
            if key in fields and self.rng.random() < 0.15
            else self._within(fields[key].type, it)
            if key in fields
            else it
            for key, it in value.items()
        }
