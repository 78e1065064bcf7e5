"""Two notices in the middle of the run: the calendar is published anew, and open clocks follow it (R78, trap 11)."""

from datetime import date, datetime, timedelta

from bench.year.again.books import named_days
from bench.year.diary import Deed
from bench.year.stage import Stage
from db import dictionaries
from domain.calendar import DISTRICT_TIME, WorkCalendar
from services.command import Call, new_id
from services.rulebook import calendars

AFTER = timedelta(minutes=2, seconds=30)
"""Notices come between the whole five minutes at which people act."""

NEAR = timedelta(days=2)
DAY = timedelta(days=1)
SATURDAY = 5


def notices(start: datetime, end: datetime) -> list[datetime]:
    """When they come: after a quarter of the run and after three."""
    hours = int((end - start).total_seconds() // 3600)
    return [start + timedelta(hours=hours * part // 4) + AFTER for part in (1, 3)]


async def publish(stage: Stage) -> WorkCalendar:
    """A day of work soon becomes one of rest, and a Saturday after it one of work; every other day stays."""
    named = await named_days()
    first = stage.now.astimezone(DISTRICT_TIME).date() + NEAR
    rest = _first(first, named, worked=True)
    worked = _first(rest + DAY, named, worked=False)
    days = {**named, rest: False, worked: True}
    for year in sorted({rest.year, worked.year}):
        given = calendars.ImportCalendar(
            year=year,
            days=tuple(
                calendars.Day(date=it, is_workday=on, name="调整")
                for it, on in days.items()
                if it.year == year
            ),
            source="关于调整作息的通知",
        )
        actor = await stage.cast.named("admin")
        await calendars.import_year(Call(actor, stage.now, new_id, new_id()), given)
    stage.diary.append(Deed(stage.now, None, "importCalendar", {"days": await named_days()}))
    return (await dictionaries.rulebook(stage.now)).calendar


def _first(day: date, named: dict[date, bool], *, worked: bool) -> date:
    """The first such day from then on; of rest, a Saturday."""
    while named.get(day, day.weekday() < SATURDAY) is not worked or (
        not worked and day.weekday() != SATURDAY
    ):
        day += DAY
    return day
