"""Points that a breach costs, booked by the breach itself and never again (domain.md B.3, B.6 decided 10)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from domain.assignment import Assignment, AssignmentRole
from domain.case import Case, put
from domain.clock import Clock, ClockType
from domain.loop.score import ScoreEntry, ScoreType, entry
from domain.rules.act import Act
from domain.supervision import SupervisionLevel

_CARD = {
    SupervisionLevel.YELLOW: ScoreType.YELLOW_CARD,
    SupervisionLevel.RED: ScoreType.RED_CARD,
    SupervisionLevel.LISTED: ScoreType.LISTED_CARD,
}
# What a late clock costs the unit of its row, and under which row; a support answers for its reply alone (T21).
_LATE: Mapping[AssignmentRole, Mapping[ClockType, tuple[ScoreType, str]]] = {
    AssignmentRole.LEAD: {
        ClockType.SIGN: (ScoreType.LATE_SIGN, "T14"),
        ClockType.CONTACT: (ScoreType.NO_CONTACT, "T20"),
        ClockType.HANDLE: (ScoreType.LATE_HANDLE, "T25"),
    },
    AssignmentRole.SUPPORT: {
        ClockType.SIGN: (ScoreType.LATE_SIGN, "T14"),
        ClockType.HANDLE: (ScoreType.LATE_REPLY, "T21"),
    },
    AssignmentRole.CC: {},  # a copy costs nothing (B.6)
}


def booked(case: Case, *clocks: Clock) -> Case:
    """The case with what the breaches among these clocks cost; a breach has one entry whoever finds it."""
    for clock in clocks:
        if clock.breached and clock.assignment_id is not None:
            row = case.assignment(clock.assignment_id)
            known = _LATE[row.role].get(clock.type)
            if known is not None:
                case = _with(case, _entry(clock, row, *known, at=max(clock.due_at, clock.start_at)))
    return case


def booked_day(case: Case, clock: Clock, day: int, at: datetime) -> Case:
    """The case with −0.5 for one further working day late, six of them at most (T25); the lead's alone."""
    row = case.assignment(clock.assignment_id) if clock.assignment_id is not None else None
    if row is None or row.role is not AssignmentRole.LEAD:
        return case
    return _with(case, _entry(clock, row, ScoreType.LATE_DAYS, "T25", at=at, day=day))


def booked_card(act: Act, case: Case, level: SupervisionLevel, row_id: UUID | None) -> Case:
    """The case with what a card costs: the unit of its row, or every leading unit; an urge costs nothing (T37)."""
    kind = _CARD.get(level)
    if kind is None:
        return case
    rows = case.leads if row_id is None else (case.assignment(row_id),)
    entries = [
        entry(
            act.new_id(),
            case.incident.id,
            row.org_id,
            kind,
            act.now,
            row="T37",
            round_number=case.incident.round,
            assignment_id=row.id,
        )
        for row in rows
    ]
    return _with(case, *entries)


def _entry(
    clock: Clock, row: Assignment, kind: ScoreType, rule: str, *, at: datetime, day: int | None = None
) -> ScoreEntry:
    return entry(
        uuid5(clock.id, f"{kind.value}.{day}"),
        clock.incident_id,
        row.org_id,
        kind,
        at,
        row=rule,
        round_number=clock.round,
        assignment_id=row.id,
        day=day,
    )


def _with(case: Case, *entries: ScoreEntry) -> Case:
    return replace(case, scores=put(case.scores, *entries))
