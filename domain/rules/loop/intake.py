"""Before filing: verified on site, handled on the spot, its grid confirmed (domain.md B.3 T3, T4, T8, T9, B.5)."""

from dataclasses import dataclass, replace
from uuid import UUID

from domain import text
from domain.case import Case, put
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.grid import Grid
from domain.incident import CaseOutcome, IncidentState, Source
from domain.life.guards.intake import intake_task
from domain.life.outcome import Outcome, conclude
from domain.loop.request import Request, RequestKind, RequestState
from domain.media import Media, MediaPurpose
from domain.person import Role
from domain.place import Crs, Point, distance_m
from domain.policy import PHOTO_DISTANCE_M
from domain.rules.act import Act
from domain.rules.assignment import RESULTS
from domain.rules.clock import paused, resumed, start, stopped, with_clocks
from domain.rules.ending import closed, lapsed
from domain.rules.incident import attached
from domain.verification import CheckResult, TaskState, Verification, VerificationPhase

_OF_GRID = frozenset({Source.GRID_PATROL, Source.GRID_VISIT})
_INTAKE = (ClockType.INTAKE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found on site before filing: PASS is true, FAIL is not; where, with which pictures."""

    result: CheckResult
    point: Point | None = None
    media: tuple[Media, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfHandling:
    """T3: what the finder did, with pictures from before and after."""

    outcome: CaseOutcome
    result_text: str
    before_media: tuple[Media, ...] = ()
    after_media: tuple[Media, ...] = ()


def request_verification(act: Act, case: Case, org_id: UUID | None = None) -> Outcome:
    """T8: somebody is to see whether the report is true.

    GUARD_FAILED for what the grid itself found, unless the category demands it.
    """
    if case.incident.source in _OF_GRID and not case.category.requires_verify:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T8")
    return conclude(case, sent_to_verify(act, case, org_id), [act.happening("T8")])


def sent_to_verify(act: Act, case: Case, org_id: UUID | None = None) -> Case:
    """T8: VERIFYING with its task; INTAKE stands still, from FILED the DISPATCH clock stops and a claim is refused."""
    if case.incident.state is IncidentState.FILED:
        case = stopped(lapsed(act, case), act.now, (ClockType.DISPATCH,))
    after = paused(case, act.now, _INTAKE)
    incident = replace(after.incident, state=IncidentState.VERIFYING, claim_until=None)
    clock = start(act, incident, ClockType.VERIFY)
    task = Verification(
        id=act.new_id(),
        incident_id=incident.id,
        round=incident.round,
        state=TaskState.PENDING,
        org_id=org_id,
        inspector_id=None,
        not_by=None,
        result=None,
        distance_m=None,
        note=None,
        due_at=clock.due_at,
        created_at=act.now,
        recorded_at=None,
        phase=VerificationPhase.INTAKE,
    )
    after = replace(after, incident=incident, verifications=(*after.verifications, task))
    return with_clocks(after, clock)


def record_verification(act: Act, case: Case, found: Finding) -> Outcome:
    """T9: back to REPORTED, whatever was found; INTAKE goes on with what was left.

    GUARD_FAILED without a photo (field `mediaIds`), or without a point within 100 m and no word why (`point`).
    """
    task = intake_task(case)
    if task is None:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T9")
    distance = _distance(case, found.point)
    note = text.optional(found.note, "note")
    _check_found(found, distance, note)
    done = replace(
        task,
        state=TaskState.DONE,
        inspector_id=act.actor_id,
        result=found.result,
        distance_m=distance,
        note=note,
        recorded_at=act.now,
    )
    media = attached(found.media, case.incident.id, MediaPurpose.CHECK)
    after = stopped(case, act.now, (ClockType.VERIFY,))
    after = replace(after, verifications=put(after.verifications, done), media=put(after.media, *media))
    data: dict[str, Fact] = {"result": found.result.value, "distanceM": distance}
    return conclude(case, _reported_again(act, after, "T9"), [act.happening("T9", data=data)])


def self_handle(act: Act, case: Case, given: SelfHandling) -> Outcome:
    """T3: handled on the spot by who found it; the acceptor reviews it, INTAKE stands still.

    BAD_INPUT for an outcome of other rows, GUARD_FAILED (T3) without a picture from before and one from after;
    the report's own pictures are from before.
    """
    _check_pictures(case, given)
    incident = replace(case.incident, state=IncidentState.SELF_DONE)
    asked = Request(
        id=act.new_id(),
        incident_id=incident.id,
        kind=RequestKind.SELF_HANDLING,
        org_id=act.actor.org_id,
        asked_by_id=act.actor_id,
        asked_at=act.now,
        reason=given.outcome.value,
        text=text.checked(given.result_text, "resultText"),
    )
    media = (
        *attached(given.before_media, incident.id, MediaPurpose.REPORT),
        *attached(given.after_media, incident.id, MediaPurpose.AFTER),
    )
    after = replace(
        paused(case, act.now, _INTAKE),
        incident=incident,
        media=put(case.media, *media),
        requests=(*case.requests, asked),
    )
    after = with_clocks(after, start(act, incident, ClockType.CHECK))
    return conclude(case, after, [act.happening("T3", data={"outcome": given.outcome.value})])


def review_self_handled(act: Act, case: Case, words: str, *, accept: bool) -> Outcome:
    """T4: CLOSED with the finder's outcome, or REPORTED again, INTAKE going on with what was left."""
    asked, *_ = case.waiting(RequestKind.SELF_HANDLING)
    decided = replace(
        asked,
        state=RequestState.APPROVED if accept else RequestState.REJECTED,
        decided_by_id=act.actor_id,
        decided_at=act.now,
        answer=text.checked(words, "text"),
    )
    after = replace(case, requests=put(case.requests, decided))
    if accept:
        after = closed(act, after)
        after = replace(after, incident=replace(after.incident, outcome=CaseOutcome(str(asked.reason))))
    else:
        after = _reported_again(act, stopped(after, act.now, (ClockType.CHECK,)), "T4")
    return conclude(case, after, [act.happening("T4", data={"accepted": accept})])


def confirm_grid(act: Act, case: Case, grid: Grid | None, region_ids: tuple[UUID, ...]) -> Outcome:
    """B.5: the grid found by the point is right, or `grid` is set by hand; the region follows it.

    GUARD_FAILED (field `gridId`) when there is none to confirm, FORBIDDEN for one where the actor does not work.
    """
    incident = case.incident
    if grid is None and incident.grid_id is None:
        raise DomainError(ErrorCode.GUARD_FAILED, "gridId", rule="B.5")
    after = case
    if grid is not None and grid.id != incident.grid_id:
        there = grid.id in act.actor.grids or act.actor.clerk_regions.intersection(region_ids)
        if Role.ACCEPTOR not in act.actor.roles and not there:
            raise DomainError(ErrorCode.FORBIDDEN, "gridId", rule="B.5")
        incident = replace(
            incident, grid_id=grid.id, grid_version=grid.outline_version, region_id=grid.region_id
        )
        after = replace(case, region_ids=region_ids)
    after = replace(after, incident=replace(incident, grid_confirmed=True))
    return conclude(case, after, [act.happening("B.5", data={"grid": str(incident.grid_id)})])


def _check_pictures(case: Case, given: SelfHandling) -> None:
    """T3: an outcome a unit may report, and how it was before and is after."""
    if given.outcome not in RESULTS:
        raise DomainError(ErrorCode.BAD_INPUT, "outcome", rule="T3")
    reported = any(it.purpose is MediaPurpose.REPORT for it in case.media)
    for field, shown in (
        ("beforeMediaIds", given.before_media or reported),
        ("afterMediaIds", given.after_media),
    ):
        if not shown:
            raise DomainError(ErrorCode.GUARD_FAILED, field, rule="T3")


def _check_found(found: Finding, distance: float | None, note: str | None) -> None:
    """T9: a photo, and a position within 100 m or a word why not; who was unable says why."""
    if found.result is CheckResult.UNABLE:
        text.checked(note or "", "note")
        return
    if not found.media:
        raise DomainError(ErrorCode.GUARD_FAILED, "mediaIds", rule="T9")
    if note is None and (distance is None or distance > PHOTO_DISTANCE_M):
        raise DomainError(ErrorCode.GUARD_FAILED, "point", rule="T9")


def _distance(case: Case, point: Point | None) -> float | None:
    """Metres from the case, to a decimetre."""
    spot = case.incident.spot
    if spot is None or point is None:
        return None
    return round(distance_m(point, Point(spot.lng, spot.lat, Crs.WGS84)), 1)


def _reported_again(act: Act, case: Case, rule: str) -> Case:
    """REPORTED with INTAKE running: the one that stood still, else (verified from FILED) a new one."""
    after = resumed(act, case, _INTAKE, rule)
    after = replace(after, incident=replace(after.incident, state=IncidentState.REPORTED))
    if not after.running(ClockType.INTAKE):
        after = with_clocks(after, start(act, after.incident, ClockType.INTAKE))
    return after
