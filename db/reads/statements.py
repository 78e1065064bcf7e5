"""The statements of compiled reads: one per level, only the columns asked for, answered as plain tuples."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from db.connection import dialect, numbered
from db.lists.pages import Listing, Order, Slice, page_of
from db.reads import wire
from db.reads.nouns import NOUNS, Noun, Relation
from db.rows import TRUE, Sql, both
from db.sealed import unseal
from domain.viewer import Viewer

Tuples = Sequence[Sequence[Any]]

_KEY = "position_key"
_NEXT = '","'
_numbered = lru_cache(2048)(numbered)


@dataclass(frozen=True)
class Columns:
    """What is read of a noun's rows: the first column is always the id."""

    noun: str
    names: tuple[str, ...]

    @cached_property
    def of(self) -> Noun:
        """The noun."""
        return NOUNS[self.noun]

    @cached_property
    def text(self) -> str:
        """The columns in a statement."""
        return ", ".join(map(self.of.select, self.names))

    @cached_property
    def sealed(self) -> tuple[int, ...]:
        """Which of them are sealed."""
        return tuple(at for at, name in enumerate(self.names) if name in self.of.sealed)


async def by_ids(columns: Columns, ids: Sequence[str], viewer: Viewer) -> Tuples:
    """The visible ones of these rows, in no order."""
    return await by_key(columns, _among(f"{columns.of.alias}.id", ids), viewer)


async def by_key(columns: Columns, key: Sql, viewer: Viewer) -> Tuples:
    """The visible rows that a condition on the noun's own columns finds."""
    text, more = _keyed(columns, key.text, viewer, dialect())
    return _opened(columns, await _answer(Sql(text, key.params + more)))


@lru_cache(2048)
def _keyed(columns: Columns, key: str, viewer: Viewer, _store: str) -> tuple[str, tuple[object, ...]]:
    """The statement by that condition, and its parameters after those of the condition."""
    noun = columns.of
    visible = noun.visible(viewer)
    join = noun.join if visible != TRUE else ""
    where = both(Sql(key), visible)
    text = f"SELECT {columns.text} FROM {noun.table} {noun.alias} {join} WHERE {where.text}"  # noqa: S608 - parts of ours
    return text, where.params


async def by_parents(
    columns: Columns, relation: Relation, ids: Sequence[str], viewer: Viewer, now: datetime | None
) -> Tuples:
    """The rows that hang on these, in their order; the last value of each says on which."""
    noun = columns.of
    visible = noun.visible(viewer) if relation.guarded else TRUE
    join = relation.join or (noun.join if visible != TRUE else "")
    when = relation.when(now) if relation.when and now else TRUE
    source = f"{columns.text}, {relation.by} FROM {noun.table} {noun.alias} {join}"
    return await _read(
        columns, source, both(_among(relation.by, ids), when, visible), f"ORDER BY {relation.order}"
    )


class Hanging:
    """Rows that hang on cases that were shown; the statement is made once for each store."""

    def __init__(self, columns: Columns, relation: Relation) -> None:
        self._columns = columns
        self._relation = relation
        self._texts: dict[tuple[str, bool], str] = {}

    async def of(self, ids: Sequence[str]) -> Tuples:
        """The rows in their order; the last value of each says on which it hangs."""
        store, one = dialect(), len(ids) == 1
        text = self._texts.get((store, one)) or self._made(store, one, ids)
        if store != "sqlite":
            params: list[object] = [list(ids)]
        else:
            params = [ids[0] if one else _listed(ids)]
        found = wire.at_once(text, params)
        return _opened(self._columns, await wire.tuples(text, params) if found is None else found)

    def _made(self, store: str, one: bool, ids: Sequence[str]) -> str:  # noqa: FBT001 - as a key
        noun, relation = self._columns.of, self._relation
        which = _among(relation.by, ids).text
        text = (
            f"SELECT {self._columns.text}, {relation.by} FROM {noun.table} {noun.alias} "  # noqa: S608 - parts of ours
            f"WHERE {which} ORDER BY {relation.order}"
        )
        made = self._texts[store, one] = text if store == "sqlite" else numbered(text)
        return made


async def page(columns: Columns, listing: Listing, order: Order, slice_: Slice) -> Tuples:
    """One page and the row after it, in the direction it is read; after the columns comes the sort value."""
    return _opened(columns, await _answer(await _page(columns, listing, order, slice_)))


def far() -> bool:
    """Whether the store is a round trip away."""
    return dialect() != "sqlite"


async def page_with(
    columns: Columns, listing: Listing, order: Order, slice_: Slice, below: Columns, relation: Relation
) -> Tuples:
    """`page` with the rows that hang on each, in their order: columns, sort value, columns of the child or nothing.

    One round trip instead of two, for a store that is one away.
    """
    inner = await _page(columns, listing, order, slice_)
    way = "DESC" if order.descending is slice_.forward else "ASC"
    noun = below.of
    text = (
        f"SELECT page.*, {below.text} FROM ({inner.text}) page "  # noqa: S608 - parts of ours
        f"LEFT JOIN {noun.table} {noun.alias} ON {relation.by} = page.id "
        f"ORDER BY page.{_KEY} {way}, page.id {way}, {relation.order}"
    )
    return await _answer(Sql(text, inner.params))


async def _page(columns: Columns, listing: Listing, order: Order, slice_: Slice) -> Sql:
    return await page_of(f"{columns.text}, {order.expression} AS {_KEY}", listing, order, slice_)


async def _read(columns: Columns, source: str, where: Sql, tail: str) -> Tuples:
    text = f"SELECT {source} WHERE {where.text} {tail}"
    return _opened(columns, await _answer(Sql(text, where.params)))


async def _answer(query: Sql) -> Tuples:
    sqlite = dialect() == "sqlite"
    params = [_plain(value, sqlite=sqlite) for value in query.params]
    text = query.text if sqlite else _numbered(query.text)
    found = wire.at_once(text, params)
    return await wire.tuples(text, params) if found is None else found


def _among(column: str, ids: Sequence[str]) -> Sql:
    """The column holds one of the ids: one statement text for any number of them."""
    if dialect() == "sqlite":
        if len(ids) == 1:
            return Sql(f"{column} = ?", (ids[0],))
        listed = f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - a column of ours
        return Sql(listed, (_listed(ids),))
    return Sql(f"{column} = ANY(?::uuid[])", (list(ids),))


def _listed(ids: Sequence[str]) -> str:
    """The ids as a JSON list."""
    return f'["{_NEXT.join(ids)}"]'


def _plain(value: object, *, sqlite: bool) -> object:
    """A parameter as the wire takes it: ids and times as text."""
    if isinstance(value, str | list) and not isinstance(value, Enum):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(" ")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    return value if not sqlite or not isinstance(value, bool) else int(value)


def _opened(columns: Columns, rows: Tuples) -> Tuples:
    """The rows with their sealed columns opened for their places."""
    if not columns.sealed:
        return rows
    opened = []
    for row in rows:
        values = list(row)
        for at in columns.sealed:
            if values[at] is not None:
                name, table = columns.names[at], columns.of.table
                values[at] = unseal(bytes(values[at]), table=table, column=name, row=UUID(row[0]))
        opened.append(tuple(values))
    return opened
