"""The case of civil affairs."""

import strawberry

from api.execution.word import Shows
from api.scalars import DateTime
from api.schema.action import AvailableAction
from api.schema.argument import After, Count, InCrs
from api.schema.assignment import Assignment
from api.schema.clock import Clock
from api.schema.complainant import Complainant
from api.schema.dictionary import Category
from api.schema.feed import EventConnection, history_of
from api.schema.followup import FollowUp
from api.schema.grid import Grid
from api.schema.loop.request import Request
from api.schema.loop.score import ScoreEntry
from api.schema.loop.whistle import Whistle
from api.schema.media import Media
from api.schema.org import OrgUnit
from api.schema.person import Person
from api.schema.place import Point, shown_point
from api.schema.public import as_public
from api.schema.region import Region
from api.schema.supervision import Supervision
from api.schema.verification import Verification
from api.schema.words import (
    Info,
    Node,
    Shown,
    children,
    column,
    derived,
    identity,
    link,
    masked,
    personal,
    resolver,
)
from domain import incident as rows
from domain.clock import Light
from domain.incident import (
    CaseOutcome,
    IncidentDomain,
    IncidentKind,
    IncidentState,
    NoteKind,
    PublicStatus,
    RejectReason,
    Source,
    Urgency,
    public_status,
)
from domain.life.transition import available_actions
from domain.loop.request import TransferTarget, VoidReason
from domain.masking import (
    MaskingFacts,
    address_masked,
    mask_address,
    masked_fields,
    name_masked,
)
from domain.permission import units_of
from domain.place import Crs
from domain.supervision import SupervisionLevel
from domain.viewer import Viewer

_ABOUT = "complained_org_id"


def _protected(viewer: Viewer) -> Shows:
    own = units_of(viewer)
    return lambda value, org_id: None if org_id in own else value


def _media(viewer: Viewer) -> Shows:
    own = units_of(viewer)
    return lambda media, org_id: [] if org_id in own else media


def _address(viewer: Viewer) -> Shows:
    masked = address_masked(viewer)
    return lambda address: mask_address(address) if masked and address else address


def _target(value: str | None) -> TransferTarget | None:
    return TransferTarget(value) if value else None


def _voided(value: str | None) -> VoidReason | None:
    return VoidReason(value) if value else None


async def _masked_fields(root: "Incident", info: Info) -> list[str]:
    row, viewer, loaders = root.row, info.context.require_viewer(), info.context.loaders
    reporter = await loaders["Person"].load(row.reporter_id) if row.reporter_id else None
    masked = reporter is not None and name_masked(viewer, reporter.id, reporter.org_id)
    return list(
        masked_fields(viewer, MaskingFacts(row.complained_org_id, row.complainant_id is not None, masked))
    )


async def _available(root: "Incident", info: Info) -> list[AvailableAction]:
    case = await info.context.loaders.case_of(root.row)
    if case is None:
        return []
    return [AvailableAction.of(it) for it in available_actions(info.context.require_viewer(), case)]


async def _public_status(root: "Incident", info: Info) -> PublicStatus:
    master_id = root.row.master_id
    master = await info.context.loaders["Incident"].load(master_id) if master_id else None
    return public_status((master or await as_public(root.row)).state)


async def _merged(root: "Incident", info: Info) -> "list[Incident]":
    found = await info.context.loaders["Incident.master"].load(root.row.id) if root.row.merged_count else []
    return [Incident.of(row) for row in found]


async def _author(root: "Note", info: Info) -> Person | None:
    if await info.context.hides_actor(root.row.incident_id, root.row.author_id):
        return None
    row = await info.context.loaders["Person"].load(root.row.author_id)
    return Person.of(row) if row is not None else None


@strawberry.type(description="办理记录。Words added to a case.")
class Note(Shown[rows.Note]):
    """办理记录."""

    id: strawberry.ID = identity("Note", "id", "全局编号。The global id.")
    text: str = column("text", "内容。The words.")
    at: DateTime = column("at", "时间。When.")
    kind: NoteKind = column("kind", "记录类型。What the words are.")
    received_at: DateTime | None = column("received_at", "批示签阅时间。When a unit received it.")
    received_by: Person | None = link("received_by_id", "Person", "签阅人。Who received it.")
    author: Person | None = strawberry.field(resolver=_author, description="记录人。Who wrote it.")


@strawberry.type(description="民生事项。A case of civil affairs.")
class Incident(Shown[rows.Incident], Node):
    """民生事项."""

    no: str = column("no", "编号。The case's number.")
    public_code: str | None = column("public_code", "公开查询码。The code of its public page.")
    version: int = column("version", "版本号。Counts every change, lights aside.")
    domain: IncidentDomain = column("domain", "领域。The top division of statistics.")
    kind: IncidentKind = column("kind", "诉求类型。What is asked for.")
    category: Category = link("category_id", "Category", "分类。The category.")
    title: str = column("title", "标题。The matter in a line.")
    content: str | None = masked(column("content", "内容。The matter in full."), _protected, _ABOUT)
    source: Source = column("source", "来源。By which channel it came.")
    source_external_id: str | None = column("source_external_id", "来源方编号。The channel's own number.")
    external_due_at: DateTime | None = column("external_due_at", "来源方期限。The channel's due time.")
    urgency: Urgency = column("urgency", "紧急程度。The urgency.")
    state: IncidentState = column("state", "状态。The state.")
    public_status: PublicStatus = personal(
        _public_status, "公开状态；并案的为主事项的。What a citizen sees; of a merged case: its master's."
    )
    outcome: CaseOutcome | None = column("outcome", "办理结果。How the matter ended.")
    reject_reason: RejectReason | None = column("reject_reason", "不予受理原因。Why it was rejected.")
    reply_text: str | None = column("reply_text", "答复内容。The reply given on rejecting it.")
    transfer_target: TransferTarget | None = derived(
        "transfer_target", fn=_target, description="转出去向。To whom it was transferred."
    )
    transfer_receiver: str | None = column("transfer_receiver", "转出接收人。Who took it over.")
    void_reason: VoidReason | None = derived(
        "void_reason", fn=_voided, description="作废原因。Why it was voided."
    )
    grid_confirmed: bool = derived(
        "grid_confirmed", fn=bool, description="网格是否已确认。Whether the grid is confirmed."
    )
    round: int = column("round", "办理轮次。The round of work.")
    return_pending: bool = column("return_pending", "是否有退单待审。Whether a return waits for review.")
    light: Light = column("light", "灯：运行中时限的最差者。The worst light of its running clocks.")
    supervision_level: SupervisionLevel = column("supervision_level", "督办级别。The supervision level.")
    escalation_step: int = column(
        "escalation_step", "已触发的最高升级步。The highest step fired; 0 for none."
    )
    address: str | None = masked(column("address", "地址。The address."), _address)
    grid: Grid | None = link("grid_id", "Grid", "网格。The grid.")
    region: Region = link("region_id", "Region", "区划。The region.")
    reporter: Person | None = masked(
        link("reporter_id", "Person", "上报人。Who reported it."), _protected, _ABOUT
    )
    complainant: Complainant | None = masked(
        link("complainant_id", "Complainant", "诉求人。Who asks for it."), _protected, _ABOUT
    )
    complained_org_unit: OrgUnit | None = link(
        "complained_org_id", "OrgUnit", "被投诉单位。The unit complained about."
    )
    masked_fields: list[str] = personal(
        _masked_fields, "对当前用户脱敏的字段。Paths that this viewer reads masked or not at all."
    )
    occurred_at: DateTime | None = column("occurred_at", "发生时间。When it happened.")
    reported_at: DateTime = column("reported_at", "上报时间。When it was reported.")
    due_at: DateTime | None = column("due_at", "截止时间。When it is due.")
    closed_at: DateTime | None = column("closed_at", "结案时间。When it was closed.")
    on_time: bool | None = column("on_time", "是否按时办结。Whether it was closed on time.")
    urgent: bool = column("urgent", "加急。Whether it was marked as urgent.")
    historic: bool = column("historic", "历史遗留。Whether it is left over from the past.")
    archived_at: DateTime | None = column("archived_at", "归档时间。When it was archived.")
    report_count: int = column("report_count", "件次。How often it was reported.")
    master: "Incident | None" = link("master_id", "Incident", "并入的主事项。The case it was merged into.")
    merged: "list[Incident]" = personal(_merged, "并入本事项的事项。The cases merged into it.")
    assignments: list[Assignment] = children("Assignment", "incident", "交办单。All rounds, in order.")
    clocks: list[Clock] = children("Clock", "incident", "计时。All clocks, stopped ones included.")
    verifications: list[Verification] = children("Verification", "incident", "核查。All checks, in order.")
    follow_ups: list[FollowUp] = children("FollowUp", "incident", "回访。All follow-ups, in order.")
    supervisions: list[Supervision] = children("Supervision", "incident", "督办。All, in order.")
    whistles: list[Whistle] = children("Whistle", "incident", "吹哨。All, in order.")
    media: list[Media] = masked(children("Media", "incident", "图片。Its pictures."), _media, _ABOUT)
    notes: list[Note] = children("Note", "incident", "办理记录，领导批示在前。All notes, instructions first.")
    score_entries: list[ScoreEntry] = children(
        "ScoreEntry", "incident", "计分：中心可见全部，单位只见本单位。The points a viewer may see."
    )
    requests: list[Request] = children("Request", "incident", "申请。All that was asked, in order.")
    available_actions: list[AvailableAction] = personal(
        _available, "当前用户可用的动作。What the viewer may do with it now, and why not."
    )
    loop_completeness: int = column("loop_completeness", "闭环完成度，0 至 100。Share of the loop done.")

    @resolver("位置。Where it is, in the system asked for.")
    def point(self, crs: InCrs = Crs.WGS84) -> Point | None:
        """Exactly as it was given when that is the system asked for."""
        return shown_point(self.row.spot, crs or Crs.WGS84) if self.row.spot else None

    @resolver("历史：本事项的事件，自早至晚。What happened to it, oldest first.")
    async def history(self, info: Info, first: Count, after: After = None) -> EventConnection:
        """A page of its events."""
        return await history_of(info, self.row.id, first, after)
