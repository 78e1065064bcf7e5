"""The schema as a document: committed, described throughout, and no less than the core that clients rely on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

from api.execution.word import WORD
from api.graphql import sdl
from api.schema.term import TERMS
from api.schema.words import NOUNS, Node
from domain.action import ActionName

HERE = Path(__file__).parent
COMMITTED = HERE.parents[1] / "schema.graphql"
Named = TypeDefinitionNode
Holder = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode


def definitions(text: str) -> dict[str, Named]:
    return {it.name.value: it for it in parse(text).definitions if isinstance(it, TypeDefinitionNode)}


OURS = definitions(sdl())
CORE = definitions((HERE / "core.graphql").read_text(encoding="utf-8"))


def undescribed(name: str, node: Named) -> Iterator[str]:
    parts = [*(getattr(node, "fields", None) or ()), *(getattr(node, "values", None) or ())]
    arguments = [argument for part in parts for argument in getattr(part, "arguments", None) or ()]
    for part in (node, *parts, *arguments):
        said = part.description.value if getattr(part, "description", None) else ""
        if not any("\u4e00" <= letter <= "\u9fff" for letter in said) and name not in {"ID", "UUID"}:
            yield f"{name}.{part.name.value}"


def missing(core: Named, ours: Named | None) -> Iterator[str]:
    name = core.name.value
    if ours is None or core.kind != ours.kind:
        yield f"{name} is not there"
    elif isinstance(core, EnumTypeDefinitionNode):
        yield from _absent(name, _names(core.values), _names(getattr(ours, "values", None)))
    elif isinstance(core, UnionTypeDefinitionNode) and isinstance(ours, UnionTypeDefinitionNode):
        if _names(core.types) != _names(ours.types):
            yield f"{name} has other members"
    elif isinstance(core, Holder) and isinstance(ours, Holder):
        if isinstance(core, ObjectTypeDefinitionNode) and isinstance(ours, ObjectTypeDefinitionNode):
            yield from _absent(name, _names(core.interfaces), _names(ours.interfaces))
        known = {it.name.value: it for it in ours.fields or ()}
        for field in core.fields or ():
            yield from _differences(f"{name}.{field.name.value}", field, known.get(field.name.value))


def _differences(
    path: str,
    core: FieldDefinitionNode | InputValueDefinitionNode,
    ours: FieldDefinitionNode | InputValueDefinitionNode | None,
) -> Iterator[str]:
    if ours is None:
        yield f"{path} is not there"
        return
    if print_ast(core.type) != print_ast(ours.type):
        yield f"{path} is {print_ast(ours.type)}, not {print_ast(core.type)}"
    if _default(core) and _default(core) != _default(ours):
        yield f"{path} has another default"
    arguments = {it.name.value: it for it in getattr(ours, "arguments", None) or ()}
    for argument in getattr(core, "arguments", None) or ():
        yield from _differences(
            f"{path}({argument.name.value})", argument, arguments.pop(argument.name.value, None)
        )
    for name, argument in arguments.items():
        if print_ast(argument.type).endswith("!") and argument.default_value is None:
            yield f"{path}({name}) is required but not of the core"


def _default(node: FieldDefinitionNode | InputValueDefinitionNode) -> str:
    value = getattr(node, "default_value", None)
    return print_ast(value) if value else ""


def _names(nodes: object) -> set[str]:
    return {it.name.value for it in nodes or ()}  # type: ignore[attr-defined]  # any nodes with names


def _absent(name: str, wanted: set[str], known: set[str]) -> Iterator[str]:
    yield from (f"{name} lacks {it}" for it in sorted(wanted - known))


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert COMMITTED.read_text(encoding="utf-8").strip() == sdl().strip(), "run make schema"


def test_the_module_prints_the_schema() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "api.graphql"],
        cwd=COMMITTED.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    assert printed.stdout.strip() == sdl().strip()


def test_everything_has_a_description_in_chinese() -> None:
    assert [it for name, node in OURS.items() for it in undescribed(name, node)] == []


@pytest.mark.parametrize("name", CORE)
def test_the_core_is_there_as_promised(name: str) -> None:
    assert list(missing(CORE[name], OURS.get(name))) == []


def test_the_comparison_with_the_core_sees_what_differs() -> None:
    ours = definitions(
        "type A { a(x: Int!): Int  b: Int! } enum E { X } union U = A input I { d: Int = 2 } scalar S"
    )
    core = definitions(
        "type A { a: Int  b: Int  c: Int } enum E { X Y } union U = A | B input I { d: Int = 1 }"
        " scalar S  enum A2 { X }"
    )
    found = [fault for name, node in core.items() for fault in missing(node, ours.get(name))]
    assert found == [
        "A.a(x) is required but not of the core",
        "A.b is Int!, not Int",
        "A.c is not there",
        "E lacks Y",
        "U has other members",
        "I.d has another default",
        "A2 is not there",
    ]


def test_every_mutation_is_an_action_and_takes_one_input_with_its_keys() -> None:
    mutation = OURS["Mutation"]
    assert isinstance(mutation, ObjectTypeDefinitionNode)
    fields = {it.name.value: it for it in mutation.fields or ()}
    assert set(fields) == {action.value for action in set(ActionName) - {ActionName.importCase}}
    for name, field in fields.items():
        title = name[0].upper() + name[1:]
        assert print_ast(field.type) == f"{title}Payload"
        given = [print_ast(it.type) for it in field.arguments or ()]
        assert given == ([] if name == "signOut" else [f"{title}Input!"])
        if name not in {"signIn", "signOut", "refreshSession"}:
            node = OURS[f"{title}Input"]
            assert isinstance(node, InputObjectTypeDefinitionNode)
            keys = {it.name.value: print_ast(it.type) for it in node.fields or ()}
            assert keys["idempotencyKey"] == "UUID!"
            assert ("id" in keys) == ("expectedVersion" in keys)


def test_every_enum_of_the_schema_has_labels() -> None:
    enums = {name for name, node in OURS.items() if isinstance(node, EnumTypeDefinitionNode)}
    scalars = {name for name, node in OURS.items() if isinstance(node, ScalarTypeDefinitionNode)}
    assert enums == {"Outcome" if it.__name__ == "CaseOutcome" else it.__name__ for it in TERMS}
    assert scalars == {"DateTime", "Date", "UUID", "Cursor", "GeoJSON"}


def test_the_core_nouns_are_declared_in_the_vocabulary() -> None:
    for noun in (
        "Incident",
        "Assignment",
        "Clock",
        "Grid",
        "OrgUnit",
        "Person",
        "Region",
        "Category",
        "Media",
    ):
        shown = NOUNS[noun]
        assert issubclass(shown, Node)
        declared = shown.__strawberry_definition__.fields  # type: ignore[attr-defined]  # a GraphQL type
        plain = {it.python_name for it in declared if WORD not in it.metadata} - {"id"}
        assert plain <= {"point", "history", "polygon", "used_ratio", "explanation", "milestones"}
