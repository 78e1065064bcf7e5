"""Office hours of the district or of one unit, from a day on (domain.md D.9, R78)."""

from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_OID, UUID, uuid5

from db.rulebook import calendars
from db.rulebook.changes import last_version
from db.unit_of_work import Work
from domain import text
from domain.action import ActionName as A
from domain.calendar import local_day, midnight
from domain.dictionary import DictionaryNoun
from domain.event import Subject
from domain.permission import permit
from domain.rules.rulebook.hours import check_day, check_windows, time_given
from domain.rules.time.calendar import change_from
from services.command import Call, Result, perform
from services.rulebook.following import follow_all
from services.rulebook.history import begin, record, tell
from services.rulebook.named import units_in_use

SOURCE = 100
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when until when offices are open on a working day, `08:30`."""

    opens: str
    closes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWorkWindows:
    """The windows of a working day from a day on; a unit without any keeps the district's again."""

    valid_from: date
    windows: tuple[Window, ...]
    source: str
    org_unit_id: UUID | None = None


async def set_windows(call: Call, given: SetWorkWindows) -> Result:
    """Set office hours, then let every open case follow them; `facts` as `import_year`.

    NOT_FOUND (orgUnitId), BAD_INPUT (windows: out of order, overlapping, too
    many, none for the district; validFrom: not after today; source).
    """
    permit(call.actor, A.setWorkWindows)

    async def body(work: Work) -> Result:
        await begin(work)
        if given.org_unit_id is not None:
            await units_in_use(work, (given.org_unit_id,), "orgUnitId")
        subject_id = uuid5(given.org_unit_id or NAMESPACE_OID, "work windows")
        version = await last_version(work, DictionaryNoun.WORK_WINDOWS, subject_id)
        check_day(given.valid_from, local_day(call.now))
        windows = tuple((time_given(it.opens), time_given(it.closes)) for it in given.windows)
        if windows or given.org_unit_id is None:
            check_windows(windows)
        await calendars.put_hours(work, given.org_unit_id, given.valid_from, windows)
        subject = Subject("WorkWindows", subject_id, version + 1)
        return Result(made={"change": (await _changed(work, call, given, subject),)})

    result = await perform(call, A.setWorkWindows, given, body)
    change = change_from(given.valid_from, given.org_unit_id)
    return await follow_all(call, A.setWorkWindows, result, change)


async def _changed(work: Work, call: Call, given: SetWorkWindows, subject: Subject) -> UUID:
    unit = str(given.org_unit_id) if given.org_unit_id else None
    source = text.line(given.source, "source", most=SOURCE)
    spans = [f"{it.opens}-{it.closes}" for it in given.windows]
    data: dict[str, object] = {"org_id": unit, "windows": spans, "source": source}
    tell(work, call, A.setWorkWindows, subject, "D.9", org=unit, windows=[*spans])
    begins = midnight(given.valid_from)
    return await record(
        work, call, DictionaryNoun.WORK_WINDOWS, subject, data, valid_from=begins, reason=source
    )
