"""Sessions; read by their own id or hash while nobody is signed in yet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from db import rows
from db.people import opened_name, viewer_with
from db.rows import Connection, Row, Sql, identity, moment, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from domain.person import Person
from domain.session import Session
from domain.viewer import Viewer

_TABLE = "session"
_HELD = (
    "s.id AS session_id, s.person_id AS holder_id, s.expires_at, s.ended_at, p.username, p.name_sealed, "
    "p.org_id AS home_id, p.active, t.*, o.region_id, x.incident_id AS recused_from"
)
_HOLDING = "session s JOIN person p ON p.id = s.person_id LEFT JOIN post t ON t.person_id = s.person_id"
_BESIDE = "LEFT JOIN org_unit o ON o.id = t.org_id LEFT JOIN recusal x ON x.person_id = s.person_id"
_IN_ORDER = "ORDER BY t.starts_at, t.id"


@dataclass(frozen=True, slots=True)
class Held:
    """A session with who holds it. `viewer` is None for an account that is not active any more.

    `changes_at`: when next a post of the person begins or ends (business time).
    """

    person_id: UUID
    expires_at: datetime
    ended_at: datetime | None
    viewer: Viewer | None
    changes_at: datetime | None

    def viewer_at(self, wall_now: datetime, person_id: UUID) -> Viewer | None:
        """Who may use the session of that person at that wall time."""
        live = self.person_id == person_id and self.ended_at is None and wall_now < self.expires_at
        return self.viewer if live else None


async def by_id(session_id: UUID, *, connection: Connection | None = None) -> Session | None:
    """The session, ended or not."""
    found = await read(select("*", _TABLE, Sql("id = ?", (session_id,))), connection)
    return to_domain(Session, found[0]) if found else None


async def held(
    session_ids: Collection[UUID], now: datetime, *, connection: Connection | None = None
) -> dict[UUID, Held]:
    """These sessions, with the posts in force at business time `now`: many in one statement."""
    where = one_of("s.id", _padded(session_ids))
    # Those that ended no longer matter; those to begin say when the rights change next.
    query = select(_HELD, f"{_HOLDING} AND (t.ends_at IS NULL OR t.ends_at > ?) {_BESIDE}", where, _IN_ORDER)
    rows_of: dict[UUID, list[Row]] = {}
    for row in await read(Sql(query.text, (now, *query.params)), connection):
        rows_of.setdefault(identity(row["session_id"]), []).append(row)
    known: dict[UUID, Held] = {}
    return {session_id: _held(session_id, found, now, known) for session_id, found in rows_of.items()}


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


def _held(session_id: UUID, found: Sequence[Row], now: datetime, known: dict[UUID, Held]) -> Held:
    """What the rows of a session say; `known` are sessions by person, who is the same in all of them."""
    first = found[0]
    person_id, ended = identity(first["holder_id"]), first["ended_at"]
    same = known.get(person_id)
    viewer, changes_at = (same.viewer, same.changes_at) if same else _person(person_id, found, now)
    known[person_id] = Held(
        person_id,
        moment(first["expires_at"]),
        moment(ended) if ended is not None else None,
        replace(viewer, session_id=session_id) if viewer else None,
        changes_at,
    )
    return known[person_id]


def _person(person_id: UUID, found: Sequence[Row], now: datetime) -> tuple[Viewer | None, datetime | None]:
    """Who holds the session, and when that changes."""
    first, held, changes = found[0], list[Row](), set[datetime]()
    for row in found if first["id"] is not None else ():
        starts_at = moment(row["starts_at"])
        if starts_at <= now:
            held.append(row)
        changes |= {it for it in (starts_at, row["ends_at"] and moment(row["ends_at"])) if it and it > now}
    if not first["active"]:
        return None, None
    name = opened_name(person_id, first["name_sealed"])
    home = identity(first["home_id"]) if first["home_id"] is not None else None
    person = Person(id=person_id, username=first["username"], name=name, phone=None, org_id=home)
    return viewer_with(held, person), min(changes, default=None)


def _padded(ids: Collection[UUID]) -> list[UUID]:
    """The ids, some of them again, so that few different statements are ever prepared."""
    given = sorted(ids)
    size = 1 << (len(given) - 1).bit_length() if given else 0
    return given + given[-1:] * (size - len(given))
