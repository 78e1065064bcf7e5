"""Keyset pages: a stable order with the id as tie-break, read forwards and backwards (design §8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from db.connection import dialect
from db.lists.sizes import size_of
from db.rows import TRUE, Connection, Row, Sql, both, identity, moment, read, select, within
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState

T = TypeVar("T")

COUNT_CAP = 10_000
FEW = 5_000
"""Rows that are sooner read and sorted than met in the order of their list, where a filter makes them rare."""
NEAR = 4_000
"""Rows of an order that are sooner met than a viewer's own are read and sorted.

Milliseconds for 50 of 100,000 cases, read / met, for viewers of 540, 1,000, 1,600 and 4,700 cases. SQLite:
1.3 / 2.6, 2.3 / 1.8, 2.7 / 0.8, 15 / 0.3; PostgreSQL: 1.6 / 12, 5 / 3.3, 4 / 0.6, 16 / 0.3. Assignments gain
more: 10 to 80 / 1 to 9. With 4,000 rows a share of 1.3 % and more is met, from 1,300 cases on.
"""
GATHERED = 1_000
"""Rows that PostgreSQL is made to seek one by one, whatever a filter says: 0.5 ms for 100 instead of 16."""
_KEY = "position_key"
_LAST_UP = "'9999-01-01 00:00:00+00:00'"
_LAST_DOWN = "'0001-01-02 00:00:00+00:00'"
_NULLS_LAST = (("incident", "due_at"), ("incident", "closed_at"), ("assignment", "handle_due_at"))
_ENDED = ", ".join(f"'{state}'" for state in IncidentState if not state.open)
_INDEXES = (
    f"incident_open ON incident (state, light) WHERE state NOT IN ({_ENDED})",  # the board's open cases
    "assignment_dispatched ON assignment (dispatched_at, id)",  # assignments ordered by DISPATCHED_AT
    "incident_place ON incident (lng, lat)",  # cases near a point or within an outline
    "assignment_of_org ON assignment (org_id, incident_id, state)",  # which cases a unit holds
)


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
        return f"COALESCE({self.column}, {self._last})"

    @property
    def _last(self) -> str:
        """What stands for no value."""
        return _LAST_DOWN if self.descending else _LAST_UP

    def parts(self, slice_: Slice) -> tuple[tuple[Sql, str], ...]:
        """Which rows a slice takes and how they are sorted, in parts that follow each other.

        Many rows may be without a value: beyond one of them the index is sought by the id alone, then the rest.
        BAD_CURSOR when the position is not one of this order.
        """
        forward = slice_.forward
        way, sign = ("DESC", "<") if self.descending is forward else ("ASC", ">")
        sort = f"ORDER BY {self.expression} {way}, {self.id_column} {way}"
        if slice_.position is None:
            return ((TRUE, sort),)
        key, row_id = self._values(slice_.position)
        if not self.nullable or f"'{key}'" != self._last:
            # the first test says nothing new, but lets SQLite seek in the index of an expression
            text = f"{self.expression} {sign}= ? AND ({self.expression}, {self.id_column}) {sign} (?, ?)"
            return ((Sql(text, (key, key, row_id)), sort),)
        same = Sql(f"{self.expression} = {self._last} AND {self.id_column} {sign} ?", (row_id,))
        without = (same, f"ORDER BY {self.id_column} {way}")
        return (without,) if forward else (without, (Sql(f"{self.expression} {sign} {self._last}"), sort))

    def _values(self, position: tuple[object, ...]) -> tuple[object, object]:
        try:
            key, row_id = position
            return moment(key) if self.kind is datetime else key, UUID(str(row_id))
        except ValueError:
            raise DomainError(ErrorCode.BAD_CURSOR, "after") from None


@dataclass(frozen=True, slots=True)
class Way:
    """Another way to a listing's rows: `ids` (a query of one column `id`) names each of them once, and some more.

    Those that meet `rest` are exactly the listing's rows.
    """

    ids: Sql
    rest: Sql


@dataclass(frozen=True, slots=True)
class Listing:
    """What a page or count is taken from: columns, FROM clause, condition.

    Rows are met in the list's order and tested one by one, which finds a page soon where many rows fit. Where
    few fit, one of the `ways` is taken instead: the first that names at most `FEW` rows, unless the order's
    first `NEAR` rows hold a page already. Both sizes are remembered (`db.lists.sizes`): while they are out of date
    a page may take longer, with the same rows. The last way is that of the viewer's own rows; the first one
    serves counts, whatever it names.
    """

    columns: str
    source: str
    where: Sql
    ways: tuple[Way, ...] = ()


def order_of(orders: Mapping[str, Order], name: str) -> Order:
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
    """One page in one statement, its way known; one row more than asked tells whether the list goes on."""
    forward = slice_.forward
    columns = f"{listing.columns}, {order.expression} AS {_KEY}"
    query = await page_of(columns, listing, order, slice_, connection)
    found = await read(query, connection)
    more, found = len(found) > slice_.size, found[: slice_.size]
    ordered = found if forward else found[::-1]
    started = slice_.position is not None
    return Page(
        rows=[make(row) for row in ordered],
        positions=[(scalar(row[_KEY], order.kind), str(identity(row["id"]))) for row in ordered],
        has_next=more if forward else started,
        has_previous=started if forward else more,
    )


async def page_of(
    columns: str, listing: Listing, order: Order, slice_: Slice, connection: Connection | None = None
) -> Sql:
    """The statement of one page and the row after it, in the direction it is read.

    The size is literal: PostgreSQL plans a bound LIMIT as a tenth of the table.
    """
    where = await _fits(listing, order, slice_, connection)
    limit = f"LIMIT {slice_.size + 1:d}"
    parts = [
        select(columns, listing.source, both(where, beyond), f"{sort} {limit}")
        for beyond, sort in order.parts(slice_)
    ]
    if len(parts) == 1:
        return parts[0]
    text = " UNION ALL ".join(f"SELECT * FROM ({it.text}) part{at}" for at, it in enumerate(parts))  # noqa: S608 - parts of ours
    return Sql(f"{text} {limit}", tuple(value for it in parts for value in it.params))


async def read_count(
    listing: Listing, cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many rows, exactly up to `cap`; beyond it `cap` and False."""
    found = await read(_number(_counted(listing, cap + 1)), connection)
    counted = int(found[0]["n"])
    return min(counted, cap), counted <= cap


def create_statements() -> list[str]:
    """The indexes that a model cannot say, each with the statement it serves; they may be run again."""
    nulls_last = [
        f"CREATE INDEX IF NOT EXISTS {table}_{column}_{way} ON {table} ((COALESCE({column}, {last})), id)"
        for table, column in _NULLS_LAST
        for way, last in (("up", _LAST_UP), ("down", _LAST_DOWN))
    ]
    return [*nulls_last, *(f"CREATE INDEX IF NOT EXISTS {it}" for it in _INDEXES)]


async def _fits(listing: Listing, order: Order, slice_: Slice, connection: Connection | None) -> Sql:
    """Which rows are the listing's, in the words that find this page soonest."""
    if listing.ways and not await _near(listing, order, slice_, connection):
        for way in listing.ways:
            named = select("1", f"({way.ids.text}) named", Sql("TRUE", way.ids.params), f"LIMIT {FEW + 1:d}")
            size = await size_of(_number(named), connection)
            if size <= FEW:
                few = size <= GATHERED or way.rest == TRUE
                return both(_gathered(order.id_column, way.ids, few=few), way.rest)
    return listing.where


async def _near(listing: Listing, order: Order, slice_: Slice, connection: Connection | None) -> bool:
    """Whether a list without a filter shows a page, and the row after it, among the first rows of its order.

    Within the list it has to do so from both its ends: a new unit has all its cases at one of them.
    """
    if listing.ways[-1].rest != TRUE:
        return False
    for forward in {slice_.forward} if slice_.position is None else (True, False):
        ((_, sort),) = order.parts(Slice(slice_.size, forward))
        met = select(f"({listing.where.text}) AS fits", listing.source, TRUE, f"{sort} LIMIT {NEAR:d}")
        fitting = select("1", f"({met.text}) met", Sql("met.fits", listing.where.params))
        if await size_of(_number(fitting), connection) <= slice_.size:
            return False
    return True


def _gathered(column: str, ids: Sql, *, few: bool) -> Sql:
    """The column holds one of the ids; PostgreSQL would join a few to the whole index rather than seek each."""
    if few and dialect() == "postgres":
        return Sql(f"{column} = ANY(ARRAY({ids.text}))", ids.params)
    return within(column, ids)


def _number(query: Sql) -> Sql:
    """How many rows (`n`) a query finds."""
    return select("COUNT(*) AS n", f"({query.text}) counted", Sql("TRUE", query.params))


def _counted(listing: Listing, limit: int) -> Sql:
    """A row for each of the listing's, at most `limit`."""
    if not listing.ways:
        return select("1", listing.source, listing.where, f"LIMIT {limit:d}")
    way = listing.ways[0]
    if way.rest == TRUE:
        return select("1", f"({way.ids.text}) named", Sql("TRUE", way.ids.params), f"LIMIT {limit:d}")
    alias = listing.source.split()[1]
    return select("1", listing.source, both(within(f"{alias}.id", way.ids), way.rest), f"LIMIT {limit:d}")


def scalar(value: object, kind: type) -> str | int:
    """A sort value as a cursor holds it."""
    if kind is datetime:
        return moment(value).isoformat()
    return value if isinstance(value, int) else str(value)
