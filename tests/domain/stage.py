"""A small cast and a case led through its life by the rules alone: what the tests of the rules share."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.action import ActionName as A
from domain.assignment import Assignment, AssignmentMode
from domain.calendar import WorkCalendar
from domain.case import Case
from domain.complainant import Complainant, Confidentiality
from domain.dictionary import Category
from domain.followup import FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.incident import CaseOutcome, IncidentDomain, IncidentKind, Source, Spot, Urgency
from domain.life.outcome import Outcome
from domain.life.transition import require
from domain.media import Media
from domain.org import OrgKind, OrgUnit
from domain.person import Post, PostType, Role
from domain.place import Crs
from domain.policy import COUNTS, OPINION_SAMPLE, Policy
from domain.rules import assignment, followup, incident, verification
from domain.rules.act import Act
from domain.rules.followup import Answer
from domain.verification import CheckResult
from domain.viewer import Viewer

NOW = datetime(2024, 10, 24, 2, 0, tzinfo=UTC)  # a Thursday, 10:00 in the district
CALENDAR = WorkCalendar(years=frozenset(range(2016, 2027)))
UNSAMPLED = replace(Policy.default(), counts={**COUNTS, OPINION_SAMPLE: 0})

_numbers = itertools.count(1)


def new_id() -> UUID:
    """The next id."""
    return UUID(int=next(_numbers))


CENTRE, HOUSING, CIVIL, COMMUNITY = (new_id() for _ in range(4))
DISTRICT, STREET, VILLAGE, ELSEWHERE, GRID = (new_id() for _ in range(5))
REGIONS = (VILLAGE, STREET, DISTRICT)


def person(*posts: PostType, org: UUID | None = CENTRE, grid: UUID | None = None) -> Viewer:
    """Somebody with these posts at a unit (and grid)."""
    person_id = new_id()
    held = tuple(
        Post(
            id=new_id(),
            person_id=person_id,
            type=post,
            org_id=org,
            grid_id=grid,
            starts_at=NOW - timedelta(days=900),
            ends_at=None,
        )
        for post in posts
    )
    clerk = frozenset({VILLAGE}) if PostType.OFFICE_CLERK in posts else frozenset()
    return Viewer(
        person_id=person_id,
        username=f"u{person_id.int}",
        name="李某",
        org_id=org,
        posts=held,
        clerk_regions=clerk,
    )


ACCEPTOR = person(PostType.ACCEPTOR)
SHIFT = person(PostType.SHIFT_LEADER)
DISPATCHER = person(PostType.DISPATCHER)
INSPECTOR = person(PostType.INSPECTOR)
INSPECTOR_2 = person(PostType.INSPECTOR)
CALLBACK = person(PostType.CALLBACK)
DIRECTOR = person(PostType.COMMAND_DIRECTOR)
LEAD = person(PostType.HANDLER_LEAD, org=HOUSING)
HANDLER = person(PostType.HANDLER, org=HOUSING)
OTHER_LEAD = person(PostType.HANDLER_LEAD, org=CIVIL)
CLERK = person(PostType.OFFICE_CLERK, org=COMMUNITY)
WORKER = person(PostType.GRID_WORKER_FULL, org=COMMUNITY, grid=GRID)
VOLUNTEER = person(PostType.VOLUNTEER, org=None)
RESIDENT = person(PostType.RESIDENT, org=None)
AUDITOR = person(PostType.AUDIT_ADMIN)
ADMIN = person(PostType.SYS_ADMIN)


class Channel(Viewer):
    """An outside system at the door; no post of a person gives its role."""

    def __post_init__(self) -> None:
        """The role of the adapters."""
        object.__setattr__(self, "roles", frozenset({Role.CHANNEL}))


CHANNEL = Channel(person_id=new_id(), username="channel", name="12345", org_id=None, posts=())
SYSTEM = replace(person(org=None), person_id=UUID(int=0), system=True)
EVERYONE = (
    ACCEPTOR,
    SHIFT,
    DISPATCHER,
    INSPECTOR,
    CALLBACK,
    DIRECTOR,
    LEAD,
    HANDLER,
    OTHER_LEAD,
    CLERK,
    WORKER,
    VOLUNTEER,
    RESIDENT,
    AUDITOR,
    ADMIN,
)


def unit(org_id: UUID = HOUSING, *, active: bool = True) -> OrgUnit:
    """A department."""
    return OrgUnit(
        id=org_id,
        code=f"o{org_id.int}",
        name="住建局",
        short_name="住建",
        kind=OrgKind.DEPARTMENT,
        parent_id=None,
        region_id=None,
        active=active,
    )


def a_category(level: int = 3, *, photo: bool = False, after: bool = False, onsite: bool = False) -> Category:
    """A category with the demands given."""
    return Category(
        id=new_id(),
        code="010203",
        name="路灯",
        level=level,
        parent_id=None,
        requires_photo=photo,
        requires_after_photo=after,
        requires_onsite_verify=onsite,
        default_urgency=Urgency.NORMAL,
    )


def a_picture() -> Media:
    """An upload of nobody's case yet."""
    return Media(
        id=new_id(),
        content_type="image/jpeg",
        sha256="0" * 64,
        bytes=10,
        uploaded_by_id=WORKER.person_id,
        uploaded_at=NOW,
    )


def a_complainant(*, phone: str | None = "13800001234", reply: bool = True) -> Complainant:
    """Somebody who asks."""
    return Complainant(
        id=new_id(),
        name="王某",
        phone=phone,
        confidentiality=Confidentiality.NORMAL,
        reply_wanted=reply,
        preferred_channel=None,
        person_id=None,
    )


SPOT = Spot(
    raw_lng=123.43, raw_lat=41.13, crs=Crs.WGS84, accuracy_m=5.0, lng=123.43, lat=41.13, given_by="GPS"
)
PLACE = incident.Place(
    spot=SPOT, address="安胜社区3号楼", grid_id=GRID, grid_version=1, region_id=VILLAGE, region_ids=REGIONS
)


def a_report(**changes: object) -> incident.Report:
    """A report that is complete."""
    given = incident.Report(
        no="GCL-I-20241024-000001",
        public_code="123456789012",
        domain=IncidentDomain.LIVELIHOOD,
        kind=IncidentKind.HELP,
        category=a_category(),
        title="路灯不亮",
        content="三号楼前的路灯坏了",
        source=Source.PLATFORM,
        urgency=Urgency.NORMAL,
        occurred_at=None,
        place=PLACE,
        complainant=None,
        complained_org_id=None,
        media=(),
        external_id=None,
        external_due_at=None,
    )
    return replace(given, **changes)  # type: ignore[arg-type]  # the names are the report's fields


def act(viewer: Viewer, action: A | None = None, at: datetime = NOW) -> Act:
    """Somebody acting at a moment, where no household is asked by chance (S49)."""
    return Act(actor=viewer, now=at, new_id=new_id, calendar=CALENDAR, action=action, policy=UNSAMPLED)


class Story:
    """One case and the time; each step asks the table of transitions first, as the services do."""

    def __init__(self, *, viewer: Viewer = ACCEPTOR, at: datetime = NOW, **changes: object) -> None:
        self.now = at
        made = incident.report(act(viewer, A.reportIncident, at), a_report(**changes))
        served = replace(made.case, community_ids=frozenset({COMMUNITY}))  # as a load finds it
        self.outcome = replace(made, case=served)

    @property
    def case(self) -> Case:
        """The case as it stands."""
        return self.outcome.case

    @property
    def row(self) -> Assignment:
        """The latest assignment."""
        return self.case.assignments[-1]

    def later(self, **span: float) -> "Story":
        """Time passes."""
        self.now += timedelta(**span)
        return self

    def take(self, outcome: Outcome) -> "Story":
        """The case goes on from that answer."""
        self.outcome = outcome
        return self

    def by(self, viewer: Viewer, action: A, *, row: bool = False) -> Act:
        """The viewer may act now, says the table."""
        require(viewer, action, self.case, self.row if row else None)
        return act(viewer, action, self.now)

    def filed(self, urgency: Urgency = Urgency.NORMAL) -> "Story":
        """T10."""
        doing = self.by(ACCEPTOR, A.fileIncident)
        return self.take(incident.file(doing, self.case, urgency, self.case.category))

    def dispatched(self) -> "Story":
        """T11."""
        doing = self.by(DISPATCHER, A.dispatchIncident)
        order = assignment.Dispatch(mode=AssignmentMode.SINGLE, leads=(unit(),), legal_basis="三定方案")
        return self.take(assignment.dispatch(doing, self.case, order))

    def accepted(self) -> "Story":
        """T14."""
        return self.take(
            assignment.accept(self.by(HANDLER, A.acceptAssignment, row=True), self.case, self.row)
        )

    def contacted(self) -> "Story":
        """T20."""
        doing = self.by(HANDLER, A.recordFirstContact, row=True)
        return self.take(assignment.record_first_contact(doing, self.case, self.row, ReplyChannel.PHONE))

    def submitted(self, outcome: CaseOutcome = CaseOutcome.SOLVED) -> "Story":
        """T25."""
        doing = self.by(LEAD, A.submitResult, row=True)
        given = assignment.Submission(outcome=outcome, result_text="已修复", no_contact_reason="已当面告知")
        return self.take(assignment.submit(doing, self.case, self.row, given))

    def checking(self) -> "Story":
        """T27."""
        return self.take(verification.request_check(self.by(ACCEPTOR, A.requestCheck), self.case))

    def checked(self, result: CheckResult = CheckResult.PASS, viewer: Viewer = INSPECTOR) -> "Story":
        """T28, T28b, T30."""
        doing = self.by(viewer, A.recordCheck)
        return self.take(
            verification.record_check(doing, self.case, verification.Check(result=result, note="已到现场"))
        )

    def asked(
        self,
        viewer: Viewer = CALLBACK,
        layer: FollowUpLayer = FollowUpLayer.COMMAND,
        *,
        reached: bool = True,
        satisfaction: Satisfaction | None = Satisfaction.SATISFIED,
    ) -> "Story":
        """T31, one attempt."""
        solved = Solved.YES if reached else None
        answer = Answer(
            channel=ReplyChannel.PHONE,
            reached=reached,
            solved=solved,
            satisfaction=satisfaction if reached else None,
        )
        return self.take(followup.record(self.by(viewer, A.recordFollowUp), self.case, layer, answer))

    def closed(self, viewer: Viewer = SHIFT) -> "Story":
        """T29, T31."""
        return self.take(followup.close(self.by(viewer, A.closeIncident), self.case))


STAGES: tuple[Callable[[Story], Story], ...] = (
    Story.filed,
    Story.dispatched,
    Story.accepted,
    Story.contacted,
    Story.submitted,
    Story.checking,
    Story.checked,
    Story.asked,
    Story.closed,
)


def story_at(stages: int, **changes: object) -> Story:
    """A case with a complainant after that many of the nine steps of its life."""
    story = Story(**({"complainant": a_complainant()} | changes))  # type: ignore[arg-type]  # fields of a report
    for stage in STAGES[:stages]:
        stage(story)
    return story
