"""Saved filters: nobody but their owner reads them."""

from collections.abc import Collection
from uuid import UUID

from db import rows
from db.rows import Connection, Sql, both, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from domain.errors import DomainError, ErrorCode
from domain.saved_filter import SavedFilter
from domain.viewer import Viewer

_TABLE = "saved_filter"


async def of_viewer(*, viewer: Viewer, connection: Connection | None = None) -> list[SavedFilter]:
    """The viewer's own, by name."""
    return await _found(_owned(viewer.person_id), connection)


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, SavedFilter]:
    """The viewer's own by id; those of others are absent."""
    where = both(one_of("id", sorted(set(ids))), _owned(viewer.person_id))
    return {it.id: it for it in await _found(where, connection)}


async def load_all(work: Work, person_id: UUID) -> list[SavedFilter]:
    """All of a person, behind the person's lock: two commands count and compare them one after the other."""
    await rows.lock(work.connection, "person", person_id)
    return await _found(_owned(person_id), work.connection)


async def load(work: Work, person_id: UUID, filter_id: UUID) -> tuple[SavedFilter, list[SavedFilter]]:
    """One of a person's and the others, behind the person's lock. NOT_FOUND, field `id`."""
    known = await load_all(work, person_id)
    found = [it for it in known if it.id == filter_id]
    if not found:
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    return found[0], [it for it in known if it.id != filter_id]


async def insert(work: Work, saved: SavedFilter) -> None:
    """Write a new one."""
    await rows.insert(work.connection, _TABLE, [to_columns(saved)])


async def save(work: Work, before: SavedFilter, after: SavedFilter) -> None:
    """Write what changed."""
    await rows.save(work.connection, _TABLE, to_columns(before), to_columns(after))


async def delete(work: Work, saved: SavedFilter) -> None:
    """Forget it."""
    await rows.write(Sql(f"DELETE FROM {_TABLE} WHERE id = ?", (saved.id,)), work.connection)  # noqa: S608 - our table


def _owned(person_id: UUID) -> Sql:
    return Sql("person_id = ?", (person_id,))


async def _found(where: Sql, connection: Connection | None) -> list[SavedFilter]:
    query = select("*", _TABLE, where, "ORDER BY name, id")
    return [to_domain(SavedFilter, row) for row in await read(query, connection)]
