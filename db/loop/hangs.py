"""How much of a unit's open work is hung (trap 27)."""

from dataclasses import dataclass
from uuid import UUID

from db.rows import Connection, Sql, both, one_of, read, select
from db.visibility import of_assignment
from domain.assignment import AssignmentRole, AssignmentState
from domain.viewer import Viewer

ALERT = 0.05
"""Above this share, hanging may serve to dodge lateness (domain.md §9 trap 27)."""

_OPEN = tuple(sorted(state.value for state in AssignmentState if state.live))


@dataclass(frozen=True, slots=True)
class HangCount:
    """A unit's open assignments as a lead, and how many of them are hung."""

    org_id: UUID
    open: int
    hung: int

    @property
    def share(self) -> float | None:
        """The hung among the open; None of none (trap 5)."""
        return self.hung / self.open if self.open else None

    @property
    def alert(self) -> bool:
        """Whether the share is above five per cent."""
        return self.share is not None and self.share > ALERT


async def count_of(org_id: UUID, *, viewer: Viewer, connection: Connection | None = None) -> HangCount:
    """The unit's assignments that the viewer may see."""
    columns = "COUNT(*) AS held, SUM(CASE WHEN a.state = 'HUNG' THEN 1 ELSE 0 END) AS hung"
    mine = Sql("a.org_id = ? AND a.role = ?", (org_id, AssignmentRole.LEAD))
    where = both(mine, one_of("a.state", _OPEN), of_assignment(viewer))
    (row,) = await read(
        select(columns, "assignment a JOIN incident i ON i.id = a.incident_id", where), connection
    )
    return HangCount(org_id, int(row["held"]), int(row["hung"] or 0))
