"""How a category is stored: its stages are a JSON list beside its plain columns (R24)."""

from dataclasses import asdict, replace
from typing import Any

from db.rows import Columns, Row, to_columns, to_domain
from domain.clock import TimeUnit
from domain.dictionary import Category, Milestone


def category_of(row: Row) -> Category:
    """The category of a row; one that was written before stages were known has none."""
    found = to_domain(Category, {**row, "milestones": row["milestones"] or "[]"})
    stages: tuple[Any, ...] = found.milestones
    return replace(found, milestones=tuple(stage_of(it) for it in stages))


def columns_of(category: Category) -> Columns:
    """The columns of a category."""
    return {**to_columns(category), "milestones": [asdict(it) for it in category.milestones]}


def stage_of(stored: dict[str, Any]) -> Milestone:
    """A stage as it is stored: {name, limit, unit}."""
    return Milestone(stored["name"], int(stored["limit"]), TimeUnit(stored["unit"]))
