"""Checks: who asks for one, and what a result leads to (domain.md B.3 T27 to T30, B.6 T28b)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain import text
from domain.assignment import AssignmentState
from domain.case import Case, put
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState
from domain.life.outcome import Outcome, conclude
from domain.life.transition import at_desk
from domain.loop.ladder import E5
from domain.loop.score import ScoreType
from domain.media import Media, MediaPurpose
from domain.place import Crs, Point, distance_m
from domain.rules.act import Act
from domain.rules.clock import start, stopped, with_clocks
from domain.rules.ending import lone_lead, scored, sent_back
from domain.rules.followup import begin_followup
from domain.rules.incident import attached
from domain.rules.loop.opinion import demanded
from domain.rules.supervision import Grounds, at_step, proposed, raised
from domain.supervision import SupervisionLevel
from domain.verification import CheckResult, TaskState, Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was found, where, with which pictures.

    On FAIL: `false_completion` is 虚假办结, done in words only; `leads` are those who must do it again, by default all.
    """

    result: CheckResult
    point: Point | None = None
    media: tuple[Media, ...] = ()
    note: str | None = None
    false_completion: bool = False
    leads: tuple[UUID, ...] = ()


def request_check(act: Act, case: Case, org_id: UUID | None = None) -> Outcome:
    """T27: by the acceptor at any time in SUBMITTED, else by the timer when SUBMIT_WAIT is over.

    VERIFIER_IS_HANDLER (field `inspectorOrgUnitId`) for a unit that handled the case.
    """
    if org_id is not None and case.handled_by(org_id):
        raise DomainError(ErrorCode.VERIFIER_IS_HANDLER, "inspectorOrgUnitId", rule="T27")
    return conclude(case, begin_check(act, case, org_id), [act.happening("T27")])


def begin_check(act: Act, case: Case, org_id: UUID | None = None) -> Case:
    """The case in CHECKING: submitted rows that were not late are on time (B.6 D), CHECK runs, a task waits."""
    after = stopped(case, act.now, (ClockType.SUBMIT_WAIT,))
    rows = tuple(
        replace(row, on_time_handle=row.on_time_handle is not False)
        if row.state is AssignmentState.SUBMITTED
        else row
        for row in after.assignments
    )
    incident = replace(after.incident, state=IncidentState.CHECKING)
    clock = start(act, incident, ClockType.CHECK)
    task = _task(act, case, org_id, clock.due_at)
    return with_clocks(
        replace(after, incident=incident, assignments=rows, verifications=(*after.verifications, task)),
        clock,
    )


def record_check(act: Act, case: Case, check: Check, grounds: Grounds | None = None) -> Outcome:
    """T28, T28b, T29, T30: the result completes the waiting task and decides how the case goes on.

    GUARD_FAILED without the point or picture a category demands on site, for a second UNABLE at the desk
    (T28b), or for a third round (T30); BAD_INPUT without the note a desk check needs, or for a false completion
    that did not fail; NOT_FOUND (field `leads`) for a unit that does not lead. A red card that makes three of a
    unit proposes a listing, by the `grounds` (E6).
    """
    note = _checked(case, check)
    waiting = next(v for v in case.verifications if v.state is TaskState.PENDING)
    done = replace(
        waiting,
        state=TaskState.DONE,
        inspector_id=act.actor_id,
        result=check.result,
        distance_m=_distance(case, check.point),
        note=note,
        recorded_at=act.now,
    )
    media = attached(check.media, case.incident.id, MediaPurpose.CHECK)
    after = replace(case, verifications=put(case.verifications, done), media=put(case.media, *media))
    after, row = _followed(act, after, done, check)
    after, proposals = proposed(act, case, after, grounds or Grounds())
    return conclude(case, after, [act.happening(row, data={"result": check.result.value}), *proposals])


def _followed(act: Act, case: Case, done: Verification, check: Check) -> tuple[Case, str]:
    """What the result leads to, and the row it follows."""
    if done.result is CheckResult.FAIL:
        return _failed(act, case, check), "T30"
    if done.result is CheckResult.UNABLE:
        again = replace(_task(act, case, done.org_id, done.due_at), not_by=act.actor_id)
        return replace(case, verifications=(*case.verifications, again)), "T28b"
    if any(it.reachable for it in case.complainants) or demanded(act, case):
        return begin_followup(act, case), "T28"
    return case, "T28"  # passed: waits in CHECKING for T29


def _failed(act: Act, case: Case, check: Check) -> Case:
    """T30: −1 for each lead sent back; 虚假办结 is −5 instead, and a RED card (B.6 decided 10, B.4 E5)."""
    after, named = sent_back(act, case, check.leads, "T30")
    if not check.false_completion:
        return scored(act, after, named, ScoreType.REWORK, "T30")
    after = scored(act, after, named, ScoreType.FALSE_DONE, "T30")
    return at_step(raised(act, after, SupervisionLevel.RED, f"T30.{E5.row}", lone_lead(after)), E5.number)


def _checked(case: Case, check: Check) -> str | None:
    """The note, once everything this kind of check needs is there (B.5 T28)."""
    desk = at_desk(case)
    if check.result is not CheckResult.FAIL and (check.false_completion or check.leads):
        field = "falseCompletion" if check.false_completion else "leads"
        raise DomainError(ErrorCode.BAD_INPUT, field, rule="T30")
    if check.result is CheckResult.UNABLE:
        if desk:
            raise DomainError(ErrorCode.GUARD_FAILED, "result", rule="T28b")
        return text.checked(check.note or "", "note")
    if desk or not case.category.requires_onsite_verify:
        return text.checked(check.note or "", "note")
    for field, given in (("point", check.point), ("mediaIds", check.media)):
        if not given:
            raise DomainError(ErrorCode.GUARD_FAILED, field, rule="T28")
    return text.optional(check.note, "note")


def _distance(case: Case, point: Point | None) -> float | None:
    spot = case.incident.spot
    if spot is None or point is None:
        return None
    return round(distance_m(point, Point(spot.lng, spot.lat, Crs.WGS84)), 1)


def _task(act: Act, case: Case, org_id: UUID | None, due: datetime) -> Verification:
    return Verification(
        id=act.new_id(),
        incident_id=case.incident.id,
        round=case.incident.round,
        state=TaskState.PENDING,
        org_id=org_id,
        inspector_id=None,
        not_by=None,
        result=None,
        distance_m=None,
        note=None,
        due_at=due,
        created_at=act.now,
        recorded_at=None,
    )
