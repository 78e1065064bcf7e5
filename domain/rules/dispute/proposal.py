"""Who might have a case: proposed by rules and duties, dispatched by a person (domain.md R08, B.6 T11)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.assignment import AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case
from domain.dictionary import DispatchRule, DutyItem

_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One way to dispatch a case, and what it rests on: a rule (`rule_id`), of a ruling perhaps, or a duty item."""

    mode: AssignmentMode
    leads: tuple[UUID, ...]
    supports: tuple[UUID, ...] = ()
    basis: str
    rule_id: UUID | None = None
    arbitration_id: UUID | None = None
    hits: int = 0


def proposed(
    case: Case, rules: Iterable[DispatchRule], duties: Iterable[DutyItem], active: Collection[UUID]
) -> tuple[Proposal, ...]:
    """Three at most, rules before duties, the nearest first; no unit that is closed or has returned the case (T11)."""
    returned = {row.org_id for row in case.assignments if row.state is AssignmentState.RETURNED}
    open_to = set(active) - returned
    found: dict[tuple[UUID, ...], Proposal] = {}
    for it in (*_of_rules(rules), *_of_duties(duties)):
        if {*it.leads, *it.supports} <= open_to:
            found.setdefault(it.leads, it)
    return tuple(found.values())[:_MOST]


def _of_rules(rules: Iterable[DispatchRule]) -> list[Proposal]:
    groups: dict[UUID, list[DispatchRule]] = {}
    for it in rules:
        groups.setdefault(it.group_id or it.id, []).append(it)
    return [_of_group(group) for group in groups.values()]


def _of_group(group: list[DispatchRule]) -> Proposal:
    first = group[0]
    supports = sorted(it.lead_org_id for it in group if it.role == AssignmentRole.SUPPORT)
    return Proposal(
        mode=AssignmentMode(first.mode) if first.mode else AssignmentMode.SINGLE,
        leads=tuple(sorted(it.lead_org_id for it in group if it.role != AssignmentRole.SUPPORT)),
        supports=tuple(supports),
        basis=first.basis,
        rule_id=first.id,
        arbitration_id=first.arbitration_id,
        hits=max(it.hit_count for it in group),
    )


def _of_duties(duties: Iterable[DutyItem]) -> list[Proposal]:
    return [Proposal(mode=AssignmentMode.SINGLE, leads=(it.org_id,), basis=it.legal_basis) for it in duties]
