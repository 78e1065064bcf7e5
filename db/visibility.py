"""Visibility as SQL: the same atoms the feed evaluates on events (design §7, ADR 8)."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from db.connection import dialect
from db.rows import (
    FALSE,
    TRUE,
    Connection,
    Row,
    Sql,
    below,
    both,
    either,
    exists,
    one_of,
    read,
    select,
    within,
)
from domain.assignment import AssignmentState
from domain.permission import STAFF
from domain.viewer import Viewer
from domain.visibility import Visibility, visibility_of

GIVEN_UP = tuple(sorted(state.value for state in AssignmentState if not state.visible))
_REFUSED = ", ".join(f"'{state}'" for state in GIVEN_UP)


def condition(visibility: Visibility, alias: str = "i", met: str = "") -> Sql:
    """Whether the case in `alias` (a row of `incident`) is visible: the disjunction of the atoms, less some cases.

    `met` stands before the columns that an index would serve.
    """
    return both(_tied(visibility, alias, met), apart(visibility.apart, f"{alias}.id"))


def apart(cases: Collection[UUID], column: str) -> Sql:
    """The column names none of the cases that somebody keeps out of (R82); nothing is asked where there are none."""
    kept_out = one_of(column, _sorted(cases))
    return TRUE if kept_out == FALSE else Sql(f"NOT {kept_out.text}", kept_out.params)


def _tied(visibility: Visibility, alias: str, met: str = "") -> Sql:
    """The disjunction of the atoms."""
    if visibility.everything:
        return TRUE
    parts = [one_of(f"{met}{alias}.grid_id", _sorted(visibility.grid_is))]
    if visibility.org_holds:
        parts.append(held_by(visibility.org_holds, alias))
    if visibility.region_under:
        parts.append(within(f"{met}{alias}.region_id", below("region", _sorted(visibility.region_under))))
    if visibility.reporter_is:
        parts.append(Sql(f"{met}{alias}.reporter_id = ?", (visibility.reporter_is,)))
    if visibility.complainant_is:
        same = Sql(f"vc.id = {alias}.complainant_id AND vc.person_id = ?", (visibility.complainant_is,))
        parts.append(exists("complainant vc", same))
    return either(*parts)


def held_by(orgs: Collection[UUID], alias: str = "i") -> Sql:
    """One of the units holds an assignment of the case that it has not given up."""
    tie = Sql(f"va.incident_id = {alias}.id AND va.state NOT IN ({_REFUSED})")
    return exists("assignment va", both(tie, one_of("va.org_id", _sorted(orgs))))


def of_case(viewer: Viewer, alias: str = "i") -> Sql:
    """Whether the viewer may see the case in `alias`."""
    return condition(visibility_of(viewer), alias)


def of_case_or(viewer: Viewer, *ways: Sql, alias: str = "i") -> Sql:
    """Whether the viewer may see the case in `alias`, or one of the other ways is open; none is to who keeps out."""
    visibility = visibility_of(viewer)
    tied = either(_tied(visibility, alias), *ways)
    return both(tied, apart(visibility.apart, f"{alias}.id"))


def listed(viewer: Viewer, alias: str = "i") -> Sql:
    """`of_case` for rows met in the order of a list: SQLite would gather a viewer's rows first and sort them."""
    return condition(visibility_of(viewer), alias, _met())


def owned(viewer: Viewer) -> Sql | None:
    """A query of the ids (`id`) of all cases the viewer may see, each once.

    None where that is everything, but for what the viewer keeps out of.
    """
    visibility = visibility_of(viewer)
    if visibility.everything:
        return None
    parts = []
    if visibility.org_holds:
        held = both(
            Sql(f"o.state NOT IN ({_REFUSED})"),
            one_of("o.org_id", _sorted(visibility.org_holds)),
            apart(visibility.apart, "o.incident_id"),
        )
        parts.append(select("DISTINCT o.incident_id AS id", "assignment o", held))
    seen = Visibility(org_holds=visibility.org_holds)
    for atom in ("grid_is", "reporter_is", "region_under", "complainant_is"):
        one = replace(Visibility(), **{atom: getattr(visibility, atom)})
        if not one.nothing:
            besides = both(_unless(condition(seen, "o")), apart(visibility.apart, "o.id"))
            parts.append(_sought(one, besides))
            seen = replace(seen, **{atom: getattr(visibility, atom)})
    return _all(parts)


def listed_assignment(viewer: Viewer) -> Sql:
    """`of_assignment` for rows met in the order of a list."""
    own = one_of(f"{_met()}a.org_id", _sorted(viewer.handler_orgs))
    if own == FALSE and dialect() == "sqlite" and not visibility_of(viewer).everything:
        own = Sql("a.id = ''")  # of no row; a test of both tables keeps SQLite from a filter over all cases
    visibility = visibility_of(viewer)
    return both(either(_tied(visibility, "i", _met()), own), apart(visibility.apart, "i.id"))


def owned_assignments(viewer: Viewer) -> Sql | None:
    """A query of the ids (`id`) of all assignments the viewer may see, each once; None as in `owned`."""
    cases = owned(viewer)
    if cases is None:
        return None
    source = (
        f"({cases.text}) seen CROSS JOIN assignment o"  # from the cases to their rows, never the other way
    )
    of_cases = select("o.id", source, Sql("o.incident_id = seen.id", cases.params))
    own = one_of("o.org_id", _sorted(viewer.handler_orgs))
    if own == FALSE:
        return of_cases
    visibility = visibility_of(viewer)
    given_up = both(own, _unless(_tied(visibility, "i")), apart(visibility.apart, "i.id"))
    return _all([of_cases, select("o.id", "assignment o JOIN incident i ON i.id = o.incident_id", given_up)])


def of_assignment(viewer: Viewer, alias: str = "a", incident: str = "i") -> Sql:
    """An assignment is visible with its case; a unit keeps its own row after it gave the case up (design §7)."""
    return of_case_or(viewer, one_of(f"{alias}.org_id", _sorted(viewer.handler_orgs)), alias=incident)


def of_person(viewer: Viewer, alias: str = "p") -> Sql:
    """Staff see people; volunteers and residents see themselves alone."""
    if viewer.roles & STAFF:
        return TRUE
    return Sql(f"{alias}.id = ?", (viewer.person_id,))


def everyone(_viewer: Viewer) -> Sql:
    """Regions, grids, units and categories are open to whoever is signed in."""
    return TRUE


def of_staff(viewer: Viewer) -> Sql:
    """What the rules read, and its history, are open to everyone who works here; the public sees what comes of it."""
    return TRUE if viewer.roles & STAFF or viewer.system else FALSE


def unprotected(viewer: Viewer, alias: str = "i") -> Sql:
    """R81: the case does not complain about a unit of the viewer, whose search and filters would reveal it."""
    posts = {post.org_id for post in viewer.posts} | {viewer.org_id}
    own = _sorted([org for org in posts if org is not None])
    if not own:
        return TRUE
    about = one_of(f"{alias}.complained_org_id", own)
    return Sql(f"{alias}.complained_org_id IS NULL OR NOT ({about.text})", about.params)


async def children(
    table: str,
    ids: Collection[UUID],
    *,
    viewer: Viewer,
    order: str,
    by: str = "incident_id",
    connection: Connection | None = None,
) -> list[Row]:
    """The rows of a table that hang on visible cases, in `order`, for these values of `by`."""
    where = both(one_of(f"c.{by}", _sorted(ids)), of_case(viewer))
    if where == FALSE or not ids:
        return []
    source = f"{table} c JOIN incident i ON i.id = c.incident_id"
    return await read(select("c.*", source, where, f"ORDER BY {order}"), connection)


def _sorted(ids: Collection[UUID]) -> list[UUID]:
    """In one order, so that equal questions are equal statements."""
    return sorted(ids)


def _sought(one: Visibility, besides: Sql) -> Sql:
    """The ids (`id`) of the cases of one atom, from its end of the index, that meet `besides` on `o` too."""
    if one.complainant_is:
        asking = Sql("o.complainant_id = vc.id AND vc.person_id = ?", (one.complainant_is,))
        return select("o.id", "complainant vc CROSS JOIN incident o", both(asking, besides))
    if not one.region_under:
        return select("o.id", "incident o", both(condition(one, "o"), besides))
    under = below("region", _sorted(one.region_under))
    if dialect() == "postgres":
        there = Sql(f"o.region_id = ANY(ARRAY({under.text}))", under.params)
        return select("o.id", "incident o", both(there, besides))
    source = f"({under.text}) below CROSS JOIN incident o"  # SQLite keeps to this order
    return select("o.id", source, both(Sql("o.region_id = below.id", under.params), besides))


def _unless(where: Sql) -> Sql:
    return TRUE if where == FALSE else Sql(f"({where.text}) IS NOT TRUE", where.params)


def _all(queries: Collection[Sql]) -> Sql:
    """The rows of every query, one query after the other."""
    found = queries or [select("id", "incident", FALSE)]
    return Sql(
        " UNION ALL ".join(it.text for it in found), tuple(value for it in found for value in it.params)
    )


def _met() -> str:
    """What keeps SQLite from gathering a viewer's rows by an index and sorting them all, for one page."""
    return "+" if dialect() == "sqlite" else ""
