"""A small made-up district with people, and cases in any state, for tests over a store.

The map: one district square, two streets, three communities of which the third has a grid on its west half
alone. Everything happens around `NOW`, a working morning.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from db import cases, dictionaries, orgs, people
from db.sealed import install_keys
from db.unit_of_work import Work, in_transaction
from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.calendar import WorkCalendar
from domain.case import Case
from domain.clock import Clock, ClockType, Light, start_clock
from domain.complainant import Complainant, Confidentiality
from domain.dictionary import Category, DispatchRule, PolicyValue
from domain.followup import FollowUp, FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.grid import Grid
from domain.incident import (
    CaseOutcome,
    Incident,
    IncidentDomain,
    IncidentKind,
    IncidentState,
    Source,
    Spot,
    Urgency,
)
from domain.life.derivation import derive
from domain.org import LOCAL, OrgKind, OrgUnit
from domain.person import PUBLIC_POSTS, Person, Post, PostType
from domain.place import Crs
from domain.policy import COUNTED, OPINION_SAMPLE, Policy
from domain.region import Region
from domain.supervision import SupervisionLevel
from domain.verification import CheckResult, TaskState, Verification
from domain.viewer import Viewer
from tests.db.district import (
    LONG_AGO,
    SIDE,
    SOUTH,
    WEST,
    a_grid,
    a_unit,
    an_outline,
    new_id,
    october,
    put_categories,
    put_duties,
    put_grids,
    put_regions,
    square,
)

__all__ = ["LONG_AGO", "SIDE", "SOUTH", "WEST", "a_grid", "an_outline", "new_id", "square"]

NOW = datetime(2024, 10, 24, 1, 0, tzinfo=UTC)
"""Thursday 2024-10-24, 09:00 in the district."""

DATA_KEYS = "test:" + b64encode(bytes(range(32))).decode()

# username -> (post, unit, grid)
_STAFF: Mapping[str, tuple[PostType, str | None, str | None]] = {
    "acceptor": (PostType.ACCEPTOR, "CENTER", None),
    "shift_leader": (PostType.SHIFT_LEADER, "CENTER", None),
    "dispatcher": (PostType.DISPATCHER, "CENTER", None),
    "inspector": (PostType.INSPECTOR, "CENTER", None),
    "inspector2": (PostType.INSPECTOR, "CENTER", None),
    "callback": (PostType.CALLBACK, "CENTER", None),
    "director": (PostType.COMMAND_DIRECTOR, "CENTER", None),
    "supervisor": (PostType.SUPERVISOR, "CENTER", None),
    "auditor": (PostType.AUDIT_ADMIN, "CENTER", None),
    "sysadmin": (PostType.SYS_ADMIN, "CENTER", None),
    "housing": (PostType.HANDLER, "HOUSING", None),
    "housing_lead": (PostType.HANDLER_LEAD, "HOUSING", None),
    "civil": (PostType.HANDLER, "CIVIL", None),
    "civil_lead": (PostType.HANDLER_LEAD, "CIVIL", None),
    "clerk": (PostType.OFFICE_CLERK, "COMMUNITY", None),
    "worker": (PostType.GRID_WORKER_FULL, "COMMUNITY", "G1"),
    "volunteer": (PostType.VOLUNTEER, None, None),
    "resident": (PostType.RESIDENT, None, None),
}
_CLOCKS: Mapping[IncidentState, tuple[ClockType, ...]] = {
    IncidentState.REPORTED: (ClockType.INTAKE,),
    IncidentState.FILED: (ClockType.DISPATCH,),
    IncidentState.DISPATCHED: (ClockType.SIGN, ClockType.CONTACT, ClockType.HANDLE),
    IncidentState.HANDLING: (ClockType.CONTACT, ClockType.HANDLE),
    IncidentState.SUBMITTED: (ClockType.SUBMIT_WAIT,),
    IncidentState.CHECKING: (ClockType.CHECK,),
    IncidentState.FOLLOWUP: (ClockType.FOLLOWUP,),
    IncidentState.CLOSED: (),
    IncidentState.REJECTED: (),
}
_ROW_STATES: Mapping[IncidentState, AssignmentState] = {
    IncidentState.DISPATCHED: AssignmentState.PENDING,
    IncidentState.HANDLING: AssignmentState.ACCEPTED,
    IncidentState.SUBMITTED: AssignmentState.SUBMITTED,
    IncidentState.CHECKING: AssignmentState.SUBMITTED,
    IncidentState.FOLLOWUP: AssignmentState.SUBMITTED,
    IncidentState.CLOSED: AssignmentState.DONE,
}
_ROW_CLOCKS = frozenset({ClockType.SIGN, ClockType.CONTACT, ClockType.HANDLE})
_ABSENT = dict.fromkeys(
    (
        "source_external_id",
        "external_due_at",
        "outcome",
        "reject_reason",
        "reply_text",
        "complainant_id",
        "complained_org_id",
        "occurred_at",
        "due_at",
        "closed_at",
        "on_time",
        "master_id",
    )
)


@dataclass(frozen=True, kw_only=True)
class District:
    """What `a_district` stored, by code or username."""

    regions: Mapping[str, Region]
    grids: Mapping[str, Grid]
    orgs: Mapping[str, OrgUnit]
    people: Mapping[str, Person]
    posts: Mapping[str, Post]
    categories: Mapping[str, Category]
    rule: DispatchRule

    def viewer(self, username: str) -> Viewer:
        """The person signed in, with the one post."""
        person, post = self.people[username], self.posts[username]
        org = next((it for it in self.orgs.values() if it.id == post.org_id), None)
        clerk = post.type is PostType.OFFICE_CLERK and org is not None and org.region_id is not None
        return Viewer(
            person_id=person.id,
            username=username,
            name=person.name,
            org_id=person.org_id,
            posts=(post,),
            clerk_regions=frozenset({org.region_id}) if clerk and org and org.region_id else frozenset(),
            session_id=person.id,
        )


async def a_district() -> District:
    """Store the district: regions, grids, units, people with posts, categories, a duty, a rule, a calendar."""
    return await in_transaction(put_district)


async def put_district(work: Work) -> District:
    """`a_district` within a transaction."""
    install_keys(DATA_KEYS)
    region = await put_regions(work)
    grid = await put_grids(work, region)
    org = {
        "CENTER": a_unit("CENTER", "指挥中心", OrgKind.COMMAND_CENTER),
        "HOUSING": a_unit("HOUSING", "住建局", OrgKind.DEPARTMENT),
        "CIVIL": a_unit("CIVIL", "民政局", OrgKind.DEPARTMENT),
        "COMMUNITY": a_unit("COMMUNITY", "东园社区", OrgKind.COMMUNITY, region["C1"].id),
    }
    await orgs.insert_all(work, org.values())
    persons, posts = {}, {}
    for username, (kind, unit, walked) in _STAFF.items():
        org_id = org[unit].id if unit else None
        persons[username] = await put_person(work, username, org_id=org_id)
        grid_id = grid[walked].id if walked else None
        where = None if kind in PUBLIC_POSTS else org_id
        posts[username] = await put_post(work, persons[username], kind, org_id=where, grid_id=grid_id)
    category = await put_categories(work)
    rule = await put_duties(work, org, category)
    await dictionaries.insert_calendar(work, october())
    await dictionaries.insert_policy(work, [unsampled()])
    return District(
        regions=region, grids=grid, orgs=org, people=persons, posts=posts, categories=category, rule=rule
    )


def unsampled() -> PolicyValue:
    """S49: nobody is asked at the door by chance, which no test could tell; one that means to sets a later share."""
    begins = LONG_AGO - timedelta(days=1)
    return PolicyValue(id=new_id(), key=OPINION_SAMPLE, amount=0, unit=COUNTED, valid_from=begins)


async def put_person(
    work: Work, username: str, *, name: str = "张三", phone: str | None = None, org_id: UUID | None = None
) -> Person:
    """Store a person without a password."""
    person = Person(id=new_id(), username=username, name=name, phone=phone, org_id=org_id)
    await people.insert(work, person)
    return person


async def put_post(
    work: Work,
    person: Person,
    kind: PostType,
    *,
    org_id: UUID | None = None,
    grid_id: UUID | None = None,
    starts_at: datetime = LONG_AGO,
    ends_at: datetime | None = None,
) -> Post:
    """Store a post."""
    post = Post(
        id=new_id(),
        person_id=person.id,
        type=kind,
        org_id=org_id,
        grid_id=grid_id,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    await people.insert_post(work, post, NOW)
    return post


async def a_case(
    district: District,
    state: IncidentState = IncidentState.REPORTED,
    *,
    org: str = "HOUSING",
    complainant: Complainant | None = None,
    at: datetime = NOW,
    **changes: Any,
) -> Case:
    """Store a case in `state`, reported at `at`; `changes` are fields of the incident."""
    case = build_case(district, state, org=org, complainant=complainant, at=at, **changes)
    await in_transaction(lambda work: cases.insert(work, case))
    return case


def build_case(
    district: District,
    state: IncidentState = IncidentState.REPORTED,
    *,
    org: str = "HOUSING",
    complainant: Complainant | None = None,
    at: datetime = NOW,
    **changes: Any,
) -> Case:
    """A case in `state` with the rows, clocks and tasks such a case has; nothing is stored."""
    incident = an_incident(district, at=at, state=state, **changes)
    incident = replace(incident, complainant_id=complainant.id if complainant else None)
    row_state = _ROW_STATES.get(state)
    row = an_assignment(incident, district.orgs[org].id, row_state, at=at) if row_state else None
    region = next(it for it in district.regions.values() if it.id == incident.region_id)
    parents = {it.id: it.parent_id for it in district.regions.values()}
    above: list[UUID] = []
    step: UUID | None = region.id
    while step:
        above.append(step)
        step = parents[step]
    case = Case(
        incident=incident,
        category=next(it for it in district.categories.values() if it.id == incident.category_id),
        region_ids=tuple(above),
        community_ids=frozenset(
            it.id for it in district.orgs.values() if it.kind in LOCAL and it.region_id == region.id
        ),
        complainant=complainant,
        assignments=(row,) if row else (),
        clocks=tuple(a_clock(incident, kind, row, at=at) for kind in _CLOCKS[state]),
        verifications=_checks(incident, state, at),
        followups=_followups(incident, state, at),
    )
    return derive(case)


def an_incident(district: District, *, at: datetime = NOW, **changes: Any) -> Incident:
    """A lamp in the yard that a volunteer reported in the first grid."""
    unique = new_id()
    facts: dict[str, Any] = {
        **_ABSENT,
        "id": unique,
        "no": f"GCL-I-20241024-{unique.int % 10**6:06d}{unique.hex[:4]}",
        "public_code": f"{unique.int % 10**12:012d}",
        "domain": IncidentDomain.LIVELIHOOD,
        "kind": IncidentKind.HELP,
        "category_id": district.categories["LAMP"].id,
        "title": "院内路灯不亮",
        "content": "三号楼前路灯坏了三天",
        "source": Source.VOLUNTEER_MP,
        "urgency": Urgency.NORMAL,
        "state": IncidentState.REPORTED,
        "round": 1,
        "return_pending": False,
        "light": Light.GREEN,
        "supervision_level": SupervisionLevel.NONE,
        "escalation_step": 0,
        "spot": a_spot(WEST + 0.005, SOUTH + 0.01),
        "address": "东园小区3号楼",
        "grid_id": district.grids["G1"].id,
        "grid_version": 1,
        "region_id": district.regions["C1"].id,
        "reporter_id": district.people["volunteer"].id,
        "reported_at": at,
        "report_count": 1,
        "loop_completeness": 0,
    }
    if changes.get("state") is IncidentState.CLOSED:
        facts |= {"closed_at": at + timedelta(hours=5), "on_time": True, "outcome": CaseOutcome.SOLVED}
    return Incident(**(facts | changes))


def a_spot(lng: float, lat: float) -> Spot:
    """A WGS-84 position."""
    return Spot(raw_lng=lng, raw_lat=lat, crs=Crs.WGS84, accuracy_m=10.0, lng=lng, lat=lat, given_by=None)


def a_complainant(*, person_id: UUID | None = None, phone: str | None = "13812345678") -> Complainant:
    """李四, who wants a reply."""
    return Complainant(
        id=new_id(),
        name="李四",
        phone=phone,
        confidentiality=Confidentiality.NORMAL,
        reply_wanted=True,
        preferred_channel=ReplyChannel.PHONE,
        person_id=person_id,
    )


def an_assignment(
    incident: Incident, org_id: UUID, state: AssignmentState = AssignmentState.PENDING, *, at: datetime = NOW
) -> Assignment:
    """A single lead's row."""
    begun = state is not AssignmentState.PENDING
    done = state in {AssignmentState.SUBMITTED, AssignmentState.DONE}
    return Assignment(
        id=new_id(),
        incident_id=incident.id,
        incident_no=incident.no,
        round=incident.round,
        seq=1,
        org_id=org_id,
        role=AssignmentRole.LEAD,
        mode=AssignmentMode.SINGLE,
        state=state,
        designated=False,
        rule_id=None,
        basis="职责清单",
        dispatched_by_id=None,
        dispatched_at=at,
        accept_due_at=at + timedelta(days=1),
        contact_due_at=at + timedelta(days=1),
        handle_due_at=at + timedelta(days=7),
        accepted_at=at if begun else None,
        first_contact_at=at if done else None,
        first_contact_channel=ReplyChannel.PHONE if done else None,
        first_contact_note=None,
        submitted_at=at if done else None,
        outcome=CaseOutcome.SOLVED if done else None,
        result_text="已修复" if done else None,
        no_contact_reason=None,
        handler_id=None,
        on_time_accept=True if begun else None,
        on_time_handle=None,
        light=Light.GREEN,
    )


def a_clock(
    incident: Incident, kind: ClockType, row: Assignment | None = None, *, at: datetime = NOW
) -> Clock:
    """A clock that runs from `at` by the default policy."""
    return start_clock(
        clock_id=new_id(),
        incident_id=incident.id,
        assignment_id=row.id if row and kind in _ROW_CLOCKS else None,
        clock_type=kind,
        round_number=incident.round,
        limit=Policy.default().limit(kind, incident.urgency),
        start=at,
        calendar=WorkCalendar(),
    )


def _checks(incident: Incident, state: IncidentState, at: datetime) -> tuple[Verification, ...]:
    if state not in {IncidentState.CHECKING, IncidentState.FOLLOWUP, IncidentState.CLOSED}:
        return ()
    pending = state is IncidentState.CHECKING
    check = Verification(
        id=new_id(),
        incident_id=incident.id,
        round=incident.round,
        state=TaskState.PENDING if pending else TaskState.DONE,
        org_id=None,
        inspector_id=None,
        not_by=None,
        result=None if pending else CheckResult.PASS,
        distance_m=None,
        note=None if pending else "已修复",
        due_at=at + timedelta(days=1),
        created_at=at,
        recorded_at=None if pending else at,
    )
    return (check,)


def _followups(incident: Incident, state: IncidentState, at: datetime) -> tuple[FollowUp, ...]:
    if state not in {IncidentState.FOLLOWUP, IncidentState.CLOSED}:
        return ()
    done = state is IncidentState.CLOSED
    asked = FollowUp(
        id=new_id(),
        incident_id=incident.id,
        assignment_id=None,
        round=incident.round,
        layer=FollowUpLayer.COMMAND,
        state=TaskState.DONE if done else TaskState.PENDING,
        channel=ReplyChannel.PHONE if done else None,
        reached=True if done else None,
        valid=done,
        solved=Solved.YES if done else None,
        satisfaction=Satisfaction.SATISFIED if done else None,
        dissatisfaction_reason=None,
        contacted_by_handler=None,
        opinion=None,
        recorded_by_id=None,
        due_at=at + timedelta(days=2),
        created_at=at,
        attempted_at=at if done else None,
    )
    return (asked,)
