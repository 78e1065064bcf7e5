"""What a filter may cost: its size, and what it makes a big table read (design §8, limits)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from db.lists.filters import All, AnyOf, Asked, Column, Condition, Not, Test, canonical, tests_in
from db.lists.meanings import positions_of
from domain.errors import DomainError, ErrorCode

MAX_CONDITIONS = 40
MAX_DEPTH = 5
MAX_POSITIONS = 400
WINDOW = timedelta(days=92)
"""A span of time this short narrows a list."""
PREFIX = 12
"""A number's beginning this long narrows a list: it names the month."""


def check_depth(depth: int) -> None:
    """TOO_COSTLY, field `where`, for more than `MAX_DEPTH` filters one inside the other."""
    _check("depth", depth, MAX_DEPTH)


def check_size(condition: Condition) -> None:
    """TOO_COSTLY, field `where`, for more than `MAX_CONDITIONS` tests or `MAX_POSITIONS` positions of outlines."""
    _check("conditions", sum(1 for _ in tests_in(condition)), MAX_CONDITIONS)
    _check("positions", positions_of(condition), MAX_POSITIONS)


def check_cost(asked: Asked, columns: Mapping[str, Column]) -> None:
    """TOO_COSTLY with the field of a text that would be looked for in every row of a big table.

    A text within a column (`contains`, or `startsWith` where no index serves it) has to come together with a
    condition that narrows the list by an index. Call it for the lists of cases and assignments.
    """
    slow = [test for test in tests_in(asked) if _slow(test, columns)]
    if slow and not _narrow(canonical(asked), columns):
        raise DomainError(
            ErrorCode.TOO_COSTLY,
            f"where.{slow[0].field}",
            zh="请同时限定时间段（92 天内）、网格、分类、单位或未结状态，或改用 search",
            en="Narrow the list too: by a time of at most 92 days, grid, category, unit, an open state; or use search",
        )


def rare_values(asked: Asked, columns: Mapping[str, Column]) -> Test | None:
    """Where a text is looked for, the test of rare values (an open state, a light) that every row has to meet.

    Both stores would rather meet all rows in the list's order: SQLite takes values to be equally common, and
    PostgreSQL cannot know how seldom the text occurs.
    """
    if not any(_slow(test, columns) for test in tests_in(asked)):
        return None
    condition = canonical(asked)
    for part in condition.parts if isinstance(condition, All) else (condition,):
        if isinstance(part, Test) and part.field in columns:
            column = columns[part.field]
            if column.common and _narrowing(part, column):
                return part
    return None


def _check(what: str, value: int, limit: int) -> None:
    if value > limit:
        raise DomainError(ErrorCode.TOO_COSTLY, "where", facts={"what": what, "value": value, "limit": limit})


def _slow(test: Test, columns: Mapping[str, Column]) -> bool:
    if test.op == "startsWith":
        return test.field in columns and not columns[test.field].indexed
    return test.op == "contains"


def _narrow(condition: Condition, columns: Mapping[str, Column]) -> bool:
    """Whether indexes find the rows: one narrowing part of several that all hold, each part of alternatives."""
    if isinstance(condition, Test):
        return _narrowing(condition, columns.get(condition.field))
    if isinstance(condition, Not):
        return False
    if isinstance(condition, AnyOf):
        return all(_narrow(part, columns) for part in condition.parts)
    return any(_narrow(part, columns) for part in condition.parts) or _spans(condition, columns)


def _narrowing(test: Test, column: Column | None) -> bool:
    if column is None or not column.indexed:
        return False
    if column.meaning is not None:
        return True
    if test.op == "startsWith":
        return len(str(test.value)) >= PREFIX
    if test.op not in {"eq", "in"}:
        return False
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    return not column.common.intersection(values)


def _spans(together: All, columns: Mapping[str, Column]) -> bool:
    """Whether two of the tests bound an indexed time on both sides, no more than `WINDOW` apart."""
    found: dict[str, dict[str, datetime]] = {}
    for test in together.parts:
        if isinstance(test, Test) and isinstance(test.value, datetime):
            found.setdefault(test.field, {})[test.op] = test.value
    return any(
        name in columns and columns[name].indexed and _span(bounds) <= WINDOW
        for name, bounds in found.items()
    )


def _span(bounds: Mapping[str, datetime]) -> timedelta:
    start = bounds.get("gte") or bounds.get("gt")
    end = bounds.get("lt") or bounds.get("lte")
    return end - start if start and end else timedelta.max
