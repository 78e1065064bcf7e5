"""The feed of one process: made by the server, handed to resolvers as `context.feed` (design §5)."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from api.feed import history
from api.feed.cursors import Cursors, Signer
from api.feed.hearing import Wants, of_command_centre, wanted
from api.feed.history import Asked
from api.feed.hub import Hub, Reread
from api.feed.items import Consumer, FeedItem, Filter, QueueItem, Stretch
from api.feed.presence.attendance import Attendance, Attendee
from api.feed.presence.revocation import present_viewer
from api.feed.queue import unit_of
from api.feed.shares.events import EventShare
from api.feed.shares.latest import LatestShare, Same
from api.feed.shares.queue import QueueShare
from api.feed.shares.share import Render, Share
from api.feed.stream import Opens, Stream
from api.feed.tail import Tail
from api.feed.workbench import WorkbenchStream
from api.feed.works import Works
from db import dictionaries, event_log, grids, incidents, orgs
from db.bell import Bell
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, LoggedEvent
from domain.rules import rights
from domain.viewer import Viewer
from domain.visibility import visibility_of

MAX_FIRST = 100


class Feed:
    """One per process: `start` after the store and the bell are open, `drain` before the sockets, `stop` at the end.

    `on_death` is called when the log can no longer be followed; the process must end then. `process` tells it from
    the others, `started_at` is the position it began at.
    """

    def __init__(
        self,
        signer: Signer,
        bell: Bell,
        on_death: Callable[[BaseException], None],
        *,
        heartbeat_seconds: float = 10.0,
        capacity: int = 1000,
        poll_seconds: float = 1.0,
        reread: Reread = present_viewer,
    ) -> None:
        self.process = uuid4()
        self.started_at = 0
        self.cursors = Cursors(signer)
        self._hub = Hub()
        self._attendance = Attendance(reread, self._hub.suspect)
        self._listeners: list[Callable[[Sequence[LoggedEvent]], None]] = []
        self._tail = Tail(
            bell, self._deliver, on_death, poll_seconds=poll_seconds, reading=self._hub.turns.live
        )
        self._works = Works(
            self._hub, self.cursors, reread, lambda: self.lag_seconds, heartbeat_seconds, capacity
        )

    async def start(self) -> None:
        """Follow the log from its present head."""
        self.cursors.epoch = await event_log.epoch()
        await self._hub.window.open()
        self.started_at = self._hub.position
        self._tail.start(self._hub.position)

    async def drain(self, patience: float = 2.0) -> None:
        """Let every stream say its last position and complete; new ones complete at once."""
        await self._hub.drain(patience)

    async def stop(self) -> None:
        """Stop following the log."""
        await self._tail.stop()

    @property
    def alive(self) -> bool:
        """Whether the log is followed."""
        return self._tail.alive

    @property
    def lag_seconds(self) -> float:
        """How long ago this process knew that it had read the whole log."""
        return self._tail.lag_seconds

    def listen(self, listener: Callable[[Sequence[LoggedEvent]], None]) -> None:
        """Hand each batch of the log to whoever keeps something that events change, before any stream hears of it."""
        self._listeners.append(listener)

    def attend(self, viewer: Viewer, expires_at: datetime | None) -> Attendee:
        """Somebody is on a socket until `expires_at` (wall time) if that is given; keep the result with the socket."""
        return self._attendance.attend(viewer, expires_at)

    @property
    def reading(self) -> int:
        """How many streams are read."""
        return self._hub.reading

    @property
    def shares(self) -> int:
        """How many different streams that is."""
        return len(self._hub.shares)

    @property
    def blocks(self) -> int:
        """How many blocks of the log were read for those who caught up."""
        return self._hub.window.reads

    def consumers(self) -> Sequence[Consumer]:
        """Who reads streams of this process."""
        return self._hub.consumers(self.lag_seconds)

    def everything(
        self, viewer: Viewer, after: str | None, chosen: Filter, attendee: Attendee | None = None
    ) -> Stream[FeedItem]:
        """`feed`: all that the viewer may hear. BAD_CURSOR when it is read.

        Here and below `attendee` is the socket that the viewer sits on, if it does.
        """
        opens = self._events("feed", lambda reads: wanted(reads, chosen), chosen.incident_id)
        return Stream(self._works, viewer, opens, after=after, vouched=self.vouches(attendee, viewer))

    def command_centre(
        self, viewer: Viewer, after: str | None, attendee: Attendee | None = None
    ) -> Stream[FeedItem]:
        """`commandCentre`: new, red, escalated, supervised, surging. FORBIDDEN but for who sees everything."""
        if not visibility_of(viewer).everything:
            raise DomainError(ErrorCode.FORBIDDEN)
        opens = self._events("commandCentre", of_command_centre)
        return Stream(self._works, viewer, opens, after=after, vouched=self.vouches(attendee, viewer))

    async def incident_changed(
        self, viewer: Viewer, incident_id: UUID, after: str | None, attendee: Attendee | None = None
    ) -> Stream[FeedItem]:
        """`incidentChanged`: one case. NOT_FOUND when it is absent or invisible; BAD_CURSOR."""
        if incident_id not in await incidents.get([incident_id], viewer=viewer):
            raise DomainError(ErrorCode.NOT_FOUND, "id")
        only = Filter(incident_id=incident_id)
        opens = self._events("incidentChanged", lambda reads: wanted(reads, only), incident_id)
        vouched = self.vouches(attendee, viewer)
        return Stream(self._works, viewer, opens, after=after, lasting=False, vouched=vouched)

    def shared(self, key: Hashable) -> Share | None:
        """The share of that key, if anybody reads it and others may join unasked."""
        found = self._hub.shares.get(key)
        return found if isinstance(found, Share) and found.lasting else None

    def vouches(self, attendee: Attendee | None, viewer: Viewer) -> bool:
        """Whether the viewer's rights are as the log says: kept with the socket, and nothing was said of them since."""
        return attendee is not None and attendee.viewer is viewer and self._attendance.sure_of(attendee)

    async def department_queue(
        self, viewer: Viewer, org_id: UUID | None, first: int, attendee: Attendee | None = None
    ) -> Stream[QueueItem]:
        """`departmentQueue`: a unit's open assignments, by default the viewer's own unit.

        NOT_FOUND, field `orgUnitId`, for a unit that is not the viewer's; PAGE_SIZE_REQUIRED unless 1 to 100.
        """
        if not 1 <= first <= MAX_FIRST:
            raise DomainError(ErrorCode.PAGE_SIZE_REQUIRED, "first")
        unit = await unit_of(viewer, org_id)

        def opens(key: Hashable, render: Render, reads: Viewer) -> Share:
            share = QueueShare(self._works, key, render, reads=reads, org_id=unit, first=first)
            self._hub.listen(share)
            return share

        return Stream(self._works, viewer, opens, vouched=self.vouches(attendee, viewer))

    def latest(
        self,
        stream: str,
        viewer: Viewer,
        count: Callable[[Viewer], Awaitable[Any]],
        same: Same,
        attendee: Attendee | None = None,
    ) -> Stream[Any]:
        """A state stream of one value: as `count` finds it for who reads, at once, and then when it is not the `same`.

        It is counted after events that the viewer may hear of, at most once a second, once for a whole class.
        """

        def opens(key: Hashable, render: Render, reads: Viewer) -> Share:
            share = LatestShare(
                self._works,
                stream,
                key,
                render,
                visibility=visibility_of(reads),
                count=lambda: count(reads),
                same=same,
            )
            self._hub.listen(share)
            return share

        return Stream(self._works, viewer, opens, vouched=self.vouches(attendee, viewer))

    def workbench(self, viewer: Viewer) -> AsyncGenerator[None]:
        """`workbench`: when to look at a desk again; at once, after changes, and as time goes by."""
        return WorkbenchStream(self._works, viewer).ticks()

    async def events(self, viewer: Viewer, after: str | None, chosen: Filter, first: int) -> Stretch:
        """The query twin of `feed`: the next `first` entries. BAD_CURSOR."""
        return await history.events(viewer, after, chosen, first, self.cursors)

    async def of_incidents(self, asked: Sequence[Asked]) -> list[Stretch | DomainError]:
        """The entries of cases that the viewer was shown already, in one batch. BAD_CURSOR."""
        return await history.of_incidents(asked, self.cursors)

    def _events(
        self, stream: str, wants_of: Callable[[Viewer], Wants], incident_id: UUID | None = None
    ) -> Opens:
        def opens(key: Hashable, render: Render, reads: Viewer) -> Share:
            share = EventShare(
                self._works,
                stream,
                key,
                render,
                visibility=visibility_of(reads),
                wants=wants_of(reads),
                incident_id=incident_id,
            )
            self._hub.listen(share)
            return share

        return opens

    async def _deliver(self, batch: Sequence[LoggedEvent]) -> None:
        kinds = {it.event.kind for it in batch}
        if EventKind.GRID in kinds:
            grids.forget()
        if EventKind.DICTIONARY in kinds:
            dictionaries.forget()
            orgs.forget()
        for listener in self._listeners:
            listener(batch)
        self._hub.deliver(batch)
        people = rights.touched(it.event for it in batch)
        self._hub.suspect(people)
        self._attendance.suspect(people)
        await self._attendance.settle()
