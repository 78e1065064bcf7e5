"""What time alone triggers on one clock: lights, lateness, the ladders, T24, T27, T35 (R21, B.4, B.6, design §6)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from domain.assignment import AssignmentState
from domain.case import Case
from domain.clock import Clock, ClockStep, ClockType
from domain.event import EventKind, Fact
from domain.incident import NoteKind
from domain.life.outcome import Happening, Outcome, conclude
from domain.loop.ladder import AGAIN_WORKDAYS, E4, E5, Rise, climb, day_late, rise_of, workdays_over
from domain.loop.request import RequestKind, RequestState
from domain.rules.act import Act
from domain.rules.clock import calendar_of, judged, with_clocks
from domain.rules.loop.archive import archived
from domain.rules.loop.breach import booked, booked_day
from domain.rules.supervision import Grounds, at_step, proposed, proposing, raised, rows_of
from domain.rules.time.hang import ends_at, resume_at_max
from domain.rules.verification import begin_check
from domain.supervision import SupervisionLevel

_LIGHTS = frozenset({ClockStep.YELLOW, ClockStep.RED})
_EXTENSIONS = 2


@dataclass(frozen=True, slots=True)
class Fired:
    """One step that fired on one clock (as it was before), and what it made of the case."""

    clock: Clock
    step: ClockStep
    outcome: Outcome


def next_due(act: Act, case: Case) -> tuple[Clock, Clock, ClockStep] | None:
    """The step of the case that was due first: its clock before and after it, and its name."""
    urgency = case.incident.urgency
    due = [
        (clock, *turned)
        for clock in case.clocks
        if (turned := climb(clock, act.now, urgency, calendar_of(act, case, clock))) is not None
    ]
    return min(due, key=lambda it: (it[0].next_at, it[0].id), default=None)


def due_steps(act: Act, case: Case, grounds: Grounds | None = None) -> Iterator[Fired]:
    """Every step that is due in the case, in the order of time; each starts from the case the last one left.

    A step happens at its own moment, however late it is looked at: what follows does not depend on the sweep.
    """
    while found := next_due(act, case):
        before, after, kind = found
        then = replace(act, now=max(before.next_at or act.now, before.start_at))
        ends = _ENDS.get(before.type)
        outcome = ends(then, case, before) if ends and (kind is ClockStep.RED or ends is _resumed) else None
        outcome = outcome or _turned(then, case, before, after, kind, grounds)
        case = outcome.case
        told = tuple(
            replace(event, at=act.now) for event in outcome.events
        )  # the log keeps the order of time
        yield Fired(before, kind, replace(outcome, events=told))


def _check_by_timer(act: Act, case: Case, clock: Clock) -> Outcome:
    """T27 by SYS: nobody is late, the wait simply ends."""
    ended = replace(clock, stopped_at=act.now, next_step=None, next_at=None)
    return conclude(case, begin_check(act, with_clocks(case, ended)), [act.happening("T27")])


def _archived(act: Act, case: Case, _clock: Clock) -> Outcome:
    return archived(act, case)


def _resumed(act: Act, case: Case, clock: Clock) -> Outcome | None:
    """T24 by SYS: a hung row works again once the time agreed is over, its reviews missed or not."""
    row = case.assignment(clock.assignment_id) if clock.assignment_id is not None else None
    if row is None or row.state is not AssignmentState.HUNG:
        return None
    end = ends_at(case, row.id)
    if end is None or act.now < end:
        return None
    data: dict[str, Fact] = {"clock": str(clock.id)}
    told = act.happening("T24", EventKind.CLOCK_MOVED, assignment_id=row.id, data=data)
    return conclude(case, resume_at_max(act, case, row.id), [told])


def _capped(act: Act, case: Case, clock: Clock) -> Clock:
    """A missed review is told upwards until the time agreed is over, then T24."""
    if clock.type is not ClockType.HANG_REVIEW or clock.assignment_id is None or clock.next_at is None:
        return clock
    end = ends_at(case, clock.assignment_id)
    return replace(clock, next_at=min(clock.next_at, end)) if end and end > act.now else clock


_ENDS: dict[ClockType, Callable[[Act, Case, Clock], Outcome | None]] = {
    ClockType.SUBMIT_WAIT: _check_by_timer,
    ClockType.ARCHIVE: _archived,
    ClockType.HANG_REVIEW: _resumed,
}


def _turned(
    act: Act, case: Case, before: Clock, clock: Clock, fired: ClockStep, grounds: Grounds | None
) -> Outcome:
    """R21: the light turned, red is a breach with its points; and what the ladder says of the step (B.4, B.6)."""
    data: dict[str, Fact] = {"clock": str(clock.id), "type": clock.type.value}
    row_id = clock.assignment_id
    happenings = []
    after = with_clocks(judged(case, clock), _capped(act, case, clock))
    if fired in _LIGHTS:
        lit = {**data, "light": clock.light.value}
        happenings = [act.happening("R21", EventKind.LIGHT, assignment_id=row_id, data=lit)]
    if fired is ClockStep.RED:
        after = booked(after, clock)
    day = day_late(fired)
    if day is not None and (costs := booked_day(after, clock, day, act.now)) is not after:
        after = costs
        happenings = [act.happening("T25", assignment_id=row_id, data={**data, "daysLate": day})]
    for rise in _rises(case, clock, fired):
        after, told = _risen(act, after, clock, rise, grounds or Grounds())
        happenings += told
    if _unanswered_red(case, before, fired):
        after, told = proposing(act, after, rows_of(after, row_id))
        happenings += told
    return conclude(case, after, happenings) if happenings else Outcome(after, ())


def _rises(case: Case, clock: Clock, fired: ClockStep) -> tuple[Rise, ...]:
    """What the step is on the ladder: a second extension that runs out is E5 too, a missed hang review E4."""
    rise = rise_of(clock.type, fired)
    if rise is None or (fired is ClockStep.E0 and _contacted(case, clock)):
        return ()
    if fired is ClockStep.RED and clock.type is ClockType.HANDLE and _extended_twice(case, clock):
        return rise, E5
    if fired is ClockStep.RED and clock.type is ClockType.HANG_REVIEW and not _reported_on(case, clock):
        return rise, E4
    return (rise,)


def _risen(act: Act, case: Case, clock: Clock, rise: Rise, grounds: Grounds) -> tuple[Case, list[Happening]]:
    """Who hears of it, and the card it brings; cards keep to the limits as of the report."""
    row_id = clock.assignment_id
    data: dict[str, Fact] = {
        "clock": str(clock.id),
        "type": clock.type.value,
        "step": rise.number,
        "to": [role.value for role in rise.tells],
    }
    told = [act.happening(rise.row, EventKind.ESCALATED, assignment_id=row_id, data=data)]
    if rise.card is None:
        return case, told
    frozen = replace(act, policy=grounds.policy or act.policy)
    after = raised(frozen, case, rise.card, f"{clock.type.value}.{rise.row}", row_id)
    after = at_step(after, rise.number)
    after, proposals = proposed(act, case, after, grounds)
    return after, told + proposals


def _extended_twice(case: Case, clock: Clock) -> bool:
    """E5 (B.6): the due time that a second extension gave has passed."""
    asked = (
        it
        for it in case.requests
        if it.kind is RequestKind.EXTENSION and it.assignment_id == clock.assignment_id
    )
    return sum(it.state is RequestState.APPROVED for it in asked) >= _EXTENSIONS


def _reported_on(case: Case, clock: Clock) -> bool:
    """B.6 decided 9: since the review was set, somebody who acted for the hung unit wrote a progress note."""
    rows = {row.id: row for row in case.assignments if clock.assignment_id in {None, row.id}}
    own = {row.handler_id for row in rows.values()}
    own |= {it.asked_by_id for it in case.requests if it.assignment_id in rows}
    return any(
        it.kind is NoteKind.NOTE and it.author_id in own and it.at >= clock.start_at for it in case.notes
    )


def _contacted(case: Case, clock: Clock) -> bool:
    """E0 reminds of a contact only where one is owed and none was recorded: leads have a CONTACT clock."""
    if clock.assignment_id is None:
        return True
    owed = case.running(ClockType.CONTACT, clock.assignment_id)
    return not owed or case.assignment(clock.assignment_id).first_contact_at is not None


def _unanswered_red(case: Case, clock: Clock, fired: ClockStep) -> bool:
    """E6: a red card went a working day without a reply, and again every five working days."""
    card = next((it for it in case.supervisions if it.clock_id == clock.id), None)
    if card is None or card.level is not SupervisionLevel.RED or not card.open:
        return False
    over = workdays_over(clock, fired, case.incident.urgency)
    return over is not None and over % AGAIN_WORKDAYS == 0
