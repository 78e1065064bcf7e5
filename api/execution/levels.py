"""A level of a plan: the rows it reads, what hangs on them, and the generated function that writes them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from inspect import isawaitable
from typing import Any, Protocol

from graphql import GraphQLList, GraphQLNonNull, is_leaf_type
from graphql.execution.values import VariableValues

from api.execution.codecs import NULL, typed
from api.execution.references import REFERENCES
from api.execution.run import Deviation, Run
from api.execution.word import Rule
from db.reads import statements
from db.reads.nouns import Relation
from db.reads.statements import Columns, Hanging

CASE = "Incident"
Rows = Sequence[Any]
Keys = Callable[..., list[Any]]
Encode = Callable[[Rows, list[Any], list[Any]], list[str]]
Table = Mapping[Any, Any] | list[str]
Hung = Mapping[str, Rows]
"""Rows of children, by the id of what they hang on."""


class Below(Protocol):
    """What hangs on the rows of a level."""

    @property
    def settled(self) -> bool:
        """Whether its text depends on nothing but the case, references and the class of the viewer."""

    async def table(self, rows: Rows, objects: Rows, shows: list[Any], run: Run) -> Table:
        """Its text, by key or row by row."""


@dataclass
class Level:
    """How rows of one type become JSON; `encode` is generated.

    Stored levels hold tuples of `columns`; held ones hold objects of the schema, whose rows are domain objects.
    `shape` says what is selected, for levels whose text is kept ready.
    """

    read: Columns | None
    encode: Encode
    rules: tuple[Rule, ...]
    below: tuple[Below, ...]
    shown: Any = None
    whole: bool = False
    shape: str = ""

    async def texts(self, rows: Rows, run: Run, objects: Rows = (), hung: Hung | None = None) -> list[str]:
        """The JSON of each row, in order; `hung` are the `joined` children, where they were read with the rows."""
        if not rows:
            return []
        if self.whole and self.read is not None:
            noun, names = self.read.of, self.read.names
            objects = [self.shown.of(noun.built(names, row)) for row in rows]
        shows = [run.shows(rule) for rule in self.rules]
        joined = self.joined if hung is not None else None
        tables = [
            await (it.hung(rows, hung or {}, run) if it is joined else it.table(rows, objects, shows, run))
            for it in self.below
        ]
        return self.encode(rows, shows, tables)

    @property
    def columns(self) -> Columns:
        """What is read of a stored level's rows."""
        if self.read is None:
            raise Deviation("a held level is not read")
        return self.read

    @cached_property
    def joined(self) -> "Children | None":
        """The children that can be read in one statement with the rows."""
        return next((it for it in self.below if isinstance(it, Children) and it.joins), None)

    @cached_property
    def settled(self) -> bool:
        """Whether its text depends on nothing but the case, references and the class of the viewer."""
        return not self.whole and all(it.settled for it in self.below)

    @property
    def keeps(self) -> bool:
        """Whether the text of its rows may be kept ready: they are cases, and settled."""
        return self.read is not None and self.read.noun == CASE and self.settled

    @cached_property
    def is_reference(self) -> bool:
        """Whether its text depends on nothing but the row and the class of the viewer."""
        return (
            self.read is not None
            and self.read.noun in REFERENCES
            and not self.whole
            and all(isinstance(it, Link) and it.level.is_reference for it in self.below)
        )


@dataclass(slots=True)
class Link:
    """One object that a column points to; `keys` gives the keys of rows, none for what the viewer may not read."""

    level: Level
    keys: Keys
    aligned: bool

    @property
    def settled(self) -> bool:
        """What it leads to is told of by events."""
        return self.level.is_reference

    async def table(self, rows: Rows, _objects: Rows, shows: list[Any], run: Run) -> Table:
        """Text by key, or row by row; absent is what the viewer may not see."""
        keys = self.keys(rows, shows)
        wanted = set(keys)
        wanted.discard(None)
        texts = await self._texts(wanted, run) if wanted else {}
        return [texts.get(key, NULL) for key in keys] if self.aligned else texts

    async def _texts(self, wanted: set[str], run: Run) -> Mapping[str, str]:
        if not self.level.is_reference:
            return await self._made(sorted(wanted), run)

        async def make(keys: list[str]) -> dict[str, str]:
            return await self._made(keys, run.in_person())

        noun = self.level.columns.noun
        if REFERENCES[noun].personal:
            run.people |= wanted
        return await run.references.table(noun, self.level.shape, run.viewer, wanted, make)

    async def _made(self, keys: list[str], run: Run) -> dict[str, str]:
        found = await run.rows(self.level.columns, keys)
        return dict(zip([row[0] for row in found], await self.level.texts(found, run), strict=True))


class Children:
    """The rows that hang on each row."""

    def __init__(self, level: Level, keys: Keys, relation: Relation, *, aligned: bool) -> None:
        self.level = level
        self.relation = relation
        self._keys = keys
        self._aligned = aligned
        plain = not (relation.guarded or relation.join)
        self._hanging = Hanging(level.columns, relation) if plain else None

    async def table(self, rows: Rows, _objects: Rows, shows: list[Any], run: Run) -> Table:
        """Lists of text by the parent's key, or the JSON list of each row."""
        keys = self._keys(rows, shows)
        parents = [key for key in dict.fromkeys(keys) if key]
        by_parent = await self._texts(parents, run) if parents else {}
        if not self._aligned:
            return by_parent
        return [f"[{','.join(by_parent.get(key, ()))}]" for key in keys]

    async def hung(self, rows: Rows, hung: Hung, run: Run) -> Table:
        """As `table`, of rows that were read already."""
        found = [(row[0], child) for row in rows for child in hung.get(row[0], ())]
        return self._by_parent(
            [key for key, _ in found], await self.level.texts([it for _, it in found], run)
        )

    @property
    def settled(self) -> bool:
        """Whether nothing is written of them without the case, and nothing else is asked of them."""
        return self.relation.of_case and self.level.settled

    @property
    def joins(self) -> bool:
        """Whether they may be read in one statement with their parents: nothing more is asked of them."""
        return not (self._aligned or self._hanging is None or self.level.columns.sealed)

    async def _texts(self, parents: list[str], run: Run) -> dict[str, list[str]]:
        found = await (run.hanging(self._hanging, parents) if self._hanging else self._guarded(parents, run))
        return self._by_parent([row[-1] for row in found], await self.level.texts(found, run))

    @staticmethod
    def _by_parent(parents: Sequence[str], texts: Sequence[str]) -> dict[str, list[str]]:
        by_parent: dict[str, list[str]] = {}
        for parent, text in zip(parents, texts, strict=True):
            by_parent.setdefault(parent, []).append(text)
        return by_parent

    async def _guarded(self, parents: list[str], run: Run) -> Rows:
        """Looked at for themselves, for the viewer and at the moment."""
        now = await run.context.now() if self.relation.when else None
        return await statements.by_parents(self.level.columns, self.relation, parents, run.viewer, now)


@dataclass(slots=True)
class Resolved:
    """A field whose value the ordinary resolver gives, row by row, in one batch."""

    resolve: Callable[..., Any]
    arguments: Callable[[VariableValues], dict[str, Any]]
    written: "Written"
    settled: bool = False

    async def table(self, _rows: Rows, objects: Rows, _shows: list[Any], run: Run) -> Table:
        """The text of each row's value."""
        return await self.written.texts(await self.values(objects, run), run)

    async def values(self, objects: Rows, run: Run) -> list[Any]:
        """What the resolver answers for each object."""
        given, info = self.arguments(run.variables), run.info()
        answers = [self.resolve(it, info, **given) for it in objects]
        if any(isawaitable(it) for it in answers):
            answers = await asyncio.gather(*(_awaited(it) for it in answers))
        return answers


@dataclass(slots=True)
class Written:
    """How values of one GraphQL type become text; objects of all rows are written together."""

    type: Any
    levels: Mapping[str, Level] = field(default_factory=dict)

    async def texts(self, values: Sequence[Any], run: Run) -> list[str]:
        """The JSON of each value. Deviates on a null where none may be, and on an error in its place."""
        if not self.levels:
            encode = typed(self.type)
            return [encode(value) for value in values]
        found: list[Any] = []
        for value in values:
            _gather(self.type, value, found)
        by_type: dict[str, list[Any]] = {}
        for it in found:
            by_type.setdefault(self._name(it), []).append(it)
        ready = {name: iter(await self._of(name, objects, run)) for name, objects in by_type.items()}
        texts = iter([next(ready[self._name(it)]) for it in found])
        return [_assembled(self.type, value, texts) for value in values]

    def _name(self, value: Any) -> str:  # noqa: ANN401 - any object of the schema
        """The GraphQL type of a value; the field's own unless it is one of several."""
        return self._only or type(value).__name__

    @property
    def _only(self) -> str | None:
        return next(iter(self.levels)) if len(self.levels) == 1 else None

    async def _of(self, name: str, objects: list[Any], run: Run) -> list[str]:
        level = self.levels[name]
        rows = [it.row for it in objects] if hasattr(objects[0], "row") else objects
        return await level.texts(rows, run, objects)


async def _awaited(answer: Awaitable[Any] | Any) -> Any:  # noqa: ANN401 - what a resolver answers
    return await answer if isawaitable(answer) else answer


def _gather(type_: Any, value: Any, found: list[Any]) -> None:  # noqa: ANN401 - any output type and its value
    """The objects within a value, in order."""
    if isinstance(value, Exception):
        raise Deviation("refused")
    if isinstance(type_, GraphQLNonNull):
        if value is None:
            raise Deviation("a null where none may be")
        type_ = type_.of_type
    if value is None:
        return
    if isinstance(type_, GraphQLList):
        for it in value:
            _gather(type_.of_type, it, found)
    elif not is_leaf_type(type_):
        found.append(value)


def _assembled(type_: Any, value: Any, texts: Any) -> str:  # noqa: ANN401 - as above
    """A value's text from the texts of the objects within it."""
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    if value is None:
        return NULL
    if isinstance(type_, GraphQLList):
        return f"[{','.join([_assembled(type_.of_type, it, texts) for it in value])}]"
    text: str = next(texts)
    return text
