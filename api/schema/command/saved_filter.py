"""Inputs and payloads of the filters that a person keeps."""

from collections.abc import Mapping
from datetime import datetime

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.ids import encode
from api.schema.command.given import Command, SavedFilterChange, needed, option
from api.schema.filter import AssignmentFilter, GridFilter, IncidentFilter, OrgUnitFilter, PersonFilter
from api.schema.rulebook.filter import (
    DictionaryChangeFilter,
    DispatchRuleFilter,
    DutyItemFilter,
    PolicyValueFilter,
)
from api.schema.saved_filter import SavedFilter, stored
from api.schema.where import tests_of
from db import assignments, grids, incidents, orgs, people
from db.lists.filters import Column, compiled
from db.rulebook import changes
from db.rulebook.entries import DUTIES, POLICIES, RULES
from domain.errors import DomainError, ErrorCode
from domain.saved_filter import FilterNoun, check_noun
from services.command import Result

_FIELDS = {
    "incidents": FilterNoun.INCIDENT,
    "assignments": FilterNoun.ASSIGNMENT,
    "grids": FilterNoun.GRID,
    "people": FilterNoun.PERSON,
    "org_units": FilterNoun.ORG_UNIT,
    "duty_items": FilterNoun.DUTY_ITEM,
    "dispatch_rules": FilterNoun.DISPATCH_RULE,
    "policy_values": FilterNoun.POLICY_VALUE,
    "dictionary_changes": FilterNoun.DICTIONARY,
}
_COLUMNS: Mapping[FilterNoun, Mapping[str, Column]] = {
    FilterNoun.INCIDENT: incidents.COLUMNS,
    FilterNoun.ASSIGNMENT: assignments.COLUMNS,
    FilterNoun.GRID: grids.COLUMNS,
    FilterNoun.PERSON: people.COLUMNS,
    FilterNoun.ORG_UNIT: orgs.COLUMNS,
    FilterNoun.DUTY_ITEM: DUTIES.COLUMNS,
    FilterNoun.DISPATCH_RULE: RULES.COLUMNS,
    FilterNoun.POLICY_VALUE: POLICIES.COLUMNS,
    FilterNoun.DICTIONARY: changes.COLUMNS,
}


@strawberry.input
class Conditions:
    """One filter of one noun."""

    incidents: IncidentFilter | None = option("事项过滤。A filter of cases.")
    assignments: AssignmentFilter | None = option("交办单过滤。A filter of assignments.")
    grids: GridFilter | None = option("网格过滤。A filter of grids.")
    people: PersonFilter | None = option("人员过滤。A filter of people.")
    org_units: OrgUnitFilter | None = option("单位过滤。A filter of units.")
    duty_items: DutyItemFilter | None = option("职责清单过滤。A filter of duty items.")
    dispatch_rules: DispatchRuleFilter | None = option("派单规则过滤。A filter of dispatch rules.")
    policy_values: PolicyValueFilter | None = option("时限策略过滤。A filter of limits.")
    dictionary_changes: DictionaryChangeFilter | None = option("字典历史过滤。A filter of changes.")


@strawberry.input(description="保存过滤，须且仅须给一个过滤。Save a filter; give exactly one.")
class SaveFilterInput(Command, Conditions):
    """Under a name, for the list of a noun."""

    noun: FilterNoun = needed("过滤对象。Which list it is for.")
    name: str = needed("名称，本人同一列表内不重复。The name, the only one of the person's for that list.")


@strawberry.type(description="保存过滤的结果。What saving a filter answers.")
class SaveFilterPayload:
    """The filter."""

    saved_filter: SavedFilter = strawberry.field(description="常用过滤。The filter.")


@strawberry.input(
    description="修改过滤；未给的不变，至多给一个过滤。Revise a filter; what is not given stays."
)
class ReviseFilterInput(SavedFilterChange, Conditions):
    """Another name, other conditions."""

    name: str | None = option("名称。The name.")


@strawberry.type(description="修改过滤的结果。What revising a filter answers.")
class ReviseFilterPayload:
    """The filter."""

    saved_filter: SavedFilter = strawberry.field(description="常用过滤。The filter.")


@strawberry.input(description="删除过滤。Delete a saved filter.")
class DeleteFilterInput(SavedFilterChange):
    """The owner's own."""


@strawberry.type(description="删除过滤的结果。What deleting a filter answers.")
class DeleteFilterPayload:
    """Which one."""

    id: strawberry.ID = strawberry.field(description="已删除的过滤。The filter that is gone.")


def conditions_of(asked: Conditions, now: datetime) -> tuple[FilterNoun, str] | None:
    """The one filter given, as it is stored, and its noun; None when there is none.

    BAD_INPUT with the second field when there are two; BAD_ID, BAD_INPUT and TOO_COSTLY as its list refuses it, but
    for what it costs alone: another condition may stand beside it.
    """
    given = [name for name in _FIELDS if getattr(asked, name) is not None]
    if len(given) > 1:
        raise _not_one(to_camel_case(given[1]))
    if not given:
        return None
    noun, where = _FIELDS[given[0]], getattr(asked, given[0])
    compiled(tests_of(where), _COLUMNS[noun], now)
    return noun, stored(where)


def required_conditions(asked: SaveFilterInput, now: datetime) -> str:
    """The filter given, as it is stored. BAD_INPUT, field `noun`, without one or with one of another noun."""
    found = conditions_of(asked, now)
    if found is None:
        raise _not_one("noun")
    check_noun(asked.noun, found[0])
    return found[1]


def key_of(result: Result) -> strawberry.ID:
    """The global id of the filter that a command was about."""
    return strawberry.ID(encode("SavedFilter", result.made["saved_filter"][0]))


def _not_one(field: str) -> DomainError:
    return DomainError(ErrorCode.BAD_INPUT, field, zh="须且仅须给一个过滤", en="Give exactly one filter")
