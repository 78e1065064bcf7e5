"""Checks of a case on site or at the desk (domain.md A.4, T27 to T30)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.term import Term


class CheckResult(Term):
    """核查结果: what the inspector found."""

    PASS = "PASS", "通过", "Passed"
    FAIL = "FAIL", "不通过", "Failed"
    UNABLE = "UNABLE", "无法核查", "Unable to check"


class TaskState(Term):
    """任务状态: checks and follow-ups are born as tasks; recording completes them (B.5)."""

    PENDING = "PENDING", "待办", "Pending"
    DONE = "DONE", "已完成", "Done"
    CANCELLED = "CANCELLED", "已取消", "Cancelled"


class VerificationPhase(Term):
    """核查阶段: before a case is filed, or after its result (R25)."""

    INTAKE = "INTAKE", "核实", "Whether the report is true (T8, T9): PASS is true, FAIL is not"
    COMPLETION = "COMPLETION", "核查", "Whether the result is true (T27 to T30)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """核查: one check. `distance_m` is from the recorded point to the case's.

    `org_id` adds that unit's clerks and workers to those who may do it.
    `not_by` is the inspector whose UNABLE made this one necessary: it is another person's task (B.6 T28b).
    """

    id: UUID
    incident_id: UUID
    round: int
    state: TaskState
    org_id: UUID | None
    inspector_id: UUID | None
    not_by: UUID | None
    result: CheckResult | None
    distance_m: float | None
    note: str | None
    due_at: datetime
    created_at: datetime
    recorded_at: datetime | None
    phase: VerificationPhase = VerificationPhase.COMPLETION
