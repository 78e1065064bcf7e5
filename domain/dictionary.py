"""Versioned data the rules read: categories, duty items, dispatch rules, policy values (domain.md A.1, A.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import TimeUnit
from domain.incident import Urgency
from domain.term import Term


class DutySource(Term):
    """职责依据: where a unit's duty is written."""

    FUNCTIONS = "FUNCTIONS", "三定方案", "The unit's founding decision"
    LAW = "LAW", "法律法规", "A law or regulation"
    RULING = "RULING", "职责裁定", "A ruling of the command centre"


class DictionaryNoun(Term):
    """字典类别: what kind of entry was changed."""

    CATEGORY = "CATEGORY", "事项分类", "A category"
    DUTY_ITEM = "DUTY_ITEM", "职责清单项", "A duty item"
    DISPATCH_RULE = "DISPATCH_RULE", "派单规则", "A dispatch rule"
    POLICY_VALUE = "POLICY_VALUE", "时限策略", "A limit"
    CALENDAR = "CALENDAR", "工作日历", "A year's calendar, of the district or of a unit"
    WORK_WINDOWS = "WORK_WINDOWS", "工作时段", "Office hours, of the district or of a unit"
    ORG_UNIT = "ORG_UNIT", "单位", "A unit"


@dataclass(frozen=True, slots=True)
class Milestone:
    """阶段时限: a stage of handling with a limit of its own (R24), an amount of `unit`."""

    name: str
    limit: int
    unit: TimeUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """事项分类: a node of the three-level tree. The flags count on level 3.

    `self_handling` lets a grid worker do it on the spot (T3); `requires_verify` sends it to be verified before filing
    (T8); `requires_opinion` demands the household's opinion (T28, S49). `milestones` are the stages of handling, in
    their order (R24). It is in use from `valid_from` (always, without one) until `valid_to`, exclusive.
    """

    id: UUID
    code: str
    name: str
    level: int
    parent_id: UUID | None
    requires_photo: bool
    requires_after_photo: bool
    requires_onsite_verify: bool
    default_urgency: Urgency
    self_handling: bool = False
    requires_verify: bool = False
    requires_opinion: bool = False
    patrol_visible: bool = False
    filing_condition: str | None = None
    closing_condition: str | None = None
    milestones: tuple[Milestone, ...] = ()
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    version: int = 1

    def in_use(self, at: datetime) -> bool:
        """Whether cases may be given it at that moment."""
        began = self.valid_from is None or self.valid_from <= at
        return began and (self.valid_to is None or self.valid_to > at)


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyItem:
    """职责清单项: a unit's lawful duty for a category (level 3, or any level above it)."""

    id: UUID
    org_id: UUID
    category_id: UUID
    region_id: UUID | None
    legal_basis: str
    valid_from: datetime
    valid_to: datetime | None
    source: DutySource | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRule:
    """派单目录: which unit leads a category, where; it proposes, a dispatcher dispatches (R08, R09).

    A ruling (T19) for several units makes one row each, of one `group_id`; `role` and `mode` are None for a lone lead.
    """

    id: UUID
    category_id: UUID
    region_id: UUID | None
    lead_org_id: UUID
    basis: str
    valid_from: datetime
    valid_to: datetime | None
    hit_count: int = 0
    group_id: UUID | None = None
    role: str | None = None
    mode: str | None = None
    arbitration_id: UUID | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyValue:
    """策略值: one limit that overrides the default of domain.md B.2, e.g. key `HANDLE.NORMAL`.

    It holds from `valid_from` until `valid_to`, exclusive.
    """

    id: UUID
    key: str
    amount: int
    unit: TimeUnit
    valid_from: datetime
    valid_to: datetime | None = None
    version: int = 1

    def holds(self, at: datetime) -> bool:
        """Whether clocks that start at that moment are given it."""
        return self.valid_from <= at and (self.valid_to is None or self.valid_to > at)


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionaryChange:
    """字典历史: one version of an entry as it was set, by whom and when, and from when it holds.

    `data` is the whole entry: codes, numbers, times, ids, and the words that the entry itself is made of.
    """

    id: UUID
    noun: DictionaryNoun
    subject_id: UUID
    version: int
    data: Mapping[str, object]
    valid_from: datetime
    reason: str | None
    changed_by_id: UUID | None
    changed_at: datetime
