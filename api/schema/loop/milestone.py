"""The milestones of an assignment: staged limits with their clocks (R24)."""

import strawberry

from api.scalars import DateTime
from api.schema.clock import Clock
from api.schema.person import Person
from api.schema.words import Shown, column, link
from domain.clock import TimeUnit
from domain.loop import milestone as rows


@strawberry.type(description="交办单的一个阶段。A milestone of an assignment, as it was at the dispatch.")
class Stage(Shown[rows.Stage]):
    """R24."""

    name: str = column("name", "阶段名称，如停工、处罚、拆除。The milestone's name.")
    limit: int = column("limit", "时限数值。The limit's amount.")
    unit: TimeUnit = column("unit", "时限单位。The limit's unit.")
    clock: Clock | None = link(
        "clock_id", "Clock", "计时；无权查看事项时为空。Its clock; null where the case is hidden."
    )
    done_at: DateTime | None = column("done_at", "完成时间；未完成为空。When it was done.")
    done_by: Person | None = link("done_by_id", "Person", "完成人。Who did it.")
    evidence: str | None = column("evidence", "完成情况。What was done.")
