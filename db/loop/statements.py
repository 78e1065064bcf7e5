"""What units say in arbitrations (S35)."""

from collections.abc import Collection
from uuid import UUID

from db.rows import Connection, Sql, both, identity, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import children, of_case_or
from domain.loop.request import Statement
from domain.viewer import Viewer


async def of_requests(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Statement]]:
    """The statements of arbitrations on visible cases, oldest first."""
    found: dict[UUID, list[Statement]] = {request_id: [] for request_id in ids}
    order = "c.at, c.id"
    for row in await children(
        "statement", ids, viewer=viewer, order=order, by="request_id", connection=connection
    ):
        found[identity(row["request_id"])].append(to_domain(Statement, row))
    return found


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Statement]:
    """Statements by id: those on visible cases, and what the viewer's own units said."""
    own = one_of("c.org_id", sorted(viewer.handler_orgs))
    where = both(one_of("c.id", sorted(ids)), of_case_or(viewer, own))
    query = select("c.*", "statement c JOIN incident i ON i.id = c.incident_id", where)
    return {it.id: it for it in (to_domain(Statement, row) for row in await read(query, connection))}


async def volunteers(work: Work, request_id: UUID) -> frozenset[UUID]:
    """The units that offered themselves in an arbitration (T19)."""
    offered = Sql("request_id = ? AND volunteers", (request_id,))
    found = await read(select("DISTINCT org_id", "statement", offered), work.connection)
    return frozenset(identity(row["org_id"]) for row in found)


def insert(work: Work, statement: Statement) -> None:
    """Write a new statement with the transaction."""
    work.writes.insert("statement", [to_columns(statement)])
