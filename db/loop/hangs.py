"""How much of a unit's open work is hung (trap 27)."""

from dataclasses import dataclass
from uuid import UUID

from db.rows import Connection, Sql, both, identity, read, select
from db.visibility import of_assignment
from domain.assignment import AssignmentRole, AssignmentState
from domain.viewer import Viewer

ALERT = 5
"""Above this percentage [P], unless a policy value says another, hanging may serve to dodge lateness (trap 27)."""

_ENDED = ", ".join(f"'{state}'" for state in AssignmentState if not state.live)
_OPEN = Sql(f"a.state NOT IN ({_ENDED})")
_COLUMNS = "COUNT(*) AS held, SUM(CASE WHEN a.state = 'HUNG' THEN 1 ELSE 0 END) AS hung"
_SOURCE = "assignment a JOIN incident i ON i.id = a.incident_id"


@dataclass(frozen=True, slots=True)
class HangCount:
    """A unit's open assignments as a lead, and how many of them are hung; above `percent` it is told."""

    org_id: UUID
    open: int
    hung: int
    percent: int = ALERT

    @property
    def share(self) -> float | None:
        """The hung among the open; None of none (trap 5)."""
        return self.hung / self.open if self.open else None

    @property
    def alert(self) -> bool:
        """Whether more than that percentage is hung."""
        return self.hung * 100 > self.open * self.percent


async def count_of(
    org_id: UUID, percent: int = ALERT, *, viewer: Viewer, connection: Connection | None = None
) -> HangCount:
    """The unit's assignments that the viewer may see."""
    mine = Sql("a.org_id = ? AND a.role = ?", (org_id, AssignmentRole.LEAD))
    (row,) = await read(select(_COLUMNS, _SOURCE, both(mine, _OPEN, of_assignment(viewer))), connection)
    return HangCount(org_id, int(row["held"]), int(row["hung"] or 0), percent)


async def counts(
    percent: int = ALERT, *, viewer: Viewer, connection: Connection | None = None
) -> list[HangCount]:
    """Every unit that leads open assignments which the viewer may see, the largest share of hung ones first."""
    where = both(Sql("a.role = ?", (AssignmentRole.LEAD,)), _OPEN, of_assignment(viewer))
    rows = await read(select(f"a.org_id, {_COLUMNS}", _SOURCE, where, "GROUP BY a.org_id"), connection)
    found = [HangCount(identity(it["org_id"]), int(it["held"]), int(it["hung"]), percent) for it in rows]
    return sorted(found, key=lambda it: (-it.hung / it.open, it.org_id))
