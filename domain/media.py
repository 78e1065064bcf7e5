"""Pictures that belong to a case (issue: images up to 10 MB, visible as their case is)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.term import Term


class MediaPurpose(Term):
    """媒体用途: at which step a picture was taken."""

    REPORT = "REPORT", "上报", "At the report"
    AFTER = "AFTER", "办理后", "After the work was done"
    MILESTONE = "MILESTONE", "阶段", "When a milestone was done (R24)"
    CHECK = "CHECK", "核查", "At the check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """媒体: one upload. `sha256` (hex) and `bytes` describe the re-encoded file as stored.

    Until a command attaches it to a case (`incident_id`), only its uploader may see it.
    """

    id: UUID
    content_type: str
    sha256: str
    bytes: int
    uploaded_by_id: UUID
    uploaded_at: datetime
    incident_id: UUID | None = None
    purpose: MediaPurpose | None = None
