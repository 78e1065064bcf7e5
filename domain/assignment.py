"""Who was given the case, and how far they are (domain.md A.4, B.6)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import Light
from domain.followup import ReplyChannel
from domain.incident import CaseOutcome
from domain.loop.milestone import Stage
from domain.term import Term


class AssignmentRole(Term):
    """承办角色: lead, support or copy."""

    LEAD = "LEAD", "主办", "Lead"
    SUPPORT = "SUPPORT", "协办", "Support"
    CC = "CC", "抄告", "Copy"


class AssignmentMode(Term):
    """办理方式: by one unit, led jointly, or jointly by equals (§0-5)."""

    SINGLE = "SINGLE", "单办", "Single"
    LED_JOINT = "LED_JOINT", "协同办理", "Joint with one lead"
    EQUAL_JOINT = "EQUAL_JOINT", "共同办理", "Joint by equals"


class AssignmentState(Term):
    """交办单状态: A.4."""

    PENDING = "PENDING", "待签收", "To be accepted"
    ACCEPTED = "ACCEPTED", "办理中", "Being handled"
    RETURN_REQ = "RETURN_REQ", "退单待审", "Return asked"
    RETURNED = "RETURNED", "已退回", "Returned"
    EXT_REQ = "EXT_REQ", "延期待审", "Extension asked"
    HANG_REQ = "HANG_REQ", "挂账待审", "Hanging asked"
    HUNG = "HUNG", "挂账", "Hung"
    REPLIED = "REPLIED", "协办已回复", "Support replied"
    SUBMITTED = "SUBMITTED", "已反馈", "Result submitted"
    REJECTED_RESULT = "REJECTED_RESULT", "反馈被退", "Result refused"
    DONE = "DONE", "完成", "Done"
    CANCELLED = "CANCELLED", "撤回或改派", "Cancelled"

    @property
    def visible(self) -> bool:
        """Design §7: the unit holds the case unless the row is returned, cancelled or refused."""
        return self not in _GIVEN_UP

    @property
    def live(self) -> bool:
        """B.6: rows that can still act; RETURNED, REJECTED_RESULT, DONE, CANCELLED are end states."""
        return self not in _ENDED

    @property
    def in_queue(self) -> bool:
        """Design §7: open in `departmentQueue` from PENDING to SUBMITTED and REPLIED."""
        return self.live


_GIVEN_UP = frozenset({AssignmentState.RETURNED, AssignmentState.CANCELLED, AssignmentState.REJECTED_RESULT})
_ENDED = _GIVEN_UP | {AssignmentState.DONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """交办单: one unit's share of one round. `light` is the worst of its running clocks.

    `on_time_handle` is False from the breach on, for ever, and True only by T27 (B.6 D).
    `return_due_at` ends the window of T15; `born_by` is the row that made it (T11, T12, T19, T30 …; None: T11);
    `close_hung` is the approval T25 with HUNG_OPEN needs (T23b); `push_down_reason` explains R35.
    `stages` are the milestones of a lead, as they were at its dispatch (R24).
    """

    id: UUID
    incident_id: UUID
    incident_no: str
    round: int
    seq: int
    org_id: UUID
    role: AssignmentRole
    mode: AssignmentMode
    state: AssignmentState
    designated: bool = False
    rule_id: UUID | None = None
    basis: str | None = None
    dispatched_by_id: UUID | None
    dispatched_at: datetime
    accept_due_at: datetime | None = None
    contact_due_at: datetime | None = None
    handle_due_at: datetime | None = None
    accepted_at: datetime | None = None
    first_contact_at: datetime | None = None
    first_contact_channel: ReplyChannel | None = None
    first_contact_note: str | None = None
    submitted_at: datetime | None = None
    outcome: CaseOutcome | None = None
    result_text: str | None = None
    no_contact_reason: str | None = None
    handler_id: UUID | None = None
    on_time_accept: bool | None = None
    on_time_handle: bool | None = None
    return_due_at: datetime | None = None
    policy_version: int | None = None
    born_by: str | None = None
    close_hung: bool = False
    push_down_reason: str | None = None
    stages: tuple[Stage, ...] = ()
    light: Light = Light.GREEN
    version: int = 1
