"""The category tree, and the labels of every enum."""

import strawberry

from api.scalars import DateTime
from api.schema.rulebook.change import DictionaryChange
from api.schema.term import TERMS, describe, graphql_name
from api.schema.words import Node, Shown, children, column, derived, link
from domain import dictionary as rows
from domain.clock import TimeUnit
from domain.incident import Urgency
from domain.term import Language, Term


@strawberry.type(description="阶段时限（R24）。A stage of handling with a limit of its own.")
class Milestone(Shown[rows.Milestone]):
    """R24."""

    name: str = column("name", "阶段名称，如停工、处罚、拆除。The stage's name.")
    limit: int = column("limit", "时限数值。The limit's amount.")
    unit: TimeUnit = column("unit", "时限单位。The limit's unit.")


def _stages(stages: tuple[rows.Milestone, ...]) -> list[Milestone]:
    return [Milestone.of(it) for it in stages]


@strawberry.type(description="事项分类，共三级。A node of the three-level category tree.")
class Category(Shown[rows.Category], Node):
    """事项分类."""

    code: str = column("code", "分类代码。The category's code.")
    name: str = column("name", "名称。Name.")
    level: int = column("level", "级别，1 至 3。Level, 1 to 3.")
    parent: "Category | None" = link("parent_id", "Category", "上级分类。The category above.")
    requires_photo: bool = column("requires_photo", "上报须有照片。A photo is needed at the report.")
    requires_after_photo: bool = column(
        "requires_after_photo", "反馈须有办理后照片。A photo is needed after the work."
    )
    requires_onsite_verify: bool = column("requires_onsite_verify", "须现场核查。The check must be on site.")
    default_urgency: Urgency = column("default_urgency", "默认紧急程度。The usual urgency.")

    self_handling: bool = column(
        "self_handling", "网格员可自行处置。A grid worker may handle it on the spot."
    )
    requires_verify: bool = column("requires_verify", "立案前须核实。It is verified before filing.")
    requires_opinion: bool = column("requires_opinion", "须征询住户意见。The household's opinion is asked.")
    patrol_visible: bool = column("patrol_visible", "巡查时可见。It can be seen on patrol.")
    filing_condition: str | None = column("filing_condition", "立案条件。When a case is filed.")
    closing_condition: str | None = column("closing_condition", "结案条件。When a case is closed.")
    valid_from: DateTime | None = column("valid_from", "自何时启用。From when it is in use.")
    valid_to: DateTime | None = column("valid_to", "至何时停用（不含）。Until when it is in use, exclusive.")
    version: int = column("version", "版本号。Counts every change.")
    history: list[DictionaryChange] = children(
        "DictionaryChange",
        "subject",
        "历史，先旧后新；仅工作人员可见。Every version; for those who work here.",
    )

    milestones: list[Milestone] = derived(
        "milestones",
        fn=_stages,
        description="阶段时限，按先后（R24）。The stages of handling, in their order.",
    )


@strawberry.type(description="枚举值的标签。The label of one enum value.")
class EnumValueLabel:
    """One value."""

    name: str = strawberry.field(description="枚举值。The value's name.")
    label: str = strawberry.field(description="标签。The label in the language asked for.")
    description: str = strawberry.field(description="说明。The value's description.")


@strawberry.type(description="一个枚举的标签。The labels of one enum.")
class EnumLabels:
    """One enum."""

    enum: str = strawberry.field(description="枚举名。The enum's name in the schema.")
    values: list[EnumValueLabel] = strawberry.field(description="各值。Its values.")


def labels_of(term: type[Term], language: Language) -> EnumLabels:
    """The labels of one vocabulary."""
    return EnumLabels(
        enum=graphql_name(term),
        values=[
            EnumValueLabel(
                name=value.name,
                label=value.en if language is Language.EN else value.zh,
                description=describe(value),
            )
            for value in term
        ],
    )


def all_labels(language: Language) -> list[EnumLabels]:
    """The labels of every enum of the schema."""
    return [labels_of(term, language) for term in TERMS]
