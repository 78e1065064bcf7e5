"""Limits for one category or region: the nearest holds, and what names neither stays (S40)."""

import pytest

from domain.clock import ClockType, Limit, TimeUnit
from domain.dictionary import PolicyValue
from domain.errors import DomainError
from domain.policy import EXTENSION, Policy
from tests.domain.stage import NOW, new_id

CATEGORIES, REGIONS = ("SZ-ZM-LD", "SZ-ZM", "SZ"), ("C1", "S1", "D")


def value(key: str, amount: int, unit: TimeUnit = TimeUnit.WORK_DAY) -> PolicyValue:
    return PolicyValue(id=new_id(), key=key, amount=amount, unit=unit, valid_from=NOW)


def days(policy: Policy) -> int:
    return policy.limit(ClockType.HANDLE, "NORMAL").amount


@pytest.mark.parametrize(
    ("keys", "amount"),
    [
        ({}, 5),
        ({"HANDLE.NORMAL": 6}, 6),
        ({"HANDLE.NORMAL@SZ@": 1}, 1),
        ({"HANDLE.NORMAL@SZ@": 1, "HANDLE.NORMAL@SZ-ZM@": 2}, 2),
        ({"HANDLE.NORMAL@@D": 1, "HANDLE.NORMAL@@C1": 2}, 2),
        ({"HANDLE.NORMAL@SZ@": 1, "HANDLE.NORMAL@@C1": 2}, 1),  # the category before the region
        ({"HANDLE.NORMAL@SZ@D": 1, "HANDLE.NORMAL@SZ@C1": 2, "HANDLE.NORMAL@SZ@": 3}, 2),
        ({"HANDLE.NORMAL@HJ@": 1, "HANDLE.NORMAL@@C2": 2, "HANDLE.NORMAL@SZ@C2": 3}, 5),
    ],
)
def test_the_nearest_category_then_the_nearest_region_decides(keys: dict[str, int], amount: int) -> None:
    policy = Policy.default().with_values([value(key, of) for key, of in keys.items()], 1)
    assert days(policy.within(CATEGORIES, REGIONS)) == amount
    assert days(policy) == keys.get("HANDLE.NORMAL", 5)


def test_every_limit_may_be_narrowed() -> None:
    policy = Policy.default().with_values([value(f"{EXTENSION}.NORMAL@SZ@", 2)], 1)
    assert policy.within(CATEGORIES, ()).special(EXTENSION, "NORMAL") == Limit(2, TimeUnit.WORK_DAY)
    assert policy.within((), REGIONS).special(EXTENSION, "NORMAL") == Limit(5, TimeUnit.WORK_DAY)


@pytest.mark.parametrize("key", ["NOTHING.NORMAL@SZ@", "HANDLE.NORMAL@SZ", "HANDLE.NORMAL@SZ@D@X", "@SZ@D"])
def test_a_key_of_no_clock_or_no_scope_is_refused(key: str) -> None:
    with pytest.raises(DomainError) as refusal:
        Policy.default().with_values([value(key, 1)], 1)
    assert (refusal.value.code.value, refusal.value.field) == ("BAD_INPUT", "key")
