"""What the same person reported before (R05): found by account or by the blind index of the phone."""

from uuid import UUID

from db.complainants import phone_index
from db.rows import Connection, both, either, identity, one_of, read, select
from db.visibility import of_case
from domain.complainant import Complainant
from domain.viewer import Viewer

MOST = 20
"""How many of a person's latest cases are looked at."""


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
