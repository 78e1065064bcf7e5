"""Input and payload of office hours (D.9)."""

import strawberry

from api.scalars import Date
from api.schema.command.given import Command, needed, option
from api.schema.loop.time import MovedClock


@strawberry.input(description="工作时段。One window of a working day.")
class WorkWindowInput:
    """D.9."""

    opens: str = needed("起，写作 08:30。From, written 08:30.")
    closes: str = needed("止，写作 17:00。To, written 17:00.")


@strawberry.input(
    description="设定工作时段，重算在走的时限（D.9）。Set office hours; clocks that run follow them."
)
class SetWorkWindowsInput(Command):
    """D.9."""

    org_unit_id: strawberry.ID | None = option("单位；空为全区。The unit; null: the district.", "OrgUnit")
    valid_from: Date = needed("自何日起，明日或更晚。From which day on, tomorrow or later.")
    windows: list[WorkWindowInput] = needed(
        "各时段，按先后；单位给空列表则恢复全区时段。In their order; none: the unit keeps the district's again."
    )
    source: str = needed("依据。What says so.")


@strawberry.type(description="设定工作时段的结果。What setting office hours answers.")
class SetWorkWindowsPayload:
    """D.9. A request sent again answers the same."""

    version: int = strawberry.field(description="版本号。The version of these hours.")
    moved: list[MovedClock] = strawberry.field(
        description="变动的时限，至多一百条。The clocks whose due time moved, a hundred at most."
    )
    total: int = strawberry.field(description="变动的时限总数。How many moved.")
