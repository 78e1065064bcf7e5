"""Supervision: a ratchet that only rises (domain.md §0-11, R19, T37)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.term import Term


class SupervisionLevel(Term):
    """督办级别, in rising order."""

    NONE = "NONE", "未督办", "None"
    URGE = "URGE", "催办", "Urge"
    YELLOW = "YELLOW", "黄牌", "Yellow card"
    RED = "RED", "红牌", "Red card"
    LISTED = "LISTED", "挂牌督办", "Listed"

    @property
    def rank(self) -> int:
        """0 for NONE, rising."""
        return list(SupervisionLevel).index(self)


class SupervisionOrigin(Term):
    """督办来源: issued by the timer or by a person."""

    AUTO = "AUTO", "自动", "Automatic"
    MANUAL = "MANUAL", "人工", "By a person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    """督办. `trigger` names what fired it (`SIGN.E2`) for AUTO; `text` is the person's words for MANUAL.

    `assignment_id` is the row it concerns, None when it concerns the whole case; `clock_id` is its REPLY clock.
    """

    id: UUID
    incident_id: UUID
    assignment_id: UUID | None
    level: SupervisionLevel
    origin: SupervisionOrigin
    trigger: str | None
    text: str | None
    issued_by_id: UUID | None
    issued_at: datetime
    reply_due_at: datetime
    round: int
    clock_id: UUID | None = None
    replied_at: datetime | None = None
    replied_by_id: UUID | None = None
    reply: str | None = None
    cancelled_at: datetime | None = None
    cancelled_by_id: UUID | None = None
    cancel_reason: str | None = None

    @property
    def open(self) -> bool:
        """Neither replied to nor cancelled (T37: one open per level)."""
        return self.replied_at is None and self.cancelled_at is None
