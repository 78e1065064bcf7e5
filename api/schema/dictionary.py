"""The category tree, and the labels of every enum."""

import strawberry

from api.schema.term import TERMS, describe, graphql_name
from api.schema.words import Node, Shown, column, link, resolver
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

    @resolver("阶段时限，按先后（R24）。The stages of handling, in their order.")
    def milestones(self) -> list[Milestone]:
        """In their order."""
        return [Milestone.of(it) for it in self.row.milestones]


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
