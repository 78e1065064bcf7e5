"""Typed filters of dictionary entries; `where.py` makes conditions of them."""

from typing import Any

import strawberry

from api.scalars import DateTime
from api.schema.filter import NOUN, BooleanFilter, DateTimeFilter, Filter, IDFilter, IntFilter, StringFilter
from domain.clock import TimeUnit
from domain.dictionary import DictionaryNoun, DutySource

_EVERY = "都成立；空列表恒真。All of them hold; an empty list always does."
_ANY = "至少一个成立；空列表恒假。At least one holds; an empty list never does."
_NOT = "不成立。It does not hold."
_FROM, _TO = "自何时有效。From when it holds.", "至何时失效。Until when it holds."
_HOLDS = "在该时刻有效：过去、现在或将来。Holds at a moment: past, present or to come."


def _option(description: str, name: str | None = None) -> Any:  # noqa: ANN401 - the annotation of the class says the type
    return strawberry.field(description=description, name=name, default=None)


def _by_id(noun: str, description: str) -> Any:  # noqa: ANN401 - as above
    return strawberry.field(description=description, default=None, metadata={NOUN: noun})


@strawberry.input(description="时刻过滤。A filter on one moment.")
class MomentFilter:
    """A moment."""

    eq: DateTime | None = _option("该时刻。The moment.")


@strawberry.input
class HeldFilter:
    """When an entry holds."""

    valid_from: DateTimeFilter | None = _option(_FROM)
    valid_to: DateTimeFilter | None = _option(_TO)
    holds: MomentFilter | None = _option(_HOLDS)


@strawberry.input
class UnitsFilter(HeldFilter):
    """Which unit's entry, for what and where."""

    org_unit: IDFilter | None = _by_id("OrgUnit", "单位。The unit.")
    category: IDFilter | None = _by_id("Category", "分类，含下级。The category or one below it.")
    region: IDFilter | None = _by_id("Region", "区划，含下级。The region or one below it.")
    everywhere: BooleanFilter | None = _option("是否全区有效。Whether it holds everywhere.")


@strawberry.input(description="职责清单过滤，各条件同时成立。Which duty items; all conditions hold.")
class DutyItemFilter(UnitsFilter):
    """Which duty items."""

    source: Filter[DutySource] | None = _option("职责依据。Where the duty is written.")
    and_: list["DutyItemFilter"] | None = _option(_EVERY, "and")
    or_: list["DutyItemFilter"] | None = _option(_ANY, "or")
    not_: "DutyItemFilter | None" = _option(_NOT, "not")


@strawberry.input(description="派单规则过滤，各条件同时成立。Which dispatch rules; all conditions hold.")
class DispatchRuleFilter(UnitsFilter):
    """Which dispatch rules."""

    hits: IntFilter | None = _option("命中次数。How often it was used.")
    arbitrated: BooleanFilter | None = _option("是否出自裁定。Whether it comes from a ruling.")
    and_: list["DispatchRuleFilter"] | None = _option(_EVERY, "and")
    or_: list["DispatchRuleFilter"] | None = _option(_ANY, "or")
    not_: "DispatchRuleFilter | None" = _option(_NOT, "not")


@strawberry.input(description="时限策略过滤，各条件同时成立。Which limits; all conditions hold.")
class PolicyValueFilter(HeldFilter):
    """Which limits."""

    key: StringFilter | None = _option("键，含范围。The key, with its scope.")
    unit: Filter[TimeUnit] | None = _option("时限单位。The unit.")
    scoped: BooleanFilter | None = _option("是否有范围。Whether it is for some cases alone.")
    category: IDFilter | None = _by_id("Category", "所限分类。The category it is for.")
    region: IDFilter | None = _by_id("Region", "所限区划。The region it is for.")
    and_: list["PolicyValueFilter"] | None = _option(_EVERY, "and")
    or_: list["PolicyValueFilter"] | None = _option(_ANY, "or")
    not_: "PolicyValueFilter | None" = _option(_NOT, "not")


@strawberry.input(description="字典历史过滤，各条件同时成立。Which changes; all conditions hold.")
class DictionaryChangeFilter:
    """Which changes."""

    noun: Filter[DictionaryNoun] | None = _option("字典类别。The kind of entry.")
    changed_by: IDFilter | None = _by_id("Person", "设定人。Who set it.")
    changed_at: DateTimeFilter | None = _option("设定时间。When it was set.")
    valid_from: DateTimeFilter | None = _option(_FROM)
    and_: list["DictionaryChangeFilter"] | None = _option(_EVERY, "and")
    or_: list["DictionaryChangeFilter"] | None = _option(_ANY, "or")
    not_: "DictionaryChangeFilter | None" = _option(_NOT, "not")
