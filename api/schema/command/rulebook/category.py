"""Inputs and payloads of categories (domain.md A.1, R24)."""

import strawberry

from api.scalars import DateTime
from api.schema.command.given import Command, needed, option
from api.schema.dictionary import Category
from domain.clock import TimeUnit
from domain.incident import Urgency

_PHOTO = "上报须有照片。A photo is needed at the report."
_AFTER = "反馈须有办理后照片。A photo is needed after the work."
_ONSITE = "须现场核查。The check must be on site."
_VERIFY = "立案前须核实。It is verified before filing."
_OPINION = "须征询住户意见。The household's opinion is asked."
_SELF = "网格员可自行处置。A grid worker may handle it on the spot."
_PATROL = "巡查时可见。It can be seen on patrol."
_URGENCY = "默认紧急程度。The usual urgency."
_FILING = "立案条件。When a case is filed."
_CLOSING = "结案条件。When a case is closed."
_STAGES = "阶段时限，按先后；空列表为无（R24）。The stages of handling, in their order; an empty list: none."


@strawberry.input(description="阶段时限（R24）。A stage with a limit of its own.")
class MilestoneInput:
    """R24."""

    name: str = needed("阶段名称。The stage's name.")
    limit: int = needed("时限数值。The limit's amount.")
    unit: TimeUnit = needed("时限单位。The limit's unit.")


@strawberry.input
class Traits(Command):
    """What cases of a category need, and until when it is in use."""

    requires_photo: bool | None = option(_PHOTO)
    requires_after_photo: bool | None = option(_AFTER)
    requires_onsite_verify: bool | None = option(_ONSITE)
    requires_verify: bool | None = option(_VERIFY)
    requires_opinion: bool | None = option(_OPINION)
    self_handling: bool | None = option(_SELF)
    patrol_visible: bool | None = option(_PATROL)
    default_urgency: Urgency | None = option(_URGENCY)
    filing_condition: str | None = option(_FILING)
    closing_condition: str | None = option(_CLOSING)
    milestones: list[MilestoneInput] | None = option(_STAGES)
    valid_to: DateTime | None = option("至何时停用（不含）。Until when it is in use, exclusive.")


@strawberry.input(description="新增分类。Create a category.")
class CreateCategoryInput(Traits):
    """A.1."""

    code: str = needed(
        "分类代码：字母、数字与 _.-，至多 20 位。The code: letters, digits and _.-, 20 at most."
    )
    name: str = needed("名称。Name.")
    parent_id: strawberry.ID | None = option("上级分类；空为第一级。The category above.", "Category")
    valid_from: DateTime | None = option("自何时启用，默认现在。From when it is in use; now by default.")


@strawberry.type(description="新增分类的结果。What creating a category answers.")
class CreateCategoryPayload:
    """The category."""

    category: Category = strawberry.field(description="分类。The category.")


@strawberry.input(
    description="修订分类；未给的字段不变，在办事项仍用原版本。Revise a category; running cases keep theirs."
)
class ReviseCategoryInput(Traits):
    """A.1, trap 18."""

    id: strawberry.ID = needed("分类。The category.", "Category")
    expected_version: int = needed(
        "所见的版本；已变则报 CONFLICT。The version seen; CONFLICT when it has moved on."
    )
    reason: str = needed("修订原因。Why.")
    name: str | None = option("名称。Name.")
    parent_id: strawberry.ID | None = option("移至此上级之下。The category above.", "Category")
    active: bool | None = option("停用或重新启用；停用代替删除。Take it out of use, or into use again.")
    effective_from: DateTime | None = option(
        "自何时生效；空为立即。From when it holds; null: now. A revision made later supersedes what holds after it."
    )


@strawberry.type(description="修订分类的结果。What revising a category answers.")
class ReviseCategoryPayload:
    """The category."""

    category: Category = strawberry.field(description="分类。The category.")
