"""Points of units on a case."""

import strawberry

from api.scalars import DateTime
from api.schema.org import OrgUnit
from api.schema.words import Shown, column, identity, link
from domain.loop import score as rows
from domain.loop.score import ScoreType


@strawberry.type(description="计分：只增不改。Points a unit won or lost on a case; never changed.")
class ScoreEntry(Shown[rows.ScoreEntry]):
    """计分."""

    id: strawberry.ID = identity("ScoreEntry", "id", "全局编号。The global id.")
    org_unit: OrgUnit = link("org_id", "OrgUnit", "单位。The unit.")
    assignment_id: strawberry.ID | None = identity(
        "Assignment", "assignment_id", "所涉交办单。The assignment meant."
    )
    type: ScoreType = column("type", "计分项。For what.")
    amount: float = column("amount", "分值，扣分为负。How many; negative when lost.")
    rule: str = column("row", "规则依据，如 T25。The row of the rules it follows.")
    at: DateTime = column("at", "计分时间。When it was booked.")
