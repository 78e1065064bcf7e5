"""The numbers of the wall."""

import strawberry

from api.scalars import DateTime
from api.schema.org import OrgUnit
from api.schema.words import Shown, column, derived, link
from db import board
from domain.incident import IncidentState


@strawberry.type(description="某状态的事项数。How many cases are in a state.")
class StateCount:
    """One state."""

    state: IncidentState = strawberry.field(description="状态。The state.")
    count: int = strawberry.field(description="数量。How many.")


@strawberry.type(description="某单位的在办数。The open cases of a unit.")
class OrgCount(Shown[board.OrgCount]):
    """One unit."""

    org_unit: OrgUnit = link("org_id", "OrgUnit", "单位。The unit.")
    open: int = column("open", "在办数。Open cases that it holds.")
    red: int = column("red", "红灯数。How many of them are red.")


def _states(counts: tuple[tuple[IncidentState, int], ...]) -> list[StateCount]:
    return [StateCount(state=state, count=count) for state, count in counts]


@strawberry.type(
    description="看板：当前用户可见事项的统计。The board: counts of the cases the viewer may see."
)
class BoardCounts(Shown[board.BoardCounts]):
    """看板; today is the district's day."""

    at: DateTime = column("at", "统计时刻。The moment of counting.")
    open: int = column("open", "在办。Open cases.")
    yellow: int = column("yellow", "黄灯。Open and yellow.")
    red: int = column("red", "红灯。Open and red.")
    supervised: int = column("supervised", "督办中。Open and supervised.")
    reported_today: int = column("reported_today", "今日上报。Reported today.")
    closed_today: int = column("closed_today", "今日结案。Closed today.")
    by_state: list[StateCount] = derived("by_state", fn=_states, description="按状态。By state.")
    by_org_unit: list[OrgCount] = derived(
        "by_org", fn=lambda units: [OrgCount.of(it) for it in units], description="按单位。By unit."
    )
