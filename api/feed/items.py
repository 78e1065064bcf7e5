"""What streams carry, before the schema gives it GraphQL types (core.graphql, Subscription)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.assignment import Assignment
from domain.event import EventKind, LoggedEvent
from domain.term import Term


class GapReason(Term):
    """断档原因: why a stream cannot go on without a gap."""

    RETENTION = "RETENTION", "超出保留期", "The position is older than what the log serves"
    OVERLOAD = "OVERLOAD", "消费过慢", "The reader was too slow"
    EPOCH_CHANGED = "EPOCH_CHANGED", "日志已重建", "The log began a new life after a restore"


class RevokedReason(Term):
    """撤销原因: why a stream was taken away."""

    RIGHTS_CHANGED = "RIGHTS_CHANGED", "权限变更", "Posts or rights changed"
    SESSION_ENDED = "SESSION_ENDED", "会话已结束", "The session ended"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED", "账号已锁定", "The account was locked"


class QueueLeftReason(Term):
    """出列原因: why an assignment left a unit's queue."""

    DONE = "DONE", "办结", "Done"
    RETURNED = "RETURNED", "退单", "Returned"
    WITHDRAWN = "WITHDRAWN", "撤回", "Withdrawn"
    REDISPATCHED = "REDISPATCHED", "改派或重办", "Given again, to this unit or another"
    VOIDED = "VOIDED", "作废", "The case was voided"
    RIGHTS = "RIGHTS", "无权查看", "No longer visible to the viewer"


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry of the log that the viewer may hear of; `follows` is the cursor of the item before it."""

    cursor: str
    follows: str
    logged: LoggedEvent

    @property
    def actor_id(self) -> UUID | None:
        """Who did it."""
        return self.logged.event.actor_id

    @property
    def incident_id(self) -> UUID | None:
        """The case it is about."""
        return self.logged.event.incident_id

    @property
    def assignment_id(self) -> UUID | None:
        """The row that is meant."""
        return self.logged.event.assignment_id


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The position read so far. `at` is wall time; `lag_ms` is how long ago the process knew the log's end."""

    cursor: str
    follows: str
    at: datetime
    lag_ms: int


@dataclass(frozen=True, slots=True)
class Gap:
    """The last item of a stream that cannot go on; `start` is the cursor it could not go on from."""

    gap: GapReason
    start: str | None
    resume_at: str | None


@dataclass(frozen=True, slots=True)
class Revoked:
    """The last item of a stream whose viewer lost the right to it."""

    revoked: RevokedReason
    resume_at: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A chunk of a unit's queue; all chunks are of the cut at `cursor`, the last one is `complete`."""

    items: tuple[Assignment, ...]
    total: int
    complete: bool
    cursor: str


@dataclass(frozen=True, slots=True)
class Entered:
    """An assignment that is new in the queue."""

    cursor: str
    assignment: Assignment


@dataclass(frozen=True, slots=True)
class Changed:
    """An assignment of the queue as it is now; `kinds` are merged when several changes came as one."""

    cursor: str
    assignment: Assignment
    kinds: tuple[EventKind, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """An assignment that is no longer in the queue."""

    cursor: str
    assignment_id: UUID
    incident_no: str
    reason: QueueLeftReason


@dataclass(frozen=True, slots=True)
class Stretch:
    """A page of the log. `end` is the cursor to go on from, and `more` whether entries may follow it."""

    items: list[Happened]
    more: bool
    end: str


FeedItem = Happened | Heartbeat | Gap | Revoked
QueueItem = Snapshot | Entered | Changed | Left | Heartbeat | Revoked


@dataclass(frozen=True, slots=True)
class Consumer:
    """One stream of this process: who reads it, since when (wall time), how far, how many ms behind the log."""

    person_id: UUID
    stream: str
    since: datetime
    cursor: str | None
    lag_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a reader of `feed` or `events` wants of what it may hear; empty is everything."""

    kinds: frozenset[EventKind] | None = None
    incident_id: UUID | None = None
