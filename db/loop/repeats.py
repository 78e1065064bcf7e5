"""What the same person reported before (R05), found by account or by the phone's blind index; and what was answered."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.complainants import phone_index
from db.rows import Connection, Sql, both, either, identity, moment, one_of, parsed, read, select
from db.visibility import of_case
from domain.complainant import Complainant
from domain.errors import DomainError, ErrorCode
from domain.incident import RejectReason
from domain.viewer import Viewer

MOST = 20
"""How many of a person's latest cases are looked at."""

LISTED = 1_000
"""How many answered calls a report counts; a span that holds more is refused."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """The calls of a span that were answered with the progress of one earlier case, the latest first."""

    earlier_id: UUID
    call_ids: tuple[UUID, ...]
    first_at: datetime
    last_at: datetime


async def of_person(
    who: Complainant, *, viewer: Viewer, connection: Connection | None = None
) -> tuple[UUID, ...]:
    """The ids of the visible cases the person asked for, the latest first."""
    same = either(
        one_of("c.person_id", [who.person_id] if who.person_id else []),
        one_of("c.phone_index", [phone_index(who.phone)] if who.phone else []),
    )
    source = "incident i JOIN complainant c ON c.id = i.complainant_id"
    query = select(
        "i.id", source, both(same, of_case(viewer)), f"ORDER BY i.reported_at DESC, i.id LIMIT {MOST}"
    )
    return tuple(identity(row["id"]) for row in await read(query, connection))


async def answered(
    since: datetime, until: datetime, *, viewer: Viewer, connection: Connection | None = None
) -> list[Repeated]:
    """Of the visible calls reported in [since, until) and answered as repeated: most often first, then the latest.

    Which case a call repeats stands in the log alone. TOO_COSTLY (field `from`) for more than `LISTED` calls.
    """
    span = Sql(
        "i.reported_at >= ? AND i.reported_at < ? AND i.reject_reason = ?",
        (since, until, RejectReason.NO_NEW_FACTS),
    )
    told = Sql("e.incident_id = i.id AND e.subject_id = i.id AND e.row = 'R05'")
    tail = f"ORDER BY i.reported_at DESC, i.id LIMIT {LISTED + 1}"
    query = select(
        "i.id, i.reported_at, e.data",
        "incident i CROSS JOIN event_log e",
        both(span, told, of_case(viewer)),
        tail,
    )
    calls: dict[UUID, list[tuple[UUID, datetime]]] = {}
    said = await read(query, connection)
    if len(said) > LISTED:
        raise DomainError(ErrorCode.TOO_COSTLY, "from", facts={"what": "calls", "limit": LISTED})
    for row in said:
        earlier = parsed(row["data"]).get("earlier") if row["data"] else None
        if earlier:
            calls.setdefault(UUID(earlier), []).append((identity(row["id"]), moment(row["reported_at"])))
    found = [Repeated(key, tuple(call for call, _ in of), of[-1][1], of[0][1]) for key, of in calls.items()]
    return sorted(found, key=lambda it: (len(it.call_ids), it.last_at), reverse=True)
