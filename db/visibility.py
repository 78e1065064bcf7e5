"""Visibility as SQL: the same atoms the feed evaluates on events (design §7, ADR 8)."""

from collections.abc import Collection
from uuid import UUID

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


def condition(visibility: Visibility, alias: str = "i") -> Sql:
    """Whether the case in `alias` (a row of `incident`) is visible: the disjunction of the atoms."""
    if visibility.everything:
        return TRUE
    parts = [one_of(f"{alias}.grid_id", _sorted(visibility.grid_is))]
    if visibility.org_holds:
        parts.append(held_by(visibility.org_holds, alias))
    if visibility.region_under:
        parts.append(within(f"{alias}.region_id", below("region", _sorted(visibility.region_under))))
    if visibility.reporter_is:
        parts.append(Sql(f"{alias}.reporter_id = ?", (visibility.reporter_is,)))
    if visibility.complainant_is:
        same = Sql(f"vc.id = {alias}.complainant_id AND vc.person_id = ?", (visibility.complainant_is,))
        parts.append(exists("complainant vc", same))
    return either(*parts)


def held_by(orgs: Collection[UUID], alias: str = "i") -> Sql:
    """One of the units holds an assignment of the case that it has not given up."""
    refused = ", ".join(f"'{state}'" for state in GIVEN_UP)
    tie = Sql(f"va.incident_id = {alias}.id AND va.state NOT IN ({refused})")
    return exists("assignment va", both(tie, one_of("va.org_id", _sorted(orgs))))


def of_case(viewer: Viewer, alias: str = "i") -> Sql:
    """Whether the viewer may see the case in `alias`."""
    return condition(visibility_of(viewer), alias)


def of_assignment(viewer: Viewer, alias: str = "a", incident: str = "i") -> Sql:
    """An assignment is visible with its case; a unit keeps its own row after it gave the case up (design §7)."""
    return either(of_case(viewer, incident), one_of(f"{alias}.org_id", _sorted(viewer.handler_orgs)))


def of_person(viewer: Viewer, alias: str = "p") -> Sql:
    """Staff see people; volunteers and residents see themselves alone."""
    if viewer.roles & STAFF:
        return TRUE
    return Sql(f"{alias}.id = ?", (viewer.person_id,))


def everyone(_viewer: Viewer) -> Sql:
    """Regions, grids, units and categories are open to whoever is signed in."""
    return TRUE


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
