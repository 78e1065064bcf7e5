"""How many of the documents that people wrote take the plan: the guide's, the README's and the tests' own."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    parse,
    print_ast,
    validate,
)

from api.execution.plan import compiled
from api.execution.selection import NotCompiledError, Variables
from api.graphql import build_schema
from tests.text_rules import ROOT

_BLOCK = re.compile(r"^```graphql[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLAIN: dict[str, Any] = {
    "ID": "x", "String": "x", "Int": 1, "Boolean": True, "Float": 1.5, "Cursor": "x",
    "DateTime": "2024-10-24T09:00:00+08:00", "PointInput": {"lng": 1.0, "lat": 2.0, "crs": "WGS84"},
}  # fmt: skip
SCHEMA = build_schema()._schema


def _texts() -> Iterator[str]:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        yield from _BLOCK.findall(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.parent.name != "differential":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and "{" in node.value:
                    yield node.value


def _reads() -> Iterator[tuple[DocumentNode, OperationDefinitionNode]]:
    """Each valid query of the texts, once; introspection reads the schema, not the store."""
    for text in dict.fromkeys(_texts()):
        try:
            document = parse(text, max_tokens=2000)
        except GraphQLError:
            continue
        found = [it for it in document.definitions if isinstance(it, OperationDefinitionNode)]
        query = bool(found) and found[0].operation is OperationType.QUERY
        if (
            query
            and not print_ast(found[0].selection_set).startswith("{\n  __")
            and not validate(SCHEMA, document)
        ):
            yield document, found[0]


def _values(operation: OperationDefinitionNode) -> dict[str, Any]:
    """A plain value for each variable that needs one."""
    said = {
        it.variable.name.value: re.sub(r"\W", "", _kind(it.type))
        for it in operation.variable_definitions or ()
    }
    return {name: _PLAIN[kind] for name, kind in said.items() if kind in _PLAIN}


def _kind(node: Any) -> str:
    return _kind(node.type) if hasattr(node, "type") else str(node.name.value)


def test_at_least_95_of_100_reads_that_people_wrote_take_the_plan() -> None:
    fallbacks: Counter[str] = Counter()
    planned = 0
    for document, operation in _reads():
        try:
            compiled(SCHEMA, document, operation, Variables(SCHEMA, operation).values(_values(operation)))
        except (NotCompiledError, GraphQLError) as refusal:
            fallbacks[str(getattr(refusal, "reason", refusal))] += 1
        else:
            planned += 1
    total = planned + fallbacks.total()
    assert total > 60
    assert planned >= 0.95 * total, fallbacks
