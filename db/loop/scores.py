"""Points of units, as they were booked on cases."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from db.rows import FALSE, Connection, Sql, both, identity, one_of, read, select, to_domain
from db.visibility import apart, of_case
from domain.loop.score import ScoreEntry, ScoreType
from domain.permission import units_of
from domain.viewer import Viewer
from domain.visibility import SEE_EVERYTHING


def shown_to(viewer: Viewer, alias: str = "c") -> Sql:
    """The command centre sees every entry of the cases it sees, a unit its own; residents none."""
    if viewer.roles & SEE_EVERYTHING:
        return apart(viewer.recused, f"{alias}.incident_id")
    if not viewer.handler_orgs:
        return FALSE
    return both(of_case(viewer), one_of(f"{alias}.org_id", sorted(units_of(viewer))))


async def of_incidents(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[ScoreEntry]]:
    """What was booked on these cases and the viewer may see, oldest first."""
    found: dict[UUID, list[ScoreEntry]] = {incident_id: [] for incident_id in ids}
    where = both(one_of("c.incident_id", sorted(found)), shown_to(viewer))
    if where == FALSE or not found:
        return found
    source = "score_entry c JOIN incident i ON i.id = c.incident_id"
    for row in await read(select("c.*", source, where, "ORDER BY c.at, c.id"), connection):
        found[identity(row["incident_id"])].append(to_domain(ScoreEntry, row))
    return found


async def reds(
    orgs: Collection[UUID], since: datetime, until: datetime, incident_id: UUID, *, connection: Connection
) -> dict[UUID, int]:
    """How many red cards these units got in that span on other cases (E6)."""
    span = Sql("type = ? AND at > ? AND at <= ?", (ScoreType.RED_CARD, since, until))
    where = both(one_of("org_id", sorted(orgs)), span, Sql("incident_id <> ?", (incident_id,)))
    if not orgs:
        return {}
    found = await read(select("org_id, COUNT(*) AS n", "score_entry", where, "GROUP BY org_id"), connection)
    return {identity(row["org_id"]): row["n"] for row in found}
