"""Filters that a person keeps under a name."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import DomainError, ErrorCode
from domain.term import Term

MOST = 50
"""How many filters one person keeps."""
NAME = 40
"""Characters of a name."""


class FilterNoun(Term):
    """过滤对象: which list a saved filter is for."""

    INCIDENT = "INCIDENT", "民生事项", "Cases"
    ASSIGNMENT = "ASSIGNMENT", "交办单", "Assignments"
    GRID = "GRID", "网格", "Grids"
    PERSON = "PERSON", "人员", "People"
    ORG_UNIT = "ORG_UNIT", "单位", "Units"
    DUTY_ITEM = "DUTY_ITEM", "职责清单项", "Duty items"
    DISPATCH_RULE = "DISPATCH_RULE", "派单规则", "Dispatch rules"
    POLICY_VALUE = "POLICY_VALUE", "时限策略", "Limits"
    DICTIONARY = "DICTIONARY", "字典历史", "Changes of the dictionaries"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFilter:
    """常用过滤: one person's filter of one list; `conditions` is the filter's input as canonical JSON."""

    id: UUID
    person_id: UUID
    noun: FilterNoun
    name: str
    conditions: str
    saved_at: datetime
    version: int = 1


def check_beside(name: str, noun: FilterNoun, others: list[SavedFilter]) -> None:
    """BAD_INPUT, field `name`, when another of the person's filters of that list has the name."""
    if any((it.noun, it.name) == (noun, name) for it in others):
        raise DomainError(ErrorCode.BAD_INPUT, "name", zh="名称已存在", en="The name is taken")


def check_noun(noun: FilterNoun, given: FilterNoun) -> None:
    """BAD_INPUT, field `noun`, for conditions of another list than the filter's."""
    if given is not noun:
        raise DomainError(
            ErrorCode.BAD_INPUT, "noun", zh="过滤条件与对象不符", en="The conditions are of another list"
        )


def check_room(others: list[SavedFilter]) -> None:
    """GUARD_FAILED when the person keeps `MOST` already."""
    if len(others) >= MOST:
        raise DomainError(
            ErrorCode.GUARD_FAILED,
            zh=f"每人至多保存 {MOST} 个过滤",
            en=f"A person keeps {MOST} filters at most",
            facts={"limit": MOST},
        )
