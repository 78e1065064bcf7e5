"""A year's working calendar, of the district or of one unit (R78, trap 11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_OID, UUID, uuid5

from db.loop import calendars
from db.rulebook import calendars as own
from db.rulebook.changes import data_of, last_version
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.calendar import CalendarDay
from domain.dictionary import DictionaryNoun
from domain.event import Subject
from domain.permission import permit
from domain.rules.time.calendar import change_of_year, year_of_days
from services.command import Call, Result, perform
from services.rulebook.following import LISTED, follow_all
from services.rulebook.history import begin, record, tell
from services.rulebook.named import units_in_use

__all__ = ["LISTED", "Day", "ImportCalendar", "import_year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a notice."""

    date: date
    is_workday: bool
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCalendar:
    """The days a year's notice names, and which notice it is; with a unit, the days that this one keeps otherwise."""

    year: int
    days: tuple[Day, ...]
    source: str
    org_unit_id: UUID | None = None


async def import_year(call: Call, given: ImportCalendar) -> Result:
    """Store the year's days, then let every open case follow; `facts` has the `version`, what `moved`, the `total`.

    NOT_FOUND (orgUnitId), BAD_INPUT (year, days, source). Each case moves in a
    transaction of its own, under its lock. A request sent again moves what the first did not come to, and answers
    everything that either moved.
    """
    permit(call.actor, A.importCalendar)

    async def body(work: Work) -> Result:
        await begin(work)
        if given.org_unit_id is not None:
            await units_in_use(work, (given.org_unit_id,), "orgUnitId")
        subject_id = calendar_id(given.year, given.org_unit_id)
        version = await last_version(work, DictionaryNoun.CALENDAR, subject_id)
        named = [(it.date, it.is_workday, it.name) for it in given.days]
        days = year_of_days(given.year, named, given.source, own=given.org_unit_id is not None)
        if given.org_unit_id is None:
            await calendars.put_year(work, given.year, days)
        else:
            await own.put_days_of(work, given.org_unit_id, given.year, days)
        subject = Subject("WorkCalendar", subject_id, version + 1)
        change_id = await _kept(work, call, given, subject, days)
        _told(work, call, given, subject, days)
        return Result(made={"change": (change_id,)})

    result = await perform(call, A.importCalendar, given, body)
    return await follow_all(call, A.importCalendar, result, change_of_year(given.year, given.org_unit_id))


def calendar_id(year: int, org_id: UUID | None) -> UUID:
    """What the history knows a year's calendar by."""
    return uuid5(org_id or NAMESPACE_OID, f"calendar.{year}")


async def _kept(
    work: Work, call: Call, given: ImportCalendar, subject: Subject, days: Sequence[CalendarDay]
) -> UUID:
    data: dict[str, object] = {
        "year": given.year,
        "org_id": str(given.org_unit_id) if given.org_unit_id else None,
        "source": given.source,
        "days": [data_of(it) for it in days],
    }
    begins = change_of_year(given.year).start
    return await record(work, call, DictionaryNoun.CALENDAR, subject, data, valid_from=begins)


def _told(
    work: Work, call: Call, given: ImportCalendar, subject: Subject, days: Sequence[CalendarDay]
) -> None:
    tell(
        work,
        call,
        A.importCalendar,
        subject,
        "R78",
        year=given.year,
        days=len(days),
        worked=sum(it.is_workday for it in days),
        org=str(given.org_unit_id) if given.org_unit_id else None,
    )
