"""Versioned data the rules read: categories, duties, dispatch rules, calendar and policy (domain.md A.1)."""

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from db import rows
from db.rows import Connection, Sql, both, one_of, read, select, to_columns, to_domain
from db.rulebook.categories import category_of, columns_of
from db.unit_of_work import Work
from db.visibility import everyone
from db.work.reference import Reference
from domain.calendar import CalendarDay, WorkCalendar
from domain.dictionary import Category, DispatchRule, DutyItem, PolicyValue
from domain.policy import Policy
from domain.viewer import Viewer

T = TypeVar("T")
Held = TypeVar("Held", DutyItem, DispatchRule)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The limits and the working days in force at one moment."""

    policy: Policy
    calendar: WorkCalendar


@dataclass(frozen=True, slots=True)
class _Book:
    """Everything kept: rows in the order of their ids, categories by id and by code."""

    values: tuple[PolicyValue, ...]
    calendar: WorkCalendar
    tree: Mapping[UUID, Category]
    by_code: Mapping[str, Category]
    duties: tuple[DutyItem, ...]
    rules: tuple[DispatchRule, ...]
    regions: Mapping[UUID, str]


async def rulebook(
    at: datetime,
    *,
    category_id: UUID | None = None,
    region_ids: Collection[UUID] = (),
    connection: Connection | None = None,
) -> Rulebook:
    """Policy and calendar as they stand at `at`; kept in the process until days or values change.

    With a category and regions (the nearest first) the policy is the one for a case of that kind there.
    """
    book = await _kept.get(connection)
    policy = _policy(tuple(value for value in book.values if value.valid_from <= at))
    if category_id is not None and policy.narrow:
        codes = [book.tree[it].code for it in _depths(book, category_id)]
        policy = policy.within(codes, [book.regions[it] for it in region_ids if it in book.regions])
    return Rulebook(policy, book.calendar)


@lru_cache(8)
def _policy(current: tuple[PolicyValue, ...]) -> Policy:
    return Policy.default().with_values(current, len(current))


def forget() -> None:
    """Read everything anew: an entry was changed."""
    _kept.forget()


async def tree(ids: Collection[UUID], connection: Connection | None = None) -> Mapping[UUID, Category]:
    """Every category by id, these among them, for the rules."""
    return (await _kept.get(connection, lambda book: book.tree.keys() >= set(ids))).tree


async def categories(*, viewer: Viewer, connection: Connection | None = None) -> list[Category]:
    """The whole tree, by code."""
    return await _categories(everyone(viewer), connection)


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Category]:
    """Categories by id."""
    found = await _categories(both(one_of("id", sorted(set(ids))), everyone(viewer)), connection)
    return {it.id: it for it in found}


async def category_by_code(code: str, *, connection: Connection | None = None) -> Category | None:
    """The category of that code."""
    return (await _kept.get(connection, lambda book: code in book.by_code)).by_code.get(code)


async def duty_basis(work: Work, org_id: UUID, category_id: UUID, at: datetime) -> DutyItem | None:
    """The unit's duty for the category or one above it, the nearest first (T11, R09)."""
    book = await _kept.get(work.connection)
    return _nearest(book, category_id, [it for it in book.duties if it.org_id == org_id and _valid(it, at)])


async def dispatch_rule(
    work: Work, category_id: UUID, region_ids: Collection[UUID], org_id: UUID, at: datetime
) -> DispatchRule | None:
    """The rule by which the unit leads the category, or one above it, there; the nearest first (R08)."""
    rules, _ = await fitting(category_id, region_ids, at, connection=work.connection)
    return next((it for it in rules if it.lead_org_id == org_id and it.role in {None, "LEAD"}), None)


async def fitting(
    category_id: UUID, region_ids: Collection[UUID], at: datetime, *, connection: Connection | None = None
) -> tuple[list[DispatchRule], list[DutyItem]]:
    """Rules and duties for the category, or one above it, there: the nearest first, newer before older (R08)."""
    book = await _kept.get(connection)
    depths = _depths(book, category_id)
    rules = _fitting(book.rules, depths, region_ids, at)
    return rules, _fitting(book.duties, depths, region_ids, at)


async def hits(rules: Iterable[DispatchRule], *, connection: Connection | None = None) -> dict[UUID, int]:
    """How often each rule was dispatched by, as it stands; what is kept does not follow the count."""
    chosen = one_of("id", sorted(it.id for it in rules))
    found = await read(select("id, hit_count", "dispatch_rule", chosen), connection)
    return {rows.identity(row["id"]): int(row["hit_count"]) for row in found}


def _fitting(
    held: Iterable[Held], depths: Mapping[UUID, int], region_ids: Collection[UUID], at: datetime
) -> list[Held]:
    there = [it for it in held if it.category_id in depths and it.region_id in {None, *region_ids}]
    newest = sorted((it for it in there if _valid(it, at)), key=lambda it: it.valid_from, reverse=True)
    return sorted(newest, key=lambda it: (depths[it.category_id], it.region_id is None))


def hit(work: Work, rule_id: UUID) -> None:
    """Count one more dispatch by a rule; the rules as they are kept do not follow the count."""
    text = "UPDATE dispatch_rule SET hit_count = hit_count + 1 WHERE id = ?"
    work.writes.add(Sql(text, (rule_id,)))


async def insert_categories(work: Work, items: Iterable[Category]) -> None:
    """Write new categories, parents before children."""
    _kept.change(work)
    for item in items:
        await rows.insert(work.connection, "category", [columns_of(item)])


async def insert_duties(work: Work, items: Iterable[DutyItem]) -> None:
    """Write new duty items."""
    _kept.change(work)
    await rows.insert(work.connection, "duty_item", [to_columns(item) for item in items])


async def insert_rules(work: Work, items: Iterable[DispatchRule]) -> None:
    """Write new dispatch rules."""
    _kept.change(work)
    await rows.insert(work.connection, "dispatch_rule", [to_columns(item) for item in items])


async def insert_policy(work: Work, items: Iterable[PolicyValue]) -> None:
    """Write new policy values."""
    _kept.change(work)
    await rows.insert(work.connection, "policy_value", [to_columns(item) for item in items])


async def insert_calendar(work: Work, days: Iterable[CalendarDay]) -> None:
    """Write days of a notice; a day known already takes the new notice's word."""
    _kept.change(work)
    tail = (
        'ON CONFLICT ("date") DO UPDATE SET "is_workday" = EXCLUDED."is_workday", '
        '"name" = EXCLUDED."name", "source" = EXCLUDED."source"'
    )
    await rows.insert(work.connection, "calendar_day", [to_columns(day) for day in days], tail)


async def _book(connection: Connection | None) -> _Book:
    """All of it; the calendar's version tells its days apart from others."""
    named = await _all(CalendarDay, "calendar_day", "date", connection)
    calendar = WorkCalendar(
        tuple(named),
        frozenset(day.date.year for day in named),
        version=zlib.crc32(repr([(day.date, day.is_workday) for day in named]).encode()) >> 1,
    )
    found = await _categories(rows.TRUE, connection)
    return _Book(
        values=tuple(await _all(PolicyValue, "policy_value", "valid_from, id", connection)),
        calendar=calendar,
        tree={it.id: it for it in found},
        by_code={it.code: it for it in found},
        duties=tuple(await _all(DutyItem, "duty_item", "id", connection)),
        rules=tuple(await _all(DispatchRule, "dispatch_rule", "id", connection)),
        regions={
            rows.identity(row["id"]): row["code"]
            for row in await read(select("id, code", "region"), connection)
        },
    )


_STAMP = (
    "COUNT(*) AS days, SUM(CASE WHEN is_workday THEN 1 ELSE 0 END) AS worked, "
    "(SELECT COUNT(*) FROM policy_value) AS amounts, (SELECT COUNT(*) FROM category) AS categories, "
    "(SELECT COUNT(*) FROM duty_item) AS duties, (SELECT COUNT(*) FROM dispatch_rule) AS rules"
)
_kept: Reference[_Book] = Reference(select(_STAMP, "calendar_day"), _book)


async def _all(kind: type[T], table: str, order: str, connection: Connection | None) -> list[T]:
    return [
        to_domain(kind, row)
        for row in await read(select("*", table, rows.TRUE, f"ORDER BY {order}"), connection)
    ]


async def _categories(where: Sql, connection: Connection | None) -> list[Category]:
    found = await read(select("*", "category", where, "ORDER BY code"), connection)
    return [category_of(row) for row in found]


def _nearest(book: _Book, category_id: UUID, fitting: Iterable[Held]) -> Held | None:
    """The row that names the category or its nearest ancestor."""
    depths = _depths(book, category_id)
    named = [it for it in fitting if it.category_id in depths]
    return min(named, key=lambda it: (depths[it.category_id], it.region_id is None), default=None)


def _depths(book: _Book, category_id: UUID) -> dict[UUID, int]:
    """The category and those above it, each with how far up it lies."""
    depths: dict[UUID, int] = {}
    above: UUID | None = category_id
    while above is not None and above in book.tree:
        depths[above] = len(depths)
        above = book.tree[above].parent_id
    return depths


def _valid(it: DutyItem | DispatchRule, at: datetime) -> bool:
    return it.valid_from <= at and (it.valid_to is None or it.valid_to > at)
