"""Checks of cases."""

from collections.abc import Collection
from uuid import UUID

from db.rows import Connection, identity, to_domain
from db.visibility import children
from domain.verification import Verification
from domain.viewer import Viewer


async def of_incidents(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Verification]]:
    """The checks of visible cases, in the order of their birth."""
    found: dict[UUID, list[Verification]] = {incident_id: [] for incident_id in ids}
    order = "c.created_at, c.id"
    for row in await children("verification", ids, viewer=viewer, order=order, connection=connection):
        found[identity(row["incident_id"])].append(to_domain(Verification, row))
    return found


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Verification]:
    """Checks of visible cases by id."""
    found = await children("verification", ids, viewer=viewer, order="c.id", by="id", connection=connection)
    return {it.id: it for it in (to_domain(Verification, row) for row in found)}
