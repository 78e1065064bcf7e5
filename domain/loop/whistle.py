"""A street calls departments to the spot, and both are rated (R33, R34)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.term import Term


class WhistleKind(Term):
    """哨型: what the street calls for; it decides the days to arrive (R33)."""

    EMERGENCY = "EMERGENCY", "应急哨", "An emergency"
    ROUTINE = "ROUTINE", "工作推进哨", "Routine work that is stuck, 3 working days"
    TOUGH = "TOUGH", "攻坚克难哨", "A tough problem, 5 working days"


class WhistleStep(Term):
    """报到步骤: what a unit that was called does, in this order (R33)."""

    SIGN = "SIGN", "签收", "Signs within an hour"
    CONTACT = "CONTACT", "联系", "Calls within 24 hours"
    ARRIVE = "ARRIVE", "到场", "Comes to the spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whistle:
    """吹哨: one call of a street or community about a case."""

    id: UUID
    incident_id: UUID
    org_id: UUID
    kind: WhistleKind
    text: str
    blown_by_id: UUID
    blown_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WhistleCall:
    """报到: one unit's answer to a whistle, its due times, and the two ratings of 1 to 5 (双考核)."""

    id: UUID
    whistle_id: UUID
    incident_id: UUID
    org_id: UUID
    sign_due_at: datetime
    contact_due_at: datetime
    arrive_due_at: datetime
    signed_at: datetime | None = None
    contacted_at: datetime | None = None
    arrived_at: datetime | None = None
    rating: int | None = None
    rating_text: str | None = None
    rated_back: int | None = None
    rated_back_text: str | None = None
