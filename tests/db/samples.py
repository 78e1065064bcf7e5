"""Ready-made events for the tests of the store."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from domain.action import ActionName
from domain.event import Event, EventKind, Fact, Scopes, Subject

CASE = UUID("0192c0de-0000-7000-8000-000000000001")
WHEN = datetime(2024, 10, 24, 1, 30, 0, 123456, tzinfo=UTC)


def event(
    *, kind: EventKind = EventKind.REPORTED, incident: UUID | None = CASE, data: dict[str, Fact] | None = None
) -> Event:
    """An event of `incident` with every part filled."""
    return Event(
        at=WHEN,
        kind=kind,
        subject=Subject("Incident", incident or uuid4(), 3),
        row="T2",
        action=ActionName.reportIncident,
        actor_id=uuid4(),
        incident_id=incident,
        assignment_id=uuid4(),
        scopes_before=None,
        scopes_after=Scopes(
            frozenset({uuid4(), uuid4()}), (uuid4(), uuid4()), uuid4(), uuid4(), None, incident
        ),
        data=data
        or {"state": "NEW", "round": 1, "share": 0.1, "orgs": ["甲", "乙"], "none": None, "late": False},
    )
