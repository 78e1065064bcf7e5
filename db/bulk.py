"""Rows by the ten thousand, for load data alone: `executemany` on SQLite, `COPY` on PostgreSQL.

No event is written here, so nothing that the feed must tell may come this way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from db import event_log, rows
from db.connection import dialect
from db.lists import search
from db.rows import Connection, Sql, one_of, read, select
from db.unit_of_work import Work

_WORDS = "bulk_words"


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens by which a case is found: of its title and number, and of its content and address."""

    incident_id: UUID
    public: list[str]
    private: list[str]


async def write(work: Work, table: str, names: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    """Write new rows whose values stand in the order of `names`; terms are given as their plain values."""
    if not lines:
        return
    if dialect() == "postgres":
        await _copy(work.connection, table, names, lines)
        return
    columns = ", ".join(f'"{name}"' for name in names)
    text = f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608 - names of ours
    await work.connection.execute_many(text, [[_plain(it) for it in line] for line in lines])


async def take_numbers(work: Work, days: Mapping[str, int]) -> dict[str, int]:
    """Take so many case numbers of each district day (yyyymmdd) at once; the last one given before, by day."""
    counters = [{"day": day, "value": taken} for day, taken in days.items()]
    tail = (
        'ON CONFLICT ("day") DO UPDATE SET "value" = day_counter."value" + EXCLUDED."value" '
        'RETURNING "day", "value"'
    )
    found = await rows.insert(work.connection, "day_counter", counters, tail)
    return {row["day"]: int(row["value"]) - days[row["day"]] for row in found}


async def present(ids: Sequence[UUID]) -> set[UUID]:
    """Which of these cases are in the store."""
    found: set[UUID] = set()
    for start in range(0, len(ids), 500):
        known = select("id", "incident", one_of("id", ids[start : start + 500]))
        found |= {rows.identity(row["id"]) for row in await read(known)}
    return found


async def size() -> int:
    """How many cases there are, exactly."""
    return int((await read(select("COUNT(*) AS n", "incident")))[0]["n"])


async def index(work: Work, texts: Sequence[Words]) -> None:
    """Make new cases searchable, as `db.lists.search.index` does for one."""
    if dialect() == "postgres":
        await _index_postgres(work.connection, texts)
    else:
        await _index_sqlite(work, texts)


async def finish(work: Work) -> None:
    """Void the feed's cursors: no event tells of what was loaded, as after a restored backup (design §4)."""
    await event_log.renew_epoch(work.connection)
    if dialect() == "sqlite":
        await rows.write(
            rows.Sql("INSERT INTO incident_words(incident_words) VALUES ('optimize')"), work.connection
        )
    else:  # what waits to be put into an index is read whole by every search
        for name in ("incident_text_public", "incident_text_private"):
            await read(Sql("SELECT gin_clean_pending_list(CAST(? AS REGCLASS))", (name,)), work.connection)
    await rows.write(rows.Sql("ANALYZE"), work.connection)


async def _copy(
    connection: Connection, table: str, names: Sequence[str], lines: Sequence[Sequence[Any]]
) -> None:
    session: Any = connection._connection  # noqa: SLF001 - Tortoise has no COPY; asyncpg's session is kept there
    await session.copy_records_to_table(table, records=lines, columns=list(names))


async def _index_sqlite(work: Work, texts: Sequence[Words]) -> None:
    last = await read(select("COALESCE(MAX(number), 0) AS n", "incident_text"), work.connection)
    first = int(last[0]["n"]) + 1
    keys = [(number, it.incident_id) for number, it in enumerate(texts, first)]
    await write(work, "incident_text", ("number", "incident_id"), keys)
    lines = [(number, " ".join(it.public), " ".join(it.private)) for number, it in enumerate(texts, first)]
    await write(work, "incident_words", ("rowid", "public_words", "private_words"), lines)


async def _index_postgres(connection: Connection, texts: Sequence[Words]) -> None:
    """Through a table of the session: the driver copies no TSVECTOR."""
    columns = "incident_id UUID, public_words TEXT, private_words TEXT"
    await connection.execute_query(
        f"CREATE TEMP TABLE IF NOT EXISTS {_WORDS} ({columns}) ON COMMIT DELETE ROWS"
    )
    lines = [(it.incident_id, search.tsvector(it.public), search.tsvector(it.private)) for it in texts]
    await _copy(connection, _WORDS, ("incident_id", "public_words", "private_words"), lines)
    await connection.execute_query(
        "INSERT INTO incident_text (incident_id, public_words, private_words) "  # noqa: S608 - a name of ours
        f"SELECT incident_id, CAST(public_words AS TSVECTOR), CAST(private_words AS TSVECTOR) FROM {_WORDS}"
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(" ")


_PLAIN: Mapping[type, Callable[[Any], str]] = {datetime: _text, UUID: str}


def _plain(value: object) -> object:
    convert = _PLAIN.get(type(value))
    return convert(value) if convert else value
