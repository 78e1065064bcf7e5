"""Named days and office hours, of the district and of units (R78, D.9)."""

import strawberry

from api.scalars import Date
from api.schema.org import OrgUnit
from api.schema.words import Shown, column, link, resolver
from db.rulebook.calendars import HoursSet, NamedDay
from domain.calendar import Windows


@strawberry.type(
    description="日历日：放假，或调休上班。A day that rests, or works, otherwise than its weekday."
)
class CalendarDay(Shown[NamedDay]):
    """R78."""

    date: Date = column("date", "日期。The day.")
    is_workday: bool = column("is_workday", "是否上班。Whether it is worked.")
    name: str = column("name", "名称。Its name.")
    source: str = column("source", "依据的通知。The notice that says so.")
    org_unit: OrgUnit | None = link(
        "org_id",
        "OrgUnit",
        "单位自定者为该单位，全区通知为空。The unit that keeps it; null: the district's notice.",
    )


@strawberry.type(description="工作时段。One window of a working day.")
class WorkWindow:
    """D.9."""

    opens: str = strawberry.field(description="起，如 08:30。From, as 08:30.")
    closes: str = strawberry.field(description="止。To.")


@strawberry.type(description="自某日起的工作时段。Office hours from a day on.")
class WorkHours(Shown[HoursSet]):
    """D.9."""

    valid_from: Date | None = column(
        "since", "自何日起；默认时段为空。From which day on; null of the usual ones."
    )
    own: bool = column("own", "是否单位自定。Whether the unit set them itself.")

    @resolver("各时段，按先后。The windows, in their order.")
    def windows(self) -> list[WorkWindow]:
        """In their order."""
        return shown(self.row.windows)


def shown(windows: Windows) -> list[WorkWindow]:
    """The windows of a day."""
    return [WorkWindow(opens=f"{opens:%H:%M}", closes=f"{closes:%H:%M}") for opens, closes in windows]
