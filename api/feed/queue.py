"""A unit's queue as events change it: what is merged of them, and what they mean for the rows of a case."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from api.feed.items import Changed, Entered, Left, QueueLeftReason
from db import assignments, event_log, orgs
from db.connection import read_cut
from db.lists.filters import Test
from db.lists.pages import Slice
from domain.assignment import Assignment, AssignmentState
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, LoggedEvent
from domain.viewer import Viewer
from domain.visibility import visibility_of

Rows = dict[UUID, Assignment]
Moved = Entered | Changed | Left

_PAGE = 100
_OPEN = tuple(state for state in AssignmentState if state.in_queue)
_LAST = datetime.max.replace(tzinfo=UTC)
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
class Change:
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


class Changes:
    """Changes merged per case, so that a busy moment costs memory by cases, not by entries."""

    def __init__(self) -> None:
        self._by_case: OrderedDict[UUID, Change] = OrderedDict()

    def __len__(self) -> int:
        """How many cases wait."""
        return len(self._by_case)

    def put(self, logged: LoggedEvent) -> None:
        """Merge it."""
        incident_id = logged.event.incident_id
        if incident_id is not None:
            self._by_case.setdefault(incident_id, Change(logged.seq)).add(logged)

    def take(self) -> tuple[UUID, Change] | None:
        """The case that waited longest."""
        return self._by_case.popitem(last=False) if self._by_case else None


async def read_open(viewer: Viewer, org_id: UUID) -> tuple[int, Rows]:
    """The log's head and all open rows of a unit, as one instant."""
    rows: list[Assignment] = []
    position: tuple[object, ...] | None = None
    async with read_cut() as connection:
        cut = await event_log.head(connection)
        while True:
            page = await assignments.page(
                viewer=viewer,
                tests=(Test("orgUnit", "eq", org_id), Test("state", "in", _OPEN)),
                order="HANDLE_DUE_AT_ASC",
                slice_=Slice(_PAGE, position=position),
                connection=connection,
            )
            rows += page.rows
            if not page.has_next:
                return cut, {row.id: row for row in rows}
            position = page.positions[-1]


async def read_case(viewer: Viewer, org_id: UUID, incident_id: UUID, before: Rows) -> Rows:
    """The unit's rows of one case as they are now, and what became of those it had `before`."""
    found = await assignments.of_incidents([incident_id], viewer=viewer)
    now = {row.id: row for row in found.get(incident_id, ()) if row.org_id == org_id}
    return now | await assignments.get(before.keys() - now.keys(), viewer=viewer)


def differences(known: Rows, before: Rows, now: Rows, change: Change, cursor: str) -> Iterator[Moved]:
    """What became of the unit's rows of one case; `known` is brought up to date."""
    for row in now.values():
        if not row.state.in_queue:
            continue
        if row.id not in known:
            yield Entered(cursor, row)
        elif kinds := change.of(row.id):
            yield Changed(cursor, row, kinds)
        known[row.id] = row
    for row in before.values():
        after = now.get(row.id)
        if after is None or not after.state.in_queue:
            del known[row.id]
            yield Left(cursor, row.id, row.incident_no, _reason(after, change))


def in_order(rows: Mapping[UUID, Assignment]) -> list[Assignment]:
    """By due time, as the list was read."""
    return sorted(rows.values(), key=lambda row: (row.handle_due_at or _LAST, str(row.id)))


def merged(told: Moved, then: Moved) -> Moved | None:
    """One item for two about the same row of which the first was told nobody yet; None for none at all."""
    if isinstance(told, Entered):
        return None if isinstance(then, Left) else Entered(then.cursor, then.assignment)
    if isinstance(told, Changed) and isinstance(then, Changed):
        kinds = {*told.kinds, *then.kinds}
        return Changed(then.cursor, then.assignment, tuple(kind for kind in EventKind if kind in kinds))
    return then


def subject_of(item: Moved) -> UUID:
    """Which row an item is about."""
    return item.assignment_id if isinstance(item, Left) else item.assignment.id


def _reason(row: Assignment | None, change: Change) -> QueueLeftReason:
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
