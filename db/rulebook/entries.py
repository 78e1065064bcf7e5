"""Entries that hold for a time: how each kind is listed, found and changed (S40, R09)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from db import rows
from db.connection import dialect
from db.lists.filters import Asked, Column, Test, compiled
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, order_of, read_count, read_page
from db.rows import Connection, Row, Sql, both, exists, identity, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import of_staff
from domain.assignment import AssignmentState
from domain.clock import TimeUnit
from domain.dictionary import DispatchRule, DutyItem, DutySource, PolicyValue
from domain.errors import DomainError, ErrorCode
from domain.policy import COUNTS
from domain.viewer import Viewer

E = TypeVar("E", DutyItem, DispatchRule, PolicyValue)


@dataclass(frozen=True, slots=True)
class Entries(Generic[E]):
    """One kind of entry: its table, its orders (the first is the usual one) and what its filter means."""

    kind: type[E]
    table: str
    alias: str
    ORDERS: Mapping[str, Order]
    COLUMNS: Mapping[str, Column]

    async def page(
        self,
        *,
        viewer: Viewer,
        tests: Asked = (),
        order: str | None = None,
        slice_: Slice,
        connection: Connection | None = None,
    ) -> Page[E]:
        """Entries in an order, ended and planned ones too."""
        chosen = order_of(self.ORDERS, order or next(iter(self.ORDERS)))
        return await read_page(self.listing(viewer, tests), chosen, slice_, self.made, connection)

    async def count(
        self,
        *,
        viewer: Viewer,
        tests: Asked = (),
        cap: int = COUNT_CAP,
        connection: Connection | None = None,
    ) -> tuple[int, bool]:
        """How many entries, exact up to `cap`."""
        return await read_count(self.listing(viewer, tests), cap, connection)

    def listing(self, viewer: Viewer, tests: Asked = (), search: str | None = None) -> Listing:
        """What pages and counts are taken from. BAD_INPUT with the field; nothing is found by words."""
        if search is not None:
            raise DomainError(ErrorCode.BAD_INPUT, "search")
        where = both(of_staff(viewer), compiled(tests, self.COLUMNS))
        return Listing(f"{self.alias}.*", f"{self.table} {self.alias}", where)

    async def get(
        self, ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
    ) -> dict[UUID, E]:
        """Entries by id."""
        where = both(one_of("id", sorted(set(ids))), of_staff(viewer))
        return {it.id: it for it in await self._found(where, connection)}

    async def load(self, work: Work, entry_id: UUID, field: str = "id") -> E:
        """The entry, locked. NOT_FOUND naming the field."""
        if not await rows.lock(work.connection, self.table, entry_id):
            raise DomainError(ErrorCode.NOT_FOUND, field)
        return (await self._found(Sql("id = ?", (entry_id,)), work.connection))[0]

    async def alike(self, work: Work, **columns: object) -> list[E]:
        """Every entry with these columns, whenever it holds."""
        parts = [
            Sql(f"{name} IS NULL") if value is None else Sql(f"{name} = ?", (value,))
            for name, value in columns.items()
        ]
        return await self._found(both(*parts), work.connection)

    async def insert(self, work: Work, entries: Collection[E]) -> None:
        """Write new entries."""
        await rows.insert(work.connection, self.table, [to_columns(it) for it in entries])

    async def save(self, work: Work, before: E, after: E) -> None:
        """Write what changed of an entry."""
        await rows.save(work.connection, self.table, to_columns(before), to_columns(after))

    def made(self, row: Row) -> E:
        """The entry of a row."""
        return to_domain(self.kind, row)

    async def _found(self, where: Sql, connection: Connection | None) -> list[E]:
        query = select("*", self.table, where, "ORDER BY valid_from, id")
        return [self.made(row) for row in await read(query, connection)]


@dataclass(frozen=True, slots=True)
class RuleUse:
    """How often a rule's dispatches were made, and how many of them were returned (R08, R09)."""

    dispatched: int = 0
    returned: int = 0


async def uses(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, RuleUse]:
    """What became of the assignments that each rule brought."""
    columns = "a.rule_id AS id, COUNT(*) AS n, SUM(CASE WHEN a.state = ? THEN 1 ELSE 0 END) AS back"
    where = both(one_of("a.rule_id", sorted(set(ids))), of_staff(viewer))
    query = select(columns, "assignment a", where, "GROUP BY a.rule_id")
    given = Sql(query.text, (AssignmentState.RETURNED, *query.params))
    return {
        identity(row["id"]): RuleUse(int(row["n"]), int(row["back"])) for row in await read(given, connection)
    }


def _span(alias: str) -> dict[str, Column]:
    def holds(test: Test, _now: datetime | None) -> Sql:
        text = f"{alias}.valid_from <= ? AND ({alias}.valid_to IS NULL OR {alias}.valid_to > ?)"
        return Sql(text, (test.value, test.value))

    return {
        "validFrom": Column(f"{alias}.valid_from", datetime),
        "validTo": Column(f"{alias}.valid_to", datetime),
        "holds": Column(f"{alias}.valid_from", datetime, meaning=holds),
    }


def _orders(alias: str) -> dict[str, Order]:
    return {
        "VALID_FROM_DESC": Order(f"{alias}.valid_from", datetime, f"{alias}.id", descending=True),
        "VALID_FROM_ASC": Order(f"{alias}.valid_from", datetime, f"{alias}.id"),
    }


def _place(alias: str) -> dict[str, Column]:
    """The category, the region: each with what lies below it."""
    return {
        "category": Column(
            f"{alias}.category_id",
            UUID,
            lambda ids: rows.within(f"{alias}.category_id", rows.below("category", ids)),
        ),
        "region": Column(
            f"{alias}.region_id",
            UUID,
            lambda ids: rows.within(f"{alias}.region_id", rows.below("region", ids)),
        ),
        "everywhere": Column(f"({alias}.region_id IS NULL)", bool),
    }


def _within_key(table: str, marks: str) -> Column:
    """A key's part is the code of one of these; codes hold none of the marks around them."""

    def among(ids: Collection[UUID]) -> Sql:
        position = "INSTR" if dialect() == "sqlite" else "STRPOS"
        part = Sql(f"{position}(v.key || '$', {marks}) > 0")
        return exists(f"{table} k", both(one_of("k.id", ids), part))

    return Column("v.key", UUID, among)


DUTIES = Entries(
    DutyItem,
    "duty_item",
    "u",
    _orders("u"),
    {
        **_span("u"),
        **_place("u"),
        "orgUnit": Column("u.org_id", UUID),
        "source": Column("u.source", DutySource),
    },
)
RULES = Entries(
    DispatchRule,
    "dispatch_rule",
    "d",
    _orders("d"),
    {
        **_span("d"),
        **_place("d"),
        "orgUnit": Column("d.lead_org_id", UUID),
        "hits": Column("d.hit_count", int),
        "arbitrated": Column("(d.arbitration_id IS NOT NULL)", bool),
    },
)
_COUNTED = " OR ".join(f"v.key = '{it}' OR v.key LIKE '{it}@%'" for it in sorted(COUNTS))
"""Which values are counts and have no unit, though something is stored in its place (`domain.policy.COUNTED`)."""

POLICIES = Entries(
    PolicyValue,
    "policy_value",
    "v",
    _orders("v"),
    {
        **_span("v"),
        "key": Column("v.key"),
        "unit": Column(f"(CASE WHEN {_COUNTED} THEN NULL ELSE v.unit END)", TimeUnit),
        "scoped": Column("(v.key LIKE '%@%')", bool),
        "category": _within_key("category", "'@' || k.code || '@'"),
        "region": _within_key("region", "'@' || k.code || '$'"),
    },
)
