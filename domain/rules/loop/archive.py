"""The end of a case's life: archived thirty days after it ended (domain.md B.3 T35, B.6 T35)."""

from dataclasses import replace
from datetime import datetime

from domain.case import Case
from domain.clock import ClockType, due_time
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.incident import IncidentState
from domain.life.outcome import Outcome, conclude
from domain.rules.act import Act
from domain.rules.clock import start, with_clocks

_SEALED_AS_THEY_ARE = frozenset({IncidentState.REJECTED, IncidentState.TRANSFERRED, IncidentState.VOIDED})


def archiving(act: Act, case: Case) -> Case:
    """The ended case with its ARCHIVE clock; a merged case has none, it is sealed with its master."""
    if case.incident.state is IncidentState.MERGED:
        return case
    return with_clocks(case, start(act, case.incident, ClockType.ARCHIVE))


def archive(act: Act, case: Case) -> Outcome:
    """T35 by hand, once it is due and before the timer came: GUARD_FAILED before the thirty days are over."""
    if act.now < _due_at(act, case):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T35")
    return archived(act, case)


def archived(act: Act, case: Case) -> Outcome:
    """T35: CLOSED is ARCHIVED; what was rejected, transferred or voided is sealed in its state (B.6).

    A case that is open again meanwhile only loses the clock.
    """
    ended = [
        replace(clock, stopped_at=act.now, next_step=None, next_at=None)
        for clock in case.clocks
        if clock.type is ClockType.ARCHIVE and clock.stopped_at is None
    ]
    after = with_clocks(case, *ended)
    state = case.incident.state
    if state is IncidentState.CLOSED:
        after = replace(after, incident=replace(after.incident, state=IncidentState.ARCHIVED))
    if state is IncidentState.CLOSED or state in _SEALED_AS_THEY_ARE:
        after = replace(after, incident=replace(after.incident, archived_at=act.now))
    return conclude(case, after, [act.happening("T35")])


def sealed_with(act: Act, child: Case, master: Case) -> Outcome:
    """B.6 T35: a merged case is sealed with its master, its state unchanged."""
    after = replace(child, incident=replace(child.incident, archived_at=master.incident.archived_at))
    data: dict[str, Fact] = {"master": str(master.incident.id)}
    return conclude(child, after, [act.happening("T35", data=data)])


def _due_at(act: Act, case: Case) -> datetime:
    """When the clock runs out; for cases that came without one, as long after their end."""
    running = [clock.due_at for clock in case.running(ClockType.ARCHIVE)]
    if running:
        return min(running)
    incident = case.incident
    ended = incident.closed_at or incident.ended_at or incident.reported_at
    return due_time(ended, act.policy.limit(ClockType.ARCHIVE, incident.urgency.value), act.calendar)
