"""Roots that read a list or one object: what they would read is asked of their resolver, and read flat."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLID, GraphQLObjectType, GraphQLString, get_named_type

from api.execution.cases import Cases
from api.execution.compiler import Compiler
from api.execution.levels import Hung, Level
from api.execution.ready import REVISION
from api.execution.run import Deviation, Run
from api.execution.selection import Arguments, NotCompiledError, Selected, Selections
from db.lists.pages import Listing, Order, Slice, read_count, scalar
from db.reads import statements
from db.reads.statements import Columns
from db.rows import Sql
from domain.viewer import Viewer

_PLAIN = {GraphQLString, GraphQLID}
_TRUE, _FALSE = b"true", b"false"
_OF_PAGES = {"first", "last", "orderBy"}
MOST_VIEWERS = 256


@dataclass(frozen=True, slots=True)
class ListAsked:
    """A page that a resolver would read; `name` binds its cursors to the list."""

    listing: Listing
    order: Order
    slice_: Slice
    name: str


@dataclass(slots=True)
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
    cases: Cases | None

    async def text(self, run: Run) -> str | bytes:
        """The object's JSON."""
        asked = await self.ask(run.info(only_asks=True), self.arguments(run.variables))
        if not isinstance(asked, ObjectAsked):
            raise Deviation("refused")
        columns = self.cases.columns if self.cases else self.level.columns
        rows = await statements.by_key(columns, asked.key, run.viewer)
        if not rows:
            raise Deviation("refused")
        if self.cases:
            return (await self.cases.texts(rows, columns, run))[0]
        return (await self.level.texts(rows, run))[0]


@dataclass(slots=True)
class Paged:
    """A root that answers a connection. `parts` write its fields; `levels` are those of its rows."""

    selected: Selected
    arguments: Arguments
    columns: Columns
    levels: list[Level]
    cases: Cases | None
    parts: list[tuple[bytes, Callable[["_Written"], bytes]]]
    counts: bool
    cursors: bool
    fixed: bool
    _known: dict[Viewer, ListAsked] = field(default_factory=dict)

    async def text(self, run: Run) -> bytes:
        """The connection's JSON."""
        asked = await self._asked(run)
        columns = self.cases.columns if self.cases else self.columns
        found, hung = await self._read(columns, asked)
        size, more = asked.slice_.size, len(found) > asked.slice_.size
        rows = found[:size] if asked.slice_.forward else found[:size][::-1]
        cursors = self._sealed(rows, len(columns.names), asked, run)
        if self.cases:
            texts = [await self.cases.texts(rows, columns, run, hung)]
        else:
            texts = [_encoded(await level.texts(rows, run, hung=hung)) for level in self.levels]
        count = await read_count(asked.listing) if self.counts else (0, True)
        written = _Written(_Page(rows, cursors, more, asked), texts, count)
        return b"{%b}" % b",".join([b'"%b":%b' % (key, write(written)) for key, write in self.parts])

    async def _read(self, columns: Columns, asked: ListAsked) -> tuple[Sequence[Any], Hung | None]:
        """The rows, and what was read with them where that saves a round trip."""
        where = (columns, asked.listing, asked.order, asked.slice_)
        all_at_once = columns is self.columns and len(self.levels) == 1 and statements.far()
        below = self.levels[0].joined if all_at_once else None
        if below is None:
            return await statements.page(*where), None
        both = await statements.page_with(*where, below.level.columns, below.relation)
        width = len(self.columns.names) + 1
        rows = {row[0]: row for row in reversed(both)}
        hung: dict[str, list[Sequence[Any]]] = {}
        for row in both:
            if row[width] is not None:
                hung.setdefault(row[0], []).append(row[width:])
        return list(rows.values())[::-1], hung

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

    def _sealed(self, rows: Sequence[Any], at: int, asked: ListAsked, run: Run) -> list[str]:
        """The cursors of rows whose sort value lies at that place."""
        if not self.cursors:
            return [""] * len(rows)
        kind, seal = asked.order.kind, run.context.signer.seal
        return [seal((scalar(row[at], kind), row[0]), asked.name) for row in rows]


@dataclass(slots=True)
class _Written:
    page: _Page
    texts: list[list[bytes]]
    count: tuple[int, bool]


def _encoded(texts: list[str]) -> list[bytes]:
    return [it.encode() for it in texts]


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
        cases = Cases(self._levels[0]) if len(self._levels) == 1 and self._levels[0].keeps else None
        if cases:
            self._places.setdefault(REVISION, len(self._places))
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
            cases,
            parts,
            self._counts,
            self._cursors,
            not self._field.varies
            and {it.name.value for it in self._field.node.arguments or ()} <= _OF_PAGES,
        )

    def _part(
        self, type_: GraphQLObjectType, it: Selected | str
    ) -> tuple[bytes, Callable[[_Written], bytes]]:
        if isinstance(it, str):
            return it.encode(), lambda _: b'"%b"' % type_.name.encode()
        write = getattr(self, f"_{_SNAKE.get(it.name, it.name)}", None)
        if write is None:
            raise NotCompiledError(f"{type_.name}.{it.name}")
        return it.key.encode(), write(it)

    def _nodes(self, it: Selected) -> Callable[[_Written], bytes]:
        at = self._level(it)
        return lambda written: b"[%b]" % b",".join(written.texts[at])

    def _level(self, it: Selected) -> int:
        self._levels.append(self._compiler.stored(it.type, it, self._places))
        return len(self._levels) - 1

    def _edges(self, it: Selected) -> Callable[[_Written], bytes]:
        edge = it.type
        pieces = [self._of_edge(edge.name, below) for below in self._selections.of(edge, it)]

        def write(written: _Written) -> bytes:
            rows = len(written.page.rows)
            if not pieces or not rows:
                return b"[%b]" % b",".join([b"{}"] * rows)
            (key, values), *others = ((key, of(written)) for key, of in pieces)
            if not others:  # the key goes between the values, so that each is copied once
                return b'[{"%b":%b}]' % (key, (b'},{"%b":' % key).join(values))
            columns = [[b'"%b":%b' % (key, it) for it in of] for key, of in ((key, values), *others)]
            return b"[{%b}]" % b"},{".join([b",".join(it) for it in zip(*columns, strict=True)])

        return write

    def _of_edge(self, edge: str, it: Selected | str) -> tuple[bytes, Callable[[_Written], list[bytes]]]:
        if isinstance(it, str):
            return it.encode(), lambda written: [b'"%b"' % edge.encode()] * len(written.page.rows)
        if it.name == "node":
            at = self._level(it)
            return it.key.encode(), lambda written: written.texts[at]
        self._cursors = True
        return it.key.encode(), lambda written: [b'"%b"' % it.encode() for it in written.page.cursors]

    def _page_info(self, it: Selected) -> Callable[[_Written], bytes]:
        type_ = it.type
        fields = list(self._selections.of(type_, it))
        self._cursors = self._cursors or any(
            not isinstance(f, str) and f.name.endswith("Cursor") for f in fields
        )

        def write(written: _Written) -> bytes:
            info = written.page.info
            said = {
                f if isinstance(f, str) else f.key: type_.name if isinstance(f, str) else info[f.name]
                for f in fields
            }
            return orjson.dumps(said)

        return write

    def _total_count(self, _it: Selected) -> Callable[[_Written], bytes]:
        self._counts = True
        return lambda written: b"%d" % written.count[0]

    def _total_count_exact(self, _it: Selected) -> Callable[[_Written], bytes]:
        self._counts = True
        return lambda written: _TRUE if written.count[1] else _FALSE


_SNAKE = {"pageInfo": "page_info", "totalCount": "total_count", "totalCountExact": "total_count_exact"}


def one(compiler: Compiler, field: Selected) -> One:
    """A root that answers one object, compiled. Plain arguments go to the function itself."""
    places = {"id": 0}
    level = compiler.stored(field.type, field, places)
    cases = Cases(level) if level.keeps else None
    if cases:
        places.setdefault(REVISION, len(places))
        level.read = Columns(level.columns.noun, tuple(places))
    return One(_asker(field), level, Arguments(field), cases)


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
