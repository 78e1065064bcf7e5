"""The ladder of a late clock as one table: what fires when, who hears of it, which card it brings (B.4, B.6).

Its waits are constants and a case keeps the urgency it was filed with, so that a ladder once begun never changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from domain.calendar import WorkCalendar
from domain.clock import (
    WORK_UNITS,
    Clock,
    ClockStep,
    ClockType,
    Limit,
    TimeUnit,
    counted,
    due_time,
    half_time,
    step,
)
from domain.incident import Urgency
from domain.person import Role
from domain.supervision import SupervisionLevel

C, S, R, L = ClockType, ClockStep, Role, SupervisionLevel

AGAIN_WORKDAYS = 5
"""A proposal to list is repeated every five working days while a red card is unanswered (E6)."""

REDS, REDS_WITHIN = 3, timedelta(days=30)
"""So many red cards of a unit in so long a time propose a listing too (E6)."""


@dataclass(frozen=True, slots=True)
class Rise:
    """What a step is called in B.4 and B.6, who hears of it, and which card it brings, if any."""

    row: str
    tells: tuple[Role, ...]
    card: SupervisionLevel | None = None

    @property
    def number(self) -> int:
        """The step of `Incident.escalationStep` for E rows, the rung of the internal ladder for I rows."""
        return int(self.row[1:])


@dataclass(frozen=True, slots=True)
class Rung:
    """A step after the due time, so long after it: for NORMAL and COMPLEX cases, and for the urgent classes."""

    step: ClockStep
    usual: Limit
    urgent: Limit


def _days(amount: int) -> Limit:
    return Limit(amount, TimeUnit.WORK_DAY)


def _minutes(amount: int) -> Limit:
    return Limit(amount, TimeUnit.NATURAL_MIN)


_CARDS = (Rung(S.E4, _days(1), _minutes(30)), Rung(S.E5, _days(3), _minutes(120)))
_POSTS = (Rung(S.I3, _days(1), _minutes(30)), Rung(S.I4, _days(3), _minutes(120)))
_DAYS_LATE = tuple(
    Rung(it, _days(day), _days(day)) for day, it in enumerate((S.D1, S.D2, S.D3, S.D4, S.D5, S.D6), 1)
)  # T25: −2, then −0.5 for each further working day down to −5 in all

# Who owes what an internal clock measures: the post that I1 reminds.
OWED_BY: Mapping[ClockType, tuple[Role, ...]] = MappingProxyType(
    {
        C.INTAKE: (R.ACCEPTOR,),
        C.VERIFY: (R.GRID_WORKER, R.INSPECTOR),
        C.DISPATCH: (R.DISPATCHER,),
        C.RETURN_DECIDE: (R.DISPATCHER,),
        C.EXT_DECIDE: (R.DISPATCHER, R.COMMAND_DIRECTOR),
        C.HANG_DECIDE: (R.COMMAND_DIRECTOR,),
        C.HANG_REVIEW: (R.COMMAND_DIRECTOR,),
        C.ARBITRATE: (R.COMMAND_DIRECTOR,),
        C.CHECK: (R.INSPECTOR,),
        C.FOLLOWUP: (R.CALLBACK,),
        C.REPLY: (R.HANDLER_LEAD,),
    }
)
# The clocks of units climb to cards, those of posts are told upwards; READ, SUBMIT_WAIT and ARCHIVE do neither.
LADDER: Mapping[ClockType, tuple[Rung, ...]] = MappingProxyType(
    {
        C.SIGN: _CARDS,
        C.CONTACT: _CARDS,
        C.HANDLE: _CARDS + _DAYS_LATE,
        C.MILESTONE: (),  # reminded of, no more: the case is late by HANDLE alone (R24)
        **dict.fromkeys(OWED_BY, _POSTS),
    }
)
E4 = Rise("E4", (R.HANDLER_LEAD, R.COMMAND_DIRECTOR), L.YELLOW)
E5 = Rise("E5", (R.HANDLER_LEAD, R.COMMAND_DIRECTOR), L.RED)
E6 = Rise("E6", (R.COMMAND_DIRECTOR, R.LEADER))
"""A listing is proposed to people and never issued by the timer."""

_E1 = Rise("E1", (R.HANDLER, R.HANDLER_LEAD))
_E2 = Rise("E2", (R.HANDLER_LEAD, R.COMMAND_DIRECTOR), L.URGE)
_E3 = Rise("E3", (R.HANDLER_LEAD,), L.URGE)
_OF_UNITS: Mapping[ClockStep, Rise] = MappingProxyType(
    {
        S.E0: Rise("E0", (R.HANDLER,)),
        S.YELLOW: _E1,
        S.RED: _E2,
        S.E4: E4,
        S.E5: E5,
    }
)
_OF_POSTS: Mapping[ClockStep, Rise] = MappingProxyType(
    {
        S.YELLOW: Rise("I1", ()),
        S.RED: Rise("I2", (R.SHIFT_LEADER, R.COMMAND_DIRECTOR)),
        S.I3: Rise("I3", (R.COMMAND_DIRECTOR,)),
        S.I4: Rise("I4", (R.LEADER,)),
    }
)
_URGENT = frozenset({Urgency.CRITICAL, Urgency.URGENT})
_DAY_LATE = {it.step: number for number, it in enumerate(_DAYS_LATE, 1)}


def rise_of(kind: ClockType, fired: ClockStep) -> Rise | None:
    """What a step of that clock is on the ladder; None for steps that only light or count."""
    if kind in OWED_BY:
        rise = _OF_POSTS.get(fired)
        return replace(rise, tells=OWED_BY[kind]) if rise and not rise.tells else rise
    if kind not in LADDER:
        return None
    if kind is C.MILESTONE:
        return _E1
    return _E3 if kind is C.HANDLE and fired is S.RED else _OF_UNITS.get(fired)


def day_late(fired: ClockStep) -> int | None:
    """Which further working day late the step marks; None for other steps."""
    return _DAY_LATE.get(fired)


def climb(
    clock: Clock, now: datetime, urgency: Urgency, calendar: WorkCalendar
) -> tuple[Clock, ClockStep] | None:
    """The clock after its one next step of all, if that is due; `next_step` then holds the one after."""
    lit = step(clock, now)
    if lit is not None:
        turned, light = lit
        return (_awaiting(turned, light, urgency, calendar) if light is S.RED else turned), light
    due, fired = clock.next_at, clock.next_step
    if not clock.running or fired is None or fired in BY_LIGHT or due is None or now < due:
        return None
    return _awaiting(clock, fired, urgency, calendar), fired


def rescheduled(clock: Clock, urgency: Urgency, calendar: WorkCalendar) -> Clock:
    """The clock with its next step at the time that its present start, yellow and due times give."""
    if clock.next_step is None:
        return clock
    if clock.next_step is S.E0:
        return replace(clock, next_at=half_time(clock.start_at, clock.due_at, clock.unit, calendar))
    lights = {S.YELLOW: clock.yellow_at, S.RED: clock.due_at}
    at = lights.get(clock.next_step) or _moment(clock, clock.next_step, clock.repeated, urgency, calendar)
    return replace(clock, next_at=at)


def workdays_over(clock: Clock, fired: ClockStep, urgency: Urgency) -> int | None:
    """How many working days over a step of a REPLY clock stands, `clock` as before it: 0 at red, then I4's.

    None for steps between, I4 after two hours (URGENT, CRITICAL) among them.
    """
    if fired is S.RED:
        return 0
    if fired is not S.I4:
        return None
    return clock.repeated + (0 if urgency in _URGENT else _POSTS[-1].usual.amount) or None


BY_LIGHT = frozenset({S.E0, S.YELLOW, S.RED})
"""The steps up to red, whose times are shares of the limit; those after it count from the due time."""


def _awaiting(clock: Clock, fired: ClockStep, urgency: Urgency, calendar: WorkCalendar) -> Clock:
    """The clock waiting for whatever follows that step: nothing at the top, and I4 again every working day."""
    rungs = [it.step for it in sorted(LADDER.get(clock.type, ()), key=lambda it: _wait(it, urgency))]
    repeated = clock.repeated
    if fired is S.I4:
        following, repeated = S.I4, repeated + 1
    else:
        place = 0 if fired is S.RED else rungs.index(fired) + 1
        if place == len(rungs):
            return replace(clock, next_step=None, next_at=None)
        following = rungs[place]
    at = _moment(clock, following, repeated, urgency, calendar)
    return replace(
        clock,
        next_step=following,
        next_at=_as_late(clock, fired, at, urgency, calendar),
        repeated=repeated,
    )


def _as_late(
    clock: Clock, fired: ClockStep, at: datetime, urgency: Urgency, calendar: WorkCalendar
) -> datetime:
    """When a rung comes, if the one before it came later than by the due time: the clock stood still in between.

    What is late gets no more time, but time that does not count brings no card and costs no points (T26, D.9).
    """
    if fired is ClockStep.RED or clock.next_at is None:
        return at
    slipped = counted(
        _moment(clock, fired, clock.repeated, urgency, calendar), clock.next_at, clock.unit, calendar
    )
    if not slipped:
        return at
    return calendar.add_work(at, slipped) if clock.unit in WORK_UNITS else at + slipped


def _wait(rung: Rung, urgency: Urgency) -> tuple[bool, int]:
    """The order of rungs: minutes come before days."""
    limit = rung.urgent if urgency in _URGENT else rung.usual
    return limit.unit is TimeUnit.WORK_DAY, limit.amount


def _moment(
    clock: Clock, following: ClockStep, repeated: int, urgency: Urgency, calendar: WorkCalendar
) -> datetime:
    """When a rung comes: nobody is later than since the clock began, though it was born breached."""
    rung = next(it for it in LADDER[clock.type] if it.step is following)
    limit = rung.urgent if urgency in _URGENT else rung.usual
    over = max(clock.due_at, clock.start_at)
    if repeated and limit.unit is TimeUnit.WORK_DAY:
        return due_time(over, Limit(limit.amount + repeated, limit.unit), calendar)
    first = due_time(over, limit, calendar)
    return due_time(first, _days(repeated), calendar) if repeated else first
