"""Answers kept for replays: (actor, key) is claimed first in the command's transaction (design §8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from db import rows
from db.engines.faults import Contention
from db.rows import Columns, Sql, both, parsed, read, select
from db.unit_of_work import Work

PLATFORM = UUID(int=0)
_TABLE = "idempotency"


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What an earlier command with the same key was, and what it answered."""

    command: str
    input_hash: bytes
    result: Mapping[str, Any]


async def claim(
    work: Work, actor_id: UUID, key: UUID, command: str, input_hash: bytes, at: datetime
) -> StoredResult | None:
    """Take the key for this command, or answer what was stored under it.

    Of two equal keys at once the second waits for the first to end. Contention when it is given up meanwhile.
    """
    columns: Columns = {
        "id": _id(actor_id, key),
        "actor_id": actor_id,
        "key": key,
        "command": command,
        "input_hash": input_hash,
        "result": {},
        "at": at,
    }
    tail = "ON CONFLICT DO NOTHING RETURNING id"  # of any kind: the id repeats with the key
    if await rows.insert(work.connection, _TABLE, [columns], tail):
        return None
    found = await read(select("*", _TABLE, _of(actor_id, key)), work.connection)
    if not found:  # given up between the two statements
        raise Contention
    row = found[0]
    result = work.answers.get(columns["id"]) or parsed(row["result"])
    return StoredResult(row["command"], bytes(row["input_hash"]), result)


def keep(work: Work, actor_id: UUID, key: UUID, result: Mapping[str, Any]) -> None:
    """Store the answer of the command that holds the key, with the commit: JSON values alone, never a secret."""
    row_id = _id(actor_id, key)
    work.answers[row_id] = dict(result)
    work.writes.update(_TABLE, {"result": dict(result)}, Sql("id = ?", (row_id,)))


async def release(work: Work, actor_id: UUID, key: UUID, command: str) -> bool:
    """Give up a key held for this command; False when it is not held, or no longer."""
    held = both(_of(actor_id, key), Sql("command = ?", (command,)))
    return bool(await _drop(work, held))


async def expire(work: Work, before: datetime) -> int:
    """Forget the answers claimed before a moment; the platform's own marks stay."""
    old = Sql("at < ? AND actor_id <> ?", (before, PLATFORM))
    return await _drop(work, old)


async def _drop(work: Work, where: Sql) -> int:
    statement = Sql(f"DELETE FROM {_TABLE} WHERE {where.text}", where.params)  # noqa: S608 - parts of ours
    return await rows.write(statement, work.connection)


def _id(actor_id: UUID, key: UUID) -> UUID:
    return uuid5(actor_id, str(key))


def _of(actor_id: UUID, key: UUID) -> Sql:
    return Sql("actor_id = ? AND key = ?", (actor_id, key))
