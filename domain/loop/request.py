"""What one asks and another decides: returns, extensions, hangs, claims, endings, rulings (domain.md A.4, B.6)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.assignment import AssignmentMode
from domain.term import Term


class RequestKind(Term):
    """申请类型: what is asked for."""

    SELF_HANDLING = "SELF_HANDLING", "自行处置", "A finder handled it on the spot (T3)"
    ENDING = "ENDING", "了结建议", "Ending the case another way (T5, T6, T8, T33, T36)"
    WITHDRAWAL = "WITHDRAWAL", "诉求人撤回", "A complainant withdraws (T40)"
    MERGE = "MERGE", "并案", "Merging a dispatched case (T7)"
    CLAIM = "CLAIM", "主动认领", "A unit claims the case (T12)"
    RETURN = "RETURN", "退单", "A unit gives its assignment back (T15)"
    ARBITRATION = "ARBITRATION", "职责裁定", "A ruling on whose duty it is (T18)"
    EXTENSION = "EXTENSION", "延期", "More time to handle (T22)"
    HANG = "HANG", "挂账", "Suspending what cannot be done now (T23)"


class RequestState(Term):
    """申请状态: a request has one answer; LAPSED is none at all (B.6 C)."""

    PENDING = "PENDING", "待审", "Waits for a decision"
    APPROVED = "APPROVED", "同意", "Approved"
    REJECTED = "REJECTED", "驳回", "Rejected"
    TO_ARBITRATION = "TO_ARBITRATION", "转裁定", "Left to the ruling"
    LAPSED = "LAPSED", "失效", "Lapsed without a decision"


class ReturnReason(Term):
    """退单原因: the closed list (A.4)."""

    NOT_DUTY = "NOT_DUTY", "非本单位职责", "Not this unit's duty"
    WRONG_AREA = "WRONG_AREA", "属地不符", "Outside this unit's area"
    LEGAL_CHANNEL = "LEGAL_CHANNEL", "应走法定途径", "Belongs to a legal channel"
    ALREADY_DONE = "ALREADY_DONE", "已办结且无新情况", "Done already, nothing new"
    INFO_MISSING = "INFO_MISSING", "要素不全无法联系", "Too little is known to act or call"
    DUPLICATE = "DUPLICATE", "重复件", "A duplicate"


class HangReason(Term):
    """挂账原因: why a case cannot be done now (A.4)."""

    HISTORIC = "HISTORIC", "历史遗留", "Left over from the past"
    FUNDING = "FUNDING", "资金计划", "Waits for funds"
    CONSTRUCTION_SEASON = "CONSTRUCTION_SEASON", "施工季节", "Waits for the building season"
    POLICY_PENDING = "POLICY_PENDING", "政策待定", "Waits for a policy"
    LITIGATION = "LITIGATION", "诉讼仲裁中", "In litigation or arbitration"
    THIRD_PARTY = "THIRD_PARTY", "权属第三方", "Belongs to a third party"


class HangReview(Term):
    """挂账复查结论: what a review of a hung assignment decides (B.6 T23b)."""

    CONTINUE = "CONTINUE", "继续挂账", "Goes on, with the next review"
    RESUME = "RESUME", "恢复办理", "Is resumed"
    ALLOW_CLOSE = "ALLOW_CLOSE", "同意挂账办结", "May be submitted as hung and open"


class EndingKind(Term):
    """了结方式: how a case may end, or begin anew, other than by its result (B.5, T33, T36)."""

    REJECT = "REJECT", "不予受理", "Rejected (T5)"
    TRANSFER = "TRANSFER", "转出", "Transferred (T6)"
    VERIFY = "VERIFY", "发核实", "Verified on site first (T8)"
    VOID = "VOID", "作废", "Voided (T36)"
    UNREASONABLE = "UNREASONABLE", "诉求不合理", "Closed as unreasonable, explained (T33)"


class TransferTarget(Term):
    """转出去向: who takes a transferred case (T6, R07)."""

    POLICE_110 = "POLICE_110", "公安110", "Police"
    FIRE_119 = "FIRE_119", "消防119", "Fire brigade"
    MEDICAL_120 = "MEDICAL_120", "急救120", "Ambulance"
    TRAFFIC_122 = "TRAFFIC_122", "交警122", "Traffic police"
    PETITION = "PETITION", "信访", "Petition office"
    COURT = "COURT", "法院", "Court"
    LABOUR_ARBITRATION = "LABOUR_ARBITRATION", "劳动仲裁", "Labour arbitration"
    DISCIPLINE = "DISCIPLINE", "纪检监察", "Discipline inspection"
    OTHER = "OTHER", "其他法定途径", "Another legal channel"


class VoidReason(Term):
    """作废原因: why a case never counted (T36)."""

    TEST = "TEST", "测试", "A test"
    MISTAKEN = "MISTAKEN", "误报", "Reported by mistake"
    MALICIOUS = "MALICIOUS", "恶意", "Proven malicious"


# The requests that end or turn the whole case: one at a time (B.6 E: asked by one person, decided by another).
ENDINGS = frozenset({RequestKind.ENDING, RequestKind.WITHDRAWAL, RequestKind.MERGE})
# T16, B.6: returns for these reasons say that the duty itself is unclear.
BOUNDARY = frozenset({ReturnReason.NOT_DUTY, ReturnReason.WRONG_AREA})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """申请. `reason` is a value of the kind's own vocabulary; `text` says it in words, `answer` the decision.

    `org_id` is the unit that asks. By kind: RETURN `basis`, `suggested_org_id` · EXTENSION `ordinal`, `days` asked,
    `approved_days`, `informed_at` (when the complainant was told) · HANG `plan` in `basis`, `review_at`, `max_until`
    · ENDING `reason` an EndingKind, `detail` its reject, transfer or void reason · MERGE `target_id` the master ·
    WITHDRAWAL `target_id` the complainant · ARBITRATION `participants`, and once ruled `leads`, `supports`, `mode`.
    """

    id: UUID
    incident_id: UUID
    assignment_id: UUID | None = None
    kind: RequestKind
    state: RequestState = RequestState.PENDING
    org_id: UUID | None = None
    asked_by_id: UUID | None
    asked_at: datetime
    reason: str | None = None
    detail: str | None = None
    text: str | None = None
    basis: str | None = None
    suggested_org_id: UUID | None = None
    target_id: UUID | None = None
    ordinal: int | None = None
    days: int | None = None
    approved_days: int | None = None
    informed_at: datetime | None = None
    review_at: datetime | None = None
    max_until: datetime | None = None
    participants: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    supports: tuple[str, ...] = ()
    mode: AssignmentMode | None = None
    decided_by_id: UUID | None = None
    decided_at: datetime | None = None
    answer: str | None = None

    @property
    def pending(self) -> bool:
        """Whether it still waits for its decision."""
        return self.state is RequestState.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """陈述: what a unit says in an arbitration (S35); `volunteers` is the offer that earns the bonus of T19."""

    id: UUID
    request_id: UUID
    incident_id: UUID
    org_id: UUID
    author_id: UUID
    text: str
    volunteers: bool = False
    at: datetime
