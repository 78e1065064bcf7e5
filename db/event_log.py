"""The event log: what happened, in the order of commit, chained by hashes (design §4)."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from db.connection import fetch, reader
from db.models.event_log import EventLogRow, LogEpochRow
from db.rows import TRUE, Columns, Row, Sql, both, identity, moment, one_of, select, within
from db.rows import read as rows_of
from db.work.batch import Batch
from domain.action import ActionName
from domain.event import Event, EventKind, LoggedEvent, Scopes, Subject

GENESIS = bytes(32)
_LOCK = 0x66656E67
_ROW = 1
_AT_ONCE = 32  # entries that are made of rows before the loop sees to others
_IDS = ("subject_id", "incident_id", "assignment_id", "person_id", "actor_id")
_WORDS = ("kind", "action", "row", "subject_noun", "subject_version")
_CHAINED = ("seq", "at", *_WORDS, *_IDS, "scopes_before", "scopes_after", "data_hash", "prev_hash")
UNREADABLE = "it holds what cannot be read"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The chain's state: entries read, and the first broken `seq` with the reason, or None."""

    checked: int
    first_broken: int | None = None
    reason: str | None = None


async def append(connection: BaseDBAsyncClient, events: Sequence[Event], writes: Batch | None = None) -> int:
    """Write `events`, at least one, as the last act of the transaction on `connection`; the log's new head.

    What waits in `writes` goes with them: it must touch only rows that the transaction holds.

    The lock is a statement of its own before the head is read, so that the order of `seq` is the order of
    commit; SQLite's BEGIN IMMEDIATE is that lock already.
    """
    if connection.capabilities.dialect == "postgres":
        await connection.execute_query("SELECT pg_advisory_xact_lock($1)", [_LOCK])
    seq, previous = await _last(connection)
    entries = []
    for event in events:
        seq += 1
        entries.append(_entry(seq, event, previous))
        previous = entries[-1]["hash"]
    last = writes or Batch()
    last.insert("event_log", entries)
    await last.flush(connection)
    return seq


async def read(
    after: int, limit: int, until: int | None = None, *, connection: BaseDBAsyncClient | None = None
) -> list[LoggedEvent]:
    """The next entries with `seq > after` (and `<= until`), at most `limit`."""
    last = TRUE if until is None else Sql("seq <= ?", (until,))
    return await _entries(both(Sql("seq > ?", (after,)), last), limit, connection)


async def of_incident(
    incident_id: UUID, after: int, limit: int, *, connection: BaseDBAsyncClient | None = None
) -> list[LoggedEvent]:
    """The next entries of one case, whatever their subject."""
    return await _entries(Sql("incident_id = ? AND seq > ?", (incident_id, after)), limit, connection)


async def of_incidents(
    ids: Collection[UUID], after: int, limit: int, *, connection: BaseDBAsyncClient | None = None
) -> dict[UUID, list[LoggedEvent]]:
    """The next entries of each of these cases, at most `limit` of each."""
    found: dict[UUID, list[LoggedEvent]] = {incident_id: [] for incident_id in ids}
    place = "seq, ROW_NUMBER() OVER (PARTITION BY incident_id ORDER BY seq) AS place"
    ranked = select(place, "event_log", both(Sql("seq > ?", (after,)), one_of("incident_id", found)))
    chosen = select("seq", f"({ranked.text}) ranked", Sql(f"place <= {limit:d}", ranked.params))
    for entry in await _entries(within("seq", chosen), limit * len(found), connection):
        if entry.event.incident_id is not None:
            found[entry.event.incident_id].append(entry)
    return found


async def head(connection: BaseDBAsyncClient | None = None) -> int:
    """The last `seq` committed; 0 for a log that never held any."""
    seq, _ = await _last(connection or reader())
    return seq


async def oldest(connection: BaseDBAsyncClient | None = None) -> int:
    """The first `seq` still held; one more than `head` when none is."""
    life = await _life(connection or reader())
    return int(life.anchor_seq) + 1


async def epoch(connection: BaseDBAsyncClient | None = None) -> str:
    """The log's life: cursors of another epoch are void."""
    return str((await _life(connection or reader())).epoch)


async def found(connection: BaseDBAsyncClient) -> None:
    """Give a new database its epoch; one that has it keeps it."""
    await LogEpochRow.get_or_create(
        {"epoch": uuid4(), "anchor_seq": 0, "anchor_hash": GENESIS}, using_db=connection, id=_ROW
    )


async def renew_epoch(connection: BaseDBAsyncClient) -> str:
    """Void all cursors, after a backup was restored."""
    renewed = uuid4()
    await LogEpochRow.filter(id=_ROW).using_db(connection).update(epoch=renewed)
    return str(renewed)


async def trim(connection: BaseDBAsyncClient, until: int) -> int:
    """Delete the entries up to `until` after writing the anchor that continues the chain; how many went."""
    last = await EventLogRow.filter(seq__lte=until).order_by("-seq").using_db(connection).first()
    if last is None:
        return 0
    await LogEpochRow.filter(id=_ROW).using_db(connection).update(anchor_seq=last.seq, anchor_hash=last.hash)
    gone: int = await EventLogRow.filter(seq__lte=until).using_db(connection).delete()
    return gone


async def blank(connection: BaseDBAsyncClient, seq: int) -> None:
    """Remove the data of one entry by law; its hash stays, so the chain holds."""
    await EventLogRow.filter(seq=seq).using_db(connection).update(data=None)


async def verify(batch: int = 1000, *, connection: BaseDBAsyncClient | None = None) -> VerifyReport:
    """Read the whole chain and name the first entry that is missing or was changed."""
    client = connection or reader()
    life = await _life(client)
    seq, previous = life.anchor_seq, bytes(life.anchor_hash)
    checked = 0
    try:
        async for entry in _all(client, seq, batch):
            checked += 1
            seq += 1
            if reason := _fault(entry, seq, previous):
                return VerifyReport(checked, seq, reason)
            previous = bytes(entry.hash)
    except ValueError:  # a value cannot be read any more: go entry by entry to name the one
        return (
            await verify(1, connection=connection)
            if batch > 1
            else VerifyReport(checked, seq + 1, UNREADABLE)
        )
    return VerifyReport(checked)


async def _all(client: BaseDBAsyncClient, after: int, batch: int) -> AsyncIterator[EventLogRow]:
    while entries := await EventLogRow.filter(seq__gt=after).order_by("seq").limit(batch).using_db(client):
        for entry in entries:
            yield entry
        after = entries[-1].seq


async def _life(client: BaseDBAsyncClient) -> LogEpochRow:
    return await LogEpochRow.get(id=_ROW, using_db=client)


async def _last(client: BaseDBAsyncClient) -> tuple[int, bytes]:
    rows = await fetch("SELECT seq, hash FROM event_log ORDER BY seq DESC LIMIT 1", connection=client)
    if rows:
        return rows[0]["seq"], bytes(rows[0]["hash"])
    life = await _life(client)
    return life.anchor_seq, bytes(life.anchor_hash)


def _fault(entry: EventLogRow, seq: int, previous: bytes) -> str | None:
    if entry.seq != seq:
        return "missing"
    if bytes(entry.prev_hash) != previous:
        return "does not follow the entry before it"
    if entry.data is not None and _sha256(entry.data.encode()) != bytes(entry.data_hash):
        return "its data was changed"
    if _chained({name: getattr(entry, name) for name in _CHAINED}) != bytes(entry.hash):
        return "it was changed"
    return None


def _entry(seq: int, event: Event, previous: bytes) -> Columns:
    data = _canonical(event.data)
    entry = {
        "seq": seq,
        "at": event.at,
        "kind": event.kind.value,
        "action": event.action.value if event.action else None,
        "row": event.row,
        "subject_noun": event.subject.noun,
        "subject_id": event.subject.id,
        "subject_version": event.subject.version,
        "incident_id": event.incident_id,
        "assignment_id": event.assignment_id,
        "person_id": event.person_id,
        "actor_id": event.actor_id,
        "scopes_before": _scopes_text(event.scopes_before),
        "scopes_after": _scopes_text(event.scopes_after),
        "data": data,
        "data_hash": _sha256(data.encode()),
        "prev_hash": previous,
    }
    entry["hash"] = _chained(entry)
    return entry


def _chained(entry: Columns) -> bytes:
    """SHA-256 over the hash before, everything the entry says, and the hash of its data."""
    said = [
        entry["seq"],
        entry["at"].astimezone(UTC).isoformat(),
        *(entry[name] for name in _WORDS),
        *(None if entry[name] is None else str(entry[name]) for name in _IDS),
        entry["scopes_before"],
        entry["scopes_after"],
    ]
    return _sha256(bytes(entry["prev_hash"]) + _canonical(said).encode() + bytes(entry["data_hash"]))


async def _entries(where: Sql, limit: int, connection: BaseDBAsyncClient | None) -> list[LoggedEvent]:
    query = select("*", "event_log", where, f"ORDER BY seq LIMIT {limit:d}")
    rows = await rows_of(query, connection)
    found = list[LoggedEvent]()
    for start in range(0, len(rows), _AT_ONCE):
        if start:
            await asyncio.sleep(0)
        found += map(logged, rows[start : start + _AT_ONCE])
    return found


def logged(row: Row) -> LoggedEvent:
    """The entry of a row, as either store answers it."""
    ids = {name: identity(row[name]) if row[name] is not None else None for name in _IDS}
    event = Event(
        at=moment(row["at"]),
        kind=EventKind(row["kind"]),
        subject=Subject(row["subject_noun"], identity(row["subject_id"]), row["subject_version"]),
        row=row["row"],
        action=ActionName(row["action"]) if row["action"] else None,
        actor_id=ids["actor_id"],
        incident_id=ids["incident_id"],
        assignment_id=ids["assignment_id"],
        person_id=ids["person_id"],
        scopes_before=_scopes(row["scopes_before"], ids["incident_id"]),
        scopes_after=_scopes(row["scopes_after"], ids["incident_id"]),
        data=json.loads(row["data"]) if row["data"] else {},
    )
    return LoggedEvent(row["seq"], event, bytes(row["hash"]))


def _scopes_text(scopes: Scopes | None) -> str | None:
    if scopes is None:
        return None
    return _canonical(
        {
            "orgs": sorted(str(it) for it in scopes.orgs),
            "regions": [str(it) for it in scopes.regions],
            **{
                name: str(it) for name in ("grid", "reporter", "complainant") if (it := getattr(scopes, name))
            },
        }
    )


@lru_cache(2048)
def _scopes(text: str | None, incident_id: UUID | None) -> Scopes | None:
    """One object for one text and case: the entries of a case repeat it, before and after."""
    if text is None:
        return None
    said = json.loads(text)
    return Scopes(
        orgs=frozenset(UUID(it) for it in said["orgs"]),
        regions=tuple(UUID(it) for it in said["regions"]),
        **{name: UUID(said[name]) for name in ("grid", "reporter", "complainant") if name in said},
        incident=incident_id,
    )


def _canonical(said: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
