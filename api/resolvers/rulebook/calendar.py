"""Working days and office hours (R78, D.9)."""

from dataclasses import replace
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry

from api.ids import decode
from api.schema.argument import said
from api.schema.command.given import given
from api.schema.command.rulebook import hours as command
from api.schema.loop.time import MovedClock
from api.schema.rulebook.calendar import CalendarDay, WorkHours
from api.schema.words import Info, Input, resolver
from db import orgs
from db.rulebook import calendars
from domain.errors import DomainError, ErrorCode
from services.rulebook import hours

_OrgUnit = Annotated[strawberry.ID | None, said("单位；空为全区。The unit; null: the district.")]


@strawberry.type
class CalendarQueries:
    """What is worked when."""

    @resolver(
        "某年的日历日，单位自定者优先（R78）。The named days of a year, a unit's own before the notice's."
    )
    async def calendar_days(
        self,
        info: Info,
        year: Annotated[int, said("年份。The year.")],
        org_unit_id: _OrgUnit = None,
    ) -> list[CalendarDay] | None:
        """By date; empty for a year without a notice. BAD_ID, NOT_FOUND (orgUnitId)."""
        viewer, unit = info.context.require_viewer(), await _unit(info, org_unit_id)
        return [CalendarDay.of(it) for it in await calendars.named_days(year, unit, viewer=viewer)]

    @resolver("工作时段，过去、现在与将来（D.9）。Office hours from each day on: past, present and to come.")
    async def work_hours(self, info: Info, org_unit_id: _OrgUnit = None) -> list[WorkHours] | None:
        """The usual ones first. BAD_ID, NOT_FOUND (orgUnitId)."""
        viewer, unit = info.context.require_viewer(), await _unit(info, org_unit_id)
        return [WorkHours.of(it) for it in await calendars.office_hours(unit, viewer=viewer)]


@strawberry.type
class CalendarMutations:
    """D.9."""

    @resolver("设定工作时段，重算在走的时限（D.9）。Set office hours; clocks that run follow them.")
    async def set_work_windows(
        self, info: Info, asked: Input[command.SetWorkWindowsInput]
    ) -> command.SetWorkWindowsPayload | None:
        """NOT_FOUND, CONFLICT, BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        windows = tuple(given(hours.Window, it) for it in asked.windows)
        result = await hours.set_windows(call, replace(given(hours.SetWorkWindows, asked), windows=windows))
        info.context.refresh()
        return command.SetWorkWindowsPayload(
            version=cast("int", result.facts["version"]),
            moved=[MovedClock.of(it) for it in cast("list[Any]", result.facts["moved"])],
            total=cast("int", result.facts["total"]),
        )


async def _unit(info: Info, org_unit_id: strawberry.ID | None) -> UUID | None:
    if org_unit_id is None:
        return None
    key = decode(org_unit_id, "OrgUnit", "orgUnitId")
    if key not in await orgs.get([key], viewer=info.context.require_viewer()):
        raise DomainError(ErrorCode.NOT_FOUND, "orgUnitId")
    return key
