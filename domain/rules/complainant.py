"""Who asks, as a report names them (domain.md A.3, R02 as B.6 has it)."""

from uuid import UUID

from domain import text
from domain.complainant import Complainant, Confidentiality
from domain.errors import DomainError, ErrorCode
from domain.followup import ReplyChannel
from domain.incident import IncidentKind
from domain.rules.act import Act

NAME = 50
"""Characters of a person's name."""


def complainant_of(
    act: Act,
    kind: IncidentKind,
    *,
    name: str | None,
    phone: str | None,
    confidentiality: Confidentiality | None = None,
    reply_wanted: bool = True,
    preferred_channel: ReplyChannel | None = None,
    person_id: UUID | None = None,
) -> Complainant:
    """Who asks, with the confidentiality A.3 sets for denunciations. GUARD_FAILED (R02) without name or phone."""
    default = Confidentiality.CONFIDENTIAL if kind is IncidentKind.REPORT else Confidentiality.NORMAL
    kept = Complainant(
        id=act.new_id(),
        name=text.optional_line(name, "complainant.name", most=NAME),
        phone=text.phone(phone, "complainant.phone"),
        confidentiality=confidentiality or default,
        reply_wanted=reply_wanted,
        preferred_channel=preferred_channel,
        person_id=person_id,
    )
    if kept.confidentiality is not Confidentiality.ANONYMOUS:
        for value, field in ((kept.name, "complainant.name"), (kept.phone or person_id, "complainant.phone")):
            if value is None:
                raise DomainError(ErrorCode.GUARD_FAILED, field, rule="R02")
    return kept
