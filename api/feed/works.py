"""What every stream of this process works with."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from api.feed.cursors import Cursors
from api.feed.hub import Hub, Place, Reread
from api.feed.items import Heartbeat, Revoked


@dataclass(frozen=True, slots=True)
class Works:
    """The hub, the cursors, how a viewer is read again, and the pace; `lag_seconds` is the tail's."""

    hub: Hub
    cursors: Cursors
    reread: Reread
    lag_seconds: Callable[[], float]
    heartbeat_seconds: float
    capacity: int


class Teller:
    """Writes a stream's cursors: each item follows the one before; a quiet stream owes heartbeats."""

    def __init__(self, works: Works, place: Place, after: str | None = None) -> None:
        self._works = works
        self._after = after
        self._place = place
        self.last: str | None = None
        self.due = 0.0

    def tell(self, seq: int) -> tuple[str, str]:
        """The cursor of an item at `seq` and the one it follows; the first follows itself."""
        cursor = self._works.cursors.at(seq)
        follows = self.last or cursor
        self.last = cursor
        self._place.delivered = seq
        self.due = asyncio.get_running_loop().time() + self._works.heartbeat_seconds
        return cursor, follows

    def heartbeat(self, seq: int) -> Heartbeat:
        """Everything up to `seq` was read."""
        cursor, follows = self.tell(seq)
        return Heartbeat(cursor, follows, datetime.now(UTC), round(self._works.lag_seconds() * 1000))

    async def revoked(self) -> Revoked | None:
        """The last item, when the viewer may read no longer."""
        reason = await self._place.revoked(self._works.reread)
        return Revoked(reason, self.last or self._after) if reason else None

    @property
    def silent_too_long(self) -> bool:
        """Whether a heartbeat is owed."""
        return asyncio.get_running_loop().time() >= self.due
