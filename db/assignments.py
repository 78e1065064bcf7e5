"""Assignments as lists and batches."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from db import incidents
from db.lists.costs import check_cost
from db.lists.filters import OVERDUE, Asked, Column, compiled, tests_in
from db.lists.meanings import overdue
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, Way, order_of, read_count, read_page
from db.loop.milestones import assignment_of
from db.rows import Connection, both, identity, one_of, read, select
from db.visibility import (
    children,
    listed_assignment,
    of_assignment,
    of_case,
    owned_assignments,
    unprotected,
)
from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.clock import Light
from domain.errors import DomainError, ErrorCode
from domain.viewer import Viewer

_HANDLING = (
    AssignmentState.PENDING,
    AssignmentState.ACCEPTED,
    AssignmentState.RETURN_REQ,
    AssignmentState.EXT_REQ,
    AssignmentState.HANG_REQ,
)
_CASE = "incidentIs."
_SOURCE = "assignment a JOIN incident i ON i.id = a.incident_id"
ORDERS = {
    "HANDLE_DUE_AT_ASC": Order("a.handle_due_at", datetime, "a.id", nullable=True),
    "HANDLE_DUE_AT_DESC": Order("a.handle_due_at", datetime, "a.id", descending=True, nullable=True),
    "DISPATCHED_AT_ASC": Order("a.dispatched_at", datetime, "a.id"),
    "DISPATCHED_AT_DESC": Order("a.dispatched_at", datetime, "a.id", descending=True),
}
COLUMNS = {
    "incident": Column("a.incident_id", UUID, indexed=True),
    "incidentNo": Column("i.no", indexed=True),
    "orgUnit": Column("a.org_id", UUID, indexed=True),
    "state": Column("a.state", AssignmentState),
    "role": Column("a.role", AssignmentRole),
    "mode": Column("a.mode", AssignmentMode),
    "light": Column("a.light", Light),
    "round": Column("a.round", int),
    "designated": Column("a.designated", bool),
    "handler": Column("a.handler_id", UUID),
    "dispatchedAt": Column("a.dispatched_at", datetime),
    "acceptDueAt": Column("a.accept_due_at", datetime),
    "handleDueAt": Column("a.handle_due_at", datetime, indexed=True),
    OVERDUE: Column(
        "a.handle_due_at", meaning=overdue("a.handle_due_at", one_of("a.state", _HANDLING)), indexed=True
    ),
    "acceptedAt": Column("a.accepted_at", datetime),
    "submittedAt": Column("a.submitted_at", datetime),
    "onTimeAccept": Column("a.on_time_accept", bool),
    "onTimeHandle": Column("a.on_time_handle", bool),
    **{f"{_CASE}{name}": column for name, column in incidents.COLUMNS.items()},
}


async def page(
    *,
    viewer: Viewer,
    tests: Asked = (),
    order: str = "HANDLE_DUE_AT_ASC",
    now: datetime | None = None,
    slice_: Slice,
    connection: Connection | None = None,
) -> Page[Assignment]:
    """Assignments of visible cases, and every row of the units the viewer handles for."""
    chosen = order_of(ORDERS, order)
    return await read_page(listing(viewer, tests, now=now), chosen, slice_, assignment_of, connection)


async def count(
    *,
    viewer: Viewer,
    tests: Asked = (),
    now: datetime | None = None,
    cap: int = COUNT_CAP,
    connection: Connection | None = None,
) -> tuple[int, bool]:
    """How many assignments, exact up to `cap`."""
    return await read_count(listing(viewer, tests, now=now), cap, connection)


def listing(
    viewer: Viewer, tests: Asked = (), search: str | None = None, now: datetime | None = None
) -> Listing:
    """What pages and counts of assignments are taken from; `now` is the business time, for `overdueBy`.

    BAD_INPUT and TOO_COSTLY with the field; nothing is found by words. A filter on the case asks visible cases
    alone, and none that its protected fields would reveal (R81).
    """
    if search is not None:
        raise DomainError(ErrorCode.BAD_INPUT, "search")
    check_cost(tests, COLUMNS)
    parts = [compiled(tests, COLUMNS, now)]
    of_its_case = {it.field.removeprefix(_CASE) for it in tests_in(tests) if it.field.startswith(_CASE)}
    if of_its_case:
        parts.append(of_case(viewer))
    if of_its_case & incidents.PROTECTED:
        parts.append(unprotected(viewer))
    own, where = owned_assignments(viewer), both(listed_assignment(viewer), *parts)
    return Listing("a.*", _SOURCE, where, (Way(own, both(*parts)),) if own is not None else ())


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Assignment]:
    """Assignments by id; those the viewer may not see are absent."""
    where = both(one_of("a.id", sorted(set(ids))), of_assignment(viewer))
    found = [assignment_of(row) for row in await read(select("a.*", _SOURCE, where), connection)]
    return {it.id: it for it in found}


async def of_incidents(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Assignment]]:
    """Every assignment of visible cases, by round and number."""
    found: dict[UUID, list[Assignment]] = {incident_id: [] for incident_id in ids}
    order = "c.round, c.seq, c.id"
    for row in await children("assignment", ids, viewer=viewer, order=order, connection=connection):
        found[identity(row["incident_id"])].append(assignment_of(row))
    return found
