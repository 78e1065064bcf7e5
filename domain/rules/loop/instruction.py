"""A leader's words and two flags of a case (domain.md B.3 T39, C.2 R16 to R18)."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from domain import text
from domain.case import Case, put
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.incident import Note, NoteKind
from domain.life.outcome import Outcome, conclude
from domain.rules.act import Act


def pinned(notes: Iterable[Note]) -> list[Note]:
    """T39: leaders' instructions before every other note, each kind as it came."""
    return sorted(notes, key=lambda it: it.kind is not NoteKind.INSTRUCTION)


def instruct(act: Act, case: Case, words: str) -> Outcome:
    """T39: a leader's instruction of 1 to 1000 characters, which stays before every other note. BAD_INPUT."""
    note = Note(
        id=act.new_id(),
        incident_id=case.incident.id,
        author_id=act.actor.person_id,
        text=text.checked(words, "text"),
        at=act.now,
        kind=NoteKind.INSTRUCTION,
    )
    data: dict[str, Fact] = {"note": str(note.id)}
    return conclude(case, replace(case, notes=(*case.notes, note)), [act.happening("T39", data=data)])


def acknowledge(act: Act, case: Case, note_id: UUID) -> Outcome:
    """R16: a unit has received it. NOT_FOUND (field `noteId`) for other notes, GUARD_FAILED for a second receipt."""
    note = next((it for it in case.notes if it.id == note_id and it.kind is NoteKind.INSTRUCTION), None)
    if note is None:
        raise DomainError(ErrorCode.NOT_FOUND, "noteId", rule="R16")
    if note.received_at is not None:
        raise DomainError(ErrorCode.GUARD_FAILED, "noteId", rule="R16")
    received = replace(note, received_by_id=act.actor_id, received_at=act.now)
    data: dict[str, Fact] = {"note": str(note.id)}
    return conclude(case, replace(case, notes=put(case.notes, received)), [act.happening("R16", data=data)])


def mark_urgent(act: Act, case: Case) -> Outcome:
    """R17: the flag 加急; the limits stay as they are."""
    after = replace(case, incident=replace(case.incident, urgent=True))
    return conclude(case, after, [act.happening("R17")])


def mark_historic(act: Act, case: Case) -> Outcome:
    """R18: the flag 历史遗留, which takes the case out of the on-time rate."""
    after = replace(case, incident=replace(case.incident, historic=True))
    return conclude(case, after, [act.happening("R18")])
