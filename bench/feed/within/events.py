"""The event that everything is measured with."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from db import event_log
from db.unit_of_work import Work
from domain.event import Event, EventKind, Subject


async def pattern_of(case: UUID) -> Event:
    """The last real entry about the case."""
    return (await event_log.of_incident(case, 0, 100))[-1].event


def changed(pattern: Event, case: UUID, ordinal: int) -> Event:
    """A change of the case, with the scopes it really has, and an ordinal as its version."""
    return replace(
        pattern,
        at=datetime.now(UTC),
        kind=EventKind.CHANGED,
        subject=Subject("Incident", case, ordinal),
        assignment_id=None,
        scopes_before=pattern.scopes_after,
        data={},
    )


async def write(work: Work, pattern: Event, case: UUID, ordinals: range) -> None:
    """Append one for each ordinal, as a command does."""
    for ordinal in ordinals:
        work.append(changed(pattern, case, ordinal))
