"""Where each noun's rows lie, of what kinds its columns are, and who may see them."""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cached_property
from typing import Any
from uuid import UUID

from db.cases import incident_of
from db.loop.milestones import assignment_of
from db.rows import Row, Sql, both, either, exists, to_domain
from db.rulebook.categories import category_of
from db.visibility import everyone, of_assignment, of_case, of_person, of_staff, unprotected
from domain.assignment import Assignment
from domain.clock import Clock
from domain.complainant import Complainant
from domain.dictionary import Category, DictionaryChange, DispatchRule, DutyItem, PolicyValue
from domain.followup import FollowUp
from domain.grid import Grid
from domain.incident import Incident, Note, Spot
from domain.loop.workbench import Task
from domain.media import Media
from domain.org import OrgUnit
from domain.person import Person, Post
from domain.region import Region
from domain.supervision import Supervision
from domain.verification import Verification
from domain.viewer import Viewer

_KINDS = {UUID: "id", datetime: "time", date: "date", bool: "bool", int: "int", float: "float", str: "text"}
_SPOT = tuple(it.name for it in fields(Spot))
_CASE = "JOIN incident i ON i.id = {alias}.incident_id"


@dataclass(frozen=True)
class Noun:
    """A table of rows of one dataclass: its columns bear the names of the fields.

    `join` is what `visible` needs beside the table itself; `sealed` columns are opened on their way out.
    """

    row: type
    table: str
    alias: str
    visible: Callable[[Viewer], Sql]
    join: str = ""
    sealed: frozenset[str] = field(default_factory=frozenset)
    make: Callable[[Row], Any] | None = None

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Each column with its kind: id, time, date, bool, int, float, text, enum or json; a place lies flat."""
        hints = typing.get_type_hints(self.row)
        found = {it.name: kind_of(hints[it.name]) for it in fields(self.row) if it.init}
        if found.pop("spot", None):
            spot = typing.get_type_hints(Spot)
            found.update((name, kind_of(spot[name])) for name in _SPOT)
        return found

    def select(self, column: str) -> str:
        """The column in a statement."""
        return f'{self.alias}."{column}_sealed"' if column in self.sealed else f'{self.alias}."{column}"'

    def built(self, columns: tuple[str, ...], values: tuple[Any, ...]) -> Any:  # noqa: ANN401 - a row of the domain
        """The row of the domain from all its columns, opened ones included."""
        row = dict(zip(columns, values, strict=False))
        return self.make(row) if self.make else to_domain(self.row, row)


@dataclass(frozen=True)
class Relation:
    """The rows that hang on another, in their order.

    Those of a case that was shown are visible with it; others are looked at for themselves (`guarded`).
    `of_case`: nothing is written of them without the case's revision.
    """

    noun: str
    by: str
    order: str
    guarded: bool = False
    of_case: bool = False
    join: str = ""
    when: Callable[[datetime], Sql] | None = None


def kind_of(hint: Any) -> str:  # noqa: ANN401 - a type hint has no type of its own
    """The kind of a column by the type of the dataclass' field."""
    if isinstance(hint, types.UnionType):
        (hint,) = (part for part in typing.get_args(hint) if part is not type(None))
    if hint in _KINDS:
        return _KINDS[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "enum"
    return "spot" if is_dataclass(hint) else "json"


def _of_complainant(viewer: Viewer) -> Sql:
    tie = Sql("i.complainant_id = k.id")
    return exists("incident i", both(tie, of_case(viewer), unprotected(viewer)))


def _of_media(viewer: Viewer) -> Sql:
    own = Sql("m.incident_id IS NULL AND m.uploaded_by_id = ?", (viewer.person_id,))
    attached = both(Sql("m.incident_id IS NOT NULL"), of_case(viewer), unprotected(viewer))
    return either(own, attached)


def _of_case(row: type, table: str, alias: str) -> Noun:
    """A noun whose rows are seen with their case."""
    return Noun(row, table, alias, of_case, _CASE.format(alias=alias))


def _in_force(now: datetime) -> Sql:
    return Sql("t.starts_at <= ? AND (t.ends_at IS NULL OR t.ends_at > ?) AND p.active", (now, now))


NOUNS: Mapping[str, Noun] = {
    "Assignment": Noun(
        Assignment, "assignment", "a", of_assignment, _CASE.format(alias="a"), make=assignment_of
    ),
    "Category": Noun(Category, "category", "y", everyone, make=category_of),
    "Clock": _of_case(Clock, "clock", "c"),
    "Complainant": Noun(
        Complainant, "complainant", "k", _of_complainant, sealed=frozenset({"name", "phone"})
    ),
    "DictionaryChange": Noun(DictionaryChange, "dictionary_change", "h", of_staff),
    "DispatchRule": Noun(DispatchRule, "dispatch_rule", "d", of_staff),
    "DutyItem": Noun(DutyItem, "duty_item", "u", of_staff),
    "FollowUp": _of_case(FollowUp, "follow_up", "f"),
    "Grid": Noun(Grid, "grid", "g", everyone),
    "Incident": Noun(Incident, "incident", "i", of_case, make=incident_of),
    "Media": Noun(Media, "media", "m", _of_media, "LEFT JOIN incident i ON i.id = m.incident_id"),
    "Note": _of_case(Note, "note", "n"),
    "OrgUnit": Noun(OrgUnit, "org_unit", "o", everyone),
    "Person": Noun(Person, "person", "p", of_person, sealed=frozenset({"name", "phone"})),
    "PolicyValue": Noun(PolicyValue, "policy_value", "v", of_staff),
    "Post": Noun(Post, "post", "t", of_person, "JOIN person p ON p.id = t.person_id"),
    "Region": Noun(Region, "region", "r", everyone),
    "Supervision": _of_case(Supervision, "supervision", "s"),
    "Task": _of_case(Task, "task", "w"),  # of no table: a desk's list says where they come from
    "Verification": _of_case(Verification, "verification", "v"),
}

RELATIONS: Mapping[str, Relation] = {
    "Assignment.incident": Relation("Assignment", "a.incident_id", "a.round, a.seq, a.id", of_case=True),
    "Clock.assignment": Relation("Clock", "c.assignment_id", "c.start_at, c.id", guarded=True),
    "Clock.incident": Relation("Clock", "c.incident_id", "c.start_at, c.id", of_case=True),
    "DictionaryChange.subject": Relation("DictionaryChange", "h.subject_id", "h.version, h.id", guarded=True),
    "FollowUp.incident": Relation("FollowUp", "f.incident_id", "f.created_at, f.id", of_case=True),
    "Media.incident": Relation("Media", "m.incident_id", "m.uploaded_at, m.id"),
    "Note.incident": Relation("Note", "n.incident_id", "n.kind <> 'INSTRUCTION', n.at, n.id", of_case=True),
    "Person.grid": Relation(
        "Person",
        "t.grid_id",
        "t.starts_at, t.id",
        guarded=True,
        join="JOIN post t ON t.person_id = p.id",
        when=_in_force,
    ),
    "Post.person": Relation("Post", "t.person_id", "t.starts_at, t.id", guarded=True),
    "Supervision.incident": Relation("Supervision", "s.incident_id", "s.issued_at, s.id", of_case=True),
    "Verification.incident": Relation("Verification", "v.incident_id", "v.created_at, v.id", of_case=True),
}
