"""The state stream of the board: says when to count again, at most once a second (design §5)."""

import asyncio
from collections.abc import AsyncGenerator

from api.feed.hearing import wanted
from api.feed.items import Filter, RevokedReason
from api.feed.place import Place
from api.feed.works import Works
from domain.errors import DomainError, ErrorCode
from domain.event import LoggedEvent
from domain.viewer import Viewer

STREAM = "board"
PACE = 1.0  # seconds
_REFUSALS = {
    RevokedReason.RIGHTS_CHANGED: ErrorCode.FORBIDDEN,
    RevokedReason.SESSION_ENDED: ErrorCode.UNAUTHENTICATED,
    RevokedReason.ACCOUNT_LOCKED: ErrorCode.ACCOUNT_LOCKED,
}


class _Mark:
    """Whether anything happened; every entry is like any other."""

    def __init__(self) -> None:
        self.set = True

    def put(self, _logged: LoggedEvent) -> bool:
        """Something happened."""
        self.set = True
        return True

    def empty(self) -> None:
        """Nothing happened."""
        self.set = False


class BoardStream:
    """One reader of the board."""

    def __init__(self, works: Works, viewer: Viewer) -> None:
        self._works = works
        self._mark = _Mark()
        self._place = Place(viewer, STREAM, wanted(viewer, Filter()), self._mark, works.cursors)

    async def ticks(self) -> AsyncGenerator[None]:
        """At once, and then when something changed; it ends with the server.

        A revocation raises FORBIDDEN, UNAUTHENTICATED or ACCOUNT_LOCKED: the board's type has no place for one.
        """
        loop = asyncio.get_running_loop()
        with self._works.hub.joined(self._place):
            self._works.hub.go_live(self._place)
            due = loop.time()
            while not self._works.hub.draining:
                if reason := await self._place.revoked(self._works.reread):
                    raise DomainError(_REFUSALS[reason])
                now = loop.time()
                if self._mark.set and now >= due:
                    self._mark.empty()
                    self._place.delivered = self._place.position
                    due = now + PACE
                    yield None
                else:
                    await self._place.pause(due if self._mark.set else now + self._works.heartbeat_seconds)
