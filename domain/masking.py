"""What is hidden from whom, and how it looks then (R80, R81, design §7)."""

import re
from dataclasses import dataclass
from uuid import UUID

from domain.permission import belongs_to
from domain.person import Role
from domain.viewer import Viewer
from domain.visibility import SEE_EVERYTHING

# R81: a member of the complained-about unit never reads these, on any path.
PROTECTED = ("complainant", "reporter", "content", "media", "followUps.opinion")
# Design §7: who reads every case unmasked may search its content; the auditor reads masked.
_SEARCH_CONTENT = SEE_EVERYTHING - {Role.AUDITOR}
_SHOWN_DIGITS = (3, 4)
# From the finest: a building, a yard or house number, then the place it lies in.
_BUILDINGS = (
    re.compile(r"^.*?(?:号楼|栋|幢)"),
    re.compile(r"^.*?号院?"),
    re.compile(r"^.*(?:组|村|社区|小区|路|街道?)"),
)


@dataclass(frozen=True, slots=True)
class MaskingFacts:
    """The case facts the masking rules look at."""

    complained_org_id: UUID | None
    has_complainant: bool
    reporter_masked: bool


def mask_name(name: str) -> str:
    """张三 -> 张*; 欧阳某某 -> 欧***: the first character stays (R80)."""
    return name[:1] + "*" * max(1, len(name) - 1)


def mask_phone(phone: str) -> str:
    """13812345678 -> 138****5678: three first and four last digits stay (R80)."""
    head, tail = _SHOWN_DIGITS
    hidden = len(phone) - head - tail
    return phone[:head] + "*" * hidden + phone[-tail:] if hidden > 0 else "*" * len(phone)


def mask_address(address: str) -> str:
    """The address down to the building; what follows is replaced by one star (R80)."""
    found = next((match for it in _BUILDINGS if (match := it.match(address))), None)
    head = found[0] if found else address[: max(1, len(address) // 2)]
    return address if head == address else head + "*"


def protected_from(viewer: Viewer, complained_org_id: UUID | None) -> bool:
    """Whether R81 hides the reporter's side of the case from this viewer."""
    return complained_org_id is not None and belongs_to(viewer, complained_org_id)


def address_masked(viewer: Viewer) -> bool:
    """The auditor never reads personal data unmasked (design §7)."""
    return Role.AUDITOR in viewer.roles


def names_masked(viewer: Viewer) -> bool:
    """Whether the viewer reads every name masked but its own: the auditor and the public do."""
    on_duty = viewer.roles - {Role.AUDITOR, Role.VOLUNTEER, Role.RESIDENT}
    return not on_duty or Role.AUDITOR in viewer.roles


def name_masked(viewer: Viewer, person_id: UUID, org_id: UUID | None) -> bool:
    """Whether a person's name is masked: the public's to all but itself; everyone's to auditor and public."""
    return viewer.person_id != person_id and (org_id is None or names_masked(viewer))


def masked_fields(viewer: Viewer, facts: MaskingFacts) -> tuple[str, ...]:
    """Paths of the incident's fields that this viewer reads masked or not at all."""
    hidden = PROTECTED if protected_from(viewer, facts.complained_org_id) else ()
    masked = [] if hidden or not facts.has_complainant else ["complainant.name", "complainant.phone"]
    if address_masked(viewer):
        masked.append("address")
    if facts.reporter_masked and not hidden:
        masked.append("reporter.name")
    return (*hidden, *masked)


def may_search_content(viewer: Viewer) -> bool:
    """Whether search may look into content and address: never for a viewer under masking (design §7)."""
    return bool(viewer.roles & _SEARCH_CONTENT) and Role.AUDITOR not in viewer.roles
