"""Who reads streams in each process, and escalations that no console received (design §5, consumer registry)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db import rows
from db.rows import Connection, Sql, both, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import of_case
from domain.viewer import Viewer

Told = tuple[str, str, str, int | None, int]
"""One stream: the person's id, the subscription's field, since when, the last `seq` delivered, milliseconds behind."""


@dataclass(frozen=True, slots=True)
class Roll:
    """What a process last told, at wall time: how far any console of the command centre had received, who reads."""

    id: UUID
    told_at: datetime
    received: int
    consumers: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class UnseenEscalation:
    """An entry of the log (`id`: its `seq`) that no console received in time; `at` business, `raised_at` wall time."""

    id: int
    incident_id: UUID | None
    at: datetime
    raised_at: datetime


async def rolls(*, connection: Connection | None = None) -> list[Roll]:
    """What every process told last."""
    return [to_domain(Roll, row) for row in await read(select("*", "roll"), connection)]


async def tell(work: Work, roll: Roll, forgotten: datetime) -> None:
    """Replace what this process told before; whoever has told nothing since `forgotten` is struck off."""
    gone = Sql("DELETE FROM roll WHERE id = ? OR told_at < ?", (roll.id, forgotten))
    await rows.write(gone, work.connection)
    await rows.insert(work.connection, "roll", [to_columns(roll)])


async def raise_unseen(work: Work, unseen: UnseenEscalation) -> bool:
    """Keep that nobody received it; False when another process was first."""
    return await rows.insert_unless_taken(work.connection, "unseen_escalation", to_columns(unseen))


async def unseen_since(
    since: datetime, limit: int, *, viewer: Viewer, connection: Connection | None = None
) -> list[UnseenEscalation]:
    """Those raised since then (wall time) on cases that the viewer sees, the newest first."""
    seen = rows.within("incident_id", select("i.id", "incident i", of_case(viewer)))
    query = select(
        "*",
        "unseen_escalation",
        both(Sql("raised_at >= ?", (since,)), seen),
        f"ORDER BY raised_at DESC, id DESC LIMIT {limit:d}",
    )
    return [to_domain(UnseenEscalation, row) for row in await read(query, connection)]
