"""Reports that are not sent yet: kept for their author alone (domain.md B.3 T1)."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import text
from domain.errors import DomainError, ErrorCode

MOST = 50
"""How many drafts one person keeps."""
OFFLINE_ID, FORM = 64, 8_000
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """草稿: what its author has typed so far. `offline_id` is the device's own, `form` a JSON object of the client's.

    It has no number, no clock and no place in any list, and nobody but the author sees it.
    """

    id: UUID
    person_id: UUID
    offline_id: str
    form: str
    saved_at: datetime
    version: int = 1


def checked_form(value: str) -> str:
    """The form as it is kept. BAD_INPUT (field `form`) for what is no JSON object, or too long."""
    try:
        known = isinstance(json.loads(value), dict) and len(value) <= FORM and "\\u0000" not in value
    except (ValueError, RecursionError):
        known = False
    if not known:
        words = f"须为不超过 {FORM} 字的 JSON 对象", f"Give a JSON object of at most {FORM} characters"
        raise DomainError(ErrorCode.BAD_INPUT, "form", rule="T1", zh=words[0], en=words[1])
    return value


def checked_offline_id(value: str) -> str:
    """The device's id, one line. BAD_INPUT (field `offlineId`)."""
    return text.line(value, "offlineId", most=OFFLINE_ID)


def check_room(kept: list[Draft]) -> None:
    """GUARD_FAILED when the person keeps `MOST` already."""
    if len(kept) >= MOST:
        words = f"每人至多保存 {MOST} 份草稿", f"A person keeps {MOST} drafts at most"
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T1", zh=words[0], en=words[1], facts={"limit": MOST})
