"""Clocks, the steps they fired, and the row of the test clock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from db import rows
from db.rows import Columns, Connection, Sql, both, identity, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import children, of_case
from domain.clock import Clock, ClockStep
from domain.loop.pause import Pause
from domain.viewer import Viewer

_ROW = 1


@dataclass(frozen=True, slots=True)
class BusinessClock:
    """At wall time `wall_at` the business time was `business_at`; since then it runs `speed` times as fast."""

    wall_at: datetime
    business_at: datetime
    speed: float


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Clock]:
    """Clocks of visible cases by id."""
    found = await children("clock", ids, viewer=viewer, order="c.id", by="id", connection=connection)
    return {it.id: it for it in (to_domain(Clock, row) for row in found)}


async def of_incidents(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Clock]]:
    """Every clock of visible cases, in the order of their start."""
    return await _of("incident_id", ids, viewer, connection)


async def of_assignments(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Clock]]:
    """The clocks of assignments of visible cases, in the order of their start."""
    return await _of("assignment_id", ids, viewer, connection)


async def pauses_of(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Pause]]:
    """The pauses that ended, of clocks of visible cases, in the order of time."""
    found: dict[UUID, list[Pause]] = {clock_id: [] for clock_id in ids}
    where = both(one_of("p.clock_id", sorted(ids)), of_case(viewer))
    source = "clock_pause p JOIN clock c ON c.id = p.clock_id JOIN incident i ON i.id = c.incident_id"
    for row in await read(select("p.*", source, where, "ORDER BY p.from_at, p.id"), connection):
        found[identity(row["clock_id"])].append(to_domain(Pause, row))
    return found


async def due(now: datetime, limit: int, *, connection: Connection | None = None) -> list[tuple[UUID, UUID]]:
    """(clock, case) of running clocks with a step to fire at `now`, the longest due first; nothing is locked.

    A light turns yellow from its time on, red only after the due time (design §6).
    """
    where = Sql(
        "next_at <= ? AND (next_step <> ? OR next_at < ?) AND stopped_at IS NULL AND paused_at IS NULL",
        (now, ClockStep.RED, now),
    )
    query = select("id, incident_id", "clock", where, f"ORDER BY next_at, id LIMIT {limit:d}")
    return [(identity(row["id"]), identity(row["incident_id"])) for row in await read(query, connection)]


async def fire(work: Work, clock: Clock, step: ClockStep, at: datetime) -> bool:
    """Note that a step fires; False when it has fired before, by whomever (design §6)."""
    tail = "ON CONFLICT DO NOTHING RETURNING id"
    return bool(await rows.insert(work.connection, "clock_step", [step_columns(clock, step, at)], tail))


def step_columns(clock: Clock, step: ClockStep, at: datetime) -> Columns:
    """The row of a step that fired; what fires again bears its number, `I4.1` after `I4`."""
    name = f"{step}.{clock.repeated}" if step is ClockStep.I4 and clock.repeated else step.value
    return {
        "id": uuid5(clock.id, f"{clock.round}.{name}"),
        "clock_id": clock.id,
        "round": clock.round,
        "step": name,
        "at": at,
    }


async def business_clock(*, connection: Connection | None = None) -> BusinessClock | None:
    """The test clock all processes follow; None where business time is the wall's."""
    found = await read(select("*", "test_clock", Sql("id = ?", (_ROW,))), connection)
    return to_domain(BusinessClock, found[0]) if found else None


async def load_business_clock(work: Work) -> BusinessClock | None:
    """The test clock, held until the transaction ends, so that forwardings follow each other."""
    await rows.lock(work.connection, "test_clock", _ROW)
    return await business_clock(connection=work.connection)


async def seed_business_clock(work: Work, clock: BusinessClock) -> BusinessClock:
    """Start the test clock unless it runs already; the one that runs."""
    columns = {"id": _ROW, **to_columns(clock)}
    await rows.insert(work.connection, "test_clock", [columns], "ON CONFLICT DO NOTHING RETURNING id")
    return await business_clock(connection=work.connection) or clock


async def set_business_clock(work: Work, clock: BusinessClock) -> None:
    """Move the test clock that runs."""
    await rows.update(work.connection, "test_clock", to_columns(clock), Sql("id = ?", (_ROW,)))


async def _of(
    by: Literal["incident_id", "assignment_id"],
    ids: Collection[UUID],
    viewer: Viewer,
    connection: Connection | None,
) -> dict[UUID, list[Clock]]:
    found: dict[UUID, list[Clock]] = {one: [] for one in ids}
    order = "c.start_at, c.id"
    for row in await children("clock", ids, viewer=viewer, order=order, by=by, connection=connection):
        found[identity(row[by])].append(to_domain(Clock, row))
    return found
