"""Supervisions of cases."""

from collections.abc import Collection
from uuid import UUID

from db.rows import Connection, identity, to_domain
from db.visibility import children
from domain.supervision import Supervision
from domain.viewer import Viewer


async def of_incidents(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Supervision]]:
    """The supervisions of visible cases, in the order of issue."""
    found: dict[UUID, list[Supervision]] = {incident_id: [] for incident_id in ids}
    order = "c.issued_at, c.id"
    for row in await children("supervision", ids, viewer=viewer, order=order, connection=connection):
        found[identity(row["incident_id"])].append(to_domain(Supervision, row))
    return found


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Supervision]:
    """Supervisions of visible cases by id."""
    found = await children("supervision", ids, viewer=viewer, order="c.id", by="id", connection=connection)
    return {it.id: it for it in (to_domain(Supervision, row) for row in found)}
