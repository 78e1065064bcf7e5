"""The feed of one process: made by the server, handed to resolvers as `context.feed` (design §5)."""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from uuid import UUID

from api.feed import history
from api.feed.attendance import Attendance, Attendee
from api.feed.board import BoardStream
from api.feed.cursors import Cursors, Signer
from api.feed.hearing import of_command_centre, wanted
from api.feed.history import Asked
from api.feed.hub import Hub, Reread
from api.feed.items import Consumer, FeedItem, Filter, QueueItem, Stretch
from api.feed.queue import QueueStream, unit_of
from api.feed.revocation import present_viewer
from api.feed.stream import EventStream
from api.feed.tail import Tail
from api.feed.workbench import WorkbenchStream
from api.feed.works import Works
from db import dictionaries, event_log, grids, incidents
from db.bell import Bell
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, LoggedEvent
from domain.rules import rights
from domain.viewer import Viewer
from domain.visibility import visibility_of

MAX_FIRST = 100


class Feed:
    """One per process: `start` after the store and the bell are open, `drain` before the sockets, `stop` at the end.

    `on_death` is called when the log can no longer be followed; the process must end then.
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
        self.cursors = Cursors(signer)
        self._hub = Hub(self.cursors)
        self._attendance = Attendance(reread, self._hub.suspect)
        self._listeners: list[Callable[[Sequence[LoggedEvent]], None]] = []
        self._tail = Tail(bell, self._deliver, on_death, poll_seconds=poll_seconds)
        self._works = Works(
            self._hub, self.cursors, reread, lambda: self.lag_seconds, heartbeat_seconds, capacity
        )

    async def start(self) -> None:
        """Follow the log from its present head."""
        self.cursors.epoch = await event_log.epoch()
        self._hub.position = await event_log.head()
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

    def consumers(self) -> Sequence[Consumer]:
        """Who reads streams of this process."""
        return self._hub.consumers(self.lag_seconds)

    def everything(self, viewer: Viewer, after: str | None, chosen: Filter) -> AsyncGenerator[FeedItem]:
        """`feed`: all that the viewer may hear. BAD_CURSOR."""
        return EventStream(self._works, viewer, "feed", wanted(viewer, chosen), after).items()

    def command_centre(self, viewer: Viewer, after: str | None) -> AsyncGenerator[FeedItem]:
        """`commandCentre`: new, red, escalated, supervised, surging. FORBIDDEN but for who sees everything."""
        if not visibility_of(viewer).everything:
            raise DomainError(ErrorCode.FORBIDDEN)
        return EventStream(self._works, viewer, "commandCentre", of_command_centre(viewer), after).items()

    async def incident_changed(
        self, viewer: Viewer, incident_id: UUID, after: str | None
    ) -> AsyncGenerator[FeedItem]:
        """`incidentChanged`: one case. NOT_FOUND when it is absent or invisible; BAD_CURSOR."""
        if incident_id not in await incidents.get([incident_id], viewer=viewer):
            raise DomainError(ErrorCode.NOT_FOUND, "id")
        wants = wanted(viewer, Filter(incident_id=incident_id))
        return EventStream(self._works, viewer, "incidentChanged", wants, after).items()

    async def department_queue(
        self, viewer: Viewer, org_id: UUID | None, first: int
    ) -> AsyncGenerator[QueueItem]:
        """`departmentQueue`: a unit's open assignments, by default the viewer's own unit.

        NOT_FOUND, field `orgUnitId`, for a unit that is not the viewer's; PAGE_SIZE_REQUIRED unless 1 to 100.
        """
        if not 1 <= first <= MAX_FIRST:
            raise DomainError(ErrorCode.PAGE_SIZE_REQUIRED, "first")
        return QueueStream(self._works, viewer, await unit_of(viewer, org_id), first).items()

    def board(self, viewer: Viewer) -> AsyncGenerator[None]:
        """`board`: when to count again; at once, then after changes, at most once a second."""
        return BoardStream(self._works, viewer).ticks()

    def workbench(self, viewer: Viewer) -> AsyncGenerator[None]:
        """`workbench`: when to look at a desk again; at once, after changes, and as time goes by."""
        return WorkbenchStream(self._works, viewer).ticks()

    async def events(self, viewer: Viewer, after: str | None, chosen: Filter, first: int) -> Stretch:
        """The query twin of `feed`: the next `first` entries. BAD_CURSOR."""
        return await history.events(viewer, after, chosen, first, self.cursors)

    async def of_incidents(self, asked: Sequence[Asked]) -> list[Stretch | DomainError]:
        """The entries of cases that the viewer was shown already, in one batch. BAD_CURSOR."""
        return await history.of_incidents(asked, self.cursors)

    async def _deliver(self, batch: Sequence[LoggedEvent]) -> None:
        kinds = {it.event.kind for it in batch}
        if EventKind.GRID in kinds:
            grids.forget()
        if EventKind.DICTIONARY in kinds:
            dictionaries.forget()
        for listener in self._listeners:
            listener(batch)
        self._hub.deliver(batch)
        people = rights.touched(it.event for it in batch)
        self._hub.suspect(people)
        self._attendance.suspect(people)
        await self._attendance.settle()
