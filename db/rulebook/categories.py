"""How a category is stored: its stages are a JSON list beside its plain columns (R24)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from db import rows
from db.rows import Columns, Connection, Row, Sql, read, select, to_columns, to_domain
from db.rulebook.changes import versions
from db.unit_of_work import Work
from domain.clock import TimeUnit
from domain.dictionary import Category, DictionaryNoun, Milestone
from domain.errors import DomainError, ErrorCode

_TABLE = "category"


def category_of(row: Row) -> Category:
    """The category of a row; one that was written before stages were known has none."""
    found = to_domain(Category, {**row, "milestones": row["milestones"] or "[]"})
    stages: tuple[Any, ...] = found.milestones
    return replace(found, milestones=tuple(stage_of(it) for it in stages))


async def past_categories(
    present: Iterable[Category], connection: Connection | None = None
) -> dict[tuple[UUID, int], Category]:
    """Every version that was kept of these categories, by id and number."""
    known = {it.id: it for it in present}
    return {
        (key, version): as_set(known[key], data)
        for key, version, data, _ in await versions(DictionaryNoun.CATEGORY, connection)
        if key in known
    }


def as_set(category: Category, data: Mapping[str, object]) -> Category:
    """The category as a version of its history says; what that version did not know is as it stands."""
    return category_of({**to_columns(category), **data})


def columns_of(category: Category) -> Columns:
    """The columns of a category."""
    return {**to_columns(category), "milestones": [asdict(it) for it in category.milestones]}


def stage_of(stored: dict[str, Any]) -> Milestone:
    """A stage as it is stored: {name, limit, unit}."""
    return Milestone(stored["name"], int(stored["limit"]), TimeUnit(stored["unit"]))


async def insert(work: Work, category: Category) -> None:
    """Write a new category. BAD_INPUT, field `code`, when the code is taken."""
    if not await rows.insert_unless_taken(work.connection, _TABLE, columns_of(category)):
        raise DomainError(ErrorCode.BAD_INPUT, "code", zh="分类代码已存在", en="The code is taken")


async def load(work: Work, category_id: UUID) -> Category:
    """The category, locked. NOT_FOUND, field `id`."""
    if not await rows.lock(work.connection, _TABLE, category_id):
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    found = await read(select("*", _TABLE, Sql("id = ?", (category_id,))), work.connection)
    return category_of(found[0])


async def save(work: Work, before: Category, after: Category) -> None:
    """Write what changed of a category."""
    await rows.save(work.connection, _TABLE, columns_of(before), columns_of(after))
