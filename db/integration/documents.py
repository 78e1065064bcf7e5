"""Stored documents: run by whoever knows the hash, read by administrators alone."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from db import rows
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, read_count, read_page
from db.rows import FALSE, TRUE, Connection, Sql, both, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from domain.action import ActionName
from domain.errors import DomainError, ErrorCode
from domain.integration.document import Document
from domain.permission import permitted
from domain.viewer import Viewer

_TABLE = "document"
_NEWEST = Order("d.created_at", datetime, "d.id", descending=True)


async def page(*, viewer: Viewer, slice_: Slice, connection: Connection | None = None) -> Page[Document]:
    """Documents, the newest first."""
    return await read_page(_listing(viewer), _NEWEST, slice_, _document, connection)


async def count(
    *, viewer: Viewer, cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many documents, exact up to `cap`."""
    return await read_count(_listing(viewer), cap, connection)


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Document]:
    """Documents by id."""
    where = both(one_of("id", sorted(set(ids))), open_to(viewer))
    return {it.id: it for it in await _found(where, connection)}


async def by_hash(sha256: str, *, connection: Connection | None = None) -> Document | None:
    """The document whose text has that hash, retired or not."""
    found = await _found(Sql("sha256 = ?", (sha256,)), connection)
    return found[0] if found else None


async def by_id(document_id: UUID, *, connection: Connection | None = None) -> Document | None:
    """The document, retired or not."""
    found = await _found(Sql("id = ?", (document_id,)), connection)
    return found[0] if found else None


async def load(work: Work, document_id: UUID, field: str = "id") -> Document:
    """The document, locked. NOT_FOUND naming the field."""
    await rows.lock(work.connection, _TABLE, document_id)
    found = await by_id(document_id, connection=work.connection)
    if found is None:
        raise DomainError(ErrorCode.NOT_FOUND, field)
    return found


async def insert(work: Work, document: Document) -> Document:
    """Write a new document; another of the same text, locked, where there is one."""
    if await rows.insert_unless_taken(work.connection, _TABLE, to_columns(document)):
        return document
    (taken,) = await _found(Sql("sha256 = ?", (document.sha256,)), work.connection)
    return await load(work, taken.id)


async def save(work: Work, before: Document, after: Document) -> None:
    """Write what changed of a document."""
    await rows.save(work.connection, _TABLE, to_columns(before), to_columns(after))


def open_to(viewer: Viewer) -> Sql:
    """Who may bind a key to a document may read documents and keys."""
    return TRUE if permitted(viewer, ActionName.createIntegrationKey) else FALSE


def _listing(viewer: Viewer) -> Listing:
    return Listing("d.*", "document d", open_to(viewer))


async def _found(where: Sql, connection: Connection | None) -> list[Document]:
    return [_document(row) for row in await read(select("*", _TABLE, where), connection)]


def _document(row: rows.Row) -> Document:
    return to_domain(Document, row)
