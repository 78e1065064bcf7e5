"""Typed filters of a list, compiled to SQL through an allow-list per noun (design §8)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar, Literal
from uuid import UUID

from db.connection import dialect
from db.rows import Sql, both, one_of
from domain.errors import DomainError, ErrorCode

Op = Literal["eq", "in", "gte", "lte", "gt", "lt", "contains", "isnull"]

MAX_VALUES = 200
MAX_TEXT = 200
_COMPARISONS = {"gte": ">=", "lte": "<=", "gt": ">", "lt": "<"}
_UNORDERED = (UUID, bool)


@dataclass(frozen=True, slots=True)
class Test:
    """One condition on a field by its API name; `value` is a sequence for `in`, a bool for `isnull`."""

    __test__: ClassVar[bool] = False

    field: str
    op: Op
    value: object


@dataclass(frozen=True, slots=True)
class Column:
    """What an API field means in a statement: an expression and the kind of its values.

    `among` replaces equality where it means more than one column's value: a subtree, a held case.
    """

    expression: str
    kind: type = str
    among: Callable[[Sequence[UUID]], Sql] | None = None


def compiled(tests: Iterable[Test], columns: Mapping[str, Column]) -> Sql:
    """All tests hold. BAD_INPUT with the field for an unknown field, operator or value."""
    return both(*(_one(test, columns) for test in tests))


def _one(test: Test, columns: Mapping[str, Column]) -> Sql:
    column = columns.get(test.field)
    if column is None:
        raise _refusal(test.field)
    if test.op == "isnull" or (test.op == "eq" and test.value is None):
        return _null(column, test)
    if test.op in {"eq", "in"}:
        return _equal(column, test)
    if test.op == "contains":
        return _contains(column, test)
    return _compared(column, test)


def _null(column: Column, test: Test) -> Sql:
    if column.among is not None:
        raise _refusal(test.field)
    empty = test.value is None or bool(test.value)
    return Sql(f"{column.expression} IS NULL" if empty else f"{column.expression} IS NOT NULL")


def _equal(column: Column, test: Test) -> Sql:
    values = test.value if test.op == "in" else [test.value]
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) > MAX_VALUES:
        raise _refusal(test.field)
    checked = [_checked(column, value, test.field) for value in values]
    if column.among is None:
        return one_of(column.expression, checked)
    return column.among([value for value in checked if isinstance(value, UUID)])


def _compared(column: Column, test: Test) -> Sql:
    sign = _COMPARISONS.get(test.op)
    if sign is None or column.kind in _UNORDERED or issubclass(column.kind, Enum):
        raise _refusal(test.field)
    return Sql(f"{column.expression} {sign} ?", (_checked(column, test.value, test.field),))


def _contains(column: Column, test: Test) -> Sql:
    """The text occurs, small and capital Latin letters alike, every character standing for itself."""
    if column.kind is not str:
        raise _refusal(test.field)
    text = str(_checked(column, test.value, test.field))
    pattern = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    if dialect() == "sqlite":
        return Sql(f"INSTR(LOWER({column.expression}), ?) > 0", (pattern,))
    return Sql(f'STRPOS(LOWER({column.expression} COLLATE "C"), ?) > 0', (pattern,))


def _checked(column: Column, value: object, field: str) -> object:
    """The value, of the column's kind; texts are short and without NUL, times have an offset."""
    if not isinstance(value, column.kind) or (column.kind is int and isinstance(value, bool)):
        raise _refusal(field)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise _refusal(field)
    if isinstance(value, str) and (len(value) > MAX_TEXT or "\x00" in value or not _writable(value)):
        raise _refusal(field)
    return value


def _writable(text: str) -> bool:
    """Whether no lone surrogate is in it, which no store takes."""
    return text == text.encode(errors="ignore").decode()


def _refusal(field: str) -> DomainError:
    return DomainError(ErrorCode.BAD_INPUT, field)
