"""A case whole: the incident with everything that hangs on it, as a rule sees it (design §3)."""

from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from domain.assignment import Assignment, AssignmentRole
from domain.clock import Clock, ClockType
from domain.complainant import Complainant
from domain.dictionary import Category
from domain.errors import DomainError, ErrorCode
from domain.event import Scopes
from domain.followup import FollowUp
from domain.incident import Incident, Note
from domain.loop.pause import Pause
from domain.loop.request import Request, RequestKind
from domain.loop.score import ScoreEntry
from domain.media import Media
from domain.supervision import Supervision
from domain.verification import Verification


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> UUID:
        """The row's key."""


R = TypeVar("R", bound=Identified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One incident, locked and loaded. `region_ids` is the incident's region and every region above it.

    Tuples are ordered: assignments by (round, seq), the others by creation. `others` are the complainants of cases
    merged into this one (T7), each still owed a reply. `community_ids` are the streets' and communities' units that
    serve the incident's own division. `scores` and `pauses` are what this act adds: append-only, never loaded.
    """

    incident: Incident
    category: Category
    region_ids: tuple[UUID, ...]
    complainant: Complainant | None = None
    assignments: tuple[Assignment, ...] = ()
    clocks: tuple[Clock, ...] = ()
    verifications: tuple[Verification, ...] = ()
    followups: tuple[FollowUp, ...] = ()
    supervisions: tuple[Supervision, ...] = ()
    media: tuple[Media, ...] = ()
    notes: tuple[Note, ...] = ()
    requests: tuple[Request, ...] = ()
    others: tuple[Complainant, ...] = ()
    community_ids: frozenset[UUID] = frozenset()
    scores: tuple[ScoreEntry, ...] = ()
    pauses: tuple[Pause, ...] = ()

    @property
    def complainants(self) -> tuple[Complainant, ...]:
        """Everyone linked who has not withdrawn: the case's own and those of merged cases (B.6 T31, T40)."""
        own = (self.complainant,) if self.complainant else ()
        return tuple(it for it in (*own, *self.others) if it.withdrawn_at is None)

    def waiting(self, *kinds: RequestKind, assignment_id: UUID | None = None) -> tuple[Request, ...]:
        """The pending requests of these kinds (of that row, when given)."""
        return tuple(
            it
            for it in self.requests
            if it.pending and it.kind in kinds and assignment_id in {None, it.assignment_id}
        )

    def asked(self, kind: RequestKind, org_id: UUID) -> tuple[Request, ...]:
        """Every request of that kind a unit has made on this case, decided ones included."""
        return tuple(it for it in self.requests if it.kind is kind and it.org_id == org_id)

    @property
    def supports(self) -> tuple[Assignment, ...]:
        """The SUPPORT rows of the current round that are not ended."""
        return tuple(
            row
            for row in self.assignments
            if row.role is AssignmentRole.SUPPORT and row.round == self.incident.round and row.state.live
        )

    def assignment(self, assignment_id: UUID) -> Assignment:
        """The row of that id; NOT_FOUND when it is not this case's."""
        for row in self.assignments:
            if row.id == assignment_id:
                return row
        raise DomainError(ErrorCode.NOT_FOUND, "id")

    @property
    def leads(self) -> tuple[Assignment, ...]:
        """L of B.5 and B.6 B: LEAD rows of the current round that are not ended."""
        return tuple(
            row
            for row in self.assignments
            if row.role is AssignmentRole.LEAD and row.round == self.incident.round and row.state.live
        )

    def running(self, kind: ClockType, assignment_id: UUID | None = None) -> tuple[Clock, ...]:
        """Clocks of that type that run (of that row, when given)."""
        return tuple(
            clock
            for clock in self.clocks
            if clock.type is kind
            and clock.running
            and (assignment_id is None or clock.assignment_id == assignment_id)
        )

    def scopes(self) -> Scopes:
        """The inputs of visibility as they stand (design §7)."""
        return Scopes(
            orgs=frozenset(row.org_id for row in self.assignments if row.state.visible),
            regions=self.region_ids,
            grid=self.incident.grid_id,
            reporter=self.incident.reporter_id,
            complainant=self.complainant.person_id if self.complainant else None,
            incident=self.incident.id,
        )

    def handled_by(self, org_id: UUID | None) -> bool:
        """Whether the unit held a LEAD or SUPPORT row in any round (B.6 E: who handles may not verify)."""
        return any(row.org_id == org_id and row.role is not AssignmentRole.CC for row in self.assignments)


def put(rows: tuple[R, ...], *changed: R) -> tuple[R, ...]:
    """The tuple with rows of the same id replaced, new ones appended."""
    new = {row.id: row for row in changed}
    kept = [new.pop(row.id, row) for row in rows]
    return (*kept, *new.values())
