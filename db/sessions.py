"""Sessions; read by their own id or hash while nobody is signed in yet."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db import rows
from db.rows import Connection, Sql, identity, read, select, to_columns, to_domain
from db.unit_of_work import Work
from domain.session import Session

_TABLE = "session"


@dataclass(frozen=True, slots=True)
class _Span:
    expires_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None


async def by_id(session_id: UUID, *, connection: Connection | None = None) -> Session | None:
    """The session, ended or not."""
    found = await read(select("*", _TABLE, Sql("id = ?", (session_id,))), connection)
    return to_domain(Session, found[0]) if found else None


async def spans(
    session_id: UUID, now: datetime, *, connection: Connection | None = None
) -> tuple[datetime, datetime | None] | None:
    """When a session ends (wall time), and when next a post of its person begins or ends after business time `now`."""
    text = (
        "SELECT s.expires_at, t.starts_at, t.ends_at FROM session s LEFT JOIN post t "
        "ON t.person_id = s.person_id AND (t.starts_at > ? OR t.ends_at > ?) WHERE s.id = ?"
    )
    found = [to_domain(_Span, row) for row in await read(Sql(text, (now, now, session_id)), connection)]
    if not found:
        return None
    moments = [it for span in found for it in (span.starts_at, span.ends_at) if it is not None and it > now]
    return found[0].expires_at, min(moments, default=None)


async def load(work: Work, session_id: UUID) -> Session | None:
    """The session, locked: of two refreshes with one token only the first finds its hash."""
    await rows.lock(work.connection, _TABLE, session_id)
    return await by_id(session_id, connection=work.connection)


async def insert(work: Work, session: Session) -> None:
    """Write a new session."""
    await rows.insert(work.connection, _TABLE, [to_columns(session)])


async def save(work: Work, before: Session, after: Session) -> None:
    """Write what changed of a session."""
    await rows.save(work.connection, _TABLE, to_columns(before), to_columns(after))


async def end_all(work: Work, person_id: UUID, at: datetime, *, but: UUID | None = None) -> list[UUID]:
    """End every live session of a person (`but` stays); the ids of those ended."""
    live = Sql("person_id = ? AND ended_at IS NULL AND expires_at > ?", (person_id, at))
    found = await read(select("id", _TABLE, live), work.connection)
    ended = sorted(it for it in (identity(row["id"]) for row in found) if it != but)
    await rows.update(work.connection, _TABLE, {"ended_at": at}, rows.one_of("id", ended))
    return ended
