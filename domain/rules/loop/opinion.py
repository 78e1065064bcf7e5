"""Follow-up tasks: who is asked by whom by when, and the household opinions of S49 (domain.md T31, R29, B.6)."""

import hashlib
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.case import Case
from domain.clock import Clock, ClockStep, ClockType, due_time, yellow_time
from domain.followup import FollowUp, FollowUpLayer
from domain.policy import OPINION, OPINION_SAMPLE
from domain.rules.act import Act
from domain.rules.clock import with_clocks
from domain.verification import TaskState

_PARTS = 10_000
_PERCENT = _PARTS // 100


def demanded(act: Act, case: Case) -> bool:
    """T28, S49: whether the household's opinion is asked for whatever the complainant says."""
    return case.category.requires_opinion or in_sample(act, case.incident.id)


def in_sample(act: Act, incident_id: UUID) -> bool:
    """S49: chance by a hash of the case's id, so that asking again gives the same answer."""
    drawn = int.from_bytes(hashlib.sha256(incident_id.bytes).digest()[:8]) % _PARTS
    return drawn < act.policy.count(OPINION_SAMPLE) * _PERCENT


def with_opinion(act: Act, case: Case, complainant_id: UUID | None = None, *, sampled: bool = False) -> Case:
    """The case with a COMMUNITY task due in the term of OPINION, unless this person's waits already (S49).

    The FOLLOWUP clock is not due before it (B.6 State → running clocks).
    """
    term = act.policy.special(OPINION)
    if term is None or waiting_task(case, FollowUpLayer.COMMUNITY, complainant_id):
        return case
    due = due_time(act.now, term, act.calendar)
    asked = replace(a_task(act, case, FollowUpLayer.COMMUNITY, due, complainant_id), sampled=sampled)
    moved = [_not_before(act, clock, due) for clock in case.running(ClockType.FOLLOWUP)]
    return with_clocks(replace(case, followups=(*case.followups, asked)), *moved)


def with_task(act: Act, case: Case, complainant_id: UUID | None = None) -> Case:
    """The case with a COMMAND follow-up of that person, by the end of the FOLLOWUP clock (B.5)."""
    due = min((clock.due_at for clock in case.running(ClockType.FOLLOWUP)), default=None)
    task = a_task(act, case, FollowUpLayer.COMMAND, due, complainant_id)
    return replace(case, followups=(*case.followups, task))


def waiting_task(case: Case, layer: FollowUpLayer, complainant_id: UUID | None) -> FollowUp | None:
    """The task of a layer that waits for that person's answer."""
    pending = (f for f in case.followups if f.layer is layer and f.state is TaskState.PENDING)
    return next((f for f in pending if f.complainant_id == complainant_id), None)


def a_task(
    act: Act, case: Case, layer: FollowUpLayer, due: datetime | None, complainant_id: UUID | None
) -> FollowUp:
    """A follow-up that nobody has made yet."""
    return FollowUp(
        id=act.new_id(),
        incident_id=case.incident.id,
        assignment_id=None,
        round=case.incident.round,
        layer=layer,
        state=TaskState.PENDING,
        channel=None,
        reached=None,
        valid=False,
        solved=None,
        satisfaction=None,
        dissatisfaction_reason=None,
        contacted_by_handler=None,
        opinion=None,
        recorded_by_id=None,
        due_at=due,
        created_at=act.now,
        attempted_at=None,
        complainant_id=complainant_id,
    )


def _not_before(act: Act, clock: Clock, due: datetime) -> Clock:
    """The clock due at the opinion's term if that is later; what has fired on it has fired, a breach stands."""
    if clock.breached or clock.due_at >= due:
        return clock
    yellow = yellow_time(clock.start_at, due, clock.unit, act.calendar)
    following = due if clock.next_step is ClockStep.RED else yellow
    return replace(clock, due_at=due, yellow_at=yellow, next_at=following)
