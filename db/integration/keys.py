"""Integration keys, found by the hash of their secret."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from db import rows
from db.integration.documents import open_to
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, read_count, read_page
from db.rows import Connection, Sql, both, either, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from domain.errors import DomainError, ErrorCode
from domain.integration.key import NOTED_EVERY, IntegrationKey
from domain.viewer import Viewer

_TABLE = "integration_key"
_NEWEST = Order("k.created_at", datetime, "k.id", descending=True)


async def page(
    *, viewer: Viewer, slice_: Slice, connection: Connection | None = None
) -> Page[IntegrationKey]:
    """Keys, the newest first."""
    return await read_page(_listing(viewer), _NEWEST, slice_, _key, connection)


async def count(
    *, viewer: Viewer, cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many keys, exact up to `cap`."""
    return await read_count(_listing(viewer), cap, connection)


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, IntegrationKey]:
    """Keys by id."""
    where = both(one_of("id", sorted(set(ids))), open_to(viewer))
    return {it.id: it for it in await _found(where, connection)}


async def by_id(key_id: UUID, *, connection: Connection | None = None) -> IntegrationKey | None:
    """The key, live or not."""
    found = await _found(Sql("id = ?", (key_id,)), connection)
    return found[0] if found else None


async def by_hash(secret_hash: str, *, connection: Connection | None = None) -> IntegrationKey | None:
    """The key of a secret, live or not."""
    found = await _found(Sql("secret_hash = ?", (secret_hash,)), connection)
    return found[0] if found else None


async def load(work: Work, key_id: UUID) -> IntegrationKey:
    """The key, locked. NOT_FOUND, field `id`."""
    await rows.lock(work.connection, _TABLE, key_id)
    found = await by_id(key_id, connection=work.connection)
    if found is None:
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    return found


async def unrevoked_of(work: Work, document_id: UUID) -> list[IntegrationKey]:
    """The keys of a locked document that nobody has revoked, locked in the order of their ids."""
    where = Sql("document_id = ? AND revoked_at IS NULL", (document_id,))
    found = await _found(where, work.connection)
    locked = [await load(work, it.id) for it in sorted(found, key=lambda it: it.id)]
    return [it for it in locked if it.revoked_at is None]


async def insert(work: Work, key: IntegrationKey) -> None:
    """Write a new key."""
    await rows.insert(work.connection, _TABLE, [to_columns(key)])


async def save(work: Work, before: IntegrationKey, after: IntegrationKey) -> None:
    """Write what changed of a key."""
    await rows.save(work.connection, _TABLE, to_columns(before), to_columns(after))


async def note_use(work: Work, key_id: UUID, now: datetime) -> None:
    """Write when a key was used (wall time), unless that was written less than `NOTED_EVERY` ago."""
    stale = either(Sql("last_used_at IS NULL"), Sql("last_used_at <= ?", (now - NOTED_EVERY,)))
    where = both(Sql("id = ?", (key_id,)), stale)
    await rows.update(work.connection, _TABLE, {"last_used_at": now}, where)


def _listing(viewer: Viewer) -> Listing:
    return Listing("k.*", "integration_key k", open_to(viewer))


async def _found(where: Sql, connection: Connection | None) -> list[IntegrationKey]:
    return [_key(row) for row in await read(select("*", _TABLE, where), connection)]


def _key(row: rows.Row) -> IntegrationKey:
    return to_domain(IntegrationKey, row)
