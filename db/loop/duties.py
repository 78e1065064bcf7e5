"""Whose lawful duty a matter is, over every unit (R35)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from db import dictionaries
from db.rows import Connection, Sql, both, either, identity, one_of, read, select
from db.visibility import everyone
from domain.org import OrgKind
from domain.rules.loop.giving import Holder
from domain.viewer import Viewer


async def holders(
    category_id: UUID,
    region_ids: Collection[UUID],
    at: datetime,
    *,
    viewer: Viewer,
    connection: Connection | None = None,
) -> list[Holder]:
    """Active units with a duty in force there for the category or one above it."""
    levels = await _levels(category_id, connection)
    where = both(
        one_of("d.category_id", levels),
        either(Sql("d.region_id IS NULL"), one_of("d.region_id", sorted(region_ids))),
        Sql("d.valid_from <= ? AND (d.valid_to IS NULL OR d.valid_to > ?) AND o.active", (at, at)),
        everyone(viewer),
    )
    source = "duty_item d JOIN org_unit o ON o.id = d.org_id"
    found = await read(select("d.org_id, d.category_id, o.kind", source, where, "ORDER BY d.id"), connection)
    return [
        Holder(
            org_id=identity(row["org_id"]),
            kind=OrgKind(row["kind"]),
            distance=levels.index(identity(row["category_id"])),
        )
        for row in found
    ]


async def _levels(category_id: UUID, connection: Connection | None) -> list[UUID]:
    """The category and those above it, upwards."""
    tree = await dictionaries.tree([category_id], connection)
    levels: list[UUID] = []
    above: UUID | None = category_id
    while above is not None and above in tree:
        levels.append(above)
        above = tree[above].parent_id
    return levels
