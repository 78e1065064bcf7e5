"""Merging, reopening, and the list of open loops."""

from asyncio import gather
from datetime import timedelta
from typing import Annotated

import strawberry

from api.ids import decode
from api.pages import Connection, page_request
from api.scalars import DateTime
from api.schema.argument import After, Count, said
from api.schema.assignment import Assignment
from api.schema.command.given import given
from api.schema.command.loop import review as command
from api.schema.command.made import incident_of, parts
from api.schema.filter import DateTimeFilter, Filter, IncidentFilter
from api.schema.incident import Incident
from api.schema.listing import Table, listed
from api.schema.loop.request import Request
from api.schema.public import public_page
from api.schema.words import Info, Input, page, resolver
from db import incidents
from db.loop import repeats
from domain.action import ActionName
from domain.calendar import local_day, midnight
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState
from domain.permission import CASE_STAFF, permit
from domain.rules.loop import repeat
from domain.saved_filter import FilterNoun
from domain.visibility import SEE_EVERYTHING
from services.loop import merges, reopenings

_CASES = Table(Incident, incidents, FilterNoun.INCIDENT)
_OPEN = [state for state in IncidentState if state.open]
_DAYS = range(3651)


@strawberry.type
class ReviewQueries:
    """What may be asked about loops that are not closed."""

    @page(
        "Incident", "未闭环的事项（S50），先报者在前。Cases whose loop is open for so long, the oldest first."
    )
    async def open_loops(
        self,
        info: Info,
        older_than_days: Annotated[
            int,
            said("上报已满的天数（按区内日历日），0 至 3650。Reported so many district days ago or earlier."),
        ],
        first: Count,
        after: After = None,
    ) -> Connection[Incident] | None:
        """The loop of an open case is never complete. FORBIDDEN, BAD_INPUT, PAGE_SIZE_REQUIRED, BAD_CURSOR."""
        if not info.context.require_viewer().roles & CASE_STAFF:
            raise DomainError(ErrorCode.FORBIDDEN)
        if older_than_days not in _DAYS:
            raise DomainError(ErrorCode.BAD_INPUT, "olderThanDays")
        today = local_day(await info.context.now())
        end = midnight(today + timedelta(days=1 - older_than_days))
        where = IncidentFilter(state=Filter(in_=_OPEN), reported_at=DateTimeFilter(lt=end))
        asked = page_request(first, after, None, None)
        return await listed(info, _CASES, asked, where, order="REPORTED_AT_ASC")

    @resolver(
        "重复来电提示（R05）：同一人、同类、同处的在办或已结事项。What the same person reported before."
    )
    async def repeat_candidates(
        self,
        info: Info,
        id: Annotated[strawberry.ID, said("事项。The new call.")],  # noqa: A002 - the argument's name
    ) -> list[command.RepeatCandidate] | None:
        """For who answers calls; the latest first. FORBIDDEN, BAD_ID, NOT_FOUND."""
        viewer = info.context.require_viewer()
        permit(viewer, ActionName.answerRepeat)
        case = await info.context.loaders["Case"].load(decode(id, "Incident"))
        if case is None:
            raise DomainError(ErrorCode.NOT_FOUND, "id")
        who = case.complainant
        known = (
            await info.context.loaders["Case"].load_many(await repeats.of_person(who, viewer=viewer))
            if who
            else []
        )
        return [
            command.RepeatCandidate(incident=Incident.of(it.incident), proposed_reply=repeat.progress(it))
            for it in known
            if it is not None and repeat.repeats(case, it)
        ]

    @resolver(
        "重复来电统计（R05）：期内哪些事项被重复来电、几次，多者在前。What was called about again, and how often."
    )
    async def repeat_report(
        self,
        info: Info,
        since: Annotated[DateTime, said("来电时间自此起。Called from then on.", "from")],
        until: Annotated[DateTime, said("至此止（不含）。Called before then.", "to")],
    ) -> list[command.RepeatReportRow] | None:
        """FORBIDDEN but for who sees every case; TOO_COSTLY (`from`) for a span of more than a thousand calls."""
        viewer = info.context.require_viewer()
        if not viewer.roles & SEE_EVERYTHING:
            raise DomainError(ErrorCode.FORBIDDEN)
        return [await _repeated(info, it) for it in await repeats.answered(since, until, viewer=viewer)]


async def _repeated(info: Info, found: repeats.Repeated) -> command.RepeatReportRow:
    load = info.context.loaders["Incident"]
    earlier, calls = await gather(load.load(found.earlier_id), load.load_many(found.call_ids))
    return command.RepeatReportRow(
        incident=Incident.of(earlier) if earlier else None,
        calls=len(found.call_ids),
        first_at=found.first_at,
        last_at=found.last_at,
        repeats=[Incident.of(it) for it in calls if it is not None],
    )


@strawberry.type
class ReviewMutations:
    """T7, T7u, T34, R03."""

    @resolver("并案（T7）；派遣后须中心主任审定。Merge a case; once dispatched the director decides.")
    async def merge_incident(
        self, info: Info, asked: Input[command.MergeIncidentInput]
    ) -> command.MergeIncidentPayload | None:
        """T7."""
        call = await info.context.call(asked.idempotency_key)
        result = await merges.merge(call, given(merges.MergeIncident, asked))
        incident = await incident_of(info, result)
        made = await parts(info, Request, "request", result)
        return command.MergeIncidentPayload(incident=incident, request=made[0] if made else None)

    @resolver("撤销并案（T7u）。Undo a merge.")
    async def unmerge_incident(
        self, info: Info, asked: Input[command.UnmergeIncidentInput]
    ) -> command.UnmergeIncidentPayload | None:
        """T7u."""
        call = await info.context.call(asked.idempotency_key)
        result = await merges.unmerge(call, given(merges.UnmergeIncident, asked))
        return command.UnmergeIncidentPayload(incident=await incident_of(info, result))

    @resolver("附议（R03）。Say 'me too'.")
    async def join_incident(
        self, info: Info, asked: Input[command.JoinIncidentInput]
    ) -> command.JoinIncidentPayload | None:
        """R03."""
        call = await info.context.call(asked.idempotency_key)
        result = await merges.join(call, given(merges.JoinIncident, asked))
        return command.JoinIncidentPayload(incident=await incident_of(info, result))

    @resolver("答复重复来电（R05）。Answer a repeated call.")
    async def answer_repeat(
        self, info: Info, asked: Input[command.AnswerRepeatInput]
    ) -> command.AnswerRepeatPayload | None:
        """R05."""
        call = await info.context.call(asked.idempotency_key)
        result = await merges.answer_repeat(call, given(merges.AnswerRepeat, asked))
        return command.AnswerRepeatPayload(incident=await incident_of(info, result))

    @resolver("附议公开事项（R03），无须有权查看。Say 'me too' by a public code.")
    async def join_public_case(
        self, info: Info, asked: Input[command.JoinPublicCaseInput]
    ) -> command.JoinPublicCasePayload | None:
        """R03."""
        call = await info.context.call(asked.idempotency_key)
        await merges.join_public(call, given(merges.JoinPublicCase, asked))
        return command.JoinPublicCasePayload(public_case=await public_page(asked.public_code))

    @resolver("重开（T34）。Reopen a case.")
    async def reopen_incident(
        self, info: Info, asked: Input[command.ReopenIncidentInput]
    ) -> command.ReopenIncidentPayload | None:
        """T34, T34b."""
        call = await info.context.call(asked.idempotency_key)
        result = await reopenings.reopen(call, given(reopenings.ReopenIncident, asked))
        incident = await incident_of(info, result)
        rows = await parts(info, Assignment, "assignments", result)
        return command.ReopenIncidentPayload(incident=incident, assignments=rows)
