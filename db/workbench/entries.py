"""What the queries of all desks share: who reads, and the columns that every entry has."""

from collections.abc import Mapping
from dataclasses import dataclass

from db.connection import dialect
from db.rows import TRUE, Sql, both, either, exists, one_of, select
from domain.assignment import AssignmentRole, AssignmentState
from domain.incident import IncidentState
from domain.loop.workbench import OVERSEERS, Marks, TaskReason
from domain.permission import units_of
from domain.viewer import Viewer

ENDED_ROWS = ", ".join(f"'{state}'" for state in AssignmentState if not state.live)
_ENDED_CASES = ", ".join(f"'{state}'" for state in IncidentState if not state.open)
LIVE = Sql(f"a.state NOT IN ({ENDED_ROWS})")
LEAD = Sql("a.role = ?", (AssignmentRole.LEAD,))
_OPEN = Sql(f"o.state NOT IN ({_ENDED_CASES})")
_SUBJECTS = {"assignment_id": "a", "verification_id": "v", "followup_id": "f"}
_SINCE = {"a": "a.dispatched_at", "o": "o.reported_at", "v": "v.created_at", "f": "f.created_at"}
_UNIT = {"a": "a.org_id", "v": "v.org_id"}


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads a desk, and what it compares with."""

    viewer: Viewer
    marks: Marks

    @property
    def units(self) -> Sql:
        """Whose rows a unit's desk shows: every unit's to who oversees them, else those the viewer works for."""
        if self.viewer.roles & OVERSEERS:
            return TRUE
        return one_of("a.org_id", sorted(self.viewer.handler_orgs))


def of_cases(reading: Reading, why: Sql, where: Sql) -> Sql:
    """Open cases that fit."""
    return entries(reading, "o", why, Sql(f"{beside()}o.due_at"), "incident o", both(_OPEN, where))


def entries(reading: Reading, alias: str, why: Sql, due: Sql, source: str, where: Sql, tail: str = "") -> Sql:
    """The columns of `Task` from rows of one table, known by its alias."""
    nothing = never("UUID")
    subjects = (f"{f'{alias}.id' if own == alias else nothing.text} AS {it}" for it, own in _SUBJECTS.items())
    columns = (
        f"{alias}.id AS id, {f'{alias}.id' if alias == 'o' else f'{alias}.incident_id'} AS incident_id, "
        f"{_UNIT.get(alias, nothing.text)} AS org_id, {', '.join(subjects)}, {_SINCE[alias]} AS since, "
        f"{due.text} AS due_at, {_moment()} AS at, {why.text} AS why"
    )
    rows = select(columns, source, where, tail)
    return Sql(rows.text, (*due.params, reading.marks.now, *why.params, *where.params))


def flagged(flags: Mapping[TaskReason, Sql]) -> tuple[Sql, Sql]:
    """Which of the flags hold, as `why`; and that one does."""
    parts = [
        Sql(f"CASE WHEN {it.text} THEN '{reason},' ELSE '' END", it.params) for reason, it in flags.items()
    ]
    why = Sql(" || ".join(it.text for it in parts), tuple(value for it in parts for value in it.params))
    return why, either(*flags.values())


def first_due(*types: str) -> Sql:
    """When the row's running clock of one of these types is due."""
    named = ", ".join(f"'{it}'" for it in types)
    mine = Sql(f"c.assignment_id = a.id AND c.stopped_at IS NULL AND c.type IN ({named})")
    return Sql(f"({select('MIN(c.due_at)', 'clock c', mine).text})")


def not_handled(viewer: Viewer) -> Sql:
    """No unit of the viewer's handled the case `o` (B.6 E)."""
    own = both(
        Sql("h.incident_id = o.id AND h.role <> ?", (AssignmentRole.CC,)),
        one_of("h.org_id", sorted(units_of(viewer))),
    )
    held = exists("assignment h", own)
    return Sql(f"NOT {held.text}", held.params)


def beside() -> str:
    """What keeps SQLite from an index of this column: unfinished rows are few, and it knows no shares."""
    return "+" if dialect() == "sqlite" else ""


def never(kind: str = "TIMESTAMPTZ") -> Sql:
    """No value, of a type that PostgreSQL knows."""
    return Sql("NULL" if dialect() == "sqlite" else f"CAST(NULL AS {kind})")


def _moment() -> str:
    """A moment given as a value."""
    return "?" if dialect() == "sqlite" else "CAST(? AS TIMESTAMPTZ)"
