"""The desks' entries as lists: who may see them, filters, pages, counts, and a glance for live consoles."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db import incidents
from db.lists.filters import OVERDUE, Asked, Column, Meaning, Test, compiled, refusal, tests_in
from db.lists.meanings import overdue
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, read_count, read_page
from db.rows import TRUE, Connection, Row, Sql, both, either, one_of, to_domain
from db.visibility import of_case, of_case_or, unprotected
from db.workbench.desks import query
from domain.loop.workbench import Desk, Marks, Task, TaskReason, desks_of
from domain.viewer import Viewer

_CASE = "incidentIs."
ORDER = Order("w.due_at", datetime, "w.id", nullable=True)
"""What is due first comes first; what is never due, last."""


def _for_reason(test: Test, _now: datetime | None) -> Sql:
    """The entry has one of the reasons."""
    values = test.value if test.op == "in" else [test.value]
    if test.op not in {"eq", "in"} or not isinstance(values, list | tuple):
        raise refusal(test.field)
    named = [Sql("',' || w.why LIKE ?", (f"%,{TaskReason(it)},%",)) for it in values]
    return either(*named)


_BY_REASON: Meaning = _for_reason
COLUMNS = {
    "orgUnit": Column("w.org_id", UUID),
    "dueAt": Column("w.due_at", datetime),
    "since": Column("w.since", datetime),
    OVERDUE: Column("w.due_at", meaning=overdue("w.due_at", TRUE)),
    "why": Column("", meaning=_BY_REASON),
    **{f"{_CASE}{name}": column for name, column in incidents.COLUMNS.items()},
}


@dataclass(frozen=True, slots=True)
class DeskCount:
    """How much is on a desk; exact up to `COUNT_CAP`."""

    desk: Desk
    count: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """The beginning of a desk at one moment; `stamps` change with whatever is shown of it."""

    at: datetime
    count: int
    exact: bool
    tasks: tuple[Task, ...]
    stamps: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Tasks:
    """One desk at one moment, as the lists of other nouns: orders, a listing, pages, counts."""

    desk: Desk
    marks: Marks

    @property
    def ORDERS(self) -> dict[str, Order]:  # noqa: N802 - as the modules of other nouns have it
        """The only order, by the desk's name, so that a cursor belongs to its desk."""
        return {self.desk.value: ORDER}

    def listing(self, *, viewer: Viewer, tests: Asked = (), now: datetime | None = None) -> Listing:
        """What pages and counts of the desk are taken from.

        BAD_INPUT with the field. A filter on the case asks visible cases alone, and none that its protected fields
        would reveal (R81). Nothing is too costly: a desk's own index has narrowed the rows already.
        """
        entries = query(self.desk, viewer, self.marks)
        parts = [_seen(viewer), compiled(tests, COLUMNS, now)]
        of_its_case = {it.field.removeprefix(_CASE) for it in tests_in(tests) if it.field.startswith(_CASE)}
        if of_its_case:
            parts.append(of_case(viewer))
        if of_its_case & incidents.PROTECTED:
            parts.append(unprotected(viewer))
        # the values of the entries come first: their query stands before the conditions
        where = both(Sql("TRUE", entries.params), *parts)
        return Listing("w.*", f"({entries.text}) w JOIN incident i ON i.id = w.incident_id", where)

    async def page(
        self,
        *,
        viewer: Viewer,
        tests: Asked = (),
        order: str = "",
        now: datetime | None = None,
        slice_: Slice,
        connection: Connection | None = None,
    ) -> Page[Task]:
        """What is on the desk, due first first; `order` is the desk's name."""
        listing = self.listing(viewer=viewer, tests=tests, now=now)
        return await read_page(listing, self.ORDERS.get(order, ORDER), slice_, _task, connection)

    async def count(
        self,
        *,
        viewer: Viewer,
        tests: Asked = (),
        now: datetime | None = None,
        cap: int = COUNT_CAP,
        connection: Connection | None = None,
    ) -> tuple[int, bool]:
        """How much is on the desk, exact up to `cap`."""
        return await read_count(self.listing(viewer=viewer, tests=tests, now=now), cap, connection)

    async def glance(
        self, *, viewer: Viewer, tests: Asked, size: int, connection: Connection | None = None
    ) -> Glance:
        """The first entries and how many there are; inside `read_cut` both are of one instant."""
        now = self.marks.now
        listing = self.listing(viewer=viewer, tests=tests, now=now)
        stamped = Listing(f"{listing.columns}, i.revision AS revision", listing.source, listing.where)
        page = await read_page(stamped, ORDER, Slice(size), _stamped, connection)
        count, exact = await read_count(listing, connection=connection)
        tasks = tuple(task for task, _ in page.rows)
        stamps = tuple((it.id, it.due_at, it.why, revision) for it, revision in page.rows)
        return Glance(now, count, exact, tasks, (count, exact, *stamps))


async def counts(*, viewer: Viewer, marks: Marks, connection: Connection | None = None) -> list[DeskCount]:
    """How much is on each desk that the viewer reads, one statement a desk."""
    found = [
        (desk, await Tasks(desk, marks).count(viewer=viewer, connection=connection))
        for desk in desks_of(viewer)
    ]
    return [DeskCount(desk, count, exact) for desk, (count, exact) in found]


def _seen(viewer: Viewer) -> Sql:
    """An entry is seen with its case; a unit keeps its own rows (design §7)."""
    own = both(Sql("w.assignment_id IS NOT NULL"), one_of("w.org_id", sorted(viewer.handler_orgs)))
    return of_case_or(viewer, own)


def _task(row: Row) -> Task:
    return to_domain(Task, row)


def _stamped(row: Row) -> tuple[Task, int]:
    return _task(row), int(row["revision"])
