"""Makes a document that shows a fault smaller, as long as it shows one."""

from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, Node, parse, print_ast

if TYPE_CHECKING:
    from tests.differential.contest import Asked, Finding

_LISTS = ("definitions", "selections", "variable_definitions", "arguments", "directives", "fields", "values")
_ROUNDS = 400


async def shrunk(found: "Finding", differs: "Callable[[Asked], Awaitable[Finding | None]]") -> "Finding":
    """The smallest such question that leaving out one thing after another leads to."""
    left, reason = _ROUNDS, found.reason
    smaller: Finding | None = found
    while smaller is not None:
        found, smaller = smaller, None
        for asked in _smaller(found.asked):
            left -= 1
            if left < 0:
                return found
            shown = await differs(asked)
            if shown is not None and shown.reason == reason:
                smaller = shown
                break
    return found


def _smaller(asked: "Asked") -> "Iterator[Asked]":
    try:
        document = parse(asked.request.document)
    except GraphQLError:
        return
    for number, _ in enumerate(_places(document)):
        copy = deepcopy(document)
        holder, name, index = list(_places(copy))[number]
        kept = [it for place, it in enumerate(getattr(holder, name)) if place != index]
        if kept or name not in {"definitions", "selections"}:
            object.__setattr__(holder, name, tuple(kept))  # the copy is ours alone, frozen or not
            yield replace(asked, request=replace(asked.request, document=print_ast(copy)))
    for name in asked.request.variables:
        rest = {key: it for key, it in asked.request.variables.items() if key != name}
        yield replace(asked, request=replace(asked.request, variables=rest))


def _places(node: Node) -> Iterator[tuple[Any, str, int]]:
    """Every list in the tree with each place in it, the outermost first."""
    for name in _LISTS:
        held = getattr(node, name, None)
        if isinstance(held, tuple | list):
            yield from ((node, name, index) for index, _ in enumerate(held))
    for name in node.keys:
        below = getattr(node, name, None)
        for child in below if isinstance(below, tuple | list) else (below,):
            if isinstance(child, Node):
                yield from _places(child)
