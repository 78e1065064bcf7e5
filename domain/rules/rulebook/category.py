"""A category is made or revised; it is taken out of use, never deleted (domain.md A.1)."""

import re
from collections.abc import Iterable
from datetime import datetime

from domain import text
from domain.clock import LONGEST
from domain.dictionary import Category, Milestone
from domain.errors import DomainError, ErrorCode

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,19}")
NAME, STAGE = 100, 40
"""Characters."""

LEVELS, STAGES = 3, 12
"""How deep the tree is, and how many stages one category has at most."""


def code_of(code: str) -> str:
    """The code, if it is one. BAD_INPUT (code): letters, digits and `_.-`, twenty at most."""
    if not CODE.fullmatch(code):
        raise _refusal("code", "分类代码无效", "Not a code of a category")
    return code


def level_below(parent: Category | None, at: datetime) -> int:
    """The level of a category below that one. BAD_INPUT (parentId) under level 3 or under one not in use."""
    if parent is None:
        return 1
    if parent.level >= LEVELS or not parent.in_use(at):
        raise _refusal(
            "parentId", "上级分类须在用，且不在第三级", "A category above is in use and not of level 3"
        )
    return parent.level + 1


def check_place(category: Category, parent: Category | None, at: datetime) -> None:
    """A category moves to another one of the level above its own, so no circle can come about. BAD_INPUT (parentId)."""
    if level_below(parent, at) != category.level:
        raise _refusal(
            "parentId", "只能移至上一级的分类之下", "It may be moved only below one of the level above"
        )


def check_ending(category: Category, below: Iterable[Category], ends: datetime) -> None:
    """GUARD_FAILED while a category below is in use at the end of this one."""
    used = [it.code for it in below if it.in_use(ends)]
    if used:
        raise DomainError(
            ErrorCode.GUARD_FAILED,
            rule="A.1",
            zh="请先停用下级分类",
            en="Take the categories below out of use first",
            facts={"code": category.code, "below": used},
        )


def check_use(category: Category, now: datetime) -> None:
    """BAD_INPUT (validTo) for an end that is not after its beginning."""
    if category.valid_to is None:
        return
    if category.valid_from is not None and category.valid_to <= category.valid_from:
        raise _refusal("validTo", "失效时间须晚于生效时间", "It ends after it begins")
    if category.valid_to < now:
        raise _refusal("validTo", "失效时间不得早于现在", "It does not end in the past")


def stages(given: Iterable[Milestone]) -> tuple[Milestone, ...]:
    """The stages in their order (R24). BAD_INPUT naming the field: too many, a name twice, a limit that is none."""
    made = tuple(
        Milestone(text.line(it.name, "milestones.name", most=STAGE), it.limit, it.unit) for it in given
    )
    if len(made) > STAGES or len({it.name for it in made}) != len(made):
        raise _refusal("milestones", "阶段过多或名称重复", "Too many stages, or a name twice")
    for it in made:
        if not 1 <= it.limit <= LONGEST[it.unit]:
            raise _refusal("milestones.limit", "时限数值无效", "Not a limit")
    return made


def _refusal(field: str, zh: str, en: str) -> DomainError:
    return DomainError(ErrorCode.BAD_INPUT, field, rule="A.1", zh=zh, en=en)
