"""Who is on a socket: their rights follow the log, and an ended session ends the socket (design §5, §7)."""

import asyncio
import time
import weakref
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

from api.feed.hub import Reread
from api.feed.items import RevokedReason
from api.feed.presence.ended import Ended
from domain.viewer import Viewer


class Attendee:
    """One person on one socket. `viewer` is kept as the log says; `ended` is set when the session is over.

    `expires_at` is when the access token or integration key ends (wall time; None: never), unless the token is
    renewed on the same socket.
    """

    __slots__ = ("__weakref__", "_expiries", "ended", "expires_at", "viewer")

    def __init__(self, viewer: Viewer, expires_at: datetime | None, expiries: "Expiries") -> None:
        self.viewer = viewer
        self.ended = Ended()
        self.expires_at = expires_at
        self._expiries = expiries
        if expires_at is not None:
            expiries.expect(self, expires_at)

    def renew(self, expires_at: datetime) -> None:
        """The session goes on until then: `refreshSession` was answered on this socket."""
        self.expires_at = expires_at
        self._expiries.expect(self, expires_at)


class Expiries:
    """Ends the sockets whose time is over, and calls `expired` with the person, whose streams ask again to say why.

    One timer for all who end within the same second; whoever was renewed or has gone meanwhile is passed over.
    """

    def __init__(self, expired: Callable[[AbstractSet[UUID]], None]) -> None:
        self._expired = expired
        self._due: dict[int, list[weakref.ref[Attendee]]] = {}

    def expect(self, attendee: Attendee, expires_at: datetime) -> None:
        """Somebody's time is over then."""
        second = int(expires_at.timestamp())
        if second not in self._due:
            self._due[second] = []
            asyncio.get_running_loop().call_later(max(second - time.time(), 0), self._strike, second)
        self._due[second].append(weakref.ref(attendee))

    def _strike(self, second: int) -> None:
        """The second has begun; each has its moment in it."""
        loop, now = asyncio.get_running_loop(), time.time()
        for reference in self._due.pop(second, ()):
            attendee = reference()
            if attendee is not None and attendee.expires_at is not None:
                loop.call_later(
                    max(attendee.expires_at.timestamp() - now, 0), self._expire, reference, second
                )

    def _expire(self, reference: weakref.ref[Attendee], second: int) -> None:
        attendee = reference()
        until = attendee.expires_at if attendee is not None else None
        if attendee is not None and until is not None and int(until.timestamp()) <= second:
            attendee.ended.set()
            self._expired({attendee.viewer.person_id})


class Attendance:
    """Everybody on the sockets of this process; forgotten with the socket that holds the `Attendee`.

    `expired` is called with the person whose time on a socket is over.
    """

    def __init__(self, reread: Reread, expired: Callable[[AbstractSet[UUID]], None]) -> None:
        self._reread = reread
        self._expiries = Expiries(expired)
        self._present: weakref.WeakSet[Attendee] = weakref.WeakSet()
        self._suspects: set[UUID] = set()

    def attend(self, viewer: Viewer, expires_at: datetime | None) -> Attendee:
        """Somebody signed in on a socket."""
        attendee = Attendee(viewer, expires_at, self._expiries)
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
