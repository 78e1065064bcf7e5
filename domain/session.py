"""Signed-in sessions (design §7); all times are of the wall clock (design §6)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """会话: one sign-in. `refresh_hash` is SHA-256 of the refresh token in force; a used one is never valid again."""

    id: UUID
    person_id: UUID
    refresh_hash: bytes
    created_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def live_at(self, now: datetime) -> bool:
        """Whether the session may still be used at wall time `now`."""
        return self.ended_at is None and now < self.expires_at
