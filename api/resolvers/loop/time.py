"""Time: extensions, hangs, the calendar."""

from dataclasses import replace
from typing import Annotated, Any, cast

import strawberry

from api.ids import decode
from api.schema.argument import said
from api.schema.command.given import given
from api.schema.command.loop import time as command
from api.schema.command.made import assignment_of, incident_of, parts, warnings_of
from api.schema.loop.request import Request
from api.schema.loop.time import HungShare, MovedClock
from api.schema.words import Info, Input, resolver
from db import orgs
from db.loop import hangs as counts
from domain.errors import DomainError, ErrorCode
from domain.policy import HUNG_SHARE
from domain.visibility import overseer
from services.loop import extensions, hangs
from services.rulebook import calendars


async def _alert(info: Info) -> int:
    """The percentage above which a unit's hung work is told."""
    return (await info.context.rulebook()).policy.count(HUNG_SHARE)


@strawberry.type
class TimeQueries:
    """How much of a unit's work is hung."""

    @resolver("单位在办交办单中挂账的占比（陷阱27）。How much of a unit's open work is hung.")
    async def hung_share(
        self, info: Info, org_unit_id: Annotated[strawberry.ID, said("单位。The unit.")]
    ) -> HungShare | None:
        """BAD_ID, NOT_FOUND (orgUnitId)."""
        viewer, key = info.context.require_viewer(), decode(org_unit_id, "OrgUnit", "orgUnitId")
        if key not in await orgs.get([key], viewer=viewer):
            raise DomainError(ErrorCode.NOT_FOUND, "orgUnitId")
        return HungShare.of(await counts.count_of(key, await _alert(info), viewer=viewer))

    @resolver("各单位挂账占比，高者在前（陷阱27）。Every unit's share of hung work, the largest first.")
    async def hung_shares(self, info: Info) -> list[HungShare] | None:
        """FORBIDDEN but for who sees every unit's work."""
        viewer = overseer(info.context.require_viewer())
        return [HungShare.of(it) for it in await counts.counts(await _alert(info), viewer=viewer)]


@strawberry.type
class TimeMutations:
    """T22 to T24, R78."""

    @resolver("申请延期（T22）。Ask for an extension.")
    async def request_extension(
        self, info: Info, asked: Input[command.RequestExtensionInput]
    ) -> command.RequestExtensionPayload | None:
        """T22."""
        call = await info.context.call(asked.idempotency_key)
        result = await extensions.request(call, given(extensions.RequestExtension, asked))
        row, incident = await assignment_of(info, result)
        (made,) = await parts(info, Request, "request", result)
        return command.RequestExtensionPayload(assignment=row, incident=incident, request=made)

    @resolver("审批延期（T22）。Decide an extension.")
    async def decide_extension(
        self, info: Info, asked: Input[command.DecideExtensionInput]
    ) -> command.DecideExtensionPayload | None:
        """T22."""
        call = await info.context.call(asked.idempotency_key)
        result = await extensions.decide(call, given(extensions.DecideExtension, asked))
        row, incident = await assignment_of(info, result)
        (made,) = await parts(info, Request, "request", result)
        return command.DecideExtensionPayload(
            assignment=row, incident=incident, request=made, warnings=warnings_of(result)
        )

    @resolver("申请挂账（T23）。Ask to hang an assignment.")
    async def request_hang(
        self, info: Info, asked: Input[command.RequestHangInput]
    ) -> command.RequestHangPayload | None:
        """T23."""
        call = await info.context.call(asked.idempotency_key)
        result = await hangs.request(call, given(hangs.RequestHang, asked))
        row, incident = await assignment_of(info, result)
        (made,) = await parts(info, Request, "request", result)
        return command.RequestHangPayload(assignment=row, incident=incident, request=made)

    @resolver("审批挂账（T23）。Decide a hang.")
    async def decide_hang(
        self, info: Info, asked: Input[command.DecideHangInput]
    ) -> command.DecideHangPayload | None:
        """T23."""
        call = await info.context.call(asked.idempotency_key)
        result = await hangs.decide(call, given(hangs.DecideHang, asked))
        row, incident = await assignment_of(info, result)
        (made,) = await parts(info, Request, "request", result)
        return command.DecideHangPayload(assignment=row, incident=incident, request=made)

    @resolver("复查挂账（T23b）。Review what is hung.")
    async def review_hang(
        self, info: Info, asked: Input[command.ReviewHangInput]
    ) -> command.ReviewHangPayload | None:
        """T23b."""
        call = await info.context.call(asked.idempotency_key)
        result = await hangs.review(call, given(hangs.ReviewHang, asked))
        incident = await incident_of(info, result)
        return command.ReviewHangPayload(incident=incident, warnings=warnings_of(result))

    @resolver("恢复办理（T24）。Resume a hung assignment.")
    async def resume_hung(
        self, info: Info, asked: Input[command.ResumeHungInput]
    ) -> command.ResumeHungPayload | None:
        """T24."""
        call = await info.context.call(asked.idempotency_key)
        result = await hangs.resume(call, given(hangs.ResumeHung, asked))
        row, incident = await assignment_of(info, result)
        return command.ResumeHungPayload(assignment=row, incident=incident, warnings=warnings_of(result))

    @resolver(
        "导入一年的工作日历，重算在走的时限（R78）。Import a year's calendar; running clocks follow it."
    )
    async def import_calendar(
        self, info: Info, asked: Input[command.ImportCalendarInput]
    ) -> command.ImportCalendarPayload | None:
        """R78."""
        call = await info.context.call(asked.idempotency_key)
        result = await calendars.import_year(call, _calendar(asked))
        info.context.refresh()
        moved = cast("list[Any]", result.facts["moved"])
        return command.ImportCalendarPayload(
            year=asked.year,
            version=cast("int", result.facts["version"]),
            moved=[MovedClock.of(it) for it in moved],
            total=cast("int", result.facts["total"]),
        )


def _calendar(asked: command.ImportCalendarInput) -> calendars.ImportCalendar:
    days = tuple(given(calendars.Day, it) for it in asked.days)
    return replace(given(calendars.ImportCalendar, asked), days=days)
