"""Documents that should be refused: a valid one with one thing wrong."""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

from api.engine import GraphQLRequest

_NAME = re.compile(r"(?<![\w$@:\"])[a-z]\w+(?=[ \n}])")
_WHOLE = (
    "",
    "{}",
    "{",
    "query",
    "mutation { signOut }",
    "fragment F on Incident { id }",
    "\x00",
    "{ a: }",
    "[1]",
)


def spoiled(rng: Random, asked: GraphQLRequest) -> GraphQLRequest:
    """The request with something wrong, or at least unusual, about it."""
    return rng.choice(_WAYS)(rng, asked)


def _character(rng: Random, asked: GraphQLRequest) -> GraphQLRequest:
    place, text = rng.randrange(len(asked.document) + 1), asked.document
    return replace(
        asked, document=text[:place] + rng.choice('{}()[]:!$@"\\#…\x07é') + text[place + rng.randrange(2) :]
    )


def _name(rng: Random, asked: GraphQLRequest) -> GraphQLRequest:
    found = list(_NAME.finditer(asked.document))
    if not found:
        return replace(asked, document=rng.choice(_WHOLE))
    it = rng.choice(found)
    other = rng.choice(
        ("nope", "id { x }", "viewer", "id(x: 1)", "... on Point { lng }", "...None", "no: id", "id @x")
    )
    return replace(asked, document=asked.document[: it.start()] + other + asked.document[it.end() :])


def _extra(rng: Random, asked: GraphQLRequest) -> GraphQLRequest:
    more = (
        "fragment Unused on Incident { id }",
        "query Main { board { at } }",
        "{ board { at } }",
        "type A { b: Int }",
    )
    return replace(asked, document=f"{asked.document}\n{rng.choice(more)}")


def _operation(rng: Random, asked: GraphQLRequest) -> GraphQLRequest:
    return replace(asked, operation_name=rng.choice(("Nope", "", "main")))


def _variables(rng: Random, asked: GraphQLRequest) -> GraphQLRequest:
    given = dict(asked.variables)
    name = rng.choice(list(given)) if given else "unknown"
    if rng.random() < 0.4:
        given.pop(name, None)
    else:
        given[name] = rng.choice(
            (None, "x", 1, 1.5, [], {}, [None], {"eq": []}, {"nope": 1}, True, "\U0001f600")
        )
    return replace(asked, variables=given)


def _type(rng: Random, asked: GraphQLRequest) -> GraphQLRequest:
    kinds = ("Int", "String", "ID", "Boolean", "Nope", "[Int]", "Incident", "IncidentFilter!")
    text = re.sub(r"(\$\w+): [\w!\[\]]+", lambda it: f"{it[1]}: {rng.choice(kinds)}", asked.document, count=1)
    return replace(asked, document=text)


def _whole(rng: Random, asked: GraphQLRequest) -> GraphQLRequest:
    return replace(asked, document=rng.choice(_WHOLE))


_WAYS: tuple[Callable[[Random, GraphQLRequest], GraphQLRequest], ...] = (
    _character, _name, _name, _extra, _operation, _variables, _variables, _type, _whole,
)  # fmt: skip
