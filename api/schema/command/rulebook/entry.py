"""Inputs and payloads of duty items, dispatch rules and limits (R09, S40)."""

import strawberry

from api.scalars import DateTime
from api.schema.command.given import Command, needed, option, several
from api.schema.rulebook.entry import DispatchRule, DutyItem, PolicyValue
from domain.assignment import AssignmentMode
from domain.clock import TimeUnit
from domain.dictionary import DutySource

_SEEN = "所见的版本；已变则报 CONFLICT。The version seen; CONFLICT when it has moved on."
_FOLLOWED = "与 id 同时给出：所接续条目的版本。Together with id: the version seen of what it follows."
_FROM = "自何时有效，默认现在，不得早于现在。From when it holds; now by default, never in the past."
_TO = "至何时失效（不含）。Until when it holds, exclusive."
_ENDS = "终止时间，默认现在；尚未生效者默认作废。When it ends; now by default."
_CATEGORY = "分类。The category."
_REGION = "区划；空为全区。Where; null: everywhere."
_REASON = "原因。Why."


@strawberry.input
class Following(Command):
    """From when until when an entry holds, and the version of the one it follows."""

    valid_from: DateTime | None = option(_FROM)
    valid_to: DateTime | None = option(_TO)
    expected_version: int | None = option(_FOLLOWED)
    reason: str | None = option(_REASON)


@strawberry.input
class Ending(Command):
    """When and why an entry ends."""

    expected_version: int = needed(_SEEN)
    reason: str = needed(_REASON)
    ends_at: DateTime | None = option(_ENDS)


@strawberry.input(description="设定职责；所接续者届时终止。Set a duty item; the one it follows ends then.")
class SetDutyItemInput(Following):
    """A.1, R09."""

    org_unit_id: strawberry.ID = needed("单位。The unit.", "OrgUnit")
    category_id: strawberry.ID = needed(_CATEGORY, "Category")
    region_id: strawberry.ID | None = option(_REGION, "Region")
    legal_basis: str = needed("法律依据。The legal basis.")
    source: DutySource | None = option("职责依据。Where the duty is written.")
    id: strawberry.ID | None = option(
        "所接续的职责；新设者不给。The item it follows, if there is one.", "DutyItem"
    )


@strawberry.type(description="设定职责的结果。What setting a duty item answers.")
class SetDutyItemPayload:
    """The item."""

    duty_item: DutyItem = strawberry.field(description="职责清单项。The item.")


@strawberry.input(description="终止职责。End a duty item.")
class EndDutyItemInput(Ending):
    """A.1."""

    id: strawberry.ID = needed("职责清单项。The item.", "DutyItem")


@strawberry.type(description="终止职责的结果。What ending a duty item answers.")
class EndDutyItemPayload:
    """The item."""

    duty_item: DutyItem = strawberry.field(description="职责清单项。The item.")


@strawberry.input(description="设定派单规则（R09）；所接续者届时终止。Set a dispatch rule.")
class SetDispatchRuleInput(Following):
    """R08, R09."""

    category_id: strawberry.ID = needed(_CATEGORY, "Category")
    region_id: strawberry.ID | None = option(_REGION, "Region")
    mode: AssignmentMode | None = option("办理方式，默认单独办理。Alone or jointly; alone by default.")
    lead_org_unit_ids: list[strawberry.ID] = needed("主办单位。The leads.", "OrgUnit")
    support_org_unit_ids: list[strawberry.ID] = several("协办单位。The supports.", "OrgUnit")
    basis: str = needed("依据。What it rests on.")
    id: strawberry.ID | None = option(
        "所接续规则的任一行；新设者不给。Any row of the rule it follows, if there is one.", "DispatchRule"
    )


@strawberry.type(description="设定派单规则的结果。What setting a dispatch rule answers.")
class SetDispatchRulePayload:
    """Its rows."""

    dispatch_rules: list[DispatchRule] = strawberry.field(description="规则各行。The rule's rows.")


@strawberry.input(description="终止派单规则，各行同时终止（R09）。End a dispatch rule, with all its rows.")
class EndDispatchRuleInput(Ending):
    """R09."""

    id: strawberry.ID = needed("规则的任一行。Any row of the rule.", "DispatchRule")


@strawberry.type(description="终止派单规则的结果。What ending a dispatch rule answers.")
class EndDispatchRulePayload:
    """Its rows."""

    dispatch_rules: list[DispatchRule] = strawberry.field(description="规则各行。The rule's rows.")


@strawberry.input(description="设定时限（S40）；在走的时限不变。Set a limit; clocks that run keep theirs.")
class SetPolicyValueInput(Following):
    """S40, trap 18."""

    key: str = needed("键，不含范围，如 HANDLE.NORMAL。The key without a scope, as HANDLE.NORMAL.")
    category_id: strawberry.ID | None = option(
        "所限分类；空为全部。For which category; null: all.", "Category"
    )
    region_id: strawberry.ID | None = option(_REGION, "Region")
    amount: int = needed("数值：时限、件数或百分比。The amount: of a limit, a count or a percentage.")
    unit: TimeUnit | None = option(
        "时限单位；件数与百分比不给。The limit's unit; none for a count or a percentage."
    )
    valid_to: DateTime | None = option(
        "至何时失效（不含）；其后所接续者恢复。Until when it holds; then the one it follows holds again."
    )
    id: strawberry.ID | None = option(
        "所接续的时限；新设者不给。The value it follows, if there is one.", "PolicyValue"
    )


@strawberry.type(description="设定时限的结果。What setting a limit answers.")
class SetPolicyValuePayload:
    """The value."""

    policy_value: PolicyValue = strawberry.field(description="时限策略。The limit.")
