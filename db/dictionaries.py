"""Versioned data the rules read: categories, duties, dispatch rules, calendar and policy (domain.md A.1)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from db import rows
from db.rows import Connection, Sql, both, one_of, read, select, to_columns, to_domain
from db.rulebook.calendars import calendars
from db.rulebook.categories import category_of, columns_of, past_categories
from db.rulebook.changes import versions
from db.unit_of_work import Work
from db.visibility import everyone
from db.work.reference import Reference
from domain.calendar import CalendarDay, WorkCalendar
from domain.dictionary import Category, DictionaryNoun, DispatchRule, DutyItem, PolicyValue
from domain.policy import SCOPE, Policy
from domain.viewer import Viewer

T = TypeVar("T")
Held = TypeVar("Held", DutyItem, DispatchRule)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The limits and the working days in force at one moment; `calendars` are those of units that keep their own."""

    policy: Policy
    calendar: WorkCalendar
    calendars: Mapping[UUID, WorkCalendar] = field(default_factory=dict)

    def calendar_of(self, org_id: UUID | None) -> WorkCalendar:
        """The working time of a unit, or of the district."""
        return self.calendar if org_id is None else self.calendars.get(org_id, self.calendar)


@dataclass(frozen=True, slots=True)
class _Book:
    """Everything kept: rows in the order of their ids, categories by id and by code."""

    values: tuple[PolicyValue, ...]
    calendar: WorkCalendar
    calendars: Mapping[UUID, WorkCalendar]
    past: Mapping[tuple[UUID, int], Category]
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
    policy = _policy(tuple(value for value in book.values if value.holds(at)))
    if category_id is not None and policy.scoped:
        codes = [book.tree[it].code for it in _depths(book, category_id)]
        policy = policy.within(codes, [book.regions[it] for it in region_ids if it in book.regions])
    return Rulebook(policy, book.calendar, book.calendars)


@lru_cache(8)
def _policy(current: tuple[PolicyValue, ...]) -> Policy:
    return Policy.default().with_values(current, len(current))


def forget() -> None:
    """Read everything anew: an entry was changed."""
    _kept.forget()


def changing(work: Work) -> None:
    """This transaction changes entries: keep nothing of them until it has ended."""
    _kept.change(work)


async def known_as(
    wanted: Collection[tuple[UUID, int | None]], connection: Connection | None = None
) -> dict[tuple[UUID, int | None], Category]:
    """Categories as cases know them: by the version they were given, the first where none was noted (trap 18)."""
    book = await _kept.get(connection, lambda book: all(_as_known(book, it) for it in wanted))
    return {it: found for it in wanted if (found := _as_known(book, it)) is not None}


def _as_known(book: _Book, wanted: tuple[UUID, int | None]) -> Category | None:
    """Where that version was not kept, because it was never changed by a command, the entry as it stands."""
    category_id, version = wanted[0], wanted[1] or 1
    current = book.tree.get(category_id)
    if current is None or current.version < version:
        return None
    return current if current.version == version else book.past.get((category_id, version), current)


async def tree(ids: Collection[UUID], connection: Connection | None = None) -> Mapping[UUID, Category]:
    """Every category by id, these among them, for the rules."""
    return (await _kept.get(connection, lambda book: book.tree.keys() >= set(ids))).tree


async def categories(*, viewer: Viewer, connection: Connection | None = None) -> list[Category]:
    """The whole tree, by code."""
    return await _categories(everyone(viewer), connection)


async def categories_at(
    at: datetime, *, viewer: Viewer, connection: Connection | None = None
) -> list[Category]:
    """The categories in use at a moment, as they were then, by code; those to come as they are set by now."""
    everyone(viewer)
    book = await _kept.get(connection)
    found: dict[UUID, Category] = {}
    for key, version, _, valid_from in await versions(DictionaryNoun.CATEGORY, connection):
        if key in book.tree and valid_from <= at:
            found[key] = book.past[key, version]
    kept = {key for key, _ in book.past}
    found |= {key: it for key, it in book.tree.items() if key not in kept}
    return sorted((it for it in found.values() if it.in_use(at)), key=lambda it: it.code)


async def scope_of(key: str, *, connection: Connection | None = None) -> tuple[UUID | None, UUID | None]:
    """The category and the region that a limit is for, by the codes in its key."""
    _, *scope = key.split(SCOPE)
    if not scope:
        return None, None
    book = await _kept.get(connection)
    category = book.by_code.get(scope[0])
    places = [place for place, code in book.regions.items() if code == scope[1]]
    return category.id if category else None, max(places, default=None)


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
    """All of it."""
    district, units = await calendars(connection)
    found = await _categories(rows.TRUE, connection)
    return _Book(
        values=tuple(await _all(PolicyValue, "policy_value", "valid_from, id", connection)),
        calendar=district,
        calendars=units,
        past=await past_categories(found, connection),
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
    "(SELECT COUNT(*) FROM duty_item) AS duties, (SELECT COUNT(*) FROM dispatch_rule) AS rules, "
    "(SELECT COUNT(*) FROM dictionary_change) AS changes"
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
