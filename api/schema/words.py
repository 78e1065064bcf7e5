"""The vocabulary in which object types declare their fields (design §8.1).

Each word yields an ordinary Strawberry field that reads `self.row`, and keeps its declaration as metadata, from
which the same field can be compiled.
"""

from collections.abc import Callable
from dataclasses import replace
from inspect import isawaitable
from typing import Annotated, Any, Generic, Self, TypeVar, cast

import strawberry
from strawberry.types.field import StrawberryField

from api.context import Context
from api.execution.word import WORD, Asking, Reader, Rule, Word
from api.ids import encode

R = TypeVar("R")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

Info = strawberry.Info[Context, None]
Input = Annotated[T, strawberry.argument(name="input", description="输入。The input.")]


class Shown(Generic[R]):
    """An object type over one row of the domain: `Incident.of(row)`."""

    row: R

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - whatever a metaclass passes on
        """Know every type by its GraphQL name."""
        super().__init_subclass__(**options)
        NOUNS[cls.__name__] = cls

    @classmethod
    def of(cls, row: R) -> Self:
        """The row as the schema shows it."""
        shown = cls()
        shown.row = row
        return shown


NOUNS: dict[str, type[Shown[Any]]] = {}


def column(name: str, description: str, *, graphql_name: str | None = None) -> Any:  # noqa: ANN401 - the class says the type
    """A value of the row itself; `graphql_name` where Python keeps the word for itself."""

    def read(root: Any, _info: Info) -> Any:  # noqa: ANN401 - any column
        return getattr(root.row, name)

    made = declare(Word("column", read, (name,)), description)
    made.graphql_name = graphql_name
    return made


def identity(noun: str, name: str, description: str) -> Any:  # noqa: ANN401 - as above
    """The global id of an object of that noun, whose key is a column of the row."""

    def read(root: Any, _info: Info) -> strawberry.ID | None:  # noqa: ANN401 - any type
        key = getattr(root.row, name)
        return strawberry.ID(encode(noun, key)) if key else None

    return declare(Word("identity", read, (name,), noun), description)


def link(name: str, noun: str, description: str) -> Any:  # noqa: ANN401 - as above
    """The one object that a column of the row points to; null when it is absent or invisible."""

    async def read(root: Any, info: Info) -> Any:  # noqa: ANN401 - any noun
        key = getattr(root.row, name)
        row = await info.context.loaders[noun].load(key) if key else None
        return NOUNS[noun].of(row) if row is not None else None

    return declare(Word("link", read, (name,), noun), description)


def disclosed(name: str, noun: str, case: str, description: str) -> Any:  # noqa: ANN401 - as above
    """Who did something, as `link`; null where that would name the protected reporter of the `case` (R81)."""

    async def read(root: Any, info: Info) -> Any:  # noqa: ANN401 - any noun
        key = getattr(root.row, name)
        if key is None or await info.context.hides_actor(getattr(root.row, case), key):
            return None
        row = await info.context.loaders[noun].load(key)
        return NOUNS[noun].of(row) if row is not None else None

    return declare(Word("disclosed", read, (name, case), noun), description)


def children(noun: str, by: str, description: str) -> Any:  # noqa: ANN401 - as above
    """The objects of a noun that hang on this row, in their order; `by` names this side of the relation."""

    async def read(root: Any, info: Info) -> Any:  # noqa: ANN401 - any noun
        rows = await info.context.loaders[f"{noun}.{by}"].load(root.row.id)
        return [NOUNS[noun].of(row) for row in rows]

    return declare(Word("children", read, ("id",), noun, by), description)


def derived(*columns: str, fn: Callable[..., Any], description: str) -> Any:  # noqa: ANN401 - as above
    """A pure function of columns of the row."""

    def read(root: Any, _info: Info) -> Any:  # noqa: ANN401 - what the function answers
        return fn(*(getattr(root.row, name) for name in columns))

    return declare(Word("derived", read, columns, fn=fn), description)


def masked(word: Any, rule: Rule, *seen: str) -> Any:  # noqa: ANN401 - words are typed by their class
    """Another word whose value a rule replaces for some viewers: `rule(viewer)(value, *columns)` is what is shown.

    `seen` are the columns of the row that the rule looks at. A compiled plan asks the rule before it reads what a
    link or children lead to, so a rule over these answers the value itself or nothing.
    """
    inner: Word = word.metadata[WORD]

    async def read(root: Any, info: Info) -> Any:  # noqa: ANN401 - the type of the word within
        value = inner.read(root, info)
        value = await value if isawaitable(value) else value
        shows = rule(info.context.require_viewer())
        return shows(value, *(getattr(root.row, name) for name in seen))

    return declare(replace(inner, read=read, rule=rule, seen=seen), str(word.description))


def personal(fn: Reader, description: str) -> Any:  # noqa: ANN401 - as above
    """A value that depends on the person who asks; it is never shared between viewers."""
    return declare(Word("personal", fn), description)


def resolver(description: str) -> Callable[[F], F]:
    """An ordinary resolver: whatever no word says, the roots' fields among it."""

    def decorate(resolve: F) -> F:
        return cast("F", strawberry.field(resolver=resolve, description=description))

    return decorate


def page(noun: str, description: str) -> Callable[[F], F]:
    """A connection of a noun: the resolver reads one page of its list."""

    def decorate(resolve: F) -> F:
        metadata = {WORD: Word("page", resolve, noun=noun)}
        return cast("F", strawberry.field(resolver=resolve, description=description, metadata=metadata))

    return decorate


def found(noun: str, description: str) -> Callable[[F], F]:
    """One object of a noun: the resolver says by which key, and reads it."""

    def decorate(resolve: F) -> F:
        metadata = {WORD: Word("one", resolve, noun=noun)}
        return cast("F", strawberry.field(resolver=resolve, description=description, metadata=metadata))

    return decorate


def only_asks(info: Info | Asking) -> bool:
    """Whether a compiled plan asks what would be read, to read it in its own way."""
    raw: object = info if isinstance(info, Asking) else info._raw_info  # noqa: SLF001 - Strawberry has no other name
    return isinstance(raw, Asking) and raw.only_asks


def declare(word: Word, description: str) -> Any:  # noqa: ANN401 - the class says the type
    """The ordinary Strawberry field of a declaration."""
    read = word.read

    def resolve(root: Any, info: Info) -> Any:  # noqa: ANN401 - the class says the type
        return read(root, info)

    made: StrawberryField = strawberry.field(resolver=resolve, description=description, metadata={WORD: word})
    return made


def _global_id(root: Any, _info: Info) -> strawberry.ID:  # noqa: ANN401 - any node
    return strawberry.ID(encode(type(root).__name__, root.row.id))


@strawberry.interface(description="有全局编号的对象。An object with a global id, for `node` and `nodes`.")
class Node:
    """What `node(id:)` can find: a type over a row that has a key."""

    id: strawberry.ID = declare(Word("identity", _global_id, ("id",)), "全局编号。The global id.")
