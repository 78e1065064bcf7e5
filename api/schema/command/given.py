"""How a mutation's input becomes the command's: ids decoded, lists frozen, names kept (design §3)."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.ids import decode
from api.scalars import UUID

G = TypeVar("G")
_NOUN = "noun"


def _metadata(noun: str | None) -> dict[str, str]:
    return {_NOUN: noun} if noun else {}


def needed(description: str, noun: str | None = None) -> Any:  # noqa: ANN401 - the annotation of the class says the type
    """An input field that must be given; `noun` names the type of the ids in it."""
    return strawberry.field(description=description, metadata=_metadata(noun))


def option(description: str, noun: str | None = None) -> Any:  # noqa: ANN401 - as above
    """An input field that may be left out or null."""
    return strawberry.field(description=description, default=None, metadata=_metadata(noun))


def several(description: str, noun: str) -> Any:  # noqa: ANN401 - as above
    """A list of ids, empty by default."""
    return strawberry.field(description=description, default_factory=list, metadata=_metadata(noun))


@strawberry.input
class Command:
    """What every command has."""

    idempotency_key: UUID = needed("幂等键：重发时不变。Stays the same when the request is sent again.")


_VERSION = "所见的版本；已变则报 CONFLICT。The version seen; CONFLICT when it has moved on."


@strawberry.input
class IncidentChange(Command):
    """What every command on a case has."""

    id: strawberry.ID = needed("事项。The case.", "Incident")
    expected_version: int = needed(_VERSION)


@strawberry.input
class AssignmentChange(Command):
    """What every command on an assignment has."""

    id: strawberry.ID = needed("交办单。The assignment.", "Assignment")
    expected_version: int = needed(_VERSION)


@strawberry.input
class PersonChange(Command):
    """What every command on a person has."""

    id: strawberry.ID = needed("人员。The person.", "Person")
    expected_version: int = needed(_VERSION)


@strawberry.input
class PostChange(Command):
    """What every command on a post has."""

    id: strawberry.ID = needed("岗位。The post.", "Post")
    expected_version: int = needed(_VERSION)


@strawberry.input
class GridChange(Command):
    """What every command on a grid has."""

    id: strawberry.ID = needed("网格。The grid.", "Grid")
    expected_version: int = needed(_VERSION)


@strawberry.input
class SavedFilterChange(Command):
    """What every command on a saved filter has."""

    id: strawberry.ID = needed("常用过滤。The saved filter.", "SavedFilter")
    expected_version: int = needed(_VERSION)


@strawberry.input
class DocumentChange(Command):
    """What every command on a stored document has."""

    id: strawberry.ID = needed("文档。The document.", "Document")
    expected_version: int = needed(_VERSION)


@strawberry.input
class IntegrationKeyChange(Command):
    """What every command on an integration key has."""

    id: strawberry.ID = needed("密钥。The key.", "IntegrationKey")
    expected_version: int = needed(_VERSION)


def given(command: type[G], source: object, inner: Mapping[Any, Any] | None = None) -> G:
    """The command's dataclass from an input, field by field; `inner` says what nested inputs become.

    What was left out or null takes the command's own default. BAD_ID with the field for an id of another type.
    """
    declared = {it.name: it for it in fields(source)}  # type: ignore[arg-type]  # inputs are dataclasses
    named = [it.name for it in fields(command) if it.name in declared]  # type: ignore[arg-type]  # commands too
    values = {name: _value(declared[name], getattr(source, name), inner or {}) for name in named}
    return command(**{name: value for name, value in values.items() if value is not None})


def _value(declared: Any, value: Any, inner: Mapping[Any, Any]) -> Any:  # noqa: ANN401 - any input field
    noun = declared.metadata.get(_NOUN)
    if value is None:
        return None
    if noun is not None:
        value = _decoded(value, noun, to_camel_case(declared.name))
    if type(value) in inner:
        return given(inner[type(value)], value, inner)
    return tuple(value) if isinstance(value, list) else value


def _decoded(value: Any, noun: str, field: str) -> Any:  # noqa: ANN401 - one id or a list of them
    if isinstance(value, list):
        return [decode(identity, noun, field) for identity in value]
    return decode(value, noun, field)
