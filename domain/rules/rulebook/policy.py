"""A limit set for a category, a region and an urgency (S40, B.2)."""

from collections.abc import Iterable
from dataclasses import replace

from domain.clock import LONGEST, TimeUnit
from domain.dictionary import PolicyValue
from domain.errors import DomainError, ErrorCode
from domain.policy import COUNTED, COUNTS, EXTENSION, PERCENTAGES, SCOPE, Policy
from domain.rules.rulebook.validity import check_apart, succeeded

KEY = 60
"""Characters of a key with its scope."""

PERCENT, MOST = 100, 1_000
"""How large a percentage and a count may be."""


def key_of(base: str, category: str | None, region: str | None) -> str:
    """The key of a limit: `HANDLE.NORMAL`, and with a scope `HANDLE.NORMAL@SZ-ZM@211005`, either part empty.

    BAD_INPUT (key) for one that carries a scope itself, or is too long with it.
    """
    key = f"{base}{SCOPE}{category or ''}{SCOPE}{region or ''}" if category or region else base
    if SCOPE in base or len(key) > KEY:
        raise DomainError(ErrorCode.BAD_INPUT, "key", rule="S40")
    return key


def stored_unit(base: str, unit: TimeUnit | None) -> TimeUnit:
    """The unit as it is kept. BAD_INPUT (unit) for a limit without one, and for a count with one."""
    counts = base in COUNTS
    if counts is (unit is not None):
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "unit",
            rule="S40",
            zh="件数与百分比不带单位" if counts else "须给出时限单位",
            en="A count or percentage has no unit" if counts else "Give the limit's unit",
        )
    return unit or COUNTED


def check_value(value: PolicyValue) -> None:
    """BAD_INPUT naming what is wrong: an unknown key, an amount that is none, a unit that the key does not take."""
    Policy.default().with_values([value], 1)
    base, _, _ = value.key.partition(SCOPE)
    if base.partition(".")[0] == EXTENSION and value.unit is not TimeUnit.WORK_DAY:
        raise DomainError(ErrorCode.BAD_INPUT, "unit", rule="T22", zh="延期以工作日计", en="Working days")
    counted = PERCENT if base in PERCENTAGES else MOST
    most = counted if base in COUNTS else LONGEST[value.unit]
    if value.amount > most:
        raise DomainError(ErrorCode.BAD_INPUT, "amount", rule="S40", facts={"most": most})


def set_value(
    new: PolicyValue, before: PolicyValue | None, known: Iterable[PolicyValue], later: PolicyValue
) -> tuple[list[PolicyValue], list[PolicyValue]]:
    """What changes and what is added when a limit is set; `known` are all values of its key.

    The value before ends as the new one begins. It goes on as `later` once a new one with an end is over: a limit
    for a season is not the end of the usual one. BAD_INPUT (id, validFrom) as `succeeded` and `check_apart`.
    """
    others = [it for it in known if before is None or it.id != before.id]
    check_apart(new, others)
    if before is None:
        return [], [new]
    changed, added = succeeded(before, new)
    rest = []
    outlives = before.valid_to is None or (new.valid_to is not None and before.valid_to > new.valid_to)
    if added is not None and new.valid_to is not None and outlives:
        rest = [
            replace(
                before, id=later.id, valid_from=new.valid_to, valid_to=before.valid_to, version=later.version
            )
        ]
    return [changed], [*([added] if added is not None else []), *rest]
