"""What is asked and decided on cases: their requests, and what is counted of them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.cases import incident_of
from db.lists.pages import Listing, Order, Page, Slice, read_page
from db.rows import Connection, Sql, both, identity, one_of, read, select, to_domain
from db.unit_of_work import Work
from db.visibility import apart, children, of_case_or, unprotected
from domain.incident import Incident, IncidentState
from domain.loop.request import Request, RequestKind, RequestState, ReturnReason
from domain.loop.score import ScoreType
from domain.person import Role
from domain.viewer import Viewer

CLAIM_ORDER = Order("i.claim_until", datetime, "i.id")
_WITH_CASE = "request c JOIN incident i ON i.id = c.incident_id"


@dataclass(frozen=True, slots=True)
class ReturnCount:
    """How a unit's returns for one reason went; `asked` counts those still waiting too."""

    org_id: UUID
    reason: ReturnReason
    asked: int
    approved: int
    rejected: int
    referred: int
    lapsed: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """An open arbitration with as much of its case as the units need that shall speak (S35)."""

    request_id: UUID
    incident_id: UUID
    version: int
    no: str
    title: str
    category_id: UUID
    region_id: UUID
    text: str | None
    asked_at: datetime
    participants: tuple[str, ...]


async def of_incidents(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Request]]:
    """The requests of visible cases, oldest first."""
    found: dict[UUID, list[Request]] = {incident_id: [] for incident_id in ids}
    order = "c.asked_at, c.id"
    for row in await children("request", ids, viewer=viewer, order=order, connection=connection):
        found[identity(row["incident_id"])].append(to_domain(Request, row))
    return found


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Request]:
    """Requests by id: those of visible cases, and what a unit of the viewer's asked itself (T12)."""
    where = both(one_of("c.id", sorted(ids)), _seen(viewer))
    found = [to_domain(Request, row) for row in await read(select("c.*", _WITH_CASE, where), connection)]
    return {it.id: it for it in found}


async def refused_since(work: Work, org_id: UUID, since: datetime) -> int:
    """How many returns of a unit were rejected after that moment (R27)."""
    kind, state = RequestKind.RETURN, RequestState.REJECTED
    where = Sql(
        "c.org_id = ? AND c.kind = ? AND c.state = ? AND c.decided_at > ?", (org_id, kind, state, since)
    )
    return int((await read(select("COUNT(*) AS n", "request c", where), work.connection))[0]["n"])


async def bonus_booked(work: Work, incident_id: UUID, org_id: UUID) -> bool:
    """Whether the unit was given the bonus of a claim on this case (S37)."""
    booked = Sql("incident_id = ? AND org_id = ? AND type = ?", (incident_id, org_id, ScoreType.CLAIMED))
    return bool(await read(select("id", "score_entry", booked), work.connection))


async def return_counts(
    since: datetime, until: datetime, *, viewer: Viewer, connection: Connection | None = None
) -> list[ReturnCount]:
    """Who asked to give cases back, why and with what success, of what was asked in [since, until)."""
    asked = Sql(
        "c.kind = ? AND c.asked_at >= ? AND c.asked_at < ? AND c.org_id IS NOT NULL",
        (RequestKind.RETURN, since, until),
    )
    by = "c.org_id, c.reason, c.state"
    where, tail = both(asked, _seen(viewer)), f"GROUP BY {by} ORDER BY {by}"
    found = await read(select(f"{by}, COUNT(*) AS n", _WITH_CASE, where, tail), connection)
    counted: dict[tuple[UUID, str], Counter[str]] = {}
    for row in found:
        counted.setdefault((identity(row["org_id"]), row["reason"]), Counter())[row["state"]] += int(row["n"])
    return [
        ReturnCount(
            org_id=org_id,
            reason=ReturnReason(reason),
            asked=of.total(),
            approved=of[RequestState.APPROVED],
            rejected=of[RequestState.REJECTED],
            referred=of[RequestState.TO_ARBITRATION],
            lapsed=of[RequestState.LAPSED],
        )
        for (org_id, reason), of in counted.items()
    ]


async def disputes(size: int, *, viewer: Viewer, connection: Connection | None = None) -> list[Dispute]:
    """Open arbitrations, oldest first: of visible cases, and those in which a unit the viewer leads is to speak."""
    units = sorted(viewer.orgs_as(Role.HANDLER_LEAD))
    named = [Sql("CAST(c.participants AS TEXT) LIKE ?", (f'%"{it}"%',)) for it in units]
    kind, state = RequestKind.ARBITRATION, RequestState.PENDING
    where = both(Sql("c.kind = ? AND c.state = ?", (kind, state)), of_case_or(viewer, *named))
    tail = f"ORDER BY c.asked_at, c.id LIMIT {size:d}"
    columns = (
        "c.id AS request_id, c.incident_id, c.text, c.asked_at, c.participants, "
        "i.version, i.no, i.title, i.category_id, i.region_id"
    )
    found = await read(select(columns, _WITH_CASE, where, tail), connection)
    return [to_domain(Dispute, row) for row in found]


def claimable(viewer: Viewer, now: datetime) -> Listing:
    """Filed cases that any unit may claim at that moment.

    None that complains about the viewer's own (R81), or that the viewer keeps out of (R82).
    """
    open_now = Sql("i.state = ? AND i.claim_until >= ?", (IncidentState.FILED, now))
    kept = both(unprotected(viewer), apart(viewer.recused, "i.id"))
    return Listing("i.*", "incident i", both(open_now, kept))


async def page_of_claimable(
    *, viewer: Viewer, now: datetime, slice_: Slice, connection: Connection | None = None
) -> Page[Incident]:
    """Claimable cases, whose window closes first."""
    return await read_page(claimable(viewer, now), CLAIM_ORDER, slice_, incident_of, connection)


def _seen(viewer: Viewer) -> Sql:
    """A request is seen with its case, and by the unit that asked."""
    return of_case_or(viewer, one_of("c.org_id", sorted(viewer.handler_orgs)))
