"""Entries that hold for a time, limits, categories, rules and units: what is refused, and what follows what."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from domain.assignment import AssignmentMode
from domain.calendar import DEFAULT_WINDOWS, Hours
from domain.clock import TimeUnit
from domain.dictionary import Category, DutyItem, Milestone, PolicyValue
from domain.errors import DomainError, ErrorCode
from domain.incident import Urgency
from domain.org import OrgKind, OrgUnit
from domain.policy import COUNTED, Policy, unit_of
from domain.rules.rulebook import category as categories
from domain.rules.rulebook.dispatching import check_units, rule_of, same_lead
from domain.rules.rulebook.hours import check_day, check_windows, over, time_given
from domain.rules.rulebook.org import check_above
from domain.rules.rulebook.policy import check_value, key_of, set_value, stored_unit
from domain.rules.rulebook.validity import check_apart, check_span, ended, succeeded

NOW = datetime(2024, 10, 24, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def refusal(act: Callable[[], object]) -> tuple[ErrorCode, str | None]:
    """How it is refused."""
    with pytest.raises(DomainError) as caught:
        act()
    return caught.value.code, caught.value.field


def a_duty(number: int = 1, since: datetime = NOW, until: datetime | None = None) -> DutyItem:
    """A duty of one unit."""
    return DutyItem(
        id=UUID(int=number),
        org_id=UUID(int=90),
        category_id=UUID(int=91),
        region_id=None,
        legal_basis="条例",
        valid_from=since,
        valid_to=until,
    )


def a_value(
    number: int = 1, since: datetime = NOW, until: datetime | None = None, amount: int = 5
) -> PolicyValue:
    """A limit of handling."""
    return PolicyValue(
        id=UUID(int=number),
        key="HANDLE.NORMAL",
        amount=amount,
        unit=TimeUnit.WORK_DAY,
        valid_from=since,
        valid_to=until,
    )


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        (NOW - DAY, None, "validFrom"),
        (datetime(2200, 1, 1, tzinfo=UTC), None, "validFrom"),
        (NOW, NOW, "validTo"),
        (NOW + DAY, NOW, "validTo"),
        (NOW, datetime(2200, 1, 1, tzinfo=UTC), "validTo"),
    ],
)
def test_an_entry_begins_in_no_past_and_ends_after_it_begins(
    since: datetime, until: datetime | None, field: str
) -> None:
    assert refusal(lambda: check_span(since, until, NOW)) == (ErrorCode.BAD_INPUT, field)


def test_two_entries_of_one_subject_never_hold_at_once() -> None:
    known = [a_duty(1, NOW, NOW + DAY), a_duty(2, NOW + 5 * DAY, NOW + 6 * DAY), a_duty(3, NOW + 9 * DAY)]
    for since, until in ((1, 5), (6, 9)):
        check_apart(a_duty(9, NOW + since * DAY, NOW + until * DAY), known)
    for since, end in ((0, 1), (4, 6), (5, 6), (2, None), (20, 21)):
        new = a_duty(9, NOW + since * DAY, NOW + end * DAY if end else None)
        assert refusal(lambda new=new: check_apart(new, known)) == (ErrorCode.BAD_INPUT, "validFrom")  # type: ignore[misc]  # bound early
    check_apart(a_duty(9, NOW + 30 * DAY), [replace(a_duty(4, NOW + 31 * DAY), valid_to=NOW + 31 * DAY)])


def test_an_entry_follows_another_that_holds_then_or_takes_the_place_of_a_planned_one() -> None:
    before, new = a_duty(1, NOW - DAY), a_duty(2, NOW + DAY)
    assert succeeded(before, new) == (replace(before, valid_to=NOW + DAY, version=2), new)
    planned = replace(a_duty(3, NOW + DAY), legal_basis="旧条例", version=4)
    assert succeeded(planned, new) == (replace(new, id=planned.id, version=5), None)
    for it in (a_duty(1, NOW - DAY, NOW), a_duty(1, NOW + 2 * DAY)):
        assert refusal(lambda it=it: succeeded(it, new)) == (ErrorCode.BAD_INPUT, "id")  # type: ignore[misc]  # bound early


def test_an_entry_ends_neither_before_it_began_nor_in_the_past_nor_twice() -> None:
    held, planned = a_duty(1, NOW - DAY), a_duty(2, NOW + DAY)
    assert ended(held, NOW, NOW).valid_to == NOW
    assert ended(planned, planned.valid_from, NOW).valid_to == planned.valid_from
    assert refusal(lambda: ended(held, NOW - DAY / 2, NOW)) == (ErrorCode.BAD_INPUT, "endsAt")
    assert refusal(lambda: ended(planned, NOW, NOW)) == (ErrorCode.BAD_INPUT, "endsAt")
    assert refusal(lambda: ended(a_duty(3, NOW - DAY, NOW), NOW, NOW)) == (ErrorCode.GUARD_FAILED, None)


def test_a_limit_for_a_season_is_followed_by_the_one_before_it() -> None:
    usual, spare = a_value(1, NOW - DAY), a_value(9)
    season = a_value(2, NOW + DAY, NOW + 90 * DAY, amount=2)
    changed, added = set_value(season, usual, [usual], spare)
    assert changed == [replace(usual, valid_to=season.valid_from, version=2)]
    again = replace(usual, id=spare.id, valid_from=NOW + 90 * DAY, valid_to=None)
    assert added == [season, again]
    for at, days in ((0, 5), (1, 2), (89, 2), (90, 5)):
        (it,) = [it for it in (*changed, *added) if it.holds(NOW + at * DAY)]
        assert it.amount == days
    short = replace(usual, valid_to=NOW + 50 * DAY)
    assert set_value(season, short, [short], spare)[1] == [season]
    assert set_value(season, None, [], spare) == ([], [season])
    assert refusal(lambda: set_value(season, None, [usual], spare)) == (ErrorCode.BAD_INPUT, "validFrom")


@pytest.mark.parametrize(
    ("key", "amount", "unit", "field"),
    [
        ("HANDEL.NORMAL", 1, TimeUnit.WORK_DAY, "key"),
        ("HANDLE.NORMAL", 0, TimeUnit.WORK_DAY, "amount"),
        ("HANDLE.NORMAL", 1_001, TimeUnit.WORK_DAY, "amount"),
        ("OPINION_SAMPLE", 101, COUNTED, "amount"),
        ("OPINION_SAMPLE", -1, COUNTED, "amount"),
        ("HARD_RETURNS", 0, COUNTED, "amount"),
        ("HARD_RETURNS", 1_001, COUNTED, "amount"),
        ("EXTENSION.NORMAL", 5, TimeUnit.NATURAL_DAY, "unit"),
        ("EXTERNAL_BUFFER", 5, TimeUnit.WORK_DAY, "unit"),
    ],
)
def test_a_limit_that_is_none_is_refused(key: str, amount: int, unit: TimeUnit, field: str) -> None:
    value = replace(a_value(), key=key, amount=amount, unit=unit)
    assert refusal(lambda: check_value(value)) == (ErrorCode.BAD_INPUT, field)


def test_a_count_has_no_unit_and_a_limit_has_one() -> None:
    assert stored_unit("OPINION_SAMPLE", None) is COUNTED
    assert stored_unit("HANDLE.NORMAL", TimeUnit.WORK_DAY) is TimeUnit.WORK_DAY
    assert unit_of("OPINION_SAMPLE@SZ@", COUNTED) is None
    assert unit_of("HANDLE.NORMAL@SZ@", TimeUnit.WORK_DAY) is TimeUnit.WORK_DAY
    for key, unit in (("OPINION_SAMPLE", TimeUnit.WORK_DAY), ("HANDLE.NORMAL", None)):
        assert refusal(lambda key=key, unit=unit: stored_unit(key, unit)) == (ErrorCode.BAD_INPUT, "unit")  # type: ignore[misc]  # bound early


def test_a_count_may_be_for_some_cases_alone_and_a_percentage_none() -> None:
    shares = [
        replace(a_value(), key=key, amount=amount)
        for key, amount in (("OPINION_SAMPLE", 0), ("OPINION_SAMPLE@SZ@", 50))
    ]
    policy = Policy.default().with_values(shares, 1)
    assert (policy.count("OPINION_SAMPLE"), policy.scoped) == (0, True)
    assert policy.within(("SZ-ZM", "SZ"), ()).count("OPINION_SAMPLE") == 50
    assert policy.within(("WY",), ()).count("OPINION_SAMPLE") == 0
    assert Policy.default().count("OPINION_SAMPLE") == 20


def test_a_key_carries_its_scope_behind_it() -> None:
    assert key_of("HANDLE.NORMAL", None, None) == "HANDLE.NORMAL"
    assert key_of("HANDLE.NORMAL", "SZ", None) == "HANDLE.NORMAL@SZ@"
    assert key_of("HANDLE.NORMAL", None, "211005") == "HANDLE.NORMAL@@211005"
    for base, category in (("HANDLE.NORMAL@SZ@", None), ("HANDLE.NORMAL", "S" * 60)):
        assert refusal(lambda base=base, category=category: key_of(base, category, None)) == (  # type: ignore[misc]  # bound early
            ErrorCode.BAD_INPUT,
            "key",
        )


def a_category(level: int = 3, until: datetime | None = None) -> Category:
    """A category."""
    return Category(
        id=UUID(int=level),
        code=f"L{level}",
        name="分类",
        level=level,
        parent_id=None,
        requires_photo=False,
        requires_after_photo=False,
        requires_onsite_verify=False,
        default_urgency=Urgency.NORMAL,
        valid_from=NOW,
        valid_to=until,
    )


def test_the_tree_has_three_levels_and_no_circle() -> None:
    assert [categories.level_below(it, NOW) for it in (None, a_category(1), a_category(2))] == [1, 2, 3]
    for parent in (a_category(3), a_category(1, NOW), replace(a_category(1), valid_from=NOW + DAY)):
        found = refusal(lambda parent=parent: categories.level_below(parent, NOW))  # type: ignore[misc]  # bound early
        assert found == (ErrorCode.BAD_INPUT, "parentId")
    categories.check_place(a_category(3), a_category(2), NOW)
    for place in (a_category(1), a_category(3), None):
        found = refusal(lambda place=place: categories.check_place(a_category(3), place, NOW))  # type: ignore[misc]  # bound early
        assert found == (ErrorCode.BAD_INPUT, "parentId")


def test_a_category_ends_after_those_below_it_and_after_it_began() -> None:
    categories.check_ending(a_category(2), [a_category(3, NOW)], NOW)
    assert refusal(lambda: categories.check_ending(a_category(2), [a_category(3)], NOW)) == (
        ErrorCode.GUARD_FAILED,
        None,
    )
    categories.check_use(a_category(), NOW)
    categories.check_use(a_category(until=NOW + DAY), NOW)
    for until in (NOW, NOW - DAY):
        found = refusal(lambda until=until: categories.check_use(a_category(until=until), NOW))  # type: ignore[misc]  # bound early
        assert found == (ErrorCode.BAD_INPUT, "validTo")
    late = a_category(until=NOW + DAY)
    assert refusal(lambda: categories.check_use(late, NOW + 2 * DAY)) == (ErrorCode.BAD_INPUT, "validTo")


def test_codes_and_stages_are_checked() -> None:
    for code in ("", "A" * 21, "A@B", "甲", " A"):
        assert refusal(lambda code=code: categories.code_of(code)) == (ErrorCode.BAD_INPUT, "code")  # type: ignore[misc]  # bound early
    stop, fine = Milestone("停工 ", 1, TimeUnit.WORK_DAY), Milestone("处罚", 5, TimeUnit.WORK_DAY)
    assert categories.stages([stop, fine]) == (Milestone("停工", 1, TimeUnit.WORK_DAY), fine)
    for given, field in (
        ([fine, fine], "milestones"),
        ([replace(fine, name=str(it)) for it in range(13)], "milestones"),
        ([replace(fine, limit=0)], "milestones.limit"),
        ([replace(fine, limit=1_001)], "milestones.limit"),
        ([replace(fine, name=" ")], "milestones.name"),
    ):
        assert refusal(lambda given=given: categories.stages(given)) == (ErrorCode.BAD_INPUT, field)  # type: ignore[misc]  # bound early


def test_a_rule_names_the_units_that_its_mode_needs() -> None:
    one, two, three = (UUID(int=it) for it in (1, 2, 3))
    modes = AssignmentMode
    check_units(modes.SINGLE, (one,), ())
    check_units(modes.LED_JOINT, (one,), (two,))
    check_units(modes.EQUAL_JOINT, (one, two), ())
    for mode, leads, supports, field in (
        (modes.SINGLE, (), (), "leadOrgUnitIds"),
        (modes.SINGLE, (one, two), (), "leadOrgUnitIds"),
        (modes.SINGLE, (one,), (two,), "supportOrgUnitIds"),
        (modes.LED_JOINT, (one,), (), "supportOrgUnitIds"),
        (modes.LED_JOINT, (one,), (one,), "leadOrgUnitIds"),
        (modes.EQUAL_JOINT, (one,), (), "leadOrgUnitIds"),
        (modes.EQUAL_JOINT, tuple(UUID(int=it) for it in range(11)), (), "leadOrgUnitIds"),
    ):
        found = refusal(lambda mode=mode, leads=leads, supports=supports: check_units(mode, leads, supports))  # type: ignore[misc]  # bound early
        assert found == (ErrorCode.BAD_INPUT, field)
    ids = iter(range(100, 200))
    rule = rule_of(
        new_id=lambda: UUID(int=next(ids)),
        category_id=UUID(int=9),
        region_id=None,
        mode=modes.LED_JOINT,
        leads=(one,),
        supports=(two, three),
        basis="目录",
        span=(NOW, None),
    )
    assert [it.role for it in rule] == ["LEAD", "SUPPORT", "SUPPORT"]
    assert len({it.group_id for it in rule}) == 1
    assert same_lead(rule[0], rule) == [rule[0]]
    assert same_lead(rule[1], rule) == []


def test_a_unit_never_lies_below_itself() -> None:
    units = {
        UUID(int=it): OrgUnit(
            id=UUID(int=it),
            code=str(it),
            name="单位",
            short_name="单位",
            kind=OrgKind.DEPARTMENT,
            parent_id=UUID(int=it - 1) if it > 1 else None,
            region_id=None,
        )
        for it in (1, 2, 3)
    }
    check_above(units[UUID(int=3)], units)
    for above in (1, 3):
        moved = replace(units[UUID(int=1)], parent_id=UUID(int=above))
        assert refusal(lambda moved=moved: check_above(moved, units)) == (ErrorCode.BAD_INPUT, "parentId")  # type: ignore[misc]  # bound early


def test_windows_follow_each_other_and_begin_with_a_day_to_come() -> None:
    hour = [time(it) for it in range(24)]
    check_windows(((hour[7], hour[9]), (hour[12], hour[15]), (hour[19], hour[21])))
    for windows in (
        (),
        ((hour[9], hour[8]),),
        ((hour[9], hour[9]),),
        ((hour[8], hour[12]), (hour[11], hour[15])),
        ((hour[8], hour[12]), (hour[12], hour[15])),
        ((hour[8], time(8, 59)),),
        ((hour[8], time(9, 30, 1)),),
        tuple((hour[it], time(it, 30)) for it in range(0, 14, 2)),
    ):
        found = refusal(lambda windows=windows: check_windows(windows))  # type: ignore[misc]  # bound early
        assert found == (ErrorCode.BAD_INPUT, "windows")
    assert time_given("08:30") == time(8, 30)
    for words in ("8:30", "24:00", "08:60", "0830", ""):
        assert refusal(lambda words=words: time_given(words)) == (ErrorCode.BAD_INPUT, "windows")  # type: ignore[misc]  # bound early
    today = date(2024, 10, 24)
    check_day(today + DAY, today)
    for since in (today, date(2200, 1, 1)):
        assert refusal(lambda since=since: check_day(since, today)) == (ErrorCode.BAD_INPUT, "validFrom")  # type: ignore[misc]  # bound early


def test_a_units_hours_lie_over_the_districts() -> None:
    summer = ((time(8), time(12)), (time(14), time(18)))
    early = ((time(6), time(12)),)
    district = [Hours(date(2024, 6, 1), summer)]
    own = [(date(2024, 5, 1), early), (date(2024, 7, 1), None)]
    assert over(DEFAULT_WINDOWS, district, own) == (
        Hours(date(2024, 5, 1), early),
        Hours(date(2024, 6, 1), early),
        Hours(date(2024, 7, 1), summer),
    )
    assert over(DEFAULT_WINDOWS, [], [(date(2024, 7, 1), None)]) == (
        Hours(date(2024, 7, 1), DEFAULT_WINDOWS),
    )
