"""The history of dictionary entries: every version as it was set (S40, R09)."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from db import rows
from db.lists.filters import Asked, Column, compiled
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, order_of, read_count, read_page
from db.rows import Connection, Row, Sql, both, identity, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import of_staff
from domain.dictionary import DictionaryChange, DictionaryNoun
from domain.errors import DomainError, ErrorCode
from domain.viewer import Viewer

_TABLE = "dictionary_change"
_LOCK = 0x66656E69
_REVISED = {DictionaryNoun.CATEGORY: "category", DictionaryNoun.ORG_UNIT: "org_unit"}
"""Entries that are one row each, which shows the version that stands."""

ORDERS = {
    "CHANGED_AT_DESC": Order("h.changed_at", datetime, "h.id", descending=True),
    "CHANGED_AT_ASC": Order("h.changed_at", datetime, "h.id"),
}
COLUMNS = {
    "noun": Column("h.noun", DictionaryNoun),
    "changedBy": Column("h.changed_by_id", UUID),
    "changedAt": Column("h.changed_at", datetime),
    "validFrom": Column("h.valid_from", datetime),
}


async def page(
    *,
    viewer: Viewer,
    tests: Asked = (),
    order: str = "CHANGED_AT_DESC",
    slice_: Slice,
    connection: Connection | None = None,
) -> Page[DictionaryChange]:
    """Changes of every kind of entry, the newest first."""
    return await read_page(listing(viewer, tests), order_of(ORDERS, order), slice_, change_of, connection)


async def count(
    *, viewer: Viewer, tests: Asked = (), cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many changes, exact up to `cap`."""
    return await read_count(listing(viewer, tests), cap, connection)


def listing(viewer: Viewer, tests: Asked = (), search: str | None = None) -> Listing:
    """What pages and counts of changes are taken from. BAD_INPUT with the field; nothing is found by words."""
    if search is not None:
        raise DomainError(ErrorCode.BAD_INPUT, "search")
    return Listing("h.*", f"{_TABLE} h", both(of_staff(viewer), compiled(tests, COLUMNS)))


async def of_subjects(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[DictionaryChange]]:
    """The history of entries, the first version first."""
    found: dict[UUID, list[DictionaryChange]] = {key: [] for key in ids}
    where = both(one_of("h.subject_id", sorted(set(ids))), of_staff(viewer))
    for row in await read(select("h.*", f"{_TABLE} h", where, "ORDER BY h.version, h.id"), connection):
        found[identity(row["subject_id"])].append(change_of(row))
    return found


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, DictionaryChange]:
    """Changes by id."""
    where = both(one_of("h.id", sorted(set(ids))), of_staff(viewer))
    found = [change_of(row) for row in await read(select("h.*", f"{_TABLE} h", where), connection)]
    return {it.id: it for it in found}


async def versions(
    noun: DictionaryNoun, connection: Connection | None = None
) -> list[tuple[UUID, int, Mapping[str, object], datetime]]:
    """Every version of every entry of a noun: its id, number, what was set, and from when it holds."""
    where = Sql("noun = ?", (noun,))
    columns = "subject_id, version, data, valid_from"
    found = await read(select(columns, _TABLE, where, "ORDER BY version"), connection)
    return [
        (
            identity(it["subject_id"]),
            int(it["version"]),
            rows.parsed(it["data"]),
            rows.moment(it["valid_from"]),
        )
        for it in found
    ]


async def last_version(work: Work, noun: DictionaryNoun, subject_id: UUID) -> int:
    """The number of the newest version; 0 of what was never changed by a command."""
    where = Sql("noun = ? AND subject_id = ?", (noun, subject_id))
    found = await read(select("MAX(version) AS last", _TABLE, where), work.connection)
    return int(found[0]["last"] or 0)


async def planned(
    work: Work, noun: DictionaryNoun, subject_id: UUID, above: int, until: datetime
) -> Mapping[str, object]:
    """What the entry is to be by then, if its version `above` is not to stand until then; else nothing."""
    where = Sql(
        "noun = ? AND subject_id = ? AND version > ? AND valid_from <= ?", (noun, subject_id, above, until)
    )
    query = select("data", _TABLE, where, "ORDER BY version DESC LIMIT 1")
    found = await read(query, work.connection)
    return rows.parsed(found[0]["data"]) if found else {}


async def due(now: datetime, limit: int) -> list[tuple[DictionaryNoun, UUID]]:
    """Categories and units with a revision that holds by now and is not the one that stands (S40)."""
    found: list[tuple[DictionaryNoun, UUID]] = []
    for noun, table in _REVISED.items():
        newer = Sql("h.noun = ? AND h.version > s.version AND h.valid_from <= ?", (noun, now))
        source = f"{table} s JOIN {_TABLE} h ON h.subject_id = s.id"
        query = select("DISTINCT h.subject_id", source, newer, f"LIMIT {limit:d}")
        found += [(noun, identity(row["subject_id"])) for row in await read(query)]
    return found


async def alone(work: Work) -> None:
    """One dictionary command after another, so that two cannot set what overlaps; SQLite has one writer anyway."""
    if work.connection.capabilities.dialect == "postgres":
        await read(Sql("SELECT pg_advisory_xact_lock(?)", (_LOCK,)), work.connection)


async def record(work: Work, change: DictionaryChange) -> None:
    """Keep a version for ever."""
    await rows.insert(work.connection, _TABLE, [to_columns(change)])


def change_of(row: Row) -> DictionaryChange:
    """A version of an entry."""
    return to_domain(DictionaryChange, row)


def data_of(entry: object) -> dict[str, object]:
    """A whole entry as JSON has it: ids and times as text."""
    return {it.name: _plain(getattr(entry, it.name)) for it in fields(entry)}  # type: ignore[arg-type]  # entries are dataclasses


def _plain(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_plain(it) for it in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool | int | float | str | None):
        return value
    if hasattr(value, "__dataclass_fields__"):
        return data_of(value)
    return str(value)
