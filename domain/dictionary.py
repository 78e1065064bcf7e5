"""Versioned data the rules read: categories, duty items, dispatch rules, policy values (domain.md A.1, A.3)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import TimeUnit
from domain.incident import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """事项分类: a node of the three-level tree. The `requires_…` flags count on level 3."""

    id: UUID
    code: str
    name: str
    level: int
    parent_id: UUID | None
    requires_photo: bool
    requires_after_photo: bool
    requires_onsite_verify: bool
    default_urgency: Urgency


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRule:
    """派单目录: which unit leads a category, where; it proposes, a dispatcher dispatches (R08, R09)."""

    id: UUID
    category_id: UUID
    region_id: UUID | None
    lead_org_id: UUID
    basis: str
    valid_from: datetime
    valid_to: datetime | None
    hit_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyValue:
    """策略值: one limit that overrides the default of domain.md B.2, e.g. key `HANDLE.NORMAL`."""

    id: UUID
    key: str
    amount: int
    unit: TimeUnit
    valid_from: datetime
