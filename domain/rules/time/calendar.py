"""A year's calendar is published: the days are checked, and running clocks follow them (R78, traps 11 and 18)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from domain import text
from domain.calendar import CalendarDay, midnight
from domain.case import Case
from domain.clock import WORK_UNITS, Clock, ClockStep, ClockType, TimeUnit, due_time
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.followup import FollowUp, FollowUpLayer
from domain.life.outcome import Happening, Outcome, conclude
from domain.loop.ladder import BY_LIGHT, rescheduled
from domain.loop.pause import Pause
from domain.loop.request import RequestKind, RequestState
from domain.loop.shift import Granted, moved_to, recomputed, slipped
from domain.policy import OPINION
from domain.rules.act import Act
from domain.rules.clock import calendar_of, resumable, unit_of, with_clocks, with_due
from domain.rules.time.hang import ends_at
from domain.verification import TaskState

FIRST_YEAR, LAST_YEAR = 2000, 2199
NAME, SOURCE = 40, 100
"""Characters."""

_BY_CALENDAR = frozenset({*WORK_UNITS, TimeUnit.NATURAL_DAY})


@dataclass(frozen=True, slots=True)
class Move:
    """One clock's due time before and after, and what it measures of which case."""

    clock_id: UUID
    type: ClockType
    incident_no: str
    before: datetime
    after: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """Working time changed between these moments: the district's, or that of one unit alone."""

    start: datetime
    end: datetime
    org_id: UUID | None = None


def year_of_days(
    year: int, days: Collection[tuple[date, bool, str]], source: str, *, own: bool = False
) -> tuple[CalendarDay, ...]:
    """The days a notice names. BAD_INPUT (year; source; days: none, one twice, or one of another year).

    A unit may have none of its `own`: then it keeps those of the district.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise DomainError(ErrorCode.BAD_INPUT, "year", rule="R78")
    notice = text.line(source, "source", most=SOURCE)
    named = {
        day: CalendarDay(day, is_workday, text.line(name, "days.name", most=NAME), notice)
        for day, is_workday, name in days
    }
    if not (named or own) or len(named) != len(days) or any(day.year != year for day in named):
        raise DomainError(ErrorCode.BAD_INPUT, "days", rule="R78")
    return tuple(named[day] for day in sorted(named))


def change_of_year(year: int, org_id: UUID | None = None) -> Change:
    """From when until when that year lasts in the district."""
    return Change(midnight(date(year, 1, 1)), midnight(date(year + 1, 1, 1)), org_id)


def change_from(since: date, org_id: UUID | None = None) -> Change:
    """From that day on, for good."""
    return Change(midnight(since), midnight(date(LAST_YEAR + 1, 1, 1)), org_id)


def follows(case: Case, clock: Clock, change: Change) -> bool:
    """Whether time that changed may decide when a clock is due, turns yellow or climbs: it may still run by then.

    One that stands still follows too, or it would go on with other days than it had left; likewise one stopped by a
    result that may be sent back (T26).
    """
    its = change.org_id is None or unit_of(case, clock) == change.org_id
    last = max(clock.due_at, clock.next_at or clock.due_at)
    may_run = clock.stopped_at is None or clock in resumable(case)
    return may_run and its and clock.start_at < change.end and last >= change.start


def follow(
    act: Act, case: Case, change: Change, pauses: Collection[Pause]
) -> tuple[Outcome, tuple[Move, ...]] | None:
    """The case with its due times by the calendar in force, and what moved; None when nothing did.

    What has fired stays fired: no light turns greener and no breach is undone (trap 11). `pauses` are of its clocks.
    """
    by_clock = defaultdict(list)
    for it in pauses:
        by_clock[it.clock_id].append(it)
    after, moves = case, []
    for clock in sorted((it for it in case.clocks if follows(case, it, change)), key=lambda it: it.id):
        later = _recomputed(act, case, clock, by_clock[clock.id])
        after = with_due(with_clocks(after, later), later)
        if later.due_at != clock.due_at:
            after = _with_tasks(act, after, clock, later.due_at)
            moves.append((clock, later))
    if after == case:
        return None
    happenings = [_happening(act, before, later) for before, later in moves]
    outcome = conclude(case, after, happenings) if happenings else Outcome(after, ())
    no = case.incident.no
    return outcome, tuple(Move(it.id, it.type, no, it.due_at, later.due_at) for it, later in moves)


def _recomputed(act: Act, case: Case, clock: Clock, pauses: Collection[Pause]) -> Clock:
    """The clock by the calendar in force; FOLLOWUP is not due before the opinions it was moved for (B.6)."""
    urgency, calendar = case.incident.urgency, calendar_of(act, case, clock)
    if clock.unit not in _BY_CALENDAR:  # due by the hour, but a ladder may count working days
        on_rung = clock.next_step not in BY_LIGHT
        return slipped(rescheduled(clock, urgency, calendar), pauses, calendar) if on_rung else clock
    if clock.external:  # due by somebody's word, its light by working time
        known = replace(clock, calendar_version=calendar.version)
        return _to_the_end(
            case, slipped(moved_to(known, clock.due_at, urgency, calendar, pauses), pauses, calendar)
        )
    later = recomputed(clock, pauses, _granted(case, clock), urgency, calendar)
    due = max(_terms(act, case, clock), default=later.due_at)
    return moved_to(later, due, urgency, act.calendar) if due > later.due_at else later


def _to_the_end(case: Case, clock: Clock) -> Clock:
    """A missed review climbs until the time agreed is over, then T24, whatever days its rungs count (T23b)."""
    if clock.type is not ClockType.HANG_REVIEW or clock.next_step is ClockStep.YELLOW:
        return clock
    end = ends_at(case, clock.assignment_id) if clock.assignment_id else None
    return replace(clock, next_at=min(clock.next_at, end)) if end and clock.next_at else clock


def _terms(act: Act, case: Case, clock: Clock) -> list[datetime]:
    """When the opinions are due that a household was asked for before FOLLOWUP was late, answered or not (S49)."""
    term = act.policy.special(OPINION)
    if term is None or clock.type is not ClockType.FOLLOWUP:
        return []
    return [
        due_time(it.created_at, term, act.calendar)
        for it in case.followups
        if it.layer is FollowUpLayer.COMMUNITY
        and it.due_at is not None
        and clock.start_at <= it.created_at <= clock.due_at
        and it.state is not TaskState.CANCELLED
    ]


def _waits(task: FollowUp) -> bool:
    return task.layer is FollowUpLayer.COMMUNITY and task.state is TaskState.PENDING


def _of_term(act: Act, task: FollowUp) -> FollowUp:
    """An opinion that is waited for, due by the term it was given (S49)."""
    term = act.policy.special(OPINION)
    if term is None or not _waits(task):
        return task
    return replace(task, due_at=due_time(task.created_at, term, act.calendar))


def _granted(case: Case, clock: Clock) -> list[Granted]:
    return [
        Granted(it.decided_at, it.approved_days)
        for it in case.requests
        if clock.type is ClockType.HANDLE  # an extension moves the handling, no stage of it (T22, R24)
        and it.kind is RequestKind.EXTENSION
        and it.state is RequestState.APPROVED
        and it.assignment_id == clock.assignment_id
        and it.decided_at is not None
        and it.approved_days is not None
        and it.decided_at >= clock.start_at
    ]


def _with_tasks(act: Act, case: Case, clock: Clock, due: datetime) -> Case:
    """Waiting checks, follow-ups and cards are due with the clock that measures them."""
    before = clock.due_at
    return replace(
        case,
        verifications=tuple(
            replace(it, due_at=due) if it.state is TaskState.PENDING and it.due_at == before else it
            for it in case.verifications
        ),
        followups=tuple(
            _of_term(
                act, replace(it, due_at=due) if it.state is TaskState.PENDING and it.due_at == before else it
            )
            for it in case.followups
        ),
        supervisions=tuple(
            replace(it, reply_due_at=due) if it.clock_id == clock.id else it for it in case.supervisions
        ),
    )


def _happening(act: Act, before: Clock, after: Clock) -> Happening:
    data = {
        "clock": str(after.id),
        "type": after.type.value,
        "before": before.due_at.isoformat(),
        "after": after.due_at.isoformat(),
    }
    return act.happening("R78", EventKind.CLOCK_MOVED, assignment_id=after.assignment_id, data=data)
