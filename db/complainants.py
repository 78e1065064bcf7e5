"""Complainants: name and phone are sealed for their place, the phone can be looked up by a blind index (R80)."""

from collections.abc import Collection
from uuid import UUID

from db import rows
from db.rows import Columns, Connection, Row, both, exists, one_of, read, select, to_domain
from db.sealed import blind_index, seal, unseal
from db.unit_of_work import Work
from db.visibility import of_case, unprotected
from domain.complainant import Complainant
from domain.viewer import Viewer

_TABLE = "complainant"
_PHONE = "complainant.phone"


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Complainant]:
    """Complainants of cases the viewer may see, none of them about a unit of the viewer (R81)."""
    if not ids:
        return {}
    tie = rows.Sql("i.complainant_id = c.id")
    where = both(
        one_of("c.id", sorted(set(ids))),
        exists("incident i", both(tie, of_case(viewer), unprotected(viewer))),
    )
    found = await read(select("c.*", "complainant c", where), connection)
    return {it.id: it for it in map(_complainant, found)}


async def of_ids(ids: Collection[UUID], connection: Connection | None = None) -> dict[UUID, Complainant]:
    """Complainants for whole cases, whose reader was checked."""
    found = await read(select("*", _TABLE, one_of("id", sorted(ids))), connection)
    return {it.id: it for it in map(_complainant, found)}


async def insert(work: Work, complainant: Complainant) -> None:
    """Write a new complainant."""
    await rows.insert(work.connection, _TABLE, [_columns(complainant)])


async def save(work: Work, before: Complainant | None, after: Complainant) -> None:
    """Write a changed complainant, or a first one."""
    if before is None or before.id != after.id:
        await insert(work, after)
    else:
        await rows.update(work.connection, _TABLE, _columns(after), one_of("id", [after.id]))


def _columns(it: Complainant) -> Columns:
    columns = rows.to_columns(it)
    name, phone = columns.pop("name"), columns.pop("phone")
    return {
        **columns,
        "name_sealed": _sealed(name, "name", it.id),
        "phone_sealed": _sealed(phone, "phone", it.id),
        "phone_index": blind_index(phone, _PHONE) if phone else None,
    }


def _complainant(row: Row) -> Complainant:
    row_id = rows.identity(row["id"])
    opened = {name: _opened(row[f"{name}_sealed"], name, row_id) for name in ("name", "phone")}
    return to_domain(Complainant, {**row, **opened})


def _sealed(text: str | None, column: str, row_id: UUID) -> bytes | None:
    return None if text is None else seal(text, table=_TABLE, column=column, row=row_id)


def _opened(value: bytes | None, column: str, row_id: UUID) -> str | None:
    return None if value is None else unseal(bytes(value), table=_TABLE, column=column, row=row_id)
