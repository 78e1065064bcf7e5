"""`Last-Event-ID` in place of `after`: the same operation, going on after another position."""

from dataclasses import replace

from graphql import FieldNode, Node, OperationDefinitionNode, VariableNode

from api.engine import GraphQLRequest, Operation

NAME = "lastEventId"


def resumed(operation: Operation, position: str) -> GraphQLRequest | None:
    """The request that goes on after `position`, whatever it said of `after`.

    Where its text has no variable there it gets one, so that texts stay few. None where the root field lies in a
    fragment, or the text takes that name for something else.
    """
    request, chosen = operation.request, operation.chosen
    root = chosen.selection_set.selections[0]
    if not isinstance(root, FieldNode):
        return None
    given = next((it for it in root.arguments or () if it.name.value == "after"), None)
    if given is not None and isinstance(given.value, VariableNode):
        return replace(request, variables={**request.variables, given.value.name.value: position})
    if any(it.variable.name.value == NAME for it in chosen.variable_definitions or ()):
        return None
    text = request.document
    if given is not None:
        text = text[: _start(given.value)] + f"${NAME}" + text[_end(given.value) :]
    elif root.arguments:
        text = _after(text, root.arguments[-1], f" after: ${NAME}")
    else:
        text = _after(text, root.name, f"(after: ${NAME})")
    return replace(request, document=_declared(text, chosen), variables={**request.variables, NAME: position})


def _declared(text: str, chosen: OperationDefinitionNode) -> str:
    """The text with our variable; all it declares lies before what was changed, so places still hold."""
    if chosen.variable_definitions:
        return _after(text, chosen.variable_definitions[-1], f" ${NAME}: Cursor")
    place = _end(chosen.name) if chosen.name else _start(chosen) + len(chosen.operation.value)
    return text[:place] + f"(${NAME}: Cursor)" + text[place:]


def _after(text: str, node: Node, more: str) -> str:
    return text[: _end(node)] + more + text[_end(node) :]


def _start(node: Node) -> int:
    return node.loc.start if node.loc else 0


def _end(node: Node) -> int:
    return node.loc.end if node.loc else 0
