"""What a rule answers: the case as it is afterwards, and what to write in the log (design §3, ADR 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.action import ActionName
from domain.assignment import Assignment
from domain.case import Case, put
from domain.clock import case_light
from domain.event import Event, EventKind, Fact, Scopes, Subject
from domain.incident import Incident
from domain.life.derivation import derive


@dataclass(frozen=True, slots=True)
class Outcome:
    """The case after a command or a sweep step, settled, and its events in order."""

    case: Case
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What a rule says about itself: `row` of domain.md B.3, who did it (None: the sweep), and plain facts."""

    at: datetime
    kind: EventKind
    row: str
    action: ActionName | None = None
    actor_id: UUID | None = None
    assignment_id: UUID | None = None
    data: Mapping[str, Fact] = field(default_factory=dict)


# Light changes and reminders do not bump versions; cards, states and fields do (design §8).
_UNVERSIONED_INCIDENT = ("light", "loop_completeness", "request_count", "version")
_UNVERSIONED_ASSIGNMENT = ("light", "version")


def conclude(before: Case | None, after: Case, happenings: Sequence[Happening]) -> Outcome:
    """Settle derived values, bump the versions of what changed, and write one event per object.

    `before` is None for a new case. Every happening gives an event on the incident; each assignment whose
    version changed gets an event of its own after the first.
    """
    settled = _bump(before, _settle(after))
    scopes_before = before.scopes() if before else None
    scopes_after = settled.scopes()
    first, *rest = happenings
    events = [_event(first, settled.incident, scopes_before, scopes_after)]
    events += [
        _event(_secondary(first), row, scopes_before, scopes_after)
        for row in settled.assignments
        if row.version != _version_before(before, row)
    ]
    events += [_event(happening, settled.incident, scopes_before, scopes_after) for happening in rest]
    return Outcome(settled, tuple(events))


def _secondary(happening: Happening) -> Happening:
    """The kind of an assignment's event: ASSIGNED stays, everything else is CHANGED."""
    kind = happening.kind if happening.kind is EventKind.ASSIGNED else EventKind.CHANGED
    return replace(happening, kind=kind)


def _settle(case: Case) -> Case:
    """State by derivation (B.5), lights, the case's due time and its completeness, all from the rows."""
    lit = tuple(
        replace(row, light=case_light(c for c in case.clocks if c.assignment_id == row.id))
        for row in case.assignments
    )
    return derive(replace(case, assignments=lit))


def _bump(before: Case | None, case: Case) -> Case:
    if before is None:
        return case
    rows = tuple(
        replace(row, version=row.version + 1)
        for row in case.assignments
        if (old := _find(before, row.id)) and _differs(old, row, _UNVERSIONED_ASSIGNMENT)
    )
    incident = case.incident
    parts = ("verifications", "followups", "supervisions", "media", "notes", "complainant", "requests")
    if _differs(before.incident, incident, _UNVERSIONED_INCIDENT) or any(
        getattr(before, part) != getattr(case, part) for part in parts
    ):
        incident = replace(incident, version=incident.version + 1)
    return replace(case, incident=incident, assignments=put(case.assignments, *rows))


def _differs(old: Incident | Assignment, new: Incident | Assignment, ignored: tuple[str, ...]) -> bool:
    return any(
        getattr(old, name) != getattr(new, name) for name in type(old).__slots__ if name not in ignored
    )


def _find(case: Case, assignment_id: UUID) -> Assignment | None:
    return next((row for row in case.assignments if row.id == assignment_id), None)


def _version_before(before: Case | None, row: Assignment) -> int:
    old = _find(before, row.id) if before else None
    return old.version if old else 0


def _event(
    happening: Happening, subject: Incident | Assignment, scopes_before: Scopes | None, scopes_after: Scopes
) -> Event:
    is_row = isinstance(subject, Assignment)
    return Event(
        at=happening.at,
        kind=happening.kind,
        subject=Subject(type(subject).__name__, subject.id, subject.version),
        row=happening.row,
        action=happening.action,
        actor_id=happening.actor_id,
        incident_id=subject.incident_id if isinstance(subject, Assignment) else subject.id,
        assignment_id=subject.id if is_row else happening.assignment_id,
        scopes_before=scopes_before,
        scopes_after=scopes_after,
        data=happening.data,
    )
