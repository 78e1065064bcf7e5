"""Which cases were merged into another."""

from collections.abc import Collection
from uuid import UUID

from db.cases import incident_of
from db.rows import Connection, Sql, both, identity, one_of, read, select
from db.visibility import of_case
from domain.incident import Incident, IncidentState
from domain.viewer import Viewer


async def merged_into(
    master_id: UUID, *, viewer: Viewer, connection: Connection | None = None
) -> tuple[UUID, ...]:
    """The ids of the visible cases merged into that one, in the order of ids."""
    merged = Sql("i.master_id = ? AND i.state = ?", (master_id, IncidentState.MERGED))
    query = select("i.id", "incident i", both(merged, of_case(viewer)), "ORDER BY i.id")
    return tuple(identity(row["id"]) for row in await read(query, connection))


async def of_masters(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Incident]]:
    """The visible cases merged into these, in the order of their reports."""
    found: dict[UUID, list[Incident]] = {master_id: [] for master_id in ids}
    merged = Sql("i.state = ?", (IncidentState.MERGED,))
    where = both(one_of("i.master_id", sorted(found)), merged, of_case(viewer))
    for row in await read(select("i.*", "incident i", where, "ORDER BY i.reported_at, i.id"), connection):
        found[identity(row["master_id"])].append(incident_of(row))
    return found
