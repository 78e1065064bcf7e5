"""Values for arguments and variables: right ones from the store, borderline ones, wrong ones."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
)

from tests.differential.store.ground import Ground

NOUN_OF: Mapping[str, str] = {
    "category": "Category", "grid": "Grid", "region": "Region", "orgUnit": "OrgUnit", "reporter": "Person",
    "incident": "Incident", "handler": "Person", "parent": "OrgUnit", "incidentId": "Incident",
    "orgUnitId": "OrgUnit", "gridId": "Grid", "complainedOrgUnit": "OrgUnit",
}  # fmt: skip
_GARBAGE = ("", "x", "SW5jaWRlbnQ6", "SW5jaWRlbnQ6bm9uZQ==", "0", "null", "事项", "Incident:1")
_WORDS = (
    "路灯", "灯", "工地夜间施工", "a", "%", "_", "\\", '"', "'; --", "👩‍👩‍👧‍👦", "\u2028", "长" * 45, "", " ", "quotes",
    "G1", "GCL", "HOUSING", "housing", "住建局", "LAMP", "NOISE", "D", "C1", "三号楼",
)  # fmt: skip
_MOMENTS = (
    "2024-10-24T09:00:00+08:00", "2024-10-01T00:00:00Z", "2024-09-20T12:00:00.5-03:30", "1900-01-01T00:00:00Z",
    "2100-12-31T23:59:59.999999+00:00", "2024-10-24T01:00+00:00",
)  # fmt: skip
_BAD_MOMENTS = (
    "2024-10-24",
    "2024-10-24T09:00:00",
    "1024-10-24T09:00:00Z",
    "2024-13-24T09:00:00Z",
    "now",
    "",
)
_NUMBERS: Mapping[str, Sequence[Any]] = {
    "first": (1, 2, 3, 5, 8, 100, 0, -1, 101),
    "last": (1, 2, 4, 0, 101),
    "lng": (112.005, 112.0149, 112.03, 112, 113.5, 999),
    "lat": (32.01, 32.0199, 32.03, 32, -91.5, 1e3),
    "limit": (1, 2, 90, 0, -3, 100000),
    "": (0, 1, 2, 3, -1, 2**31 - 1, 2**31),
}
_VISIBLE = 0.85
_WRONG: tuple[Any, ...] = (True, 1.5, "x", [], {}, 2**40, None, [[1]], {"x": 1})


class EnumName(str):
    """The name of an enum's value, which a literal writes without quotes."""

    __slots__ = ()


class Variable(str):
    """A variable in the place of a value."""

    __slots__ = ()


@dataclass
class Question:
    """One list asked for, and cursors of it."""

    arguments: Mapping[str, Any]
    cursors: list[str] = field(default_factory=list)


@dataclass
class Values:
    """Draws values of input types."""

    rng: Random
    ground: Ground
    questions: dict[str, list[Question]] = field(default_factory=dict)
    seen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    wrong: float = 0.01

    def draw(self, kind: GraphQLInputType, name: str, depth: int = 0) -> Any:
        """A JSON value of the type, mostly; `name` is the argument or the filter's field it is for."""
        rng = self.rng
        if rng.random() < self.wrong:
            return rng.choice(_WRONG)
        inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if inner is kind and rng.random() < 0.03:
            return None
        return self._present(inner, name, depth)

    def _present(self, kind: Any, name: str, depth: int) -> Any:
        rng = self.rng
        if isinstance(kind, GraphQLList):
            if rng.random() < 0.1:
                return self.draw(kind.of_type, name, depth)  # one value stands for a list of one
            return [self.draw(kind.of_type, name, depth) for _ in range(rng.choice((0, 1, 1, 2, 3, 5)))]
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind, name, depth)
        if isinstance(kind, GraphQLEnumType):
            return EnumName(rng.choice(list(kind.values)))
        return self._scalar(get_named_type(kind).name, name)

    def _object(self, kind: GraphQLInputObjectType, name: str, depth: int) -> dict[str, Any]:
        wanted = [key for key, it in kind.fields.items() if isinstance(it.type, GraphQLNonNull)]
        rest = [key for key in kind.fields if key not in wanted]
        if depth > 3:
            rest = [key for key in rest if not isinstance(get_named_type(kind.fields[key].type), type(kind))]
        if kind.is_one_of:
            chosen = [self.rng.choice(rest)]
        else:
            chosen = wanted + self.rng.sample(rest, min(len(rest), self.rng.choice((0, 1, 1, 1, 2, 3))))
        inner = {"eq", "in", "omit", "contains", "gte", "lt", "lte", "within", "near", "id"}
        return {
            key: self.draw(kind.fields[key].type, name if key in inner else key, depth + 1) for key in chosen
        }

    def _scalar(self, kind: str, name: str) -> Any:
        rng = self.rng
        if kind == "Boolean":
            return rng.random() < 0.5
        if kind in {"Int", "Float"}:
            options = _NUMBERS.get(name, _NUMBERS[""])
            return options[min(rng.randrange(len(options)), rng.randrange(len(options)))]
        if kind == "DateTime":
            return rng.choice(_MOMENTS if rng.random() < 0.95 else _BAD_MOMENTS)
        if kind == "ID":
            return self.identity(name)
        if kind == "Cursor":
            return self.cursor()
        return self._text(name)

    def _text(self, name: str) -> str:
        known = {
            "no": self.ground.numbers,
            "incidentNo": self.ground.numbers,
            "code": [*self.ground.codes, "G1", "C1"],
            "categoryCode": ("LAMP", "NOISE", "PIT", "CITY"),
            "username": list(self.ground.viewers),
        }.get(name)
        if name == "no" and self.seen.get("no") and self.rng.random() < _VISIBLE:
            known = self.seen["no"]
        return str(self.rng.choice(known if known and self.rng.random() < 0.85 else _WORDS))

    def identity(self, name: str) -> str:
        """A global id, mostly of the noun that the name says."""
        rng = self.rng
        if rng.random() < 0.04:
            return rng.choice(_GARBAGE)
        noun = NOUN_OF.get(name) if rng.random() < 0.95 else None
        noun = noun or rng.choice(list(self.ground.ids))
        if self.seen.get(noun) and rng.random() < _VISIBLE:
            return rng.choice(self.seen[noun])
        return rng.choice(self.ground.ids[noun])

    def cursor(self) -> str:
        """A cursor of some list, or garbage."""
        known = [
            it for questions in self.questions.values() for question in questions for it in question.cursors
        ]
        return self.rng.choice(known if known and self.rng.random() < 0.8 else _GARBAGE)


def literal(value: Any, rng: Random) -> str:
    """The value as a GraphQL literal."""
    if isinstance(value, Variable):
        return f"${value}"
    if isinstance(value, EnumName):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(it, rng)}" for key, it in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(it, rng) for it in value) + "]"
    if isinstance(value, str) and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"""{value}"""' if rng.random() < 0.05 else json.dumps(value, ensure_ascii=rng.random() < 0.3)
    return json.dumps(value)
