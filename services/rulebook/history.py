"""What every change of an entry leaves behind: its version in the history, and an event (S40)."""

from datetime import datetime
from uuid import UUID

from db import dictionaries
from db.rulebook import changes
from db.unit_of_work import Work
from domain.action import ActionName
from domain.dictionary import DictionaryChange, DictionaryNoun
from domain.errors import DomainError, ErrorCode
from domain.event import Event, EventKind, Fact, Subject
from services.command import Call


async def begin(work: Work) -> None:
    """Hold the dictionaries until the transaction ends, and keep nothing of them meanwhile."""
    dictionaries.changing(work)
    await changes.alone(work)


def check_named(entry_id: UUID | None, expected_version: int | None) -> None:
    """BAD_INPUT (expectedVersion) where an entry is named without the version its caller saw, or the reverse."""
    if (entry_id is None) is not (expected_version is None):
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "expectedVersion" if expected_version is None else "id",
            zh="id 与 expectedVersion 须同时给出",
            en="Give both id and expectedVersion, or neither",
        )


async def record(
    work: Work,
    call: Call,
    noun: DictionaryNoun,
    subject: Subject,
    data: dict[str, object],
    *,
    valid_from: datetime,
    reason: str | None = None,
) -> UUID:
    """Keep the version of the entry as it is now; the id of the change."""
    change = DictionaryChange(
        id=call.new_id(),
        noun=noun,
        subject_id=subject.id,
        version=subject.version,
        data=data,
        valid_from=valid_from,
        reason=reason,
        changed_by_id=None if call.actor.system else call.actor.person_id,
        changed_at=call.now,
    )
    await changes.record(work, change)
    return change.id


def tell(work: Work, call: Call, action: ActionName, subject: Subject, row: str, **data: Fact) -> None:
    """Every process forgets what it kept of the dictionaries when it reads this."""
    work.append(
        Event(
            at=call.now,
            kind=EventKind.DICTIONARY,
            subject=subject,
            row=row,
            action=action,
            actor_id=None if call.actor.system else call.actor.person_id,
            data=data,
        )
    )
