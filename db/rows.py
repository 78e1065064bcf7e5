"""Rows and domain objects: how values, statements and tables of the two stores meet (design §3).

Statements are put together from parts of ours; every value is a parameter, written `?`.
"""

import json
import types
import typing
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context

from db.connection import fetch, numbered, reader

T = TypeVar("T")
_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})
_AS_THEY_ARE = {True: _PLAIN, False: _PLAIN | {UUID, date}}  # on SQLite, on PostgreSQL
Row = dict[str, Any]
Columns = dict[str, Any]
Connection = BaseDBAsyncClient


@dataclass(frozen=True, slots=True)
class Sql:
    """A part of a statement, or a whole one, with the values of its `?` in order."""

    text: str
    params: tuple[object, ...] = ()


TRUE = Sql("TRUE")
FALSE = Sql("FALSE")


def both(*parts: Sql) -> Sql:
    """Every part holds."""
    return _joined(" AND ", [part for part in parts if part != TRUE]) or TRUE


def either(*parts: Sql) -> Sql:
    """At least one part holds."""
    return _joined(" OR ", [part for part in parts if part != FALSE]) or FALSE


def one_of(column: str, values: Iterable[object]) -> Sql:
    """The column holds one of the values; of none, nothing does. No text with a NUL is ever stored."""
    given = tuple(it for it in values if not (isinstance(it, str) and "\x00" in it))
    return Sql(f"{column} IN ({_places(given)})", given) if given else FALSE


def select(columns: str, source: str, where: Sql = TRUE, tail: str = "") -> Sql:
    """A query; `tail` is what follows the condition (ORDER BY, LIMIT, FOR UPDATE)."""
    return Sql(
        f"SELECT {columns} FROM {source} WHERE {where.text} {tail}".rstrip(),  # noqa: S608 - parts of ours
        where.params,
    )


def exists(source: str, where: Sql) -> Sql:
    """Whether any row of `source` fits."""
    query = select("1", source, where)
    return Sql(f"EXISTS ({query.text})", query.params)


def within(column: str, query: Sql) -> Sql:
    """The column's value is among the query's."""
    return Sql(f"{column} IN ({query.text})", query.params)


def below(table: str, ids: Collection[UUID]) -> Sql:
    """The ids of these nodes of a tree (`id`, `parent_id`) and of every node below them."""
    start = one_of("id", ids)
    text = (
        f"WITH RECURSIVE under(id) AS (SELECT id FROM {table} WHERE {start.text} "  # noqa: S608 - parts of ours
        f"UNION SELECT child.id FROM {table} child JOIN under ON child.parent_id = under.id) "
        "SELECT id FROM under"
    )
    return Sql(text, start.params)


def above(table: str, ids: Collection[UUID]) -> Sql:
    """`start`, `id`, `depth` of these nodes of a tree (depth 0) and of every node above them."""
    start = one_of("id", ids)
    text = (
        "WITH RECURSIVE up(start, id, parent_id, depth) AS ("  # noqa: S608 - parts of ours
        f"SELECT id, id, parent_id, 0 FROM {table} WHERE {start.text} "
        f"UNION ALL SELECT up.start, node.id, node.parent_id, up.depth + 1 FROM {table} node "
        "JOIN up ON node.id = up.parent_id) SELECT start, id, depth FROM up"
    )
    return Sql(text, start.params)


async def read(query: Sql, connection: Connection | None = None) -> list[Row]:
    """The rows of a query, through `connection` or by default the reader."""
    client = connection or reader()
    return await fetch(query.text, bound(query.params, client), connection=client)


async def several(queries: Mapping[str, Sql], connection: Connection | None = None) -> dict[str, list[Row]]:
    """The rows of several queries by their names, in one round trip to PostgreSQL; values as JSON has them there.

    Bytes are hexadecimal there, after two other characters.
    """
    client = connection or reader()
    if _on_sqlite(client):
        return {name: await read(query, client) for name, query in queries.items()}
    texts = [f"(SELECT JSON_AGG(r) FROM ({query.text}) r) AS {name}" for name, query in queries.items()]  # noqa: S608 - parts of ours
    values = tuple(value for query in queries.values() for value in query.params)
    row = (await read(Sql(f"SELECT {', '.join(texts)}", values), client))[0]
    return {name: parsed(row[name]) or [] for name in queries}


async def write(statement: Sql, connection: Connection) -> int:
    """Run an UPDATE or DELETE; how many rows it touched."""
    sqlite = _on_sqlite(connection)
    text = statement.text if sqlite else numbered(statement.text)
    touched, _ = await connection.execute_query(text, bound(statement.params, connection))
    return touched


async def insert(connection: Connection, table: str, rows: Sequence[Columns], tail: str = "") -> list[Row]:
    """Write new rows, all of the same columns, in one statement; what `tail` (RETURNING …) answers."""
    return await read(insertion(table, rows, tail), connection) if rows else []


def insertion(table: str, rows: Sequence[Columns], tail: str = "") -> Sql:
    """The statement that writes new rows, at least one, all of the same columns."""
    names = tuple(rows[0])
    params = tuple(row[name] for row in rows for name in names)
    return Sql(_insert_text(table, names, len(rows), tail), params)


@lru_cache(1024)
def _insert_text(table: str, names: tuple[str, ...], count: int, tail: str) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    places = ", ".join([f"({_places(names)})"] * count)
    return f'INSERT INTO "{table}" ({columns}) VALUES {places} {tail}'.rstrip()  # noqa: S608 - names of ours


async def insert_unless_taken(connection: Connection, table: str, row: Columns) -> bool:
    """Write a new row; False when another has one of its unique values, even one written at the same moment."""
    return bool(await insert(connection, table, [row], "ON CONFLICT DO NOTHING RETURNING id"))


async def update(connection: Connection, table: str, changes: Columns, where: Sql) -> int:
    """Set columns of the rows that fit; how many there were. Without changes it asks nothing."""
    return await write(change(table, changes, where), connection) if changes else 0


def change(table: str, changes: Columns, where: Sql) -> Sql:
    """The statement that sets columns, at least one, of the rows that fit: to values, or to what a part of SQL says."""
    given = {name: value if isinstance(value, Sql) else Sql("?", (value,)) for name, value in changes.items()}
    settings = ", ".join(f'"{name}" = {value.text}' for name, value in given.items())
    text = f'UPDATE "{table}" SET {settings} WHERE {where.text}'  # noqa: S608 - names of ours
    return Sql(text, (*(it for value in given.values() for it in value.params), *where.params))


async def save(connection: Connection, table: str, before: Columns, after: Columns, key: str = "id") -> None:
    """Write what differs between two states of one row."""
    changes = {name: value for name, value in after.items() if before[name] != value}
    await update(connection, table, changes, Sql(f"{key} = ?", (after[key],)))


async def lock(connection: Connection, table: str, row_id: UUID | int, *, wait: bool = True) -> bool:
    """Hold a row until the transaction ends; False when it is absent or, without `wait`, held by another.

    SQLite's transactions hold the whole store already.
    """
    tail = "" if _on_sqlite(connection) else "FOR UPDATE" if wait else "FOR UPDATE SKIP LOCKED"
    return bool(await read(select("id", table, Sql("id = ?", (row_id,)), tail), connection))


def bound(values: Sequence[object], client: Connection) -> list[object]:
    """The values as the client's driver takes them: times in UTC, terms as text, ids and times as SQLite text."""
    sqlite = _on_sqlite(client)
    ready = _AS_THEY_ARE[sqlite]
    return [value if type(value) in ready else _bound(value, sqlite=sqlite) for value in values]


def to_domain(cls: type[T], row: Mapping[str, Any]) -> T:
    """The dataclass from the columns that bear its fields' names."""
    converters = _converters(typing.cast("Hashable", cls))
    return cls(**{name: convert(row[name]) for name, convert in converters})


def to_columns(thing: object) -> Columns:
    """A dataclass' fields as columns of the same names."""
    return {name: getattr(thing, name) for name in _names(typing.cast("Hashable", type(thing)))}


def converter(cls: type, name: str) -> Callable[[Any], Any]:
    """How a column's value becomes that field of a dataclass."""
    return dict(_converters(typing.cast("Hashable", cls)))[name]


def moment(value: object) -> datetime:
    """A time as either store answers it, in UTC."""
    known = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return known.astimezone(UTC)


def identity(value: object) -> UUID:
    """An id as either store answers it."""
    return value if isinstance(value, UUID) else UUID(str(value))


class Kept(Generic[T]):
    """A value made from the open store and kept while its stamp stays the same."""

    def __init__(self) -> None:
        self._held: tuple[object, Hashable, T] | None = None

    def get(self, stamp: Hashable) -> T | None:
        """What was kept for this stamp of this store."""
        if self._held and self._held[0] is require_context() and self._held[1] == stamp:
            return self._held[2]
        return None

    def keep(self, stamp: Hashable, value: T) -> T:
        """Keep the value, and answer it."""
        self._held = (require_context(), stamp, value)
        return value

    def forget(self) -> None:
        """Make it anew next time."""
        self._held = None


def _joined(word: str, parts: Sequence[Sql]) -> Sql | None:
    if len(parts) <= 1:
        return parts[0] if parts else None
    text = word.join(f"({part.text})" for part in parts)
    return Sql(text, tuple(value for part in parts for value in part.params))


def _places(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def _on_sqlite(client: Connection) -> bool:
    return client.capabilities.dialect == "sqlite"


def _bound(value: object, *, sqlite: bool) -> object:
    if isinstance(value, datetime):
        moved = value.astimezone(UTC)
        return moved.isoformat(" ") if sqlite else moved
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if sqlite and isinstance(value, UUID | date) else value


@cache
def _names(cls: Any) -> tuple[str, ...]:  # noqa: ANN401 - a class, as a key
    return tuple(field.name for field in fields(cls))


@cache
def _converters(cls: Any) -> tuple[tuple[str, Callable[[Any], Any]], ...]:  # noqa: ANN401 - a class, as a key
    hints = typing.get_type_hints(cls)
    return tuple((field.name, _converter(hints[field.name])) for field in fields(cls))


def _converter(hint: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - a type hint has no type of its own
    if isinstance(hint, types.UnionType):
        (inner,) = (part for part in typing.get_args(hint) if part is not type(None))
        convert = _converter(inner)
        return lambda value: None if value is None else convert(value)
    origin = typing.get_origin(hint)
    if origin is not None:
        return tuple_of_json if origin is tuple else parsed
    known: dict[type, Callable[[Any], Any]] = {UUID: identity, datetime: moment, date: _day, bool: bool}
    if hint in known:
        return known[hint]
    if issubclass(hint, Enum | float | bytes):
        return typing.cast("Callable[[Any], Any]", hint)
    return lambda value: value


def parsed(value: object) -> Any:  # noqa: ANN401 - decoded JSON
    """A JSON column's value: text on both stores, unless the driver decoded it."""
    return json.loads(value) if isinstance(value, str) else value


def tuple_of_json(value: object) -> tuple[Any, ...]:
    """A JSON list as a tuple."""
    return tuple(parsed(value))


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
