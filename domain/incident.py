"""The case of civil affairs 民生事项: its vocabulary and its facts (domain.md A.3, B.1)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import Light
from domain.place import Crs
from domain.supervision import SupervisionLevel
from domain.term import Term


class IncidentDomain(Term):
    """领域: the top division of statistics (A.3 Domain)."""

    LIVELIHOOD = "LIVELIHOOD", "民生服务", "Livelihood"
    HAZARD = "HAZARD", "治安与安全隐患", "Safety hazard"
    DISPUTE_CLUE = "DISPUTE_CLUE", "矛盾纠纷线索", "Clue to a dispute"
    OTHER = "OTHER", "其他", "Other"


class IncidentKind(Term):
    """诉求类型: what the case asks for."""

    CONSULT = "CONSULT", "咨询", "Question"
    HELP = "HELP", "求助", "Request for help"
    COMPLAINT = "COMPLAINT", "投诉", "Complaint"
    REPORT = "REPORT", "举报", "Denunciation"
    SUGGESTION = "SUGGESTION", "意见建议", "Suggestion"
    PRAISE = "PRAISE", "表扬", "Praise"
    FOUND = "FOUND", "巡查发现", "Found on patrol"


class Source(Term):
    """来源: by which channel the case arrived."""

    GRID_PATROL = "GRID_PATROL", "网格员巡查", "Grid patrol"
    GRID_VISIT = "GRID_VISIT", "入户走访", "Household visit"
    VOLUNTEER_MP = "VOLUNTEER_MP", "襄治理小程序（长岭卫士）", "Mini program, volunteer"
    RESIDENT_MP = "RESIDENT_MP", "居民小程序", "Mini program, resident"
    HOTLINE_12345 = "HOTLINE_12345", "12345热线", "Hotline 12345"
    MINXIN = "MINXIN", "民心网", "Minxin website"
    PLATFORM = "PLATFORM", "社会治理平台窗口", "Window of the governance platform"
    LEADER = "LEADER", "领导交办", "Given by a leader"
    SUPERIOR = "SUPERIOR", "上级转办", "Passed down by a superior"
    POLICE_110 = "POLICE_110", "非警务警情分流", "Passed on by 110"
    MEDIA = "MEDIA", "媒体舆情", "Media"
    VIDEO = "VIDEO", "视频物联", "Video or sensor"
    DEPT_INSPECTION = "DEPT_INSPECTION", "部门检查", "Inspection by a department"


class Urgency(Term):
    """紧急程度: it decides the limits (B.2)."""

    CRITICAL = "CRITICAL", "特急", "Critical"
    URGENT = "URGENT", "紧急", "Urgent"
    NORMAL = "NORMAL", "一般", "Normal"
    COMPLEX = "COMPLEX", "疑难", "Complex"


class IncidentState(Term):
    """事项状态: B.1."""

    DRAFT = "DRAFT", "草稿", "Draft"
    REPORTED = "REPORTED", "待受理", "Reported"
    VERIFYING = "VERIFYING", "核实中", "Being verified"
    SELF_DONE = "SELF_DONE", "自处置待审", "Done by the finder, under review"
    FILED = "FILED", "已立案待派遣", "Filed, to be dispatched"
    ARBITRATING = "ARBITRATING", "职责裁定中", "Duty under ruling"
    DISPATCHED = "DISPATCHED", "待签收", "Dispatched, to be accepted"
    HANDLING = "HANDLING", "办理中", "Being handled"
    RETURN_REVIEW = "RETURN_REVIEW", "退单审核", "Return under review"
    HUNG = "HUNG", "挂账", "Hung"
    SUBMITTED = "SUBMITTED", "待核查", "Submitted, to be checked"
    CHECKING = "CHECKING", "核查中", "Being checked"
    FOLLOWUP = "FOLLOWUP", "回访中", "Being followed up"
    CLOSED = "CLOSED", "已结案", "Closed"
    ARCHIVED = "ARCHIVED", "已归档", "Archived"
    REJECTED = "REJECTED", "不予受理", "Rejected"
    MERGED = "MERGED", "并案", "Merged"
    TRANSFERRED = "TRANSFERRED", "转出", "Transferred"
    VOIDED = "VOIDED", "作废", "Voided"

    @property
    def open(self) -> bool:
        """B.5: open is everything but a draft and the ended states."""
        return self not in _NOT_OPEN


_NOT_OPEN = frozenset(
    IncidentState[name]
    for name in ("DRAFT", "CLOSED", "ARCHIVED", "REJECTED", "MERGED", "TRANSFERRED", "VOIDED")
)


class PublicStatus(Term):
    """公开状态: what a citizen sees (B.5, B.6)."""

    RECEIVED = "RECEIVED", "已收到", "Received"
    IN_PROGRESS = "IN_PROGRESS", "处理中", "In progress"
    AWAITING_RATING = "AWAITING_RATING", "等待您评价", "Awaiting your rating"
    DONE = "DONE", "已办结", "Done"
    ANSWERED = "ANSWERED", "已答复", "Answered"


_PUBLIC: dict[PublicStatus, tuple[str, ...]] = {
    PublicStatus.RECEIVED: ("DRAFT", "REPORTED", "VERIFYING", "SELF_DONE"),
    PublicStatus.AWAITING_RATING: ("FOLLOWUP",),
    PublicStatus.DONE: ("CLOSED", "ARCHIVED"),
    PublicStatus.ANSWERED: ("REJECTED", "TRANSFERRED", "VOIDED", "MERGED"),
}


def public_status(state: IncidentState) -> PublicStatus:
    """The citizen's five values (B.5 "Public status"); a merged case shows its master's, asked there."""
    for status, states in _PUBLIC.items():
        if state.value in states:
            return status
    return PublicStatus.IN_PROGRESS


class CaseOutcome(Term):
    """办理结果: how the matter ended, apart from its state (§0-8)."""

    SOLVED = "SOLVED", "实质解决", "Solved"
    PARTLY = "PARTLY", "部分解决", "Partly solved"
    EXPLAINED = "EXPLAINED", "解释说明", "Explained: no ground in law or policy"
    LEGAL_CHANNEL = "LEGAL_CHANNEL", "引导法定途径", "Shown the legal channel"
    NOT_FOUND = "NOT_FOUND", "核查不属实", "Found untrue"
    DUPLICATE = "DUPLICATE", "并案", "Duplicate"
    WITHDRAWN = "WITHDRAWN", "诉求人撤回", "Withdrawn"
    HUNG_OPEN = "HUNG_OPEN", "挂账未决", "Hung and open"
    VOID = "VOID", "作废", "Void"


class RejectReason(Term):
    """不予受理原因: the closed list of L1 §11 (R06)."""

    EMERGENCY = "EMERGENCY", "紧急求助类", "An emergency for 110, 119, 120 or 122"
    LEGAL_CHANNEL = (
        "LEGAL_CHANNEL",
        "应走法定途径",
        "Belongs to litigation, arbitration, petition or the like",
    )
    NO_NEW_FACTS = "NO_NEW_FACTS", "无新事实理由的重复诉求", "The same matter without new facts"
    SECRET_OR_PRIVACY = "SECRET_OR_PRIVACY", "涉密或涉隐私", "State or trade secrets, privacy"
    OUTSIDE_DUTY = "OUTSIDE_DUTY", "超出政府职责", "Outside the duty of government"
    UNLAWFUL = "UNLAWFUL", "违法或违背公序良俗", "Unlawful or against public order"


class NoteKind(Term):
    """记录类型: what words on a case are."""

    NOTE = "NOTE", "办理记录", "A note"
    INSTRUCTION = "INSTRUCTION", "领导批示", "A leader's instruction (T39)"
    MINUTES = "MINUTES", "会议纪要", "Minutes of a case meeting (T32b) or an order (T19)"
    REPLY = "REPLY", "答复", "The final reply to a complainant (T31)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """位置: the point as given (`raw_…`, `crs`) and as WGS84 for every computation (domain.md §7)."""

    raw_lng: float
    raw_lat: float
    crs: Crs
    accuracy_m: float | None
    lng: float
    lat: float
    given_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """民生事项. `light`, `due_at`, `loop_completeness` (0..100) and `return_pending` are stored derivations.

    `grid_version` is the outline the point was placed by (R61). `on_time` is frozen at close (B.6 D).
    `ended_at`: when it was rejected, transferred, merged or voided; `merged_from`: its state before merging.
    `merged_count` cases were merged into it; `request_count` requests were made on it (both say what to load).
    `category_version`: as which version the case knows its category; None is the first (trap 18).
    `urgent` 加急 (R17), `historic` 历史遗留 (R18), `claim_until` the end of the claim window (T12).
    """

    id: UUID
    no: str
    public_code: str
    domain: IncidentDomain
    kind: IncidentKind
    category_id: UUID
    category_version: int | None = None
    title: str
    content: str | None
    source: Source
    source_external_id: str | None = None
    external_due_at: datetime | None = None
    urgency: Urgency
    state: IncidentState
    outcome: CaseOutcome | None = None
    reject_reason: RejectReason | None = None
    reply_text: str | None = None
    round: int = 1
    return_pending: bool = False
    light: Light = Light.GREEN
    supervision_level: SupervisionLevel = SupervisionLevel.NONE
    escalation_step: int = 0
    spot: Spot | None
    address: str | None
    grid_id: UUID | None
    grid_version: int | None
    region_id: UUID
    reporter_id: UUID | None
    complainant_id: UUID | None
    complained_org_id: UUID | None = None
    occurred_at: datetime | None
    reported_at: datetime
    due_at: datetime | None = None
    closed_at: datetime | None = None
    on_time: bool | None = None
    report_count: int = 1
    master_id: UUID | None = None
    loop_completeness: int = 0
    urgent: bool = False
    historic: bool = False
    claim_until: datetime | None = None
    ended_at: datetime | None = None
    archived_at: datetime | None = None
    merged_from: IncidentState | None = None
    merged_count: int = 0
    request_count: int = 0
    reopened: int = 0
    transfer_target: str | None = None
    transfer_receiver: str | None = None
    void_reason: str | None = None
    grid_confirmed: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """办理记录: words added to an open case by whoever may see it; a leader's are received by a unit (R16)."""

    id: UUID
    incident_id: UUID
    author_id: UUID
    text: str
    at: datetime
    kind: NoteKind = NoteKind.NOTE
    received_by_id: UUID | None = None
    received_at: datetime | None = None
