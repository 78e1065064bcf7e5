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
    return {it.id: it for it in map(of_row, found)}


def insert(work: Work, complainant: Complainant) -> None:
    """Write a new complainant, with the writes of the transaction."""
    work.writes.insert(_TABLE, [columns_of(complainant)])


def save(work: Work, before: Complainant | None, after: Complainant) -> None:
    """Write a changed complainant, or a first one, with the writes of the transaction."""
    if before is None or before.id != after.id:
        insert(work, after)
    else:
        work.writes.update(_TABLE, columns_of(after), one_of("id", [after.id]))


def columns_of(it: Complainant) -> Columns:
    """The row of a complainant, sealed."""
    columns = rows.to_columns(it)
    name, phone = columns.pop("name"), columns.pop("phone")
    return {
        **columns,
        "name_sealed": _sealed(name, "name", it.id),
        "phone_sealed": _sealed(phone, "phone", it.id),
        "phone_index": phone_index(phone) if phone else None,
    }


def phone_index(phone: str) -> bytes:
    """By which equal phones are found without being read."""
    return blind_index(phone, _PHONE)


def of_row(row: Row) -> Complainant:
    """The complainant of a row; for whole cases, whose reader was checked."""
    row_id = rows.identity(row["id"])
    opened = {name: _opened(row[f"{name}_sealed"], name, row_id) for name in ("name", "phone")}
    return to_domain(Complainant, {**row, **opened})


def _sealed(text: str | None, column: str, row_id: UUID) -> bytes | None:
    return None if text is None else seal(text, table=_TABLE, column=column, row=row_id)


def _opened(value: bytes | str | None, column: str, row_id: UUID) -> str | None:
    """The text; a sealed value that came as JSON is hexadecimal, after two other characters."""
    if value is None:
        return None
    known = bytes.fromhex(value[2:]) if isinstance(value, str) else bytes(value)
    return unseal(known, table=_TABLE, column=column, row=row_id)
