"""Roots that read a list or one object: what they would read is asked of their resolver, and read flat."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLID, GraphQLObjectType, GraphQLString, get_named_type

from api.execution.compiler import Compiler
from api.execution.levels import Level, Table
from api.execution.run import Deviation, Run
from api.execution.selection import Arguments, NotCompiledError, Selected, Selections
from db.lists.pages import Listing, Order, Slice, read_count, scalar
from db.reads import statements
from db.reads.statements import Columns
from db.rows import Sql
from domain.viewer import Viewer

_PLAIN = {GraphQLString, GraphQLID}
_TRUE, _FALSE = "true", "false"
_OF_PAGES = {"first", "last", "orderBy"}
MOST_VIEWERS = 256


@dataclass(frozen=True, slots=True)
class ListAsked:
    """A page that a resolver would read; `name` binds its cursors to the list."""

    listing: Listing
    order: Order
    slice_: Slice
    name: str


@dataclass(frozen=True, slots=True)
class ObjectAsked:
    """One object that a resolver would read: by a condition on its own columns."""

    key: Sql


@dataclass(slots=True)
class _Page:
    """One page as it was read, in list order."""

    rows: Sequence[Any]
    cursors: list[str]
    more: bool
    asked: ListAsked

    @property
    def info(self) -> Mapping[str, Any]:
        """Relay's page info."""
        forward, started = self.asked.slice_.forward, self.asked.slice_.position is not None
        return {
            "hasNextPage": self.more if forward else started,
            "hasPreviousPage": started if forward else self.more,
            "startCursor": self.cursors[0] if self.cursors else None,
            "endCursor": self.cursors[-1] if self.cursors else None,
        }


@dataclass(slots=True)
class One:
    """A root that answers one object; without it the ordinary executor refuses."""

    ask: Callable[[Any, dict[str, Any]], Awaitable[Any]]
    level: Level
    arguments: Arguments

    async def text(self, run: Run) -> str:
        """The object's JSON."""
        asked = await self.ask(run.info(only_asks=True), self.arguments(run.variables))
        if not isinstance(asked, ObjectAsked):
            raise Deviation("refused")
        rows = await statements.by_key(self.level.columns, asked.key, run.viewer)
        if not rows:
            raise Deviation("refused")
        return (await self.level.texts(rows, run))[0]


@dataclass(slots=True)
class Paged:
    """A root that answers a connection. `parts` write its fields; `levels` are those of its rows."""

    selected: Selected
    arguments: Arguments
    columns: Columns
    levels: list[Level]
    parts: list[tuple[str, Callable[["_Written"], str]]]
    counts: bool
    cursors: bool
    fixed: bool
    _known: dict[Viewer, ListAsked] = field(default_factory=dict)

    async def text(self, run: Run) -> str:
        """The connection's JSON."""
        asked = await self._asked(run)
        found, ready = await self._read(asked, run)
        size, more = asked.slice_.size, len(found) > asked.slice_.size
        rows = found[:size] if asked.slice_.forward else found[:size][::-1]
        cursors = self._sealed(rows, asked, run)
        texts = [await level.texts(rows, run, ready=ready) for level in self.levels]
        count = await read_count(asked.listing) if self.counts else (0, True)
        written = _Written(_Page(rows, cursors, more, asked), texts, count)
        return "{" + ",".join([f'"{key}":{write(written)}' for key, write in self.parts]) + "}"

    async def _read(self, asked: ListAsked, run: Run) -> tuple[Sequence[Any], Mapping[int, Table]]:
        """The rows, and what was read with them where that saves a round trip."""
        where = (self.columns, asked.listing, asked.order, asked.slice_)
        joined = self.levels[0].joined if len(self.levels) == 1 and statements.far() else None
        if joined is None:
            return await statements.page(*where), {}
        at, below = joined
        both = await statements.page_with(*where, below.level.columns, below.relation)
        width = len(self.columns.names) + 1
        rows = {row[0]: row for row in reversed(both)}
        hanging = [row for row in both if row[width] is not None]
        texts = await below.level.texts([row[width:] for row in hanging], run)
        by_parent: dict[str, list[str]] = {}
        for row, text in zip(hanging, texts, strict=True):
            by_parent.setdefault(row[0], []).append(text)
        return list(rows.values())[::-1], {at: by_parent}

    async def _asked(self, run: Run) -> ListAsked:
        """What is read; the same for a viewer as long as nothing but a size and an order was said."""
        known = self._known.get(run.viewer) if self.fixed else None
        if known is not None:
            return known
        asked = await self.selected.resolve(None, run.info(only_asks=True), **self.arguments(run.variables))
        if not isinstance(asked, ListAsked):
            raise Deviation("refused")
        if self.fixed:
            if len(self._known) >= MOST_VIEWERS:
                self._known.clear()
            self._known[run.viewer] = asked
        return asked

    def _sealed(self, rows: Sequence[Any], asked: ListAsked, run: Run) -> list[str]:
        if not self.cursors:
            return [""] * len(rows)
        kind, seal = asked.order.kind, run.context.signer.seal
        at = len(self.columns.names)
        return [seal((scalar(row[at], kind), row[0]), asked.name) for row in rows]


@dataclass(slots=True)
class _Written:
    page: _Page
    texts: list[list[str]]
    count: tuple[int, bool]


class _Connection:
    """Compiles the fields of one connection."""

    def __init__(self, selections: Selections, compiler: Compiler, field: Selected) -> None:
        self._selections = selections
        self._compiler = compiler
        self._field = field
        self._places = {"id": 0}
        self._levels: list[Level] = []
        self._counts = self._cursors = False

    def compiled(self, arguments: Arguments) -> Paged:
        type_ = self._field.type
        parts = [self._part(type_, it) for it in self._selections.of(type_, self._field)]
        node = get_named_type(type_.fields["nodes"].type)
        columns = Columns(
            str(node), tuple(self._places)
        )  # one statement, however often its rows are selected
        for level in self._levels:
            level.read = columns
        return Paged(
            self._field,
            arguments,
            columns,
            self._levels,
            parts,
            self._counts,
            self._cursors,
            not self._field.varies
            and {it.name.value for it in self._field.node.arguments or ()} <= _OF_PAGES,
        )

    def _part(self, type_: GraphQLObjectType, it: Selected | str) -> tuple[str, Callable[[_Written], str]]:
        if isinstance(it, str):
            return it, lambda _: f'"{type_.name}"'
        write = getattr(self, f"_{_SNAKE.get(it.name, it.name)}", None)
        if write is None:
            raise NotCompiledError(f"{type_.name}.{it.name}")
        return it.key, write(it)

    def _nodes(self, it: Selected) -> Callable[[_Written], str]:
        at = self._level(it)
        return lambda written: f"[{','.join(written.texts[at])}]"

    def _level(self, it: Selected) -> int:
        self._levels.append(self._compiler.stored(it.type, it, self._places))
        return len(self._levels) - 1

    def _edges(self, it: Selected) -> Callable[[_Written], str]:
        edge = it.type
        pieces = [self._of_edge(edge.name, below) for below in self._selections.of(edge, it)]

        def write(written: _Written) -> str:
            rows = len(written.page.rows)
            if not pieces or not rows:
                return f"[{','.join(['{}'] * rows)}]"
            if len(pieces) == 1:
                return f"[{{{'},{'.join(pieces[0](written))}}}]"
            columns = zip(*[piece(written) for piece in pieces], strict=True)
            return f"[{{{'},{'.join([','.join(values) for values in columns])}}}]"

        return write

    def _of_edge(self, edge: str, it: Selected | str) -> Callable[[_Written], list[str]]:
        if isinstance(it, str):
            return lambda written: [f'"{it}":"{edge}"'] * len(written.page.rows)
        key = it.key
        if it.name == "node":
            at = self._level(it)
            return lambda written: [f'"{key}":{text}' for text in written.texts[at]]
        self._cursors = True
        return lambda written: [f'"{key}":"{cursor}"' for cursor in written.page.cursors]

    def _page_info(self, it: Selected) -> Callable[[_Written], str]:
        type_ = it.type
        fields = list(self._selections.of(type_, it))
        self._cursors = self._cursors or any(
            not isinstance(f, str) and f.name.endswith("Cursor") for f in fields
        )

        def write(written: _Written) -> str:
            info = written.page.info
            said = {
                f if isinstance(f, str) else f.key: type_.name if isinstance(f, str) else info[f.name]
                for f in fields
            }
            return orjson.dumps(said).decode()

        return write

    def _total_count(self, _it: Selected) -> Callable[[_Written], str]:
        self._counts = True
        return lambda written: str(written.count[0])

    def _total_count_exact(self, _it: Selected) -> Callable[[_Written], str]:
        self._counts = True
        return lambda written: _TRUE if written.count[1] else _FALSE


_SNAKE = {"pageInfo": "page_info", "totalCount": "total_count", "totalCountExact": "total_count_exact"}


def _said(it: Selected | str, type_name: str, info: Mapping[str, Any]) -> tuple[str, Any]:
    return (it, type_name) if isinstance(it, str) else (it.key, info[it.name])


def one(compiler: Compiler, field: Selected) -> One:
    """A root that answers one object, compiled. Plain arguments go to the function itself."""
    level = compiler.stored(field.type, field)
    return One(_asker(field), level, Arguments(field))


def _asker(field: Selected) -> Callable[[Any, dict[str, Any]], Awaitable[Any]]:
    word, plain = field.word, all(it.type in _PLAIN for it in field.field.args.values())
    if word is None or not plain:
        return lambda info, given: field.resolve(None, info, **given)
    read = word.read
    if {it.python_name for it in field.declared.arguments} != field.field.args.keys():
        return lambda info, given: field.resolve(None, info, **given)
    return lambda info, given: read(None, info, **given)


def paged(selections: Selections, compiler: Compiler, field: Selected) -> Paged:
    """A connection root, compiled."""
    return _Connection(selections, compiler, field).compiled(Arguments(field))
