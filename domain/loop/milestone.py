"""A stage of handling with a limit of its own: 停工, 处罚, 拆除 (domain.md R24, B.3 T25)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import TimeUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """阶段: one milestone of a leading row, as its category named it at the dispatch; `limit` is an amount of `unit`.

    `clock_id` is its MILESTONE clock; done when `done_at` says so, with `evidence` in words.
    """

    name: str
    limit: int
    unit: TimeUnit
    clock_id: UUID
    done_at: datetime | None = None
    done_by_id: UUID | None = None
    evidence: str | None = None


def undone(stages: Collection[Stage]) -> tuple[Stage, ...]:
    """Those that wait to be done, in their order."""
    return tuple(it for it in stages if it.done_at is None)
