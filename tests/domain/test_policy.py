"""The limits of domain.md B.2 and the values that override them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.calendar import DISTRICT_TIME
from domain.clock import ClockType, Limit, TimeUnit
from domain.dictionary import PolicyValue
from domain.errors import DomainError, ErrorCode
from domain.incident import Urgency
from domain.policy import LIMITS, PHOTO_DISTANCE_M, REWORK_ROUNDS, Policy
from domain.supervision import SupervisionLevel
from tests.domain.calendar_days import CALENDAR

UNITS = {
    "nat.min": (1, TimeUnit.NATURAL_MIN),
    "nat.h": (60, TimeUnit.NATURAL_MIN),
    "work": (60, TimeUnit.WORK_MIN),
    "wd": (1, TimeUnit.WORK_DAY),
    "nd": (1, TimeUnit.NATURAL_DAY),
}

B2 = {  # in the columns CRITICAL, URGENT, NORMAL, COMPLEX
    ClockType.INTAKE: "10 nat.min, 30 nat.min, 2 work, 2 work",
    ClockType.VERIFY: "30 nat.min, 2 nat.h, 1 wd, 1 wd",
    ClockType.DISPATCH: "10 nat.min, 30 nat.min, 1 wd, 1 wd",
    ClockType.SIGN: "10 nat.min, 30 nat.min, 1 wd, 1 wd",
    ClockType.CONTACT: "30 nat.min, 2 nat.h, 24 nat.h, 24 nat.h",
    ClockType.HANDLE: "2 nat.h, 24 nat.h, 5 wd, 15 wd",
    ClockType.READ: "1 wd, 1 wd, 1 wd, 1 wd",
    ClockType.RETURN_DECIDE: "1 nat.h, 1 nat.h, 4 work, 1 wd",
    ClockType.EXT_DECIDE: "1 nat.h, 1 nat.h, 4 work, 1 wd",
    ClockType.HANG_DECIDE: "1 nat.h, 1 nat.h, 4 work, 1 wd",
    ClockType.HANG_REVIEW: "30 nd, 30 nd, 30 nd, 30 nd",
    ClockType.ARBITRATE: "1 nat.h, 4 nat.h, 2 wd, 3 wd",
    ClockType.ARCHIVE: "30 nd, 30 nd, 30 nd, 30 nd",
    ClockType.SUBMIT_WAIT: "4 work, 4 work, 4 work, 4 work",
    ClockType.CHECK: "2 nat.h, 24 nat.h, 1 wd, 1 wd",
    ClockType.FOLLOWUP: "24 nat.h, 1 wd, 2 wd, 3 wd",
}


def limit(text: str) -> Limit:
    amount, name = text.split()
    factor, unit = UNITS[name]
    return Limit(int(amount) * factor, unit)


def value(key: str, amount: int, unit: TimeUnit) -> PolicyValue:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    return PolicyValue(id=UUID(int=1), key=key, amount=amount, unit=unit, valid_from=at)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=DISTRICT_TIME)


def test_the_table_covers_every_clock_and_urgency_but_the_reply_of_a_supervision() -> None:
    assert set(LIMITS) == set(B2)
    assert all(list(row) == list(Urgency) for row in LIMITS.values())


@pytest.mark.parametrize("clock_type", B2)
def test_a_clock_has_the_limits_of_the_table(clock_type: ClockType) -> None:
    policy = Policy.default()
    expected = [limit(cell) for cell in B2[clock_type].split(", ")]
    assert [policy.limit(clock_type, urgency) for urgency in Urgency] == expected


def test_an_ordinary_consultation_has_two_working_days() -> None:
    policy = Policy.default()
    assert policy.limit(ClockType.HANDLE, "NORMAL", consult=True) == limit("2 wd")
    assert policy.limit(ClockType.HANDLE, "COMPLEX", consult=True) == limit("15 wd")
    assert policy.limit(ClockType.SIGN, "NORMAL", consult=True) == limit("1 wd")


def test_rework_takes_half_when_urgent_and_its_own_limit_otherwise() -> None:
    policy = Policy.default()
    found = [policy.limit(ClockType.HANDLE, urgency, rework=True) for urgency in Urgency]
    assert found == [limit("60 nat.min"), limit("12 nat.h"), limit("3 wd"), limit("5 wd")]
    assert policy.limit(ClockType.SIGN, "NORMAL", rework=True) == limit("1 wd")


def test_the_reply_clock_has_its_limit_from_the_card() -> None:
    with pytest.raises(DomainError) as refused:
        Policy.default().limit(ClockType.REPLY, "NORMAL")
    assert refused.value.code is ErrorCode.FEATURE_DISABLED


def test_a_supervision_is_answered_within_its_levels_time() -> None:
    policy = Policy.default()
    levels = [level for level in SupervisionLevel if level is not SupervisionLevel.NONE]
    found = [policy.supervision_reply(level) for level in levels]
    assert found == [limit("4 work"), limit("1 wd"), limit("1 wd"), limit("1 wd")]
    with pytest.raises(DomainError) as refused:
        policy.supervision_reply(SupervisionLevel.NONE)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "level")


def test_plain_numbers_are_those_of_the_trade() -> None:
    assert (REWORK_ROUNDS, PHOTO_DISTANCE_M) == (2, 100)
    assert Policy.default().external_buffer == limit("4 work")


def test_a_value_of_the_dictionary_overrides_its_cell_alone() -> None:
    default = Policy.default()
    policy = default.with_values([value("HANDLE.URGENT", 9, TimeUnit.NATURAL_MIN)], version=7)
    assert (policy.version, default.version) == (7, 0)
    assert policy.limit(ClockType.HANDLE, "URGENT") == limit("9 nat.min")
    assert policy.limit(ClockType.HANDLE, "URGENT", rework=True) == limit("5 nat.min")
    assert policy.limit(ClockType.HANDLE, "NORMAL") == limit("5 wd")
    assert default.limit(ClockType.HANDLE, "URGENT") == limit("24 nat.h")


def test_the_rework_of_an_urgent_case_can_be_given_its_own_limit() -> None:
    policy = Policy.default().with_values([value("REWORK_HANDLE.CRITICAL", 90, TimeUnit.NATURAL_MIN)], 1)
    assert policy.limit(ClockType.HANDLE, "CRITICAL", rework=True) == limit("90 nat.min")


@pytest.mark.parametrize(
    ("key", "amount", "unit", "field"),
    [
        ("HANDLE.SOON", 1, TimeUnit.WORK_DAY, "key"),
        ("HANDLE.NORMAL", 0, TimeUnit.WORK_DAY, "amount"),
        ("EXTERNAL_BUFFER", 1, TimeUnit.WORK_DAY, "unit"),
    ],
)
def test_a_value_that_means_nothing_is_refused(key: str, amount: int, unit: TimeUnit, field: str) -> None:
    with pytest.raises(DomainError) as refused:
        Policy.default().with_values([value(key, amount, unit)], 1)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, field)


@pytest.mark.parametrize(
    ("source", "due"),
    [
        (None, "2024-10-12T17:00"),
        ("2024-10-14T17:00", "2024-10-12T17:00"),  # the buffer still leaves it later than ours
        ("2024-10-12T17:00", "2024-10-12T13:00"),
        ("2024-10-08T10:30", "2024-09-30T15:00"),
        ("2024-10-13T12:00", "2024-10-12T13:00"),
        ("2024-10-14T10:00", "2024-10-12T14:30"),
    ],
)
def test_a_sources_due_time_less_four_working_hours_wins_where_earlier(source: str | None, due: str) -> None:
    source_due = local(source) if source else None
    found = Policy.default().effective_due(local("2024-10-12T17:00"), source_due, CALENDAR)
    assert found == local(due)


def test_the_buffer_of_the_dictionary_is_the_one_subtracted() -> None:
    policy = Policy.default().with_values([value("EXTERNAL_BUFFER", 60, TimeUnit.WORK_MIN)], 1)
    found = policy.effective_due(local("2024-10-12T17:00"), local("2024-10-12T15:00"), CALENDAR)
    assert found == local("2024-10-12T14:00")


def test_windows_that_no_clock_names_have_their_limits_and_some_classes_none() -> None:
    policy = Policy.default()
    windows = [policy.special("RETURN_WINDOW", urgency) for urgency in Urgency]
    assert windows == [None, limit("2 nat.h"), limit("1 wd"), limit("2 wd")]
    assert [policy.special("EXTENSION", it) for it in Urgency] == [None, None, limit("5 wd"), limit("10 wd")]
    assert (policy.special("CLAIM_WINDOW"), policy.special("OPINION")) == (limit("4 work"), limit("3 wd"))
