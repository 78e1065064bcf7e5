"""Keeping out of a case one is related to (R82)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Recusal:
    """回避: a person who declared an interest in a case neither sees it nor does anything in it."""

    id: UUID
    incident_id: UUID
    person_id: UUID
    reason: str
    at: datetime
