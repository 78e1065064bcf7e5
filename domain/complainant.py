"""Who asks for something to be done (domain.md A.2); name and phone are encrypted at rest (R80)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.followup import ReplyChannel
from domain.term import Term


class Confidentiality(Term):
    """保密要求: how far the complainant's identity is protected."""

    NORMAL = "NORMAL", "一般", "Normal"
    CONFIDENTIAL = "CONFIDENTIAL", "要求保密", "Confidential"
    ANONYMOUS = "ANONYMOUS", "匿名", "Anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complainant:
    """诉求人. `person_id` is set when the complainant is a signed-in resident, who then sees the own case.

    One who withdrew (T40) is asked and told nothing more.
    """

    id: UUID
    name: str | None
    phone: str | None
    confidentiality: Confidentiality
    reply_wanted: bool
    preferred_channel: ReplyChannel | None
    person_id: UUID | None
    withdrawn_at: datetime | None = None

    @property
    def reachable(self) -> bool:
        """Whether a follow-up can reach this person at all (B.6 T28): a phone, or an account here."""
        return self.phone is not None or self.person_id is not None
