"""Milestones of a leading row: begun with its dispatch, done with evidence (domain.md R24, B.3 T25)."""

from dataclasses import replace
from uuid import UUID

from domain import text
from domain.assignment import Assignment
from domain.case import Case, put
from domain.clock import Clock, ClockType, Limit, stop
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.life.outcome import Outcome, conclude
from domain.loop.milestone import Stage
from domain.media import Media, MediaPurpose
from domain.rules.act import Act
from domain.rules.clock import start, with_clocks
from domain.rules.incident import attached


def begun(act: Act, case: Case, row_id: UUID) -> tuple[tuple[Stage, Clock], ...]:
    """The milestones of the case's category as they are now, each with its clock, which starts now (R24, T11)."""
    found = []
    for it in case.category.milestones:
        limit = Limit(it.limit, it.unit)
        clock = start(act, case.incident, ClockType.MILESTONE, assignment_id=row_id, limit=limit)
        found.append((Stage(name=it.name, limit=it.limit, unit=it.unit, clock_id=clock.id), clock))
    return tuple(found)


def complete(
    act: Act, case: Case, row: Assignment, name: str, words: str, evidence: tuple[Media, ...] = ()
) -> Outcome:
    """R24: a milestone is done, in any order; its clock stops, and a late one is a breach that costs no points.

    NOT_FOUND (field `milestone`) for a name the row has none of, GUARD_FAILED for one that is done, BAD_INPUT for the
    text.
    """
    stage = next((it for it in row.stages if it.name == name), None)
    if stage is None:
        raise DomainError(ErrorCode.NOT_FOUND, "milestone", rule="R24")
    if stage.done_at is not None:
        raise DomainError(ErrorCode.GUARD_FAILED, "milestone", rule="R24")
    done = replace(stage, done_at=act.now, done_by_id=act.actor_id, evidence=text.checked(words, "text"))
    stages = tuple(done if it is stage else it for it in row.stages)
    clocks = [stop(it, act.now) for it in case.clocks if it.id == stage.clock_id]
    after = with_clocks(
        replace(case, assignments=put(case.assignments, replace(row, stages=stages))), *clocks
    )
    after = replace(
        after, media=(*after.media, *attached(evidence, case.incident.id, MediaPurpose.MILESTONE))
    )
    data: dict[str, Fact] = {"clock": str(stage.clock_id), "late": any(it.breached for it in clocks)}
    return conclude(case, after, [act.happening("R24", assignment_id=row.id, data=data)])
