"""What time alone triggers on one clock: lights, lateness, E2, and T27 by the timer (R21, B.4, B.6, design §6)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from domain.case import Case
from domain.clock import Clock, ClockStep, ClockType, Light, step
from domain.event import EventKind, Fact
from domain.life.outcome import Outcome, conclude
from domain.rules.act import Act
from domain.rules.clock import judged, with_clocks
from domain.rules.supervision import urged
from domain.rules.verification import begin_check

E2 = 2
"""The escalation step of a late sign-off or first contact (B.4)."""

_URGED = (ClockType.SIGN, ClockType.CONTACT)


@dataclass(frozen=True, slots=True)
class Fired:
    """One step that fired on one clock (as it was before), and what it made of the case."""

    clock: Clock
    step: ClockStep
    outcome: Outcome


def due_steps(act: Act, case: Case) -> Iterator[Fired]:
    """Every step that is due in the case, in the order of time; each starts from the case the last one left."""
    while due := [(clock, turned) for clock in case.clocks if (turned := step(clock, act.now))]:
        clock, (after, kind) = min(due, key=lambda pair: (pair[0].next_at, pair[0].id))
        if kind is ClockStep.RED and clock.type is ClockType.SUBMIT_WAIT:
            outcome = _check_by_timer(act, case, clock)
        else:
            outcome = _turned(act, case, after)
        case = outcome.case
        yield Fired(clock, kind, outcome)


def _check_by_timer(act: Act, case: Case, clock: Clock) -> Outcome:
    """T27 by SYS: nobody is late, the wait simply ends."""
    ended = replace(clock, stopped_at=act.now, next_step=None, next_at=None)
    return conclude(case, begin_check(act, with_clocks(case, ended)), [act.happening("T27")])


def _turned(act: Act, case: Case, clock: Clock) -> Outcome:
    """R21: the light turned, red is a breach; a late sign-off or first contact is urged besides (E2)."""
    data: dict[str, Fact] = {"clock": str(clock.id), "type": clock.type.value, "light": clock.light.value}
    row_id = clock.assignment_id
    happenings = [act.happening("R21", EventKind.LIGHT, assignment_id=row_id, data=data)]
    after = with_clocks(judged(case, clock), clock)
    if clock.light is Light.RED and clock.type in _URGED:
        after = urged(act, after, f"{clock.type.value}.E{E2}", row_id)
        step_fired = max(after.incident.escalation_step, E2)
        after = replace(after, incident=replace(after.incident, escalation_step=step_fired))
        data = {"clock": str(clock.id), "type": clock.type.value, "step": E2}
        happenings.append(act.happening("E2", EventKind.ESCALATED, assignment_id=row_id, data=data))
    return conclude(case, after, happenings)
