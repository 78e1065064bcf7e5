"""Drafts: nobody but their author reads them, and what is typed is sealed, for it may name people (T1, R80)."""

from collections.abc import Collection
from uuid import UUID

from db import rows
from db.rows import Columns, Connection, Row, Sql, both, one_of, read, select, to_columns, to_domain
from db.sealed import seal, unseal
from db.unit_of_work import Work
from domain.errors import DomainError, ErrorCode
from domain.loop.draft import Draft
from domain.viewer import Viewer

_TABLE = "draft"


async def of_viewer(*, viewer: Viewer, connection: Connection | None = None) -> list[Draft]:
    """The viewer's own, the latest first."""
    return await _found(_owned(viewer.person_id), connection)


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Draft]:
    """The viewer's own by id; those of others are absent."""
    where = both(one_of("id", sorted(set(ids))), _owned(viewer.person_id))
    return {it.id: it for it in await _found(where, connection)}


async def load_all(work: Work, person_id: UUID) -> list[Draft]:
    """All of a person, behind the person's lock."""
    await rows.lock(work.connection, "person", person_id)
    return await _found(_owned(person_id), work.connection)


async def insert(work: Work, draft: Draft) -> None:
    """Write a new one."""
    await rows.insert(work.connection, _TABLE, [_columns(draft)])


async def save(work: Work, draft: Draft) -> None:
    """Write what was typed since."""
    await rows.update(work.connection, _TABLE, _columns(draft), Sql("id = ?", (draft.id,)))


async def take(work: Work, person_id: UUID, draft_id: UUID) -> Draft:
    """The person's draft, which is a draft no longer (T2). NOT_FOUND (field `draftId`)."""
    found = [it for it in await load_all(work, person_id) if it.id == draft_id]
    if not found:
        raise DomainError(ErrorCode.NOT_FOUND, "draftId", rule="T2")
    await rows.write(Sql(f"DELETE FROM {_TABLE} WHERE id = ?", (draft_id,)), work.connection)  # noqa: S608 - our table
    return found[0]


def _owned(person_id: UUID) -> Sql:
    return Sql("person_id = ?", (person_id,))


async def _found(where: Sql, connection: Connection | None) -> list[Draft]:
    query = select("*", _TABLE, where, "ORDER BY saved_at DESC, id")
    return [_draft(row) for row in await read(query, connection)]


def _columns(draft: Draft) -> Columns:
    columns = to_columns(draft)
    form = columns.pop("form")
    return {**columns, "form_sealed": seal(form, table=_TABLE, column="form", row=draft.id)}


def _draft(row: Row) -> Draft:
    key = rows.identity(row["id"])
    form = unseal(bytes(row["form_sealed"]), table=_TABLE, column="form", row=key)
    return to_domain(Draft, {**row, "form": form})
