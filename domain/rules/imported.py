"""A case of an earlier system, taken over as it stands (outside domain.md B.3; `importCase` by SYSTEM)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain import text
from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import Clock, ClockStep, ClockType, step
from domain.dictionary import Category
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.incident import (
    CaseOutcome,
    Incident,
    IncidentDomain,
    IncidentKind,
    IncidentState,
    Source,
    Urgency,
)
from domain.life.outcome import Outcome, conclude
from domain.rules.act import Act
from domain.rules.clock import judged, start, start_handling, with_clocks
from domain.rules.incident import ADDRESS, EARLIEST

BASIS = "历史数据导入 Taken over from an earlier system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A case as the earlier system had it, with everything it names looked up; its number is given at last."""

    public_code: str
    external_id: str
    source: Source
    domain: IncidentDomain
    kind: IncidentKind
    urgency: Urgency
    category: Category
    title: str
    content: str | None
    address: str | None
    region_id: UUID
    region_ids: tuple[UUID, ...]
    org_id: UUID
    reported_at: datetime
    occurred_at: datetime | None
    closed: bool
    closed_at: datetime | None
    on_time: bool | None
    outcome: CaseOutcome | None


@dataclass(frozen=True, slots=True)
class Past:
    """A step of a clock that was due before the case was taken over: recorded, nothing is sent."""

    clock: Clock
    step: ClockStep
    at: datetime


def take_over(act: Act, given: Taken) -> tuple[Outcome, tuple[Past, ...]]:
    """The case reported, filed and dispatched at its real time; open ones with clocks from then on.

    A closed one ends CLOSED with its assignment DONE and no clocks, on time as the row says. BAD_INPUT for
    texts and dates that make no sense.
    """
    _check_dates(act, given)
    then = replace(act, now=given.reported_at)
    incident = _incident(act, given)
    row = _row(act, given, incident)
    case = Case(incident=incident, category=given.category, region_ids=given.region_ids, assignments=(row,))
    past: list[Past] = []
    if not given.closed:
        case = _running(then, case, row)
        case, past = _caught_up(act, case)
    data: dict[str, Fact] = {"source": given.source.value, "open": not given.closed}
    return conclude(None, case, [act.happening("import", data=data)]), tuple(past)


def _incident(act: Act, given: Taken) -> Incident:
    return Incident(
        id=act.new_id(),
        no="",
        public_code=given.public_code,
        domain=given.domain,
        kind=given.kind,
        category_id=given.category.id,
        category_version=given.category.version,
        title=text.line(given.title, "title", least=text.TITLE[0], most=text.TITLE[1]),
        content=text.optional(given.content, "content"),
        source=given.source,
        source_external_id=given.external_id,
        urgency=given.urgency,
        state=IncidentState.CLOSED if given.closed else IncidentState.DISPATCHED,
        outcome=given.outcome if given.closed else None,
        spot=None,
        address=text.optional_line(given.address, "address", most=ADDRESS),
        grid_id=None,
        grid_version=None,
        region_id=given.region_id,
        reporter_id=None,
        complainant_id=None,
        occurred_at=given.occurred_at or given.reported_at,
        reported_at=given.reported_at,
        closed_at=given.closed_at if given.closed else None,
        on_time=given.on_time if given.closed else None,
    )


def _row(act: Act, given: Taken, incident: Incident) -> Assignment:
    return Assignment(
        id=act.new_id(),
        incident_id=incident.id,
        incident_no=incident.no,
        round=incident.round,
        seq=1,
        org_id=given.org_id,
        role=AssignmentRole.LEAD,
        mode=AssignmentMode.SINGLE,
        state=AssignmentState.DONE if given.closed else AssignmentState.PENDING,
        basis=BASIS,
        dispatched_by_id=None,
        dispatched_at=given.reported_at,
        outcome=incident.outcome,
        on_time_handle=incident.on_time,
    )


def _running(then: Act, case: Case, row: Assignment) -> Case:
    """The row's clocks from the time it was given."""
    then = then.at_unit(row.org_id)
    sign = start(then, case.incident, ClockType.SIGN, assignment_id=row.id)
    contact = start(then, case.incident, ClockType.CONTACT, assignment_id=row.id)
    handle = start_handling(then, case.incident, row.id)
    dated = replace(
        row, accept_due_at=sign.due_at, contact_due_at=contact.due_at, handle_due_at=handle.due_at
    )
    return with_clocks(replace(case, assignments=(dated,)), sign, contact, handle)


def _caught_up(act: Act, case: Case) -> tuple[Case, list[Past]]:
    """The clocks after every step that is past: lights and lateness, without cards or escalation."""
    past: list[Past] = []
    clocks = []
    for started in case.clocks:
        clock = started
        while turned := step(clock, act.now):
            past.append(Past(clock, turned[1], clock.next_at or act.now))
            clock = turned[0]
        clocks.append(clock)
    return with_clocks(judged(case, *clocks), *clocks), past


def _check_dates(act: Act, given: Taken) -> None:
    checks = (
        ("reportedAt", given.reported_at, EARLIEST),
        ("occurredAt", given.occurred_at, EARLIEST),
        ("closedAt", given.closed_at, given.reported_at),
    )
    for field, moment, earliest in checks:
        if moment is not None and not earliest <= moment <= act.now:
            raise DomainError(ErrorCode.BAD_INPUT, field, zh="日期不合理", en="The date makes no sense")
