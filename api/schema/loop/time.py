"""What time shows besides clocks: due times that moved, and how much of a unit's work is hung."""

import strawberry

from api.scalars import DateTime
from api.schema.clock import Clock
from api.schema.org import OrgUnit
from api.schema.words import Shown, column, link
from db.loop.hangs import HangCount
from domain.clock import ClockType
from domain.rules.time.calendar import Move


@strawberry.type(description="变动的时限。A clock whose due time moved.")
class MovedClock(Shown[Move]):
    """时限变动 (R78)."""

    clock: Clock | None = link(
        "clock_id", "Clock", "计时；无权查看事项时为空。The clock; null where its case is hidden."
    )
    type: ClockType = column("type", "时限类别。What it measures.")
    incident_no: str = column("incident_no", "事项编号。The case's number.")
    before: DateTime = column("before", "原截止时间。When it was due.")
    after: DateTime = column("after", "新截止时间。When it is due now.")


@strawberry.type(description="挂账占比。How much of a unit's open work is hung.")
class HungShare(Shown[HangCount]):
    """挂账占比 (trap 27)."""

    org_unit: OrgUnit | None = link("org_id", "OrgUnit", "单位。The unit.")
    open: int = column("open", "在办交办单数。Its open assignments as a lead.")
    hung: int = column("hung", "其中挂账数。Of these, the hung.")
    share: float | None = column("share", "占比；无在办时为空。Their share; null of none.")
    alert: bool = column(
        "alert", "是否超过预警线（默认百分之五）。Whether it is above the alert, five per cent by default."
    )
