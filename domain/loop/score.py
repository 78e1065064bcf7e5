"""Points won and lost along a case's life (domain.md B.3 "−n / +n", B.6 decided 10, D.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.term import Term


class ScoreType(Term):
    """计分项: what a unit won or lost points for; each once per case and unit."""

    LATE_SIGN = "LATE_SIGN", "签收超时", "Signed late (T14)"
    NO_CONTACT = "NO_CONTACT", "首次联系超时", "No first contact in time (T20)"
    LATE_HANDLE = "LATE_HANDLE", "办理超时", "Handled late (T25)"
    LATE_DAYS = "LATE_DAYS", "超时天数", "Every further working day late (T25)"
    LATE_REPLY = "LATE_REPLY", "协办超时", "Support replied late (T21)"
    RETURN_REJECTED = "RETURN_REJECTED", "退单被驳回", "A return was rejected (T17)"
    SHIRKED = "SHIRKED", "推诿", "Shirked a duty (R27)"
    SLOPPY_RESULT = "SLOPPY_RESULT", "反馈不规范", "A result sent back (T26)"
    REWORK = "REWORK", "返工", "A check failed (T30)"
    DISSATISFIED = "DISSATISFIED", "不满意重办", "Sent back by the resident (T32)"
    FALSE_DONE = "FALSE_DONE", "虚假办结", "Reported done what was not (T30)"
    YELLOW_CARD = "YELLOW_CARD", "黄牌", "A yellow card (T37)"
    RED_CARD = "RED_CARD", "红牌", "A red card (T37)"
    LISTED_CARD = "LISTED_CARD", "挂牌督办", "Listed (T37)"
    PUSHED_DOWN = "PUSHED_DOWN", "职责下压", "A department's duty pushed down (R35)"
    CLAIMED = "CLAIMED", "主动认领", "Claimed or volunteered as lead (T12, T19)"
    VOLUNTEERED = "VOLUNTEERED", "主动协办", "Volunteered as support (T19)"


# D.4 and B.3; halves are exact in binary. 推诿 replaces the return's −1, 虚假办结 the 返工's (B.6 decided 10).
POINTS: Mapping[ScoreType, float] = {
    ScoreType.LATE_SIGN: -1,
    ScoreType.NO_CONTACT: -1,
    ScoreType.LATE_HANDLE: -2,
    ScoreType.LATE_DAYS: -0.5,
    ScoreType.LATE_REPLY: -1,
    ScoreType.RETURN_REJECTED: -1,
    ScoreType.SHIRKED: -3,
    ScoreType.SLOPPY_RESULT: -0.5,
    ScoreType.REWORK: -1,
    ScoreType.DISSATISFIED: -1,
    ScoreType.FALSE_DONE: -5,
    ScoreType.YELLOW_CARD: -3,
    ScoreType.RED_CARD: -6,
    ScoreType.LISTED_CARD: -10,
    ScoreType.PUSHED_DOWN: -1,
    ScoreType.CLAIMED: 2,
    ScoreType.VOLUNTEERED: 1,
}
_EACH_ROUND = frozenset({ScoreType.REWORK, ScoreType.DISSATISFIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreEntry:
    """计分: append-only. `key` is unique, so that nothing is booked twice; `row` cites domain.md."""

    id: UUID
    key: str
    incident_id: UUID
    assignment_id: UUID | None
    org_id: UUID
    type: ScoreType
    amount: float
    row: str
    at: datetime


def entry(
    entry_id: UUID,
    incident_id: UUID,
    org_id: UUID,
    kind: ScoreType,
    at: datetime,
    *,
    row: str,
    round_number: int,
    assignment_id: UUID | None = None,
    times: int = 1,
    day: int | None = None,
) -> ScoreEntry:
    """One booking. The key is (case, unit, type), for 返工 and 不满意重办 the round too, for late days the day."""
    part = f".{round_number}" if kind in _EACH_ROUND else "" if day is None else f".{day}"
    return ScoreEntry(
        id=entry_id,
        key=f"{incident_id}.{org_id}.{kind.value}{part}",
        incident_id=incident_id,
        assignment_id=assignment_id,
        org_id=org_id,
        type=kind,
        amount=POINTS[kind] * times,
        row=row,
        at=at,
    )
