"""Filters kept under a name: how they are shown, stored and read back (design §8)."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, cast

import strawberry
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.utils.str_converters import to_camel_case

from api.ids import decode
from api.scalars import DateTime, GeoJSON, read_geojson, read_moment, show_moment
from api.schema.filter import AssignmentFilter, GridFilter, IncidentFilter, OrgUnitFilter, PersonFilter
from api.schema.rulebook.filter import (
    DictionaryChangeFilter,
    DispatchRuleFilter,
    DutyItemFilter,
    PolicyValueFilter,
)
from api.schema.where import tests_of
from api.schema.words import Shown, column, identity
from db import saved_filters
from db.lists.filters import Condition
from domain import saved_filter as rows
from domain.errors import DomainError, ErrorCode
from domain.saved_filter import FilterNoun
from domain.viewer import Viewer

FILTERS: Mapping[FilterNoun, type] = {
    FilterNoun.INCIDENT: IncidentFilter,
    FilterNoun.ASSIGNMENT: AssignmentFilter,
    FilterNoun.GRID: GridFilter,
    FilterNoun.PERSON: PersonFilter,
    FilterNoun.ORG_UNIT: OrgUnitFilter,
    FilterNoun.DUTY_ITEM: DutyItemFilter,
    FilterNoun.DISPATCH_RULE: DispatchRuleFilter,
    FilterNoun.POLICY_VALUE: PolicyValueFilter,
    FilterNoun.DICTIONARY: DictionaryChangeFilter,
}
_PLAIN: dict[Any, tuple[type, ...]] = {
    str: (str,),
    strawberry.ID: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
}
_READ: dict[Any, Any] = {datetime: read_moment, GeoJSON: read_geojson}


@strawberry.type(description="常用过滤。A filter of one list, kept under a name.")
class SavedFilter(Shown[rows.SavedFilter]):
    """常用过滤."""

    id: strawberry.ID = identity(
        "SavedFilter", "id", "全局编号，用作列表的 saved。The id a list takes as `saved`."
    )
    noun: FilterNoun = column("noun", "过滤对象。Which list it is for.")
    name: str = column("name", "名称。Its name.")
    where: str = column(
        "conditions",
        "过滤条件，JSON 文本，与变量同形。The conditions as JSON, in the form of a variable.",
        graphql_name="where",
    )
    version: int = column("version", "版本号。Counts every change.")
    saved_at: DateTime = column("saved_at", "保存时间。When it was saved.")


def stored(where: object) -> str:
    """A noun's filter as canonical JSON: the fields that were given, by their names in the schema, sorted."""
    return json.dumps(_plain(where), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


async def saved_condition(viewer: Viewer, noun: FilterNoun, saved: str) -> Condition:
    """The condition of the viewer's saved filter, checked anew.

    BAD_ID, NOT_FOUND and BAD_INPUT, field `saved`: no id, none of the viewer's, of another list, or with a value
    that is none any more.
    """
    key = decode(saved, "SavedFilter", "saved")
    row = (await saved_filters.get([key], viewer=viewer)).get(key)
    if row is None:
        raise DomainError(ErrorCode.NOT_FOUND, "saved")
    if row.noun is not noun:
        raise DomainError(
            ErrorCode.BAD_INPUT, "saved", zh="此过滤用于另一列表", en="The filter is for another list"
        )
    try:
        return tests_of(_restored(FILTERS[noun], json.loads(row.conditions)))
    except (DomainError, KeyError, TypeError, ValueError):
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "saved",
            zh="此过滤已失效，请重新保存",
            en="The filter no longer holds, save it anew",
        ) from None


def _plain(value: Any) -> Any:  # noqa: ANN401 - any input
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, datetime):
        return show_moment(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        given = {_name(it): getattr(value, it.name) for it in fields(value)}
        return {name: _plain(inner) for name, inner in given.items() if inner is not None}
    return value


def _restored(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any type of the schema
    """The input of that type. KeyError, TypeError or ValueError when the value is none of it."""
    if isinstance(kind, StrawberryOptional):
        return _restored(kind.of_type, value)
    if isinstance(kind, StrawberryList):
        return [_restored(kind.of_type, item) for item in cast("list[Any]", value)]
    if isinstance(kind, StrawberryEnumDefinition):
        return kind.wrapped_cls[value]
    definition = getattr(kind, "__strawberry_definition__", None)
    if definition is not None:
        if not isinstance(value, dict):
            raise TypeError(kind)
        known = {_name(it): it for it in definition.fields}
        return kind(**{known[name].name: _restored(known[name].type, inner) for name, inner in value.items()})
    if kind in _READ:
        return _READ[kind](value)
    if not isinstance(value, _PLAIN[kind]) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(kind)
    return value


def _name(declared: Any) -> str:  # noqa: ANN401 - a field of an input
    return declared.graphql_name or to_camel_case(declared.name)
