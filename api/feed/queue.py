"""The state stream of a unit: its open assignments as a list of one cut, then what enters, changes and leaves it."""

from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from api.feed.hearing import of_unit
from api.feed.hub import Place
from api.feed.items import Changed, Entered, Left, QueueItem, QueueLeftReason, Snapshot
from api.feed.works import Teller, Works
from db import assignments, event_log, orgs
from db.connection import read_cut
from db.lists.filters import Test
from db.lists.pages import Slice
from domain.assignment import Assignment, AssignmentState
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, LoggedEvent
from domain.viewer import Viewer
from domain.visibility import visibility_of

STREAM = "departmentQueue"
_PAGE = 100
_OPEN = tuple(state for state in AssignmentState if state.in_queue)
_REASONS = {
    AssignmentState.DONE: QueueLeftReason.DONE,
    AssignmentState.RETURNED: QueueLeftReason.RETURNED,
    AssignmentState.REJECTED_RESULT: QueueLeftReason.REDISPATCHED,
}
_CANCELLED_BY = {
    "T13b": QueueLeftReason.REDISPATCHED,
    "T19": QueueLeftReason.REDISPATCHED,
    "T36": QueueLeftReason.VOIDED,
}  # by row of domain.md B.3; any other takes the assignment back


@dataclass(slots=True)
class _Change:
    """What happened to one case since its reader last looked: kinds by the row meant, None for the case itself.

    `rows` are the rows of domain.md B.3 that did it.
    """

    seq: int
    rows: set[str] = field(default_factory=set)
    kinds: dict[UUID | None, set[EventKind]] = field(default_factory=dict)

    def add(self, logged: LoggedEvent) -> None:
        """Merge one more entry."""
        self.seq = logged.seq
        self.rows.add(logged.event.row)
        self.kinds.setdefault(logged.event.assignment_id, set()).add(logged.event.kind)

    def of(self, assignment_id: UUID) -> tuple[EventKind, ...]:
        """The kinds that concern a row, in the order of the vocabulary."""
        said = self.kinds.get(assignment_id, set()) | self.kinds.get(None, set())
        return tuple(kind for kind in EventKind if kind in said)


class _Changes:
    """Changes merged per case, so that a slow reader costs memory by cases, not by entries."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._by_case: OrderedDict[UUID, _Change] = OrderedDict()

    def put(self, logged: LoggedEvent) -> bool:
        """Merge it; False when too many cases wait."""
        incident_id = logged.event.incident_id
        if incident_id is None:
            return True
        if incident_id not in self._by_case and len(self._by_case) >= self._capacity:
            return False
        self._by_case.setdefault(incident_id, _Change(logged.seq)).add(logged)
        return True

    def empty(self) -> None:
        """Drop everything."""
        self._by_case.clear()

    def take(self) -> tuple[UUID, _Change] | None:
        """The case that waited longest."""
        return self._by_case.popitem(last=False) if self._by_case else None


class QueueStream:
    """One reader of one unit's queue. `_known` are the rows it has been told of."""

    def __init__(self, works: Works, viewer: Viewer, org_id: UUID, first: int) -> None:
        self._works = works
        self._viewer = viewer
        self._org_id = org_id
        self._first = first
        self._changes = _Changes(works.capacity)
        self._place = Place(viewer, STREAM, of_unit(org_id), self._changes)
        self._teller = Teller(works, self._place)
        self._known: dict[UUID, Assignment] = {}
        self._pending: deque[QueueItem] = deque()
        self._cut = self._seq = 0
        self._over = False

    async def items(self) -> AsyncGenerator[QueueItem]:
        """The queue in chunks, then what moves it; it ends with a revocation or the server.

        Raises UNAVAILABLE when the reader is too slow even for merged changes.
        """
        with self._works.hub.joined(self._place):
            self._works.hub.go_live(self._place)
            await self._read_cut()
            while not self._over:
                yield await self._next()

    async def _read_cut(self) -> None:
        """All open rows and the log's head as one instant."""
        rows: list[Assignment] = []
        position: tuple[object, ...] | None = None
        async with read_cut() as connection:
            self._cut = self._seq = await event_log.head(connection)
            while True:
                page = await assignments.page(
                    viewer=self._viewer,
                    tests=(Test("orgUnit", "eq", self._org_id), Test("state", "in", _OPEN)),
                    order="HANDLE_DUE_AT_ASC",
                    slice_=Slice(_PAGE, position=position),
                    connection=connection,
                )
                rows += page.rows
                if not page.has_next:
                    break
                position = page.positions[-1]
        self._known = {row.id: row for row in rows}
        self._pending.extend(self._chunks(rows))

    def _chunks(self, rows: list[Assignment]) -> Iterator[Snapshot]:
        cursor = self._works.cursors.at(self._cut)
        for start in range(0, max(len(rows), 1), self._first):
            end = start + self._first
            yield Snapshot(tuple(rows[start:end]), len(rows), end >= len(rows), cursor)

    async def _next(self) -> QueueItem:
        while True:
            if ended := await self._ended():
                return ended
            if self._pending:
                self._teller.tell(self._seq)
                return self._pending.popleft()
            if taken := self._changes.take():
                await self._compare(*taken)
            elif self._teller.silent_too_long:
                self._seq = max(self._seq, self._place.position)
                return self._teller.heartbeat(self._seq)
            else:
                await self._place.pause(self._teller.due)

    async def _ended(self) -> QueueItem | None:
        revoked = await self._teller.revoked()
        if self._place.overflown:
            raise DomainError(ErrorCode.UNAVAILABLE, facts={"reason": "OVERLOAD"})
        self._over = revoked is not None or self._works.hub.draining
        if revoked is None and self._over:
            return self._teller.heartbeat(self._seq)
        return revoked

    async def _compare(self, incident_id: UUID, change: _Change) -> None:
        """Say what became of the unit's rows of one case, from the rows as they are now."""
        if change.seq <= self._cut:
            return
        self._seq = max(self._seq, change.seq)
        before = {row.id: row for row in self._known.values() if row.incident_id == incident_id}
        found = await assignments.of_incidents([incident_id], viewer=self._viewer)
        now = {row.id: row for row in found.get(incident_id, ()) if row.org_id == self._org_id}
        now |= await assignments.get(before.keys() - now.keys(), viewer=self._viewer)
        cursor = self._works.cursors.at(change.seq)
        for row in now.values():
            if row.state.in_queue:
                self._say_open(row, change, cursor)
        for row in before.values():
            self._say_left(row, now.get(row.id), change, cursor)

    def _say_open(self, row: Assignment, change: _Change, cursor: str) -> None:
        if row.id not in self._known:
            self._pending.append(Entered(cursor, row))
        elif kinds := change.of(row.id):
            self._pending.append(Changed(cursor, row, kinds))
        self._known[row.id] = row

    def _say_left(self, row: Assignment, now: Assignment | None, change: _Change, cursor: str) -> None:
        if now is not None and now.state.in_queue:
            return
        del self._known[row.id]
        self._pending.append(Left(cursor, row.id, row.incident_no, _reason(now, change)))


def _reason(row: Assignment | None, change: _Change) -> QueueLeftReason:
    if row is None:
        return QueueLeftReason.RIGHTS
    if row.state in _REASONS:
        return _REASONS[row.state]
    by_row = (_CANCELLED_BY[name] for name in sorted(change.rows & _CANCELLED_BY.keys()))
    return next(by_row, QueueLeftReason.WITHDRAWN)


async def unit_of(viewer: Viewer, org_id: UUID | None) -> UUID:
    """Whose queue the viewer may read: any of the own handling units, or every unit for who sees everything.

    By default the own unit. NOT_FOUND, field `orgUnitId`.
    """
    own = viewer.handler_orgs
    if org_id is None:
        org_id = min(own) if own and viewer.org_id not in own else viewer.org_id
    if org_id is not None and (org_id in own or await _open_to(viewer, org_id)):
        return org_id
    raise DomainError(ErrorCode.NOT_FOUND, "orgUnitId")


async def _open_to(viewer: Viewer, org_id: UUID) -> bool:
    return visibility_of(viewer).everything and org_id in await orgs.get([org_id], viewer=viewer)
