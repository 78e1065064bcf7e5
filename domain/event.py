"""What the log says happened, and who may hear of it (design §4, §5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.action import ActionName
from domain.term import Term

Scalar = str | int | float | bool | None
Fact = Scalar | list[Scalar]


class EventKind(Term):
    """事件类别: what an entry of the log means to a console."""

    REPORTED = "REPORTED", "上报", "A case was reported (T2)"
    CHANGED = "CHANGED", "变更", "Something of a case changed"
    ASSIGNED = "ASSIGNED", "派遣", "A unit was given the case (T11)"
    LIGHT = "LIGHT", "亮灯", "A clock's light changed colour (R21)"
    ESCALATED = "ESCALATED", "升级", "The timer escalated (B.4)"
    SUPERVISED = "SUPERVISED", "督办", "A person issued a supervision (T37)"
    SURGE = "SURGE", "激增", "Reports of a kind surged (S34)"
    CLOCK_MOVED = "CLOCK_MOVED", "时限调整", "A due time moved"
    RIGHTS = "RIGHTS", "权限", "Posts, sessions or rights changed"
    DICTIONARY = "DICTIONARY", "字典", "A dictionary entry changed"
    GRID = "GRID", "网格", "A grid changed (R61)"


@dataclass(frozen=True, slots=True)
class Subject:
    """The one object an event is about: `noun` is the GraphQL type name."""

    noun: str
    id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Scopes:
    """Exactly the inputs of visibility for one case (design §7).

    `orgs`: units whose assignment is not RETURNED, CANCELLED or REJECTED_RESULT; `regions`: the case's region
    and every region above it; `reporter` and `complainant` are persons; `incident` is the case itself, which
    whoever declared an interest keeps out of (R82).
    """

    orgs: frozenset[UUID] = frozenset()
    regions: tuple[UUID, ...] = ()
    grid: UUID | None = None
    reporter: UUID | None = None
    complainant: UUID | None = None
    incident: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry to be written: ids, codes, numbers and times only; no names, phones, addresses or free text.

    `incident_id` is set on every event of a case whatever its subject; `assignment_id` when one row is meant;
    `action` and `actor_id` are None for the sweep; `row` cites domain.md B.3. `scopes_*` are None for events
    that are not about a case. `person_id` is set when one person's rights changed (kind RIGHTS).
    """

    at: datetime
    kind: EventKind
    subject: Subject
    row: str
    action: ActionName | None = None
    actor_id: UUID | None = None
    incident_id: UUID | None = None
    assignment_id: UUID | None = None
    person_id: UUID | None = None
    scopes_before: Scopes | None = None
    scopes_after: Scopes | None = None
    data: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An entry as the log holds it: `seq` is the order of commit."""

    seq: int
    event: Event
    hash: bytes
