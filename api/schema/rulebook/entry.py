"""Duty items, dispatch rules and limits: entries that hold for a time (domain.md A.1, R09, S40)."""

from uuid import UUID

import strawberry

from api.ids import encode
from api.scalars import DateTime
from api.schema.dictionary import Category
from api.schema.org import OrgUnit
from api.schema.region import Region
from api.schema.rulebook.change import DictionaryChange
from api.schema.words import Info, Node, Shown, children, column, derived, identity, link, resolver
from db import dictionaries
from db.rulebook.entries import RuleUse
from domain import dictionary as rows
from domain.assignment import AssignmentMode, AssignmentRole
from domain.clock import TimeUnit
from domain.dictionary import DutySource
from domain.policy import unit_of

_FROM = "自何时有效。From when it holds."
_TO = "至何时失效（不含）。Until when it holds, exclusive."
_VERSION = "版本号。Counts every change."
_HISTORY = "历史，先旧后新。Every version, the first one first."


@strawberry.type(description="职责清单项。A unit's lawful duty for a category.")
class DutyItem(Shown[rows.DutyItem], Node):
    """职责清单项."""

    org_unit: OrgUnit | None = link("org_id", "OrgUnit", "单位。The unit.")
    category: Category | None = link("category_id", "Category", "分类。The category.")
    region: Region | None = link("region_id", "Region", "区划；空为全区。Where; null: everywhere.")
    legal_basis: str = column("legal_basis", "法律依据。The legal basis.")
    source: DutySource | None = column("source", "职责依据。Where the duty is written.")
    valid_from: DateTime = column("valid_from", _FROM)
    valid_to: DateTime | None = column("valid_to", _TO)
    version: int = column("version", _VERSION)
    history: list[DictionaryChange] = children("DictionaryChange", "subject", _HISTORY)


def _role(role: str | None) -> AssignmentRole:
    return AssignmentRole(role) if role else AssignmentRole.LEAD


def _mode(mode: str | None) -> AssignmentMode:
    return AssignmentMode(mode) if mode else AssignmentMode.SINGLE


def _group(group_id: UUID | None, key: UUID) -> str:
    return encode("DispatchRule", group_id or key)


@strawberry.type(
    description="派单规则的一行：一个单位（R09）。One row of a dispatch rule: one unit, where it leads or supports."
)
class DispatchRule(Shown[rows.DispatchRule], Node):
    """派单目录 (R08, R09)."""

    category: Category | None = link("category_id", "Category", "分类。The category.")
    region: Region | None = link("region_id", "Region", "区划；空为全区。Where; null: everywhere.")
    org_unit: OrgUnit | None = link("lead_org_id", "OrgUnit", "单位。The unit.")
    role: AssignmentRole = derived("role", fn=_role, description="承办角色。Whether it leads or supports.")
    mode: AssignmentMode = derived("mode", fn=_mode, description="办理方式。Alone or jointly.")
    rule_id: strawberry.ID = derived(
        "group_id",
        "id",
        fn=_group,
        description="规则标识：同一规则各行相同。The same for all rows of one rule.",
    )
    basis: str = column("basis", "依据。What it rests on.")
    arbitration_id: strawberry.ID | None = identity(
        "Request", "arbitration_id", "出自哪次裁定。The arbitration it comes from."
    )
    valid_from: DateTime = column("valid_from", _FROM)
    valid_to: DateTime | None = column("valid_to", _TO)
    hits: int = column("hit_count", "命中次数。How often the case was dispatched to its unit.")
    version: int = column("version", _VERSION)
    history: list[DictionaryChange] = children("DictionaryChange", "subject", _HISTORY)

    @resolver("据此派出的交办单数。How many assignments it brought.")
    async def dispatched(self, info: Info) -> int:
        """R09."""
        return (await _use(info, self.row)).dispatched

    @resolver("其中被退单数。How many of these were returned.")
    async def returned(self, info: Info) -> int:
        """R09."""
        return (await _use(info, self.row)).returned

    @resolver("准确率：未被退单者所占比例；无派单时为空。The share not returned; null of none.")
    async def accuracy(self, info: Info) -> float | None:
        """R08."""
        use = await _use(info, self.row)
        return 1 - use.returned / use.dispatched if use.dispatched else None


async def _use(info: Info, rule: rows.DispatchRule) -> RuleUse:
    found: RuleUse | None = await info.context.loaders["RuleUse"].load(rule.id)
    return found or RuleUse()


@strawberry.type(description="时限策略：一项时限（S40）。A limit, for all cases or for some.")
class PolicyValue(Shown[rows.PolicyValue], Node):
    """策略值."""

    key: str = column(
        "key",
        "键，如 HANDLE.NORMAL；有范围者后附 @分类代码@区划代码。The key; with a scope, @category@region follow.",
    )
    amount: int = column(
        "amount", "数值：时限、件数或百分比。The amount: of a limit, a count or a percentage."
    )
    unit: TimeUnit | None = derived(
        "key",
        "unit",
        fn=unit_of,
        description="时限单位；件数与百分比没有。Its unit; none for a count or a percentage.",
    )
    valid_from: DateTime = column("valid_from", _FROM)
    valid_to: DateTime | None = column("valid_to", _TO)
    version: int = column("version", _VERSION)
    history: list[DictionaryChange] = children("DictionaryChange", "subject", _HISTORY)

    @resolver("所限分类；空为全部。The category it is for; null: all.")
    async def category(self, info: Info) -> Category | None:
        """By the key."""
        key, _ = await dictionaries.scope_of(self.row.key)
        row = await info.context.loaders["Category"].load(key) if key else None
        return Category.of(row) if row is not None else None

    @resolver("所限区划；空为全区。The region it is for; null: everywhere.")
    async def region(self, info: Info) -> Region | None:
        """By the key."""
        _, key = await dictionaries.scope_of(self.row.key)
        row = await info.context.loaders["Region"].load(key) if key else None
        return Region.of(row) if row is not None else None
