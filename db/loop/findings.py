"""What rulings found of the units they heard (S35, S36): who was named, who was let go, who shirked."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.rows import Connection, Sql, both, identity, moment, one_of, read, select, to_domain
from db.visibility import of_case
from domain.loop.request import Request, RequestKind, RequestState
from domain.loop.score import ScoreType
from domain.viewer import Viewer

_BOOKED = {
    ScoreType.SHIRKED: "shirked",
    ScoreType.CLAIMED: "volunteered",
    ScoreType.VOLUNTEERED: "volunteered",
}


@dataclass(frozen=True, slots=True)
class FindingCount:
    """How the rulings of a span went for one unit; `waiting` are not ruled yet, or ended without a ruling."""

    org_id: UUID
    heard: int
    led: int
    supported: int
    let_go: int
    waiting: int
    shirked: int
    volunteered: int


async def counts(
    since: datetime, until: datetime, *, viewer: Viewer, connection: Connection | None = None
) -> list[FindingCount]:
    """Of the arbitrations of visible cases raised in [since, until), by unit."""
    raised = Sql("c.kind = ? AND c.asked_at >= ? AND c.asked_at < ?", (RequestKind.ARBITRATION, since, until))
    where = both(raised, one_of("c.state", tuple(RequestState)), of_case(viewer))
    source = "request c JOIN incident i ON i.id = c.incident_id"
    found = [to_domain(Request, row) for row in await read(select("c.*", source, where), connection)]
    counted = _heard(found)
    for org_id, what in await _booked(found, connection):
        counted.setdefault(org_id, Counter())[what] += 1
    names = ("heard", "led", "supported", "let_go", "waiting", "shirked", "volunteered")
    return [FindingCount(org_id, *(of[it] for it in names)) for org_id, of in sorted(counted.items())]


def _heard(requests: Collection[Request]) -> dict[UUID, Counter[str]]:
    """Each unit that was heard or named, and as what."""
    counted: dict[UUID, Counter[str]] = {}
    for it in requests:
        for org in {*it.participants, *it.leads, *it.supports}:
            of = counted.setdefault(UUID(org), Counter())
            of["heard"] += org in it.participants
            of[_found(it, org)] += 1
    return counted


def _found(request: Request, org: str) -> str:
    if request.state is not RequestState.APPROVED:
        return "waiting"
    if org in request.leads:
        return "led"
    return "supported" if org in request.supports else "let_go"


async def _booked(requests: Collection[Request], connection: Connection | None) -> list[tuple[UUID, str]]:
    """What the same rulings booked on units (R27)."""
    ruled = {(it.incident_id, it.decided_at) for it in requests if it.state is RequestState.APPROVED}
    if not ruled:
        return []
    cases = one_of("incident_id", sorted({case for case, _ in ruled}))
    where = both(cases, one_of("type", tuple(_BOOKED)))
    rows = await read(select("org_id, type, incident_id, at", "score_entry", where), connection)
    return [
        (identity(it["org_id"]), _BOOKED[ScoreType(it["type"])])
        for it in rows
        if (identity(it["incident_id"]), moment(it["at"])) in ruled
    ]
