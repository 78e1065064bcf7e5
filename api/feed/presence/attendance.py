"""Who is on a socket: their rights follow the log, and an ended session ends the socket (design §5, §7)."""

import asyncio
import weakref
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from uuid import UUID

from api.feed.hub import Reread
from api.feed.items import RevokedReason
from domain.viewer import Viewer


class Attendee:
    """One person on one socket. `viewer` is kept as the log says; `ended` is set when the session is over.

    `expires_at` is when the access token or integration key ends (wall time; None: never), unless the token is
    renewed on the same socket; `expired` is called with the person then.
    """

    def __init__(
        self, viewer: Viewer, expires_at: datetime | None, expired: Callable[[AbstractSet[UUID]], None]
    ) -> None:
        self.viewer = viewer
        self.ended = asyncio.Event()
        self._expired = expired
        self._timer: asyncio.TimerHandle | None = None
        if expires_at is not None:
            self.renew(expires_at)

    def renew(self, expires_at: datetime) -> None:
        """The session goes on until then: `refreshSession` was answered on this socket."""
        if self._timer is not None:
            self._timer.cancel()
        seconds = (expires_at - datetime.now(UTC)).total_seconds()
        self._timer = asyncio.get_running_loop().call_later(max(seconds, 0), _expire, weakref.ref(self))

    def expire(self) -> None:
        """The time is over: the socket ends, and the person's streams ask again, to say why."""
        self.ended.set()
        self._expired({self.viewer.person_id})


class Attendance:
    """Everybody on the sockets of this process; forgotten with the socket that holds the `Attendee`.

    `expired` is called with the person whose time on a socket is over.
    """

    def __init__(self, reread: Reread, expired: Callable[[AbstractSet[UUID]], None]) -> None:
        self._reread = reread
        self._expired = expired
        self._present: weakref.WeakSet[Attendee] = weakref.WeakSet()
        self._suspects: set[UUID] = set()

    def attend(self, viewer: Viewer, expires_at: datetime | None) -> Attendee:
        """Somebody signed in on a socket."""
        attendee = Attendee(viewer, expires_at, self._expired)
        self._present.add(attendee)
        return attendee

    def sure_of(self, attendee: Attendee) -> bool:
        """Whether what is known of somebody's rights is all that was said of them."""
        return attendee.viewer.person_id not in self._suspects and not attendee.ended.is_set()

    def suspect(self, people: AbstractSet[UUID]) -> None:
        """Something was said about the rights of these people, of whom there are none as a rule."""
        if people:
            self._suspects |= {it.viewer.person_id for it in self._present} & people

    async def settle(self) -> None:
        """Read the suspects again; a refusal of the database leaves them for the next time."""
        while self._suspects:
            person_id = next(iter(self._suspects))
            for attendee in [it for it in self._present if it.viewer.person_id == person_id]:
                now = await self._reread(attendee.viewer)
                if isinstance(now, RevokedReason):
                    attendee.ended.set()
                else:
                    attendee.viewer = now
            self._suspects.discard(person_id)


def _expire(reference: weakref.ref[Attendee]) -> None:
    attendee = reference()
    if attendee is not None:
        attendee.expire()
