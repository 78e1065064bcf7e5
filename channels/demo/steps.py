"""The whole path of a case, one command at a time, by the people whose task it is (domain.md B.3)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from channels.demo import cast as people
from channels.demo.cast import Cast
from channels.demo.pictures import picture
from channels.demo.plans import BY_OFFICE, Plan
from db import assignments, incidents, orgs
from db import followups as tasks
from db.lists.filters import Test
from db.lists.pages import Slice
from domain.assignment import Assignment, AssignmentMode
from domain.errors import DomainError, ErrorCode
from domain.followup import FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.incident import CaseOutcome, Incident, RejectReason, Source
from domain.loop.milestone import undone
from domain.place import Crs
from domain.verification import CheckResult, TaskState
from domain.viewer import Viewer
from services import assignments as handling
from services import followups, media, verifications
from services import incidents as intake
from services.command import SYSTEM, Call, PointGiven, new_id
from services.loop import joint

REPLIES = (
    "已派人到现场处理完毕，并向反映人说明情况。",
    "经现场核实，问题属实，已组织整改，现已恢复正常。",
    "已联系责任单位完成处置，后续将加强巡查。",
)
CHECKED = "现场与反馈一致。"
CONTACTED = "已电话联系反映人，了解情况。"


@dataclass(slots=True)
class Journey:
    """One case on its way: what is planned and, once reported, which case it is."""

    plan: Plan
    series: str
    incident_id: UUID | None = None

    def key(self, step: str) -> UUID:
        """The idempotency key of a step: the same however often it is tried."""
        return uuid5(NAMESPACE_OID, f"{self.series}/{self.plan.number}/{step}")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where commands are given: by whom, at which business time."""

    cast: Cast
    now: datetime

    def call(self, actor: Viewer, journey: Journey, step: str) -> Call:
        """The call of one step."""
        return Call(actor, self.now, new_id, journey.key(step))

    async def shot(self, actor: Viewer, journey: Journey) -> tuple[UUID, ...]:
        """A picture taken by the actor."""
        taken = await media.store(actor, picture(journey.plan.number), now=self.now)
        return (taken.id,)


async def report(stage: Stage, journey: Journey) -> None:
    """T2: by a grid worker, a volunteer, a resident, or the acceptor for what came by phone, window or letter."""
    plan = journey.plan
    actor = await _reporter(stage.cast, plan)
    name, phone = plan.complainant
    photo = await stage.shot(actor, journey) if plan.category.requires_photo else ()
    given = intake.ReportIncident(
        domain=plan.domain,
        kind=plan.kind,
        category_code=plan.category.code,
        title=plan.title,
        content=plan.content,
        source=plan.source,
        urgency=plan.urgency,
        point=PointGiven(lng=plan.lng, lat=plan.lat, crs=Crs.WGS84),
        address=plan.address,
        complainant=intake.ComplainantGiven(name=name, phone=phone) if plan.source in BY_OFFICE else None,
        media_ids=photo,
    )
    journey.incident_id = (await intake.report(stage.call(actor, journey, "report"), given)).incident_id


async def reject(stage: Stage, journey: Journey) -> None:
    """T5: the acceptor does not take the case."""
    actor, incident = await stage.cast.named(people.ACCEPTOR), await _incident(journey)
    reply = "该事项已有法定途径处理，请向有关机关提出。"
    given = intake.RejectIncident(
        id=incident.id,
        expected_version=incident.version,
        reason=RejectReason.LEGAL_CHANNEL,
        reply_text=reply,
    )
    await intake.reject(stage.call(actor, journey, "reject"), given)


async def file(stage: Stage, journey: Journey) -> None:
    """T10: the acceptor takes the case."""
    actor, incident = await stage.cast.named(people.ACCEPTOR), await _incident(journey)
    given = intake.FileIncident(
        id=incident.id,
        expected_version=incident.version,
        urgency=journey.plan.urgency,
        category_code=journey.plan.category.code,
    )
    await intake.file(stage.call(actor, journey, "file"), given)


async def dispatch(stage: Stage, journey: Journey) -> None:
    """T11: the dispatcher gives it to the unit of the catalogue."""
    actor, incident = await stage.cast.named(people.DISPATCHER), await _incident(journey)
    unit = await orgs.by_code(journey.plan.lead)
    if unit is None:
        raise DomainError(ErrorCode.NOT_FOUND, "leads")
    given = handling.DispatchIncident(
        id=incident.id, expected_version=incident.version, mode=AssignmentMode.SINGLE, leads=(unit.id,)
    )
    await handling.dispatch(stage.call(actor, journey, "dispatch"), given)


async def accept(stage: Stage, journey: Journey) -> None:
    """T14: the unit signs for it."""
    actor, row = await stage.cast.lead_of(journey.plan.lead), await _row(journey)
    given = handling.AcceptAssignment(id=row.id, expected_version=row.version)
    await handling.accept(stage.call(actor, journey, "accept"), given)


async def contact(stage: Stage, journey: Journey) -> None:
    """T20: the unit calls whoever asked."""
    actor, row = await stage.cast.lead_of(journey.plan.lead), await _row(journey)
    given = handling.RecordFirstContact(
        id=row.id, expected_version=row.version, channel=ReplyChannel.PHONE, note=CONTACTED
    )
    await handling.record_first_contact(stage.call(actor, journey, "contact"), given)


async def submit(stage: Stage, journey: Journey) -> None:
    """T25: the unit's head submits the result with the own follow-up."""
    plan = journey.plan
    actor = await stage.cast.lead_of(plan.lead)
    row = await _staged(stage, journey, actor)
    photo = await stage.shot(actor, journey) if plan.category.requires_after_photo else ()
    asked = handling.HandlerFollowUp(
        channel=ReplyChannel.PHONE, reached=True, solved=Solved.YES, satisfaction=Satisfaction.SATISFIED
    )
    anyone = plan.source is not Source.GRID_PATROL
    given = handling.SubmitResult(
        id=row.id,
        expected_version=row.version,
        outcome=CaseOutcome.SOLVED if plan.number % 5 else CaseOutcome.EXPLAINED,
        result_text=REPLIES[plan.number % len(REPLIES)],
        after_media_ids=photo,
        follow_up=asked if anyone else None,
    )
    await handling.submit(stage.call(actor, journey, "submit"), given)


async def _staged(stage: Stage, journey: Journey, actor: Viewer) -> Assignment:
    """The row with every milestone done (R24)."""
    row = await _row(journey)
    for it in undone(row.stages):
        given = joint.CompleteMilestone(
            id=row.id, expected_version=row.version, milestone=it.name, text=f"{it.name}已完成。"
        )
        await joint.complete_milestone(stage.call(actor, journey, f"milestone {it.name}"), given)
        row = await _row(journey)
    return row


async def request_check(stage: Stage, journey: Journey) -> None:
    """T27: the acceptor asks for a check, unless the timer came first."""
    actor, incident = await stage.cast.named(people.ACCEPTOR), await _incident(journey)
    given = verifications.RequestCheck(id=incident.id, expected_version=incident.version)
    await verifications.request_check(stage.call(actor, journey, "request_check"), given)


async def check(stage: Stage, journey: Journey) -> None:
    """T28: the inspector looks, on site where the category demands it."""
    plan = journey.plan
    actor, incident = await stage.cast.named(people.INSPECTOR), await _incident(journey)
    on_site = plan.category.requires_onsite_verify
    given = verifications.RecordCheck(
        id=incident.id,
        expected_version=incident.version,
        result=CheckResult.PASS,
        point=PointGiven(lng=plan.lng, lat=plan.lat, crs=Crs.WGS84) if on_site else None,
        media_ids=await stage.shot(actor, journey) if on_site else (),
        note=CHECKED,
    )
    await verifications.record_check(stage.call(actor, journey, "check"), given)


async def follow_up(stage: Stage, journey: Journey) -> None:
    """T31: the callback officer asks whoever can be asked, and who walks the grid the household, where S49 says so."""
    incident = await _incident(journey)
    known = await tasks.of_incidents([incident.id], viewer=SYSTEM)
    waiting = {it.layer for it in known[incident.id] if it.state is TaskState.PENDING}
    if FollowUpLayer.COMMAND in waiting:
        officer = await stage.cast.named(people.CALLBACK)
        await _asked(stage, journey, officer, FollowUpLayer.COMMAND, ReplyChannel.PHONE)
    if FollowUpLayer.COMMUNITY in waiting:
        worker = await stage.cast.worker_of(journey.plan.grid.code)
        await _asked(stage, journey, worker, FollowUpLayer.COMMUNITY, ReplyChannel.VISIT)


async def _asked(
    stage: Stage, journey: Journey, actor: Viewer, layer: FollowUpLayer, channel: ReplyChannel
) -> None:
    incident = await _incident(journey)
    given = followups.RecordFollowUp(
        id=incident.id,
        expected_version=incident.version,
        layer=layer,
        channel=channel,
        reached=True,
        solved=Solved.YES,
        satisfaction=Satisfaction.VERY_SATISFIED if journey.plan.number % 3 else Satisfaction.SATISFIED,
        contacted_by_handler=True,
    )
    name = "follow_up" if layer is FollowUpLayer.COMMAND else "opinion"
    await followups.record(stage.call(actor, journey, name), given)


async def close(stage: Stage, journey: Journey) -> None:
    """T29, T31: the shift leader closes."""
    actor, incident = await stage.cast.named(people.SHIFT), await _incident(journey)
    given = followups.CloseIncident(id=incident.id, expected_version=incident.version)
    await followups.close(stage.call(actor, journey, "close"), given)


async def find_again(journey: Journey) -> None:
    """The case an earlier run reported by this plan: the one of exactly that moment and title."""
    if journey.incident_id is not None:
        return
    plan = journey.plan
    tests = (Test("reportedAt", "eq", plan.reported_at), Test("title", "eq", plan.title))
    found = await incidents.page(viewer=SYSTEM, tests=tests, slice_=Slice(1, True, None))
    journey.incident_id = found.rows[0].id


Step = Callable[[Stage, Journey], Awaitable[None]]

PATH: tuple[Step, ...] = (
    report,
    file,
    dispatch,
    accept,
    contact,
    submit,
    request_check,
    check,
    follow_up,
    close,
)
REFUSED: tuple[Step, ...] = (report, reject)


async def _reporter(cast: Cast, plan: Plan) -> Viewer:
    if plan.source is Source.GRID_PATROL:
        return await cast.worker_of(plan.grid.code)
    accounts = {Source.VOLUNTEER_MP: people.VOLUNTEER, Source.RESIDENT_MP: people.RESIDENT}
    return await cast.named(accounts.get(plan.source, people.ACCEPTOR))


async def _incident(journey: Journey) -> Incident:
    """The case as it stands."""
    if journey.incident_id is None:
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    return (await incidents.get([journey.incident_id], viewer=SYSTEM))[journey.incident_id]


async def _row(journey: Journey) -> Assignment:
    """The unit's share of the case."""
    if journey.incident_id is None:
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    rows = await assignments.of_incidents([journey.incident_id], viewer=SYSTEM)
    return rows[journey.incident_id][-1]
