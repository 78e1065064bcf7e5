"""Filters of a list: a tree of tests, compiled to SQL through an allow-list per noun (design §8)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import ClassVar, Literal
from uuid import UUID

from db.connection import dialect
from db.rows import FALSE, TRUE, Sql, both, either, one_of
from domain.errors import DomainError, ErrorCode

Op = Literal["eq", "in", "gte", "lte", "gt", "lt", "contains", "startsWith", "isnull", "within", "near"]

OVERDUE = "overdueBy"
MAX_VALUES = 200
MAX_TEXT = 200
_COMPARISONS = {"gte": ">=", "lte": "<=", "gt": ">", "lt": "<"}
_UNORDERED = (UUID, bool)
_LAST_LETTER, _SURROGATES = 0x10FFFF, (0xD800, 0xDFFF)


@dataclass(frozen=True, slots=True)
class Test:
    """One condition on a field by its API name; `value` is a sequence for `in`, a bool for `isnull`."""

    __test__: ClassVar[bool] = False

    field: str
    op: Op
    value: object


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; of no part, it always does."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; of no part, it never does."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; a comparison with an absent value does not hold, so its negation does."""

    part: "Condition"


Condition = Test | All | AnyOf | Not
Asked = Condition | Sequence[Condition]
"""What lists take: one tree, or several that hold together."""

Meaning = Callable[[Test, datetime | None], Sql]


@dataclass(frozen=True, slots=True)
class Column:
    """What an API field means in a statement: an expression and the kind of its values.

    `among` replaces equality where it means more than one column's value: a subtree, a held case. `meaning`
    replaces every operator: a distance, a time past the business time. `indexed` says that a test of equality or
    of a range finds its rows without reading the table, save for the values in `common`, which most rows have.
    """

    expression: str
    kind: type = str
    among: Callable[[Sequence[UUID]], Sql] | None = None
    meaning: Meaning | None = None
    indexed: bool = False
    common: frozenset[object] = field(default_factory=frozenset)


def canonical(asked: Asked) -> Condition:
    """The same tree for the same filter, however it was written: flat, sorted, without repetition."""
    if isinstance(asked, Test):
        return _canonical_test(asked)
    if isinstance(asked, Not):
        inner = canonical(asked.part)
        return inner.part if isinstance(inner, Not) else Not(inner)
    kind = AnyOf if isinstance(asked, AnyOf) else All
    given = asked.parts if isinstance(asked, All | AnyOf) else tuple(asked)
    parts = {said(part): part for it in given for part in _flat(canonical(it), kind)}
    return next(iter(parts.values())) if len(parts) == 1 else kind(tuple(parts[it] for it in sorted(parts)))


def said(condition: Condition) -> str:
    """The tree as a text; equal texts are equal canonical trees."""
    if isinstance(condition, Test):
        words: list[object] = [condition.field, condition.op, condition.value]
    elif isinstance(condition, Not):
        words = ["not", said(condition.part)]
    else:
        words = [type(condition).__name__, *(said(part) for part in condition.parts)]
    return json.dumps(words, ensure_ascii=False, default=str)


def tests_in(asked: Asked) -> Iterator[Test]:
    """Every test of the tree, however deep."""
    if isinstance(asked, Test):
        yield asked
    elif isinstance(asked, Not):
        yield from tests_in(asked.part)
    else:
        for part in asked.parts if isinstance(asked, All | AnyOf) else asked:
            yield from tests_in(part)


def timed(asked: Asked) -> bool:
    """Whether the tree asks for the business time."""
    return any(test.field.rpartition(".")[2] == OVERDUE for test in tests_in(asked))


def compiled(asked: Asked, columns: Mapping[str, Column], now: datetime | None = None) -> Sql:
    """The tree as a condition. BAD_INPUT with the field for an unknown field, operator or value.

    `now` is the business time, for tests that compare with it.
    """
    if isinstance(asked, Test):
        return _one(asked, columns, now)
    if isinstance(asked, Not):
        part = compiled(asked.part, columns, now)
        known = {TRUE: FALSE, FALSE: TRUE}
        return known.get(part) or Sql(f"({part.text}) IS NOT TRUE", part.params)
    if isinstance(asked, AnyOf):
        return either(*(compiled(part, columns, now) for part in asked.parts))
    return both(*(compiled(it, columns, now) for it in (asked.parts if isinstance(asked, All) else asked)))


def refusal(name: str) -> DomainError:
    """BAD_INPUT with the filter's field, as a path below the argument."""
    return DomainError(ErrorCode.BAD_INPUT, f"where.{name}")


def _flat(condition: Condition, kind: type[All | AnyOf]) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, kind) else (condition,)


def _canonical_test(test: Test) -> Test:
    if test.op == "eq" and test.value is None:
        return Test(test.field, "isnull", value=True)
    if test.op != "in" or not isinstance(test.value, list | tuple | set | frozenset):
        return test
    values = tuple({str(value): value for value in sorted(test.value, key=str)}.values())
    return Test(test.field, "eq", values[0]) if len(values) == 1 else Test(test.field, "in", values)


def _one(test: Test, columns: Mapping[str, Column], now: datetime | None) -> Sql:
    column = columns.get(test.field)
    if column is None:
        raise refusal(test.field)
    if column.meaning is not None:
        return column.meaning(test, now)
    if test.op == "isnull" or (test.op == "eq" and test.value is None):
        return _null(column, test)
    if test.op in {"eq", "in"}:
        return _equal(column, test)
    if test.op == "contains":
        return _contains(column, test)
    return _begins(column, test) if test.op == "startsWith" else _compared(column, test)


def _null(column: Column, test: Test) -> Sql:
    if column.among is not None:
        raise refusal(test.field)
    empty = test.value is None or bool(test.value)
    return Sql(f"{column.expression} IS NULL" if empty else f"{column.expression} IS NOT NULL")


def _equal(column: Column, test: Test) -> Sql:
    values = test.value if test.op == "in" else [test.value]
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) > MAX_VALUES:
        raise refusal(test.field)
    checked = [_checked(column, value, test.field) for value in values]
    if column.among is None:
        return one_of(column.expression, checked)
    return column.among([value for value in checked if isinstance(value, UUID)])


def _compared(column: Column, test: Test) -> Sql:
    sign = _COMPARISONS.get(test.op)
    if sign is None or column.kind in _UNORDERED or issubclass(column.kind, Enum):
        raise refusal(test.field)
    return Sql(f"{column.expression} {sign} ?", (_checked(column, test.value, test.field),))


def _contains(column: Column, test: Test) -> Sql:
    """The text occurs, small and capital Latin letters alike, every character standing for itself."""
    text = _text(column, test)
    pattern = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    if dialect() == "sqlite":
        return Sql(f"INSTR(LOWER({column.expression}), ?) > 0", (pattern,))
    return Sql(f'STRPOS(LOWER({column.expression} COLLATE "C"), ?) > 0', (pattern,))


def _begins(column: Column, test: Test) -> Sql:
    """The text begins so, letter by letter: a range, which an index serves."""
    text, expression = _text(column, test), column.expression
    if dialect() == "postgres":
        expression += ' COLLATE "C"'
    from_here = Sql(f"{expression} >= ?", (text,))
    after = _after(text)
    return both(from_here, Sql(f"{expression} < ?", (after,))) if after else from_here


def _after(text: str) -> str:
    """The first text, by code points, beyond all that begin so; empty when there is none."""
    kept = text.rstrip(chr(_LAST_LETTER))
    if not kept:
        return ""
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES[1] + 1 if following == _SURROGATES[0] else following)


def _text(column: Column, test: Test) -> str:
    if column.kind is not str:
        raise refusal(test.field)
    return str(_checked(column, test.value, test.field))


def _checked(column: Column, value: object, name: str) -> object:
    """The value, of the column's kind; texts are short and without NUL, times have an offset."""
    if not isinstance(value, column.kind) or (column.kind is int and isinstance(value, bool)):
        raise refusal(name)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise refusal(name)
    if isinstance(value, str) and (len(value) > MAX_TEXT or "\x00" in value or not _writable(value)):
        raise refusal(name)
    return value


def _writable(text: str) -> bool:
    """Whether no lone surrogate is in it, which no store takes."""
    return text == text.encode(errors="ignore").decode()
