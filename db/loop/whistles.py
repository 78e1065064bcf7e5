"""Whistles, and the units they call (R33, R34)."""

from collections.abc import Collection
from uuid import UUID

from db.rows import Connection, Sql, both, identity, lock, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import apart, children, of_case_or
from domain.errors import DomainError, ErrorCode
from domain.loop.whistle import Whistle, WhistleCall
from domain.viewer import Viewer

_CALLS = "whistle_call c JOIN incident i ON i.id = c.incident_id"


async def of_incidents(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Whistle]]:
    """The whistles about visible cases, oldest first."""
    found: dict[UUID, list[Whistle]] = {incident_id: [] for incident_id in ids}
    for row in await children("whistle", ids, viewer=viewer, order="c.blown_at, c.id", connection=connection):
        found[identity(row["incident_id"])].append(to_domain(Whistle, row))
    return found


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Whistle]:
    """Whistles by id: those about visible cases, and those that call a unit of the viewer's."""
    own = select("w.whistle_id", "whistle_call w", one_of("w.org_id", sorted(viewer.handler_orgs)))
    called = Sql(f"c.id IN ({own.text})", own.params)
    where = both(one_of("c.id", sorted(ids)), of_case_or(viewer, called))
    query = select("c.*", "whistle c JOIN incident i ON i.id = c.incident_id", where)
    return {it.id: it for it in (to_domain(Whistle, row) for row in await read(query, connection))}


async def calls_of(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[WhistleCall]]:
    """The calls of whistles, by unit: all on visible cases, else those to the viewer's own units."""
    found: dict[UUID, list[WhistleCall]] = {whistle_id: [] for whistle_id in ids}
    query = select(
        "c.*", _CALLS, both(one_of("c.whistle_id", sorted(ids)), _open_to(viewer)), "ORDER BY c.id"
    )
    for row in await read(query, connection):
        found[identity(row["whistle_id"])].append(to_domain(WhistleCall, row))
    return found


async def get_calls(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, WhistleCall]:
    """Calls by id: those on visible cases, and those to a unit of the viewer's."""
    query = select("c.*", _CALLS, both(one_of("c.id", sorted(ids)), _open_to(viewer)))
    return {it.id: it for it in (to_domain(WhistleCall, row) for row in await read(query, connection))}


async def list_waiting(
    size: int, *, viewer: Viewer, connection: Connection | None = None
) -> list[WhistleCall]:
    """Calls to the viewer's units that have not come yet, the first due first."""
    waiting = both(one_of("org_id", sorted(viewer.handler_orgs)), Sql("arrived_at IS NULL"))
    where = both(waiting, apart(viewer.recused, "incident_id"))
    query = select("*", "whistle_call", where, f"ORDER BY arrive_due_at, id LIMIT {size:d}")
    return [to_domain(WhistleCall, row) for row in await read(query, connection)]


async def load_call(work: Work, call_id: UUID, *, viewer: Viewer) -> tuple[WhistleCall, Whistle]:
    """The call with its whistle, locked until the transaction ends. NOT_FOUND, field `callId`; FORBIDDEN (R82)."""
    if await lock(work.connection, "whistle_call", call_id):
        await _check_apart(work, call_id, viewer)
        known = (await get_calls([call_id], viewer=viewer, connection=work.connection)).values()
        for call in known:
            query = select("*", "whistle", Sql("id = ?", (call.whistle_id,)))
            (row,) = await read(query, work.connection)
            return call, to_domain(Whistle, row)
    raise DomainError(ErrorCode.NOT_FOUND, "callId")


def insert(work: Work, whistle: Whistle, calls: Collection[WhistleCall]) -> None:
    """Write a whistle and its calls with the transaction."""
    work.writes.insert("whistle", [to_columns(whistle)])
    work.writes.insert("whistle_call", [to_columns(it) for it in calls])


def save_call(work: Work, before: WhistleCall, after: WhistleCall) -> None:
    """Write what changed in a call."""
    work.writes.save("whistle_call", to_columns(before), to_columns(after))


async def _check_apart(work: Work, call_id: UUID, viewer: Viewer) -> None:
    """FORBIDDEN (R82) for a call about a case that the viewer keeps out of."""
    about = both(Sql("id = ?", (call_id,)), one_of("incident_id", sorted(viewer.recused)))
    if viewer.recused and await read(select("id", "whistle_call", about), work.connection):
        raise DomainError(ErrorCode.FORBIDDEN, rule="R82")


def _open_to(viewer: Viewer) -> Sql:
    return of_case_or(viewer, one_of("c.org_id", sorted(viewer.handler_orgs)))
