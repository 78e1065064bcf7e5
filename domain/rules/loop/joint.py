"""Joint handling: withdrawal, dispatching anew, supports, copies, results sent back (domain.md T13, T21, T26)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain import text
from domain.assignment import Assignment, AssignmentMode, AssignmentState
from domain.case import Case
from domain.clock import Clock, ClockStep, ClockType, Light
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.incident import IncidentState
from domain.life.outcome import Outcome, conclude
from domain.loop.ladder import climb
from domain.loop.pause import Pause
from domain.loop.score import ScoreType, entry
from domain.media import Media, MediaPurpose
from domain.rules.act import Act
from domain.rules.assignment import Dispatch, awaiting_check, handed_out, ordered, with_row
from domain.rules.clock import begun_again, calendar_of, from_pause, start, stopped, with_clocks, with_due
from domain.rules.ending import end_rows
from domain.rules.incident import attached, noted


def withdraw(act: Act, case: Case, reason: str) -> Outcome:
    """T13 (R14): every row is cancelled and the case waits for its dispatch again. BAD_INPUT for the reason."""
    after = _cleared(act, noted(act, case, text.checked(reason, "reason")))
    after = replace(after, incident=replace(after.incident, state=IncidentState.FILED))
    after = with_clocks(after, start(act, after.incident, ClockType.DISPATCH))
    return conclude(case, after, [act.happening("T13")])


def redispatch(act: Act, case: Case, given: Dispatch, reason: str) -> Outcome:
    """T13b: every live row ends, submitted ones too, and any units begin anew, the leads designated (R11).

    Lateness so far is kept (B.6 D). BAD_INPUT for the reason, GUARD_FAILED as `ordered`.
    """
    order = ordered(given, "T13b", designated=True)
    after = _cleared(act, noted(act, case, text.checked(reason, "reason")))
    return conclude(case, *handed_out(act, after, given, order))


def release_support(act: Act, case: Case, row: Assignment, reason: str) -> Outcome:
    """T13c: a silent support is let go, its lateness counted; without supports the lead handles alone."""
    after = noted(act, case, text.checked(reason, "reason"))
    after = end_rows(act, after, {row.id}, lambda _: AssignmentState.CANCELLED)
    if not after.supports:
        for lead in after.leads:
            after = with_row(after, replace(lead, mode=AssignmentMode.SINGLE))
    after = awaiting_check(act, after)
    return conclude(case, after, [act.happening("T13c", assignment_id=row.id)])


def assign_handler(act: Act, case: Case, row: Assignment, person_id: UUID) -> Outcome:
    """B.5: the unit's head names who handles the row; that the person works there is checked before."""
    named = with_row(case, replace(row, handler_id=person_id))
    data: dict[str, Fact] = {"handler": str(person_id)}
    return conclude(case, named, [act.happening("B.5", assignment_id=row.id, data=data)])


def reply_as_support(
    act: Act, case: Case, row: Assignment, words: str, evidence: tuple[Media, ...] = ()
) -> Outcome:
    """T21: the support has done its part; HANDLE stops, and who is late is the support alone."""
    after = stopped(case, act.now, (ClockType.HANDLE,), row.id)
    replied = replace(
        after.assignment(row.id), state=AssignmentState.REPLIED, result_text=text.checked(words, "text")
    )
    after = with_row(after, replied)
    after = replace(after, media=(*after.media, *attached(evidence, case.incident.id, MediaPurpose.AFTER)))
    return conclude(case, after, [act.happening("T21", assignment_id=row.id)])


def acknowledge_copy(act: Act, case: Case, row: Assignment) -> Outcome:
    """R13: a copy is read, at any time before the case is sealed; READ stops, the case stays as it is (trap 17)."""
    after = stopped(case, act.now, (ClockType.READ,), row.id)
    read = replace(
        after.assignment(row.id),
        state=AssignmentState.DONE,
        accepted_at=act.now,
        handler_id=act.actor_id,
    )
    return conclude(case, with_row(after, read), [act.happening("R13", assignment_id=row.id)])


def return_result(act: Act, case: Case, ids: Collection[UUID], words: str) -> Outcome:
    """T26: submitted results go back to be put right, all of them unless some are named; no rework yet.

    HANDLE runs again with what was left, a breach stays one (B.6 D). BAD_INPUT for the text, NOT_FOUND for a row that
    does not lead, ILLEGAL_TRANSITION for one without a result (field `assignmentIds`).
    """
    after = noted(act, case, text.checked(words, "text"))
    rows = _submitted(case, ids)
    after = stopped(after, act.now, (ClockType.SUBMIT_WAIT,))
    for row in rows:
        after = _taken_up(act, after, row.id)
    happening = act.happening("T26", data={"assignments": [str(row.id) for row in rows]})
    return conclude(case, after, [happening])


def running_again(act: Act, case: Case, row_id: UUID) -> Case:
    """The case with the row's HANDLE, and every milestone not done (R24), running with the time that was left.

    The time between is not counted.
    """
    for clock in begun_again(case, row_id):
        case = _run_again(act, case, clock)
    return case


def _run_again(act: Act, case: Case, clock: Clock) -> Case:
    since = clock.paused_at or clock.stopped_at
    if since is None:
        return case
    again = from_pause(act, case, _as_it_stood(act, case, clock, since))
    note = Pause(id=act.new_id(), clock_id=clock.id, from_at=since, to_at=act.now, row="T26")
    return with_due(replace(with_clocks(case, again), pauses=(*case.pauses, note)), again)


def _as_it_stood(act: Act, case: Case, clock: Clock, since: datetime) -> Clock:
    """The clock paused at that moment, waiting for the first step of its ladder that had not fired by then.

    Nobody is reminded to call (E0) once a result was there. What was to come next is written on a clock that a result
    stopped; of one that was imported stopped it is found by climbing anew.
    """
    if clock.next_step is not None:
        waiting = replace(clock, stopped_at=None, paused_at=since)
        reminds = clock.next_step is ClockStep.E0
        return replace(waiting, next_step=ClockStep.YELLOW, next_at=clock.yellow_at) if reminds else waiting
    green = clock.light is Light.GREEN
    held = replace(
        clock,
        stopped_at=None,
        paused_at=None,
        next_step=ClockStep.YELLOW if green else ClockStep.RED,
        next_at=clock.yellow_at if green else clock.due_at,
    )
    while climbed := climb(held, since, case.incident.urgency, calendar_of(act, case, clock)):
        held, _ = climbed
    if clock.breached and held.next_step is ClockStep.RED:
        held = replace(held, next_step=None, next_at=None)
    return replace(held, paused_at=since)


def _submitted(case: Case, ids: Collection[UUID]) -> list[Assignment]:
    leads = {row.id: row for row in case.leads}
    if not leads.keys() >= set(ids):
        raise DomainError(ErrorCode.NOT_FOUND, "assignmentIds", rule="T26")
    waiting = [row for row in case.leads if row.state is AssignmentState.SUBMITTED]
    chosen = [leads[it] for it in dict.fromkeys(ids)] or waiting
    for row in chosen:
        if row.state is not AssignmentState.SUBMITTED:
            raise DomainError(
                ErrorCode.ILLEGAL_TRANSITION, "assignmentIds", rule="T26", facts={"from": row.state.value}
            )
    return chosen


def _taken_up(act: Act, case: Case, row_id: UUID) -> Case:
    """The row ACCEPTED again, though it was hung before; the result that is wanting is counted (B.3 T26)."""
    case = running_again(act, case, row_id)
    row = replace(
        case.assignment(row_id),
        state=AssignmentState.ACCEPTED,
        submitted_at=None,
        outcome=None,
        close_hung=False,
    )
    booked = entry(
        act.new_id(),
        row.incident_id,
        row.org_id,
        ScoreType.SLOPPY_RESULT,
        act.now,
        row="T26",
        round_number=row.round,
        assignment_id=row.id,
    )
    return replace(with_row(case, row), scores=(*case.scores, booked))


def _cleared(act: Act, case: Case) -> Case:
    """Every live row cancelled and every clock stopped, supervisions' too (B.5, B.6 C)."""
    ids = {row.id for row in case.assignments}
    return stopped(end_rows(act, case, ids, lambda _: AssignmentState.CANCELLED), act.now)
