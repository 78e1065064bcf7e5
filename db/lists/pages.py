"""Keyset pages: a stable order with the id as tie-break, read forwards and backwards (design §8)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from db.rows import Connection, Row, Sql, both, identity, moment, read, select
from domain.errors import DomainError, ErrorCode

T = TypeVar("T")

COUNT_CAP = 10_000
_KEY = "position_key"
_LAST_UP = "'9999-01-01 00:00:00+00:00'"
_LAST_DOWN = "'0001-01-02 00:00:00+00:00'"
_NULLS_LAST = (("incident", "due_at"), ("incident", "closed_at"), ("assignment", "handle_due_at"))


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows: the first `size` after `position`, or (backward) the last before it.

    `position` is a row's entry in `Page.positions`: its sort value and id as JSON scalars.
    """

    size: int
    forward: bool = True
    position: tuple[object, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows in list order, whichever way they were read."""

    rows: list[T]
    positions: list[tuple[str | int, str]]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class Order:
    """By one column, then by id, both in one direction; rows without a value come last in either.

    `nullable` is for times alone.
    """

    column: str
    kind: type
    id_column: str
    descending: bool = False
    nullable: bool = False

    @property
    def expression(self) -> str:
        """What is compared; its index is made by `create_statements`."""
        if not self.nullable:
            return self.column
        return f"COALESCE({self.column}, {_LAST_DOWN if self.descending else _LAST_UP})"

    def after(self, position: tuple[object, ...], *, forward: bool) -> Sql:
        """Rows beyond a position, read that way. BAD_CURSOR when it is not one of this order."""
        sign = "<" if self.descending is forward else ">"
        key, row_id = self._values(position)
        # the first test says nothing new, but lets SQLite seek in the index of an expression
        text = f"{self.expression} {sign}= ? AND ({self.expression}, {self.id_column}) {sign} (?, ?)"
        return Sql(text, (key, key, row_id))

    def tail(self, limit: int, *, forward: bool) -> str:
        """The clause that sorts and cuts; the number is literal so that plans know it."""
        way = "DESC" if self.descending is forward else "ASC"
        return f"ORDER BY {self.expression} {way}, {self.id_column} {way} LIMIT {limit:d}"

    def _values(self, position: tuple[object, ...]) -> tuple[object, object]:
        try:
            key, row_id = position
            return moment(key) if self.kind is datetime else key, UUID(str(row_id))
        except ValueError:
            raise DomainError(ErrorCode.BAD_CURSOR, "after") from None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a page or count is taken from: columns, FROM clause, condition."""

    columns: str
    source: str
    where: Sql


def order_of(orders: dict[str, Order], name: str) -> Order:
    """The order of that name; BAD_INPUT, field `orderBy`, for an unknown one."""
    if name not in orders:
        raise DomainError(ErrorCode.BAD_INPUT, "orderBy")
    return orders[name]


async def read_page(
    listing: Listing,
    order: Order,
    slice_: Slice,
    make: Callable[[Row], T],
    connection: Connection | None = None,
) -> Page[T]:
    """One page in one statement; one row more than asked tells whether the list goes on."""
    forward, where = slice_.forward, listing.where
    if slice_.position is not None:
        where = both(where, order.after(slice_.position, forward=forward))
    columns = f"{listing.columns}, {order.expression} AS {_KEY}"
    tail = order.tail(slice_.size + 1, forward=forward)
    found = await read(select(columns, listing.source, where, tail), connection)
    more, found = len(found) > slice_.size, found[: slice_.size]
    ordered = found if forward else found[::-1]
    started = slice_.position is not None
    return Page(
        rows=[make(row) for row in ordered],
        positions=[(_scalar(row[_KEY], order.kind), str(identity(row["id"]))) for row in ordered],
        has_next=more if forward else started,
        has_previous=started if forward else more,
    )


async def read_count(
    listing: Listing, cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many rows, exactly up to `cap`; beyond it `cap` and False."""
    inner = select("1", listing.source, listing.where, f"LIMIT {cap + 1:d}")
    found = await read(
        select("COUNT(*) AS n", f"({inner.text}) counted", Sql("TRUE", inner.params)), connection
    )
    counted = int(found[0]["n"])
    return min(counted, cap), counted <= cap


def create_statements() -> list[str]:
    """The indexes of the orders in which rows without a value come last; they may be run again."""
    return [
        f"CREATE INDEX IF NOT EXISTS {table}_{column}_{way} ON {table} ((COALESCE({column}, {last})), id)"
        for table, column in _NULLS_LAST
        for way, last in (("up", _LAST_UP), ("down", _LAST_DOWN))
    ]


def _scalar(value: object, kind: type) -> str | int:
    if kind is datetime:
        return moment(value).isoformat()
    return value if isinstance(value, int) else str(value)
