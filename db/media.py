"""Uploads: the rows; the files are kept elsewhere."""

from collections.abc import Collection, Sequence
from uuid import UUID

from db import rows
from db.rows import Connection, Sql, both, either, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import children, of_case, unprotected
from domain.errors import DomainError, ErrorCode
from domain.media import Media
from domain.viewer import Viewer

_TABLE = "media"


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Media]:
    """Pictures of visible cases that are not about the viewer's unit (R81), and the viewer's own unattached ones."""
    own = Sql("m.incident_id IS NULL AND m.uploaded_by_id = ?", (viewer.person_id,))
    attached = both(Sql("m.incident_id IS NOT NULL"), of_case(viewer), unprotected(viewer))
    where = both(one_of("m.id", sorted(set(ids))), either(own, attached))
    source = "media m LEFT JOIN incident i ON i.id = m.incident_id"
    found = [to_domain(Media, row) for row in await read(select("m.*", source, where), connection)]
    return {it.id: it for it in found}


async def of_incidents(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Media]]:
    """The pictures of cases, in the order of upload; who may read them is masked by the case (R81)."""
    order = "c.uploaded_at, c.id"
    found: dict[UUID, list[Media]] = {incident_id: [] for incident_id in ids}
    for row in await children(_TABLE, ids, viewer=viewer, order=order, connection=connection):
        found[rows.identity(row["incident_id"])].append(to_domain(Media, row))
    return found


async def insert(work: Work, media: Media) -> None:
    """Write an upload."""
    await rows.insert(work.connection, _TABLE, [to_columns(media)])


async def attach(work: Work, media: Sequence[Media]) -> None:
    """Give uploads to the case they name. BAD_INPUT, field `mediaIds`, when one is attached already."""
    for it in media:
        changes = {"incident_id": it.incident_id, "purpose": it.purpose}
        free = Sql("id = ? AND incident_id IS NULL", (it.id,))
        if not await rows.update(work.connection, _TABLE, changes, free):
            raise DomainError(ErrorCode.BAD_INPUT, "mediaIds", zh="图片已被使用", en="The picture is in use")
