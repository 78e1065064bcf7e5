"""Whole cases: loaded, locked and stored as the rules see them (design §3)."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from db import complainants, dictionaries, media, orgs, regions, rows
from db.lists import search
from db.loop.milestones import assignment_columns, assignment_of
from db.rows import Columns, Connection, Row, Sql, both, one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from db.visibility import of_case
from domain.assignment import Assignment
from domain.case import Case
from domain.clock import Clock
from domain.complainant import Complainant
from domain.errors import DomainError, ErrorCode
from domain.followup import FollowUp
from domain.incident import Incident, Note, Spot
from domain.loop.request import Request
from domain.media import Media
from domain.supervision import Supervision
from domain.verification import Verification
from domain.viewer import Viewer
from domain.visibility import check_seen

_SPOT = tuple(field.name for field in fields(Spot))
_SEARCHED = ("no", "title", "content", "address")
_NEXT_REVISION = Sql("revision + 1")  # what is kept ready of a case is of one revision (ADR 12)
# Parents before children: a clock names its assignment.
_PARTS: Mapping[str, tuple[type, str, str]] = {
    "assignments": (Assignment, "assignment", "round, seq, id"),
    "clocks": (Clock, "clock", "start_at, id"),
    "verifications": (Verification, "verification", "created_at, id"),
    "followups": (FollowUp, "follow_up", "created_at, id"),
    "supervisions": (Supervision, "supervision", "issued_at, id"),
    "media": (Media, "media", "uploaded_at, id"),
    "notes": (Note, "note", "at, id"),
    "requests": (Request, "request", "asked_at, id"),
}
_ADDED = ("scores", "pauses")  # written with the case, never loaded with it


def incident_of(row: Row) -> Incident:
    """The incident of a row; the position is flattened there."""
    spot = to_domain(Spot, row) if row["lng"] is not None else None
    return to_domain(Incident, {**row, "spot": spot})


def incident_columns(incident: Incident) -> Columns:
    """The row of an incident."""
    columns = to_columns(incident)
    spot = columns.pop("spot")
    return {**columns, **(to_columns(spot) if spot else dict.fromkeys(_SPOT))}


async def cases(
    ids: Collection[UUID],
    *,
    viewer: Viewer,
    shown: Mapping[UUID, Incident] | None = None,
    connection: Connection | None = None,
) -> dict[UUID, Case]:
    """The visible ones of these cases, whole, in one batch; not locked.

    `shown` are incidents that were read for the viewer just before: they are not read again.
    """
    wanted = set(ids)
    found = [it for key, it in (shown or {}).items() if key in wanted]
    missing = sorted(wanted.difference(it.id for it in found))
    if missing:
        query = select("i.*", "incident i", both(one_of("i.id", missing), of_case(viewer)))
        found += [incident_of(row) for row in await read(query, connection)]
    return await _whole(found, connection)


async def load(work: Work, incident_id: UUID, *, viewer: Viewer) -> Case:
    """The case, locked until the transaction ends. NOT_FOUND, field `id`, when absent; else as `check_seen`."""
    return await _locked(work, Sql("i.id = ?", (incident_id,)), viewer)


async def load_of_assignment(work: Work, assignment_id: UUID, *, viewer: Viewer) -> Case:
    """The case of an assignment, locked. NOT_FOUND, field `id`, when absent; else as `check_seen`."""
    owner = select("incident_id", "assignment", Sql("id = ?", (assignment_id,)))
    return await _locked(work, Sql(f"i.id = ({owner.text})", owner.params), viewer)


async def try_lock(work: Work, incident_id: UUID) -> bool:
    """Lock the case unless another transaction holds it; for the sweep."""
    return await rows.lock(work.connection, "incident", incident_id, wait=False)


async def insert(work: Work, case: Case) -> None:
    """Store a new case with everything on it; uploads among its media become the case's."""
    if case.complainant:
        complainants.insert(work, case.complainant)
    work.writes.insert("incident", [incident_columns(case.incident)])
    search.index(work, case.incident, new=True)
    await _save_parts(work, None, case)


async def save(work: Work, before: Case, after: Case) -> None:
    """Store what changed between two states of a case, and nothing else but that something did."""
    if after.complainant and after.complainant != before.complainant:
        complainants.save(work, before.complainant, after.complainant)
    old, new = incident_columns(before.incident), incident_columns(after.incident)
    if after != before:
        work.writes.save("incident", {**old, "revision": None}, {**new, "revision": _NEXT_REVISION})
    if any(old[name] != new[name] for name in _SEARCHED):
        search.index(work, after.incident)
    await _save_parts(work, before, after)


async def next_number(work: Work, day: date) -> str:
    """The next case number of a district day, `GCL-I-yyyymmdd-nnnnnn`; numbers are given without gaps."""
    tail = 'ON CONFLICT ("day") DO UPDATE SET "value" = day_counter."value" + 1 RETURNING "value"'
    counter = {"day": f"{day:%Y%m%d}", "value": 1}
    found = await rows.insert(work.connection, "day_counter", [counter], tail)
    return f"GCL-I-{counter['day']}-{found[0]['value']:06d}"


async def _save_parts(work: Work, before: Case | None, after: Case) -> None:
    """Send everything of the case that waits; pictures last, for they may be refused."""
    pictures: list[Media] = []
    for part, (_, table, _) in _PARTS.items():
        known = {it.id: it for it in getattr(before, part)} if before else {}
        now = getattr(after, part)
        fresh = [it for it in now if it.id not in known]
        if part == "media":
            pictures = fresh
        else:
            work.writes.insert(table, [_columns(it) for it in fresh])
        for it in now:
            old = known.get(it.id)
            if old is not None and old != it:
                work.writes.save(table, _columns(old), _columns(it))
    _save_added(work, before, after)
    await work.writes.flush(work.connection)
    await media.attach(work, pictures)


def _save_added(work: Work, before: Case | None, after: Case) -> None:
    """Points once each, by their key (B.6 decided 10), and pauses that ended."""
    known = {it.id for name in _ADDED for it in getattr(before, name)} if before else set()
    fresh = {it.key: it for it in reversed(after.scores) if it.id not in known}
    for it in reversed(fresh.values()):
        work.writes.add(rows.insertion("score_entry", [to_columns(it)], "ON CONFLICT DO NOTHING"))
    work.writes.insert("clock_pause", [to_columns(it) for it in after.pauses if it.id not in known])


async def _locked(work: Work, which: Sql, viewer: Viewer) -> Case:
    """The row's lock first: what hangs on the case is read when nobody else can change it."""
    sqlite = work.connection.capabilities.dialect == "sqlite"
    query = select("i.*", "incident i", which, "" if sqlite else "FOR UPDATE")
    found = [incident_of(row) for row in await read(query, work.connection)]
    for case in (await _whole(found, work.connection)).values():
        check_seen(viewer, case.scopes())
        return case
    raise DomainError(ErrorCode.NOT_FOUND, "id")


async def _whole(found: list[Incident], connection: Connection | None) -> dict[UUID, Case]:
    if not found:
        return {}
    merged = await _merged([it.id for it in found if it.merged_count], connection)
    asking = {it.complainant_id for it in found if it.complainant_id}.union(*merged.values())
    parts, known = await _parts(found, sorted(asking), connection)
    categories = await dictionaries.known_as(
        {(it.category_id, it.category_version) for it in found}, connection
    )
    places = {it.region_id for it in found}
    above = await regions.ancestors_of(places, connection=connection)
    serving = await orgs.serving(places, connection)
    return {
        it.id: Case(
            incident=it,
            category=categories[it.category_id, it.category_version],
            region_ids=above[it.region_id],
            community_ids=serving[it.region_id],
            complainant=known[it.complainant_id] if it.complainant_id else None,
            others=tuple(known[key] for key in merged.get(it.id, ())),
            **{name: tuple(by_case.get(it.id, ())) for name, by_case in parts.items()},
        )
        for it in found
    }


async def _merged(masters: list[UUID], connection: Connection | None) -> dict[UUID, list[UUID]]:
    """The complainants of the cases merged into these, by master."""
    found: dict[UUID, list[UUID]] = {}
    if masters:
        where = both(one_of("master_id", sorted(masters)), Sql("complainant_id IS NOT NULL"))
        query = select("master_id, complainant_id", "incident", where, "ORDER BY reported_at, id")
        for row in await read(query, connection):
            key = rows.identity(row["complainant_id"])
            found.setdefault(rows.identity(row["master_id"]), []).append(key)
    return found


async def _parts(
    found: list[Incident], asking: list[UUID], connection: Connection | None
) -> tuple[dict[str, dict[UUID, list[Any]]], dict[UUID, Complainant]]:
    """Everything that hangs on these cases, and who asks: in one round trip to PostgreSQL; SQLite needs none."""
    ids = {name: sorted(it.id for it in found if name != "requests" or it.request_count) for name in _PARTS}
    lists = {
        name: select("c.*", f"{table} c", one_of("c.incident_id", ids[name]), f"ORDER BY {order}")
        for name, (_, table, order) in _PARTS.items()
        if ids[name]
    }
    if asking:
        lists["complainants"] = select("c.*", "complainant c", one_of("c.id", asking))
    answered = await rows.several(lists, connection)
    known = [complainants.of_row(row) for row in answered.pop("complainants", ())]
    parts = {name: _by_case(_PARTS[name][0], of_kind) for name, of_kind in answered.items()}
    return parts, {it.id: it for it in known}


def _columns(part: Any) -> Columns:  # noqa: ANN401 - any part of a case
    return assignment_columns(part) if isinstance(part, Assignment) else to_columns(part)


def _by_case(kind: type, found: list[Row]) -> dict[UUID, list[Any]]:
    by_case: dict[UUID, list[Any]] = {}
    make = assignment_of if kind is Assignment else partial(to_domain, kind)
    for row in found:
        by_case.setdefault(rows.identity(row["incident_id"]), []).append(make(row))
    return by_case
