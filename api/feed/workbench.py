"""The state stream of a desk: says when to look at it again (design §5)."""

import asyncio
from collections.abc import AsyncGenerator

from api.feed.hearing import wanted
from api.feed.items import Filter, RevokedReason
from api.feed.place import Place
from api.feed.works import Works
from domain.errors import DomainError, ErrorCode
from domain.event import LoggedEvent
from domain.viewer import Viewer

STREAM = "workbench"
PACE = 1.0  # seconds
_REFUSALS = {
    RevokedReason.RIGHTS_CHANGED: ErrorCode.FORBIDDEN,
    RevokedReason.SESSION_ENDED: ErrorCode.UNAUTHENTICATED,
    RevokedReason.ACCOUNT_LOCKED: ErrorCode.ACCOUNT_LOCKED,
}


class _Mark:
    """Whether anything happened since the desk was looked at."""

    def __init__(self) -> None:
        self.set = True

    def put(self, _logged: LoggedEvent) -> bool:
        """Something happened; what it was says the desk itself."""
        self.set = True
        return True

    def empty(self) -> None:
        """The desk is looked at now."""
        self.set = False


class WorkbenchStream:
    """One reader of a desk. Time alone moves what is on it, so that it is looked at with every heartbeat too."""

    def __init__(self, works: Works, viewer: Viewer) -> None:
        self._works = works
        self._mark = _Mark()
        self._place = Place(viewer, STREAM, wanted(viewer, Filter()), self._mark, works.cursors)

    async def ticks(self) -> AsyncGenerator[None]:
        """At once, at most once a second when something changed, else as often as streams beat; until the server ends.

        A revocation raises FORBIDDEN, UNAUTHENTICATED or ACCOUNT_LOCKED: the desk's type has no place for one.
        """
        loop = asyncio.get_running_loop()
        with self._works.hub.joined(self._place):
            self._works.hub.go_live(self._place)
            soonest = latest = loop.time()
            while not self._works.hub.draining:
                if reason := await self._place.revoked(self._works.reread):
                    raise DomainError(_REFUSALS[reason])
                now = loop.time()
                if now >= (soonest if self._mark.set else latest):
                    self._mark.empty()
                    self._place.delivered = self._place.position
                    soonest, latest = now + PACE, now + self._works.heartbeat_seconds
                    yield None
                else:
                    await self._place.pause(soonest if self._mark.set else latest)
