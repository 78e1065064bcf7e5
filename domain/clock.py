"""Clocks: when a limit runs out and how its light turns (design §6, domain.md D.9, B.6)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

from domain.calendar import WorkCalendar, local_day
from domain.errors import DomainError, ErrorCode
from domain.term import Term


class TimeUnit(Term):
    """时限单位: what a limit is counted in."""

    NATURAL_MIN = "NATURAL_MIN", "自然分钟", "Natural minutes"
    WORK_MIN = "WORK_MIN", "工作分钟", "Working minutes"
    WORK_DAY = "WORK_DAY", "工作日", "Working days"
    NATURAL_DAY = "NATURAL_DAY", "自然日", "Natural days"


class Light(Term):
    """灯: green to 80 % of the time, yellow to 100 %, red beyond (R21)."""

    GREEN = "GREEN", "绿灯", "Green"
    YELLOW = "YELLOW", "黄灯", "Yellow"
    RED = "RED", "红灯", "Red"


class ClockType(Term):
    """时限类别: what a clock measures (domain.md B.6, State → running clocks)."""

    INTAKE = "INTAKE", "受理", "Intake decision"
    VERIFY = "VERIFY", "核实", "On-site verification"
    DISPATCH = "DISPATCH", "派遣", "Dispatch"
    SIGN = "SIGN", "签收", "Sign-off"
    CONTACT = "CONTACT", "首次联系", "First contact"
    HANDLE = "HANDLE", "办理", "Handling"
    MILESTONE = "MILESTONE", "阶段", "A stage of handling (R24)"
    READ = "READ", "阅知", "Reading of a copy"
    RETURN_DECIDE = "RETURN_DECIDE", "退单审核", "Decision on a return"
    EXT_DECIDE = "EXT_DECIDE", "延期审批", "Decision on an extension"
    HANG_DECIDE = "HANG_DECIDE", "挂账审批", "Decision on a suspension"
    HANG_REVIEW = "HANG_REVIEW", "挂账复查", "Review of a suspension"
    ARBITRATE = "ARBITRATE", "职责裁定", "Arbitration of duty"
    SUBMIT_WAIT = "SUBMIT_WAIT", "待核查", "Wait for the check"
    CHECK = "CHECK", "核查", "Check"
    FOLLOWUP = "FOLLOWUP", "回访", "Follow-up"
    REPLY = "REPLY", "督办回复", "Reply to a supervision"
    ARCHIVE = "ARCHIVE", "归档", "Archiving"


class ClockStep(Term):
    """计时步骤: what the sweep fires on a clock, each once; their order and times are in `domain/loop/ladder.py`."""

    E0 = "E0", "过半未联系", "Half used and nobody contacted"
    YELLOW = "YELLOW", "亮黄灯", "Turn yellow"
    RED = "RED", "亮红灯", "Turn red"
    E4 = "E4", "超期黄牌", "Late enough for a yellow card"
    E5 = "E5", "超期红牌", "Late enough for a red card"
    D1 = "D1", "超期第1工作日", "One working day late"
    D2 = "D2", "超期第2工作日", "Two working days late"
    D3 = "D3", "超期第3工作日", "Three working days late"
    D4 = "D4", "超期第4工作日", "Four working days late"
    D5 = "D5", "超期第5工作日", "Five working days late"
    D6 = "D6", "超期第6工作日", "Six working days late"
    I3 = "I3", "报中心主任", "Told to the director"
    I4 = "I4", "报领导", "Told to a leader, again every working day"


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take: an amount of one unit."""

    amount: int
    unit: TimeUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One running or stopped limit; `limit` is an amount of `unit`.

    `external`: the due time was given from outside. `provisional`: a year it runs through has no calendar.
    `paused_seconds`: counted time that ended pauses took out. `repeated`: how often its last step has fired again.
    """

    id: UUID
    incident_id: UUID
    assignment_id: UUID | None
    type: ClockType
    round: int
    limit: int
    unit: TimeUnit
    start_at: datetime
    due_at: datetime
    yellow_at: datetime
    light: Light
    next_step: ClockStep | None
    next_at: datetime | None
    paused_at: datetime | None
    stopped_at: datetime | None
    breached: bool
    provisional: bool
    external: bool
    calendar_version: int
    paused_seconds: int = 0
    repeated: int = 0

    @property
    def running(self) -> bool:
        """Neither stopped nor paused."""
        return self.stopped_at is None and self.paused_at is None


WORK_UNITS = (TimeUnit.WORK_MIN, TimeUnit.WORK_DAY)
"""The units that only working time uses up."""

LONGEST = {
    TimeUnit.NATURAL_MIN: 1_440_000,
    TimeUnit.WORK_MIN: 420_000,
    TimeUnit.WORK_DAY: 1_000,
    TimeUnit.NATURAL_DAY: 1_000,
}  # a thousand days of each unit: no limit of the trade comes near, and dates cannot overflow
_YEARS = range(1800, 2201)
_MILLISECOND, _MINUTE, _NONE = timedelta(milliseconds=1), timedelta(minutes=1), timedelta()
YELLOW_SHARE, HALF = Fraction(4, 5), Fraction(1, 2)
_FIRST = {ClockType.HANDLE: (ClockStep.E0, HALF), ClockType.ARCHIVE: (ClockStep.RED, Fraction(1))}
_RANK = {Light.GREEN: 0, Light.YELLOW: 1, Light.RED: 2}


def worst(lights: Iterable[Light]) -> Light:
    """The most urgent of the lights; GREEN when there is none."""
    return max(lights, key=_RANK.__getitem__, default=Light.GREEN)


def case_light(clocks: Iterable[Clock]) -> Light:
    """The light of a case or a row: the worst of its running clocks (design §6); archiving is nobody's delay."""
    return worst(it.light for it in clocks if it.running and it.type is not ClockType.ARCHIVE)


def due_time(start: datetime, limit: Limit, calendar: WorkCalendar) -> datetime:
    """When the limit runs out (domain.md D.9).

    BAD_INPUT for an amount below one or over a thousand days, or a start outside the years 1800 to 2200.
    """
    if not 1 <= limit.amount <= LONGEST[limit.unit]:
        raise DomainError(ErrorCode.BAD_INPUT, "limit", rule="D.9")
    if start.year not in _YEARS:
        raise DomainError(ErrorCode.BAD_INPUT, "start", rule="D.9")
    match limit.unit:
        case TimeUnit.NATURAL_MIN:
            return start.astimezone(UTC) + limit.amount * _MINUTE
        case TimeUnit.WORK_MIN:
            return calendar.add_work(start, limit.amount * _MINUTE)
        case TimeUnit.WORK_DAY:
            return calendar.closing(calendar.workday_after(local_day(start), limit.amount))
    # natural days: a last day of rest moves on (Civil Code §203)
    eve = local_day(start) + timedelta(days=limit.amount - 1)
    return calendar.closing(calendar.next_workday(eve))


def yellow_time(
    start: datetime, due: datetime, unit: TimeUnit, calendar: WorkCalendar, paused: timedelta = _NONE
) -> datetime:
    """The first whole millisecond, as times are served, at which 80 % of the counted time is used (R21).

    The due time when nothing counts. `paused` is counted time before it that pauses took out.
    """
    return at_share(start, due, unit, calendar, YELLOW_SHARE, paused)


def half_time(
    start: datetime, due: datetime, unit: TimeUnit, calendar: WorkCalendar, paused: timedelta = _NONE
) -> datetime:
    """The same for 50 % of the counted time (B.4 E0)."""
    return at_share(start, due, unit, calendar, HALF, paused)


def at_share(
    start: datetime,
    due: datetime,
    unit: TimeUnit,
    calendar: WorkCalendar,
    share: Fraction,
    paused: timedelta = _NONE,
    before: timedelta | None = None,
) -> datetime:
    """The first whole millisecond by which that share of the counted time is used; the due time when nothing counts.

    `paused` is counted time that pauses took out, `before` so much of it as came before: all of it if not given.
    """
    whole = max(counted(start, due, unit, calendar) - paused, _NONE) * share.numerator
    used = -(whole // (-share.denominator * _MILLISECOND)) * _MILLISECOND
    if not used:
        return due.astimezone(UTC)
    used += paused if before is None else before
    if unit in WORK_UNITS:
        return calendar.add_work(start, used)
    return start.astimezone(UTC) + used


def counted_minutes(start: datetime, end: datetime, unit: TimeUnit, calendar: WorkCalendar) -> float:
    """Minutes of the span that use time up: working time for working units, else all; zero if end is earlier.

    For WORK_DAY the rest of the start day is included (design §6), though the due time does not count it.
    """
    return counted(start, end, unit, calendar) / _MINUTE


def is_provisional(start: datetime, limit: Limit, due: datetime, calendar: WorkCalendar) -> bool:
    """Whether a day that decided the due time lies in a year without a notice."""
    if limit.unit is TimeUnit.NATURAL_MIN:
        return False
    first = local_day(start) + timedelta(days=limit.amount if limit.unit is TimeUnit.NATURAL_DAY else 0)
    return not calendar.years.issuperset(range(first.year, local_day(due).year + 1))


def start_clock(
    *,
    clock_id: UUID,
    incident_id: UUID,
    assignment_id: UUID | None,
    clock_type: ClockType,
    round_number: int,
    limit: Limit,
    start: datetime,
    calendar: WorkCalendar,
    external_due: datetime | None = None,
) -> Clock:
    """A clock from `start` on, born breached when its external due time is past (design §6); as `due_time`."""
    due = external_due or due_time(start, limit, calendar)
    yellow = yellow_time(start, due, limit.unit, calendar)
    first, share = _FIRST.get(clock_type, (ClockStep.YELLOW, YELLOW_SHARE))
    return Clock(
        id=clock_id,
        incident_id=incident_id,
        assignment_id=assignment_id,
        type=clock_type,
        round=round_number,
        limit=limit.amount,
        unit=limit.unit,
        start_at=start.astimezone(UTC),
        due_at=due.astimezone(UTC),
        yellow_at=yellow,
        light=Light.GREEN,
        next_step=first,
        next_at=yellow if share is YELLOW_SHARE else at_share(start, due, limit.unit, calendar, share),
        paused_at=None,
        stopped_at=None,
        breached=due < start,
        provisional=external_due is None and is_provisional(start, limit, due, calendar),
        external=external_due is not None,
        calendar_version=calendar.version,
    )


def step(clock: Clock, now: datetime) -> tuple[Clock, ClockStep] | None:
    """The clock after its one next step up to red, if that is due; on time is up to and including the due time."""
    if not clock.running or clock.next_at is None or now < clock.next_at:
        return None
    match clock.next_step:
        case ClockStep.E0:
            half = replace(clock, next_step=ClockStep.YELLOW, next_at=clock.yellow_at)
            return half, ClockStep.E0
        case ClockStep.YELLOW:
            yellow = replace(clock, light=Light.YELLOW, next_step=ClockStep.RED, next_at=clock.due_at)
            return yellow, ClockStep.YELLOW
        case ClockStep.RED if now > clock.due_at:
            red = replace(clock, light=Light.RED, next_step=None, next_at=None, breached=True)
            return red, ClockStep.RED
    return None


def stop(clock: Clock, now: datetime) -> Clock:
    """The clock stopped, keeping its light; a late stop is a breach, and a breach is never undone.

    A paused clock is judged by the moment of its pause, since its time stood still; a stopped one is unchanged.
    """
    if clock.stopped_at is not None:
        return clock
    late = clock.breached or (clock.paused_at or now) > clock.due_at
    light = Light.RED if late else clock.light
    return replace(clock, stopped_at=now, next_step=None, next_at=None, breached=late, light=light)


def counted(start: datetime, end: datetime, unit: TimeUnit, calendar: WorkCalendar) -> timedelta:
    """The time of the span that uses a limit up: working time for working units, else all of it."""
    if unit in WORK_UNITS:
        return calendar.work_between(start, end)
    return max(end - start, _NONE)
