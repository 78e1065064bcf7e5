"""A rule of dispatch: which units lead and support a category, where (R08, R09)."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from domain.assignment import AssignmentMode, AssignmentRole
from domain.dictionary import DispatchRule
from domain.errors import DomainError, ErrorCode

UNITS = 10
"""How many units one rule names at most."""


def check_units(mode: AssignmentMode, leads: tuple[UUID, ...], supports: tuple[UUID, ...]) -> None:
    """SINGLE has one lead, LED_JOINT one with supports, EQUAL_JOINT two leads or more (R10 to R12).

    BAD_INPUT naming the list: none, too many, a unit twice, or not what the mode needs.
    """
    named = (*leads, *supports)
    if len(set(named)) != len(named) or len(named) > UNITS:
        raise _refusal("leadOrgUnitIds", "单位过多或重复", "Too many units, or one twice")
    equal = mode is AssignmentMode.EQUAL_JOINT
    if (len(leads) < 2) if equal else (len(leads) != 1):  # noqa: PLR2004 - two make equals
        raise _refusal("leadOrgUnitIds", "主办单位数与办理方式不符", "The leads do not fit the mode")
    if bool(supports) is not (mode is AssignmentMode.LED_JOINT):
        raise _refusal("supportOrgUnitIds", "协办单位与办理方式不符", "The supports do not fit the mode")


def rule_of(
    *,
    new_id: Callable[[], UUID],
    category_id: UUID,
    region_id: UUID | None,
    mode: AssignmentMode,
    leads: tuple[UUID, ...],
    supports: tuple[UUID, ...],
    basis: str,
    span: tuple[datetime, datetime | None],
) -> tuple[DispatchRule, ...]:
    """The rows of a rule, one for each unit; those of several are of one group, as a ruling's are (T19)."""
    check_units(mode, leads, supports)
    alone = mode is AssignmentMode.SINGLE
    group = None if alone else new_id()
    named = [(AssignmentRole.LEAD, it) for it in leads] + [(AssignmentRole.SUPPORT, it) for it in supports]
    return tuple(
        DispatchRule(
            id=new_id(),
            category_id=category_id,
            region_id=region_id,
            lead_org_id=org_id,
            basis=basis,
            valid_from=span[0],
            valid_to=span[1],
            group_id=group,
            role=None if alone else role.value,
            mode=None if alone else mode.value,
        )
        for role, org_id in named
    )


def same_lead(new: DispatchRule, others: Iterable[DispatchRule]) -> list[DispatchRule]:
    """The rules that name the same lead for the same category at the same place; other leads are other proposals."""
    if new.role == AssignmentRole.SUPPORT:
        return []
    return [
        it
        for it in others
        if (it.category_id, it.region_id, it.lead_org_id) == (new.category_id, new.region_id, new.lead_org_id)
        and it.role != AssignmentRole.SUPPORT
    ]


def _refusal(field: str, zh: str, en: str) -> DomainError:
    return DomainError(ErrorCode.BAD_INPUT, field, rule="R09", zh=zh, en=en)
