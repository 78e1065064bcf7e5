"""Assignments as lists and batches."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from db.lists.filters import Column, Test, compiled
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, order_of, read_count, read_page
from db.rows import Connection, Row, both, identity, one_of, read, select, to_domain
from db.visibility import children, of_assignment
from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.clock import Light
from domain.viewer import Viewer

_SOURCE = "assignment a JOIN incident i ON i.id = a.incident_id"
ORDERS = {
    "HANDLE_DUE_AT_ASC": Order("a.handle_due_at", datetime, "a.id", nullable=True),
    "HANDLE_DUE_AT_DESC": Order("a.handle_due_at", datetime, "a.id", descending=True, nullable=True),
    "DISPATCHED_AT_ASC": Order("a.dispatched_at", datetime, "a.id"),
    "DISPATCHED_AT_DESC": Order("a.dispatched_at", datetime, "a.id", descending=True),
}
COLUMNS = {
    "incident": Column("a.incident_id", UUID),
    "incidentNo": Column("a.incident_no"),
    "orgUnit": Column("a.org_id", UUID),
    "state": Column("a.state", AssignmentState),
    "role": Column("a.role", AssignmentRole),
    "mode": Column("a.mode", AssignmentMode),
    "light": Column("a.light", Light),
    "round": Column("a.round", int),
    "designated": Column("a.designated", bool),
    "handler": Column("a.handler_id", UUID),
    "dispatchedAt": Column("a.dispatched_at", datetime),
    "acceptDueAt": Column("a.accept_due_at", datetime),
    "handleDueAt": Column("a.handle_due_at", datetime),
    "acceptedAt": Column("a.accepted_at", datetime),
    "submittedAt": Column("a.submitted_at", datetime),
    "onTimeAccept": Column("a.on_time_accept", bool),
    "onTimeHandle": Column("a.on_time_handle", bool),
}


async def page(
    *,
    viewer: Viewer,
    tests: Sequence[Test] = (),
    order: str = "HANDLE_DUE_AT_ASC",
    slice_: Slice,
    connection: Connection | None = None,
) -> Page[Assignment]:
    """Assignments of visible cases, and every row of the units the viewer handles for."""
    chosen = order_of(ORDERS, order)
    return await read_page(_listing(viewer, tests), chosen, slice_, _assignment, connection)


async def count(
    *, viewer: Viewer, tests: Sequence[Test] = (), cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many assignments, exact up to `cap`."""
    return await read_count(_listing(viewer, tests), cap, connection)


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Assignment]:
    """Assignments by id; those the viewer may not see are absent."""
    where = both(one_of("a.id", sorted(set(ids))), of_assignment(viewer))
    found = [_assignment(row) for row in await read(select("a.*", _SOURCE, where), connection)]
    return {it.id: it for it in found}


async def of_incidents(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Assignment]]:
    """Every assignment of visible cases, by round and number."""
    found: dict[UUID, list[Assignment]] = {incident_id: [] for incident_id in ids}
    order = "c.round, c.seq, c.id"
    for row in await children("assignment", ids, viewer=viewer, order=order, connection=connection):
        found[identity(row["incident_id"])].append(_assignment(row))
    return found


def _listing(viewer: Viewer, tests: Sequence[Test]) -> Listing:
    return Listing("a.*", _SOURCE, both(of_assignment(viewer), compiled(tests, COLUMNS)))


def _assignment(row: Row) -> Assignment:
    return to_domain(Assignment, row)
