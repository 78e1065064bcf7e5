"""The shortest way to the store for reads: flat statements in, tuples of text out.

Ids and times come as text, so that nothing is decoded only to be written again (`performance.md`). The
connections are its own, read-only, and know nothing of `read_cut`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from db.engines.faults import STATEMENT_SECONDS
from db.reads.wire_postgres import PostgresWire
from db.reads.wire_sqlite import SqliteWire

_wire: SqliteWire | PostgresWire | None = None


def start(engine: str, credentials: Mapping[str, Any]) -> None:
    """Open the wire beside the store of that engine (`sqlite` or another, which is PostgreSQL)."""
    global _wire  # noqa: PLW0603 - one store per process, as `db.connection` has it
    _wire = SqliteWire(credentials) if engine == "sqlite" else PostgresWire(credentials)


async def stop() -> None:
    """Close the wire; without an open one it does nothing."""
    global _wire
    if _wire is not None:
        wire, _wire = _wire, None
        await wire.close()


def at_once(text: str, params: Sequence[object]) -> Sequence[Sequence[Any]] | None:
    """The rows of a statement that is answered here and now; None where it has to be awaited (`tuples`)."""
    return _wire.at_once(text, params) if isinstance(_wire, SqliteWire) else None


async def tuples(
    text: str, params: Sequence[object] = (), *, seconds: float = STATEMENT_SECONDS
) -> Sequence[Sequence[Any]]:
    """Rows of one statement, written for the open store: `?` on SQLite, `$1 …` on PostgreSQL.

    `params` are plain: ids and times as text, lists of text for arrays (PostgreSQL only). Ids, times, dates,
    numerics and JSON come back as text, booleans as the driver gives them (0/1 on SQLite). Each statement sees
    its own instant. TOO_COSTLY after `seconds`, UNAVAILABLE for a lost server, Contention for a locked file.
    """
    if _wire is None:
        raise RuntimeError("the store is not open")
    return await _wire.tuples(text, params, seconds)
