"""Typed filters, one per kind of value and one per noun (design §8); `where.py` makes conditions of them."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.types import get_object_definition
from strawberry.types.arguments import InputContext
from strawberry.utils.str_converters import to_camel_case

from api.scalars import DateTime, GeoJSON
from api.schema.place import PointInput
from domain.assignment import AssignmentMode, AssignmentRole, AssignmentState
from domain.clock import Light
from domain.grid import GridKind
from domain.incident import CaseOutcome, IncidentDomain, IncidentKind, IncidentState, Source, Urgency
from domain.loop.workbench import TaskReason
from domain.org import OrgKind
from domain.place import Crs
from domain.supervision import SupervisionLevel

E = TypeVar("E")
NOUN = "noun"
_EVERY = "都成立；空列表恒真。All of them hold; an empty list always does."
_ANY = "至少一个成立；空列表恒假。At least one holds; an empty list never does."
_NOT = (
    "不成立；与空值的比较视为不成立，故其否定成立。"
    "It does not hold; a comparison with an absent value does not, so its negation does."
)


def _option(description: str, name: str | None = None) -> Any:  # noqa: ANN401 - the annotation of the class says the type
    return strawberry.field(description=description, name=name, default=None)


def _by_id(noun: str, description: str) -> Any:  # noqa: ANN401 - as above
    return strawberry.field(description=description, default=None, metadata={NOUN: noun})


@strawberry.input(description="枚举过滤。A filter on an enum.")
class Filter(Generic[E]):
    """`Filter[Light]` is `LightFilter`."""

    eq: E | None = _option("等于。Equal to.")
    in_: list[E] | None = _option("属于其中之一。One of.", "in")
    omit: list[E] | None = _option("排除这些。None of.")


@strawberry.input(description="文本过滤。A filter on a text.")
class StringFilter:
    """A text."""

    eq: str | None = _option("等于。Equal to.")
    in_: list[str] | None = _option("属于其中之一。One of.", "in")
    contains: str | None = _option("包含，不分大小写。Contains, whatever the case of letters.")
    starts_with: str | None = _option("以此开头，区分大小写。Begins so, letter by letter.")


@strawberry.input(description="整数过滤。A filter on a whole number.")
class IntFilter:
    """A number."""

    eq: int | None = _option("等于。Equal to.")
    in_: list[int] | None = _option("属于其中之一。One of.", "in")
    gte: int | None = _option("不小于。At least.")
    lt: int | None = _option("小于。Less than.")


@strawberry.input(description="时间过滤。A filter on a moment.")
class DateTimeFilter:
    """A moment."""

    gte: DateTime | None = _option("不早于。Not before.")
    lt: DateTime | None = _option("早于。Before.")
    is_null: bool | None = _option("是否为空。Whether there is none.")


@strawberry.input(description="编号过滤。A filter on a linked object.")
class IDFilter:
    """A global id."""

    eq: strawberry.ID | None = _option("等于。Equal to.")
    in_: list[strawberry.ID] | None = _option("属于其中之一。One of.", "in")


@strawberry.input(description="是否过滤。A filter on a yes or no.")
class BooleanFilter:
    """Yes or no."""

    eq: bool | None = _option("等于。Equal to.")


@strawberry.input(description="已超期的分钟数，未超期的不在内。For how many minutes it is overdue.")
class OverdueFilter:
    """Minutes past the due time, at the business time."""

    gte: int | None = _option("不少于这些分钟。For so many minutes or more.")
    lt: int | None = _option("少于这些分钟。For fewer minutes.")


@strawberry.input(description="某点附近。Near a point.")
class NearFilter:
    """A circle."""

    point: PointInput = strawberry.field(description="位置，须注明坐标系。The point, with its system.")
    metres: float = strawberry.field(description="距离（米），至多 50000。How far, metres; at most 50,000.")


@strawberry.input(description="位置过滤；没有位置的不在内。A filter on a place; what has none is not found.")
class PlaceFilter:
    """An outline, a circle, or both."""

    within: GeoJSON | None = _option(
        "在此多边形内（Polygon、MultiPolygon，至多 200 点）。Within this outline of at most 200 positions."
    )
    crs: Crs | None = _option(
        "多边形的坐标系；缺少则报 CRS_REQUIRED。The outline's system; CRS_REQUIRED without it."
    )
    near: NearFilter | None = _option("在某点附近。Near a point.")


@strawberry.input(description="事项过滤，各条件同时成立。Which cases; all conditions hold.")
class IncidentFilter:
    """Which cases."""

    no: StringFilter | None = _option("编号。The number.")
    title: StringFilter | None = _option("标题。The title.")
    state: Filter[IncidentState] | None = _option("状态。The state.")
    light: Filter[Light] | None = _option("灯。The light.")
    source: Filter[Source] | None = _option("来源。The channel.")
    kind: Filter[IncidentKind] | None = _option("诉求类型。What is asked for.")
    domain: Filter[IncidentDomain] | None = _option("领域。The domain.")
    urgency: Filter[Urgency] | None = _option("紧急程度。The urgency.")
    supervision_level: Filter[SupervisionLevel] | None = _option("督办级别。The supervision level.")
    category: IDFilter | None = _by_id("Category", "分类，含下级。The category or one below it.")
    grid: IDFilter | None = _by_id("Grid", "网格。The grid.")
    region: IDFilter | None = _by_id("Region", "区划，含下级。The region or one below it.")
    org_unit: IDFilter | None = _by_id("OrgUnit", "承办单位。A unit that holds the case.")
    reporter: IDFilter | None = _by_id("Person", "上报人。The reporter.")
    outcome: Filter[CaseOutcome] | None = _option("办理结果。How it ended.")
    round: IntFilter | None = _option("办理轮次。The round of work.")
    on_time: BooleanFilter | None = _option("是否按时办结。Closed on time.")
    reported_at: DateTimeFilter | None = _option("上报时间。When it was reported.")
    due_at: DateTimeFilter | None = _option("截止时间。When it is due.")
    closed_at: DateTimeFilter | None = _option("结案时间。When it was closed.")
    overdue_by: OverdueFilter | None = _option(
        "未结且已超期的分钟数。For how many minutes an open case is overdue."
    )
    escalation_step: IntFilter | None = _option("已触发的最高升级步。The highest step fired.")
    return_pending: BooleanFilter | None = _option("是否有退单待审。Whether a return waits for review.")
    complained_org_unit: IDFilter | None = _by_id("OrgUnit", "被投诉单位。The unit complained about.")
    place: PlaceFilter | None = _option("位置。The place.")
    and_: list["IncidentFilter"] | None = _option(_EVERY, "and")
    or_: list["IncidentFilter"] | None = _option(_ANY, "or")
    not_: "IncidentFilter | None" = _option(_NOT, "not")


@strawberry.input(description="交办单过滤，各条件同时成立。Which assignments; all conditions hold.")
class AssignmentFilter:
    """Which assignments."""

    incident_no: StringFilter | None = _option("事项编号。The case's number.")
    state: Filter[AssignmentState] | None = _option("状态。The state.")
    role: Filter[AssignmentRole] | None = _option("承办角色。The unit's role.")
    mode: Filter[AssignmentMode] | None = _option("办理方式。Alone or jointly.")
    light: Filter[Light] | None = _option("灯。The light.")
    round: IntFilter | None = _option("办理轮次。The round of work.")
    incident: IDFilter | None = _by_id("Incident", "事项。The case.")
    org_unit: IDFilter | None = _by_id("OrgUnit", "承办单位。The unit.")
    handler: IDFilter | None = _by_id("Person", "承办人。Who handles it.")
    handle_due_at: DateTimeFilter | None = _option("办理截止。When handling is due.")
    accept_due_at: DateTimeFilter | None = _option("签收截止。When sign-off is due.")
    dispatched_at: DateTimeFilter | None = _option("派遣时间。When it was dispatched.")
    submitted_at: DateTimeFilter | None = _option("反馈时间。When the result was submitted.")
    on_time_handle: BooleanFilter | None = _option("办理是否及时。Handled on time.")
    overdue_by: OverdueFilter | None = _option(
        "在办且办理已超期的分钟数。For how many minutes its handling, still going on, is overdue."
    )
    incident_is: IncidentFilter | None = _option("其事项，须可见。Of a visible case such as this.")
    and_: list["AssignmentFilter"] | None = _option(_EVERY, "and")
    or_: list["AssignmentFilter"] | None = _option(_ANY, "or")
    not_: "AssignmentFilter | None" = _option(_NOT, "not")


@strawberry.input(description="缘由过滤：有此缘由。A filter on why something is on a desk.")
class ReasonFilter:
    """A reason among several."""

    eq: TaskReason | None = _option("有此缘由。For this reason, among others.")
    in_: list[TaskReason] | None = _option("有其中之一。For one of these.", "in")


@strawberry.input(description="待办过滤，各条件同时成立。Which entries of a desk; all conditions hold.")
class TaskFilter:
    """Which entries."""

    org_unit: IDFilter | None = _by_id("OrgUnit", "所属单位。The unit whose it is.")
    due_at: DateTimeFilter | None = _option("截止时间。When it is due.")
    since: DateTimeFilter | None = _option("起始时间。Since when it waits.")
    overdue_by: OverdueFilter | None = _option("已超期的分钟数。For how many minutes it is overdue.")
    why: ReasonFilter | None = _option("缘由。Why it is on the desk.")
    incident_is: IncidentFilter | None = _option("其事项，须可见。About a visible case such as this.")
    and_: list["TaskFilter"] | None = _option(_EVERY, "and")
    or_: list["TaskFilter"] | None = _option(_ANY, "or")
    not_: "TaskFilter | None" = _option(_NOT, "not")


@strawberry.input(description="网格过滤，各条件同时成立。Which grids; all conditions hold.")
class GridFilter:
    """Which grids."""

    code: StringFilter | None = _option("网格代码。The code.")
    name: StringFilter | None = _option("名称。The name.")
    kind: Filter[GridKind] | None = _option("网格类型。The kind.")
    region: IDFilter | None = _by_id("Region", "区划，含下级。The region or one below it.")
    retired: BooleanFilter | None = _option(
        "是否已撤销；默认只列现行。Retired; by default only those in force."
    )
    and_: list["GridFilter"] | None = _option(_EVERY, "and")
    or_: list["GridFilter"] | None = _option(_ANY, "or")
    not_: "GridFilter | None" = _option(_NOT, "not")


@strawberry.input(description="人员过滤，各条件同时成立。Which people; all conditions hold.")
class PersonFilter:
    """Which people."""

    username: StringFilter | None = _option("用户名。The user name.")
    org_unit: IDFilter | None = _by_id("OrgUnit", "所在单位。The unit.")
    active: BooleanFilter | None = _option("是否在用。Whether the account is in use.")
    and_: list["PersonFilter"] | None = _option(_EVERY, "and")
    or_: list["PersonFilter"] | None = _option(_ANY, "or")
    not_: "PersonFilter | None" = _option(_NOT, "not")


@strawberry.input(description="单位过滤，各条件同时成立。Which units; all conditions hold.")
class OrgUnitFilter:
    """Which units."""

    code: StringFilter | None = _option("单位代码。The code.")
    name: StringFilter | None = _option("名称。The name.")
    kind: Filter[OrgKind] | None = _option("单位类型。The kind.")
    parent: IDFilter | None = _by_id("OrgUnit", "上级单位。The unit above.")
    region: IDFilter | None = _by_id(
        "Region", "所服务的区划，含下级。The division it serves, or one below it."
    )
    active: BooleanFilter | None = _option("是否启用。Whether it is in use.")
    and_: list["OrgUnitFilter"] | None = _option(_EVERY, "and")
    or_: list["OrgUnitFilter"] | None = _option(_ANY, "or")
    not_: "OrgUnitFilter | None" = _option(_NOT, "not")


@cache
def _fields_of(kind: type) -> dict[str, tuple[str, Any]]:
    """A filter's fields by the schema's names: the class' own name and the type."""
    known = get_object_definition(kind, strict=True)
    return {
        it.graphql_name or to_camel_case(it.python_name): (
            it.python_name,
            it.resolve_type(type_definition=known),
        )
        for it in known.fields
    }


def _made(kind: type, given: Mapping[str, Any], context: InputContext) -> object:
    """A noun's filter of what was given: hardly any of its thirty fields, beside which the schema writes null."""
    known = _fields_of(kind)
    return kind(
        **{
            known[name][0]: context.convert(value, known[name][1], name)
            for name, value in given.items()
            if value is not None
        }
    )


for _kind in (IncidentFilter, AssignmentFilter, TaskFilter, GridFilter, PersonFilter, OrgUnitFilter):
    get_object_definition(_kind, strict=True).from_input = _made
