"""Versioned data the rules read: categories, duties, dispatch rules, calendar and policy (domain.md A.1)."""

import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from db import rows
from db.rows import (
    Connection,
    Kept,
    Sql,
    above,
    both,
    either,
    identity,
    one_of,
    read,
    select,
    to_columns,
    to_domain,
)
from db.unit_of_work import Work
from db.visibility import everyone
from domain.calendar import CalendarDay, WorkCalendar
from domain.dictionary import Category, DispatchRule, DutyItem, PolicyValue
from domain.policy import Policy
from domain.viewer import Viewer

Held = TypeVar("Held", DutyItem, DispatchRule)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The limits and the working days in force at one moment."""

    policy: Policy
    calendar: WorkCalendar


_Sources = tuple[tuple[PolicyValue, ...], WorkCalendar]
_kept: Kept[_Sources] = Kept()


async def rulebook(at: datetime, *, connection: Connection | None = None) -> Rulebook:
    """Policy and calendar as they stand at `at`; kept in the process until days or values change."""
    values, calendar = await _sources(connection)
    current = [value for value in values if value.valid_from <= at]
    return Rulebook(Policy.default().with_values(current, len(current)), calendar)


def forget() -> None:
    """Read calendar and policy anew: an entry was changed."""
    _kept.forget()


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
    found = await _categories(one_of("code", [code]), connection)
    return found[0] if found else None


async def duty_basis(work: Work, org_id: UUID, category_id: UUID, at: datetime) -> DutyItem | None:
    """The unit's duty for the category or one above it, the nearest first (T11, R09)."""
    mine = Sql("d.org_id = ?", (org_id,))
    return await _nearest(DutyItem, "duty_item", category_id, both(mine, _valid(at)), work.connection)


async def dispatch_rule(
    work: Work, category_id: UUID, region_ids: Collection[UUID], org_id: UUID, at: datetime
) -> DispatchRule | None:
    """The rule by which the unit leads the category, or one above it, there; the nearest first (R08)."""
    there = either(Sql("d.region_id IS NULL"), one_of("d.region_id", region_ids))
    where = both(Sql("d.lead_org_id = ?", (org_id,)), there, _valid(at))
    return await _nearest(DispatchRule, "dispatch_rule", category_id, where, work.connection)


async def hit(work: Work, rule_id: UUID) -> None:
    """Count one more dispatch by a rule."""
    text = "UPDATE dispatch_rule SET hit_count = hit_count + 1 WHERE id = ?"
    await rows.write(Sql(text, (rule_id,)), work.connection)


async def insert_categories(work: Work, items: Iterable[Category]) -> None:
    """Write new categories, parents before children."""
    for item in items:
        await rows.insert(work.connection, "category", [to_columns(item)])


async def insert_duties(work: Work, items: Iterable[DutyItem]) -> None:
    """Write new duty items."""
    await rows.insert(work.connection, "duty_item", [to_columns(item) for item in items])


async def insert_rules(work: Work, items: Iterable[DispatchRule]) -> None:
    """Write new dispatch rules."""
    await rows.insert(work.connection, "dispatch_rule", [to_columns(item) for item in items])


async def insert_policy(work: Work, items: Iterable[PolicyValue]) -> None:
    """Write new policy values."""
    await rows.insert(work.connection, "policy_value", [to_columns(item) for item in items])
    forget()


async def insert_calendar(work: Work, days: Iterable[CalendarDay]) -> None:
    """Write days of a notice; a day known already takes the new notice's word."""
    tail = (
        'ON CONFLICT ("date") DO UPDATE SET "is_workday" = EXCLUDED."is_workday", '
        '"name" = EXCLUDED."name", "source" = EXCLUDED."source"'
    )
    await rows.insert(work.connection, "calendar_day", [to_columns(day) for day in days], tail)
    forget()


async def _sources(connection: Connection | None) -> _Sources:
    """All policy values in order, and the calendar, whose version tells its days apart from others."""
    counts = (
        "COUNT(*) AS days, SUM(CASE WHEN is_workday THEN 1 ELSE 0 END) AS worked, "
        "(SELECT COUNT(*) FROM policy_value) AS amounts"
    )
    stamp = tuple((await read(select(counts, "calendar_day"), connection))[0].values())
    known = _kept.get(stamp)
    if known is not None:
        return known
    named = [
        to_domain(CalendarDay, row)
        for row in await read(select("*", "calendar_day", rows.TRUE, "ORDER BY date"), connection)
    ]
    values = await read(select("*", "policy_value", rows.TRUE, "ORDER BY valid_from, id"), connection)
    calendar = WorkCalendar(
        tuple(named),
        frozenset(day.date.year for day in named),
        version=zlib.crc32(repr([(day.date, day.is_workday) for day in named]).encode()) >> 1,
    )
    return _kept.keep(stamp, (tuple(to_domain(PolicyValue, row) for row in values), calendar))


async def _categories(where: Sql, connection: Connection | None) -> list[Category]:
    found = await read(select("*", "category", where, "ORDER BY code"), connection)
    return [to_domain(Category, row) for row in found]


async def _nearest(
    kind: type[Held], table: str, category_id: UUID, where: Sql, connection: Connection
) -> Held | None:
    """The row that fits and names the category or its nearest ancestor."""
    depths = {
        identity(row["id"]): int(row["depth"])
        for row in await read(above("category", [category_id]), connection)
    }
    query = select("d.*", f"{table} d", both(one_of("d.category_id", depths), where), "ORDER BY d.id")
    found = [to_domain(kind, row) for row in await read(query, connection)]
    return min(found, key=lambda it: (depths[it.category_id], it.region_id is None), default=None)


def _valid(at: datetime) -> Sql:
    return Sql("d.valid_from <= ? AND (d.valid_to IS NULL OR d.valid_to > ?)", (at, at))
