"""How an assignment is stored: its milestones are a JSON list beside its plain columns (R24)."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from db.rows import Columns, Row, moment, parsed, to_columns, to_domain
from domain.assignment import Assignment
from domain.clock import TimeUnit
from domain.loop.milestone import Stage

_NONE = "[]"


def assignment_of(row: Row) -> Assignment:
    """The assignment of a row; one that was written before milestones were known has none."""
    found = to_domain(Assignment, {**row, "stages": _NONE})
    stored = parsed(row["stages"])
    return replace(found, stages=tuple(_stage(it) for it in stored)) if stored else found


def assignment_columns(assignment: Assignment) -> Columns:
    """The columns of an assignment; without milestones nothing is written of them."""
    return {**to_columns(assignment), "stages": [_stored(it) for it in assignment.stages] or None}


def _stage(stored: dict[str, Any]) -> Stage:
    done_at, done_by = stored["done_at"], stored["done_by"]
    return Stage(
        name=stored["name"],
        limit=int(stored["limit"]),
        unit=TimeUnit(stored["unit"]),
        clock_id=UUID(stored["clock"]),
        done_at=moment(done_at) if done_at else None,
        done_by_id=UUID(done_by) if done_by else None,
        evidence=stored["evidence"],
    )


def _stored(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "limit": stage.limit,
        "unit": stage.unit.value,
        "clock": str(stage.clock_id),
        "done_at": stage.done_at.isoformat() if stage.done_at else None,
        "done_by": str(stage.done_by_id) if stage.done_by_id else None,
        "evidence": stage.evidence,
    }
