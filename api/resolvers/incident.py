"""Cases: reading them, taking them in."""

from typing import Annotated

import strawberry

from api.execution.lists import ObjectAsked
from api.ids import decode
from api.pages import Connection, page_request
from api.schema.argument import After, Before, First, Last, Saved, said
from api.schema.command import incident as command
from api.schema.command.given import given
from api.schema.command.made import incident_of, parts, warnings_of
from api.schema.filter import IncidentFilter
from api.schema.incident import Incident, Note
from api.schema.listing import Table, listed
from api.schema.place import PointInput
from api.schema.public import DuplicateCandidate, DuplicateProbe, PublicCase, as_public, probed
from api.schema.term import IncidentOrder
from api.schema.words import Info, Input, found, only_asks, page, resolver
from db import incidents as table
from domain.errors import DomainError, ErrorCode
from domain.saved_filter import FilterNoun
from services import incidents
from services.command import PointGiven

INCIDENTS = Table(Incident, table, FilterNoun.INCIDENT)
INNER = {PointInput: PointGiven, command.ComplainantInput: incidents.ComplainantGiven}


@strawberry.type
class IncidentQueries:
    """What may be asked about cases."""

    @page("Incident", "可见的事项。The cases that the viewer may see.")
    async def incidents(
        self,
        info: Info,
        where: Annotated[IncidentFilter | None, said("过滤。Which cases.")] = None,
        order_by: Annotated[IncidentOrder | None, said("排序。The order.")] = IncidentOrder.REPORTED_AT_DESC,
        search: Annotated[
            str | None, said("全文检索，按所给顺序。Words to find, in the order given.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        saved: Saved = None,
    ) -> Connection[Incident] | None:
        """PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        request = page_request(first, after, last, before)
        return await listed(
            info,
            INCIDENTS,
            request,
            where,
            saved,
            order=(order_by or IncidentOrder.REPORTED_AT_DESC).value,
            search=search,
        )

    @found("Incident", "一个事项：按全局编号或编号，二者取一。One case, by exactly one of id and no.")
    async def incident(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, said("全局编号。The global id.")] = None,  # noqa: A002 - the schema's name
        no: Annotated[str | None, said("编号。The case's number.")] = None,
    ) -> Incident | None:
        """NOT_FOUND when it is absent or invisible."""
        viewer = info.context.require_viewer()
        if (id is None) == (no is None):
            raise DomainError(
                ErrorCode.BAD_INPUT, "id", zh="id 与 no 须且仅须其一", en="Give one of id and no"
            )
        key = decode(id, "Incident") if id is not None else None
        if only_asks(info):
            return ObjectAsked(table.key(key, no))  # type: ignore[return-value]  # read by the plan that asks
        row = (
            await table.by_no(str(no), viewer=viewer)
            if key is None
            else await info.context.loaders["Incident"].load(key)
        )
        if row is None:
            raise DomainError(ErrorCode.NOT_FOUND, "no" if id is None else "id")
        return Incident.of(row)

    @resolver("公开查询，无需登录。A case's public page; no sign-in.")
    async def public_case(
        self, code: Annotated[str, said("公开查询码。The public code.")]
    ) -> PublicCase | None:
        """Null for a code that is none."""
        row = await table.public(code)
        return PublicCase.of(await as_public(row)) if row is not None else None

    @resolver("查重（R03）。Cases that may be the same matter.")
    async def duplicate_candidates(
        self, info: Info, asked: Input[DuplicateProbe]
    ) -> list[DuplicateCandidate] | None:
        """Five at most, nearest first. CRS_REQUIRED, BAD_INPUT with the field."""
        info.context.require_viewer()
        return await probed(info, asked)


@strawberry.type
class IncidentMutations:
    """What may be done with cases before they are dispatched."""

    @resolver("上报（T2）。Report a case.")
    async def report_incident(
        self, info: Info, asked: Input[command.ReportIncidentInput]
    ) -> command.ReportIncidentPayload | None:
        """T2."""
        call = await info.context.call(asked.idempotency_key)
        result = await incidents.report(call, given(incidents.ReportIncident, asked, INNER))
        incident = await incident_of(info, result)
        return command.ReportIncidentPayload(incident=incident, warnings=warnings_of(result))

    @resolver("不予受理（T5）。Do not take a case.")
    async def reject_incident(
        self, info: Info, asked: Input[command.RejectIncidentInput]
    ) -> command.RejectIncidentPayload | None:
        """T5."""
        call = await info.context.call(asked.idempotency_key)
        result = await incidents.reject(call, given(incidents.RejectIncident, asked))
        return command.RejectIncidentPayload(incident=await incident_of(info, result))

    @resolver("更正（T10a）。Amend a case.")
    async def amend_incident(
        self, info: Info, asked: Input[command.AmendIncidentInput]
    ) -> command.AmendIncidentPayload | None:
        """T10a."""
        call = await info.context.call(asked.idempotency_key)
        result = await incidents.amend(call, given(incidents.AmendIncident, asked, INNER))
        incident = await incident_of(info, result)
        return command.AmendIncidentPayload(incident=incident, warnings=warnings_of(result))

    @resolver("立案（T10）。File a case.")
    async def file_incident(
        self, info: Info, asked: Input[command.FileIncidentInput]
    ) -> command.FileIncidentPayload | None:
        """T10."""
        call = await info.context.call(asked.idempotency_key)
        result = await incidents.file(call, given(incidents.FileIncident, asked))
        incident = await incident_of(info, result)
        return command.FileIncidentPayload(incident=incident, warnings=warnings_of(result))

    @resolver("办理记录。Add a note to an open case.")
    async def add_note(self, info: Info, asked: Input[command.AddNoteInput]) -> command.AddNotePayload | None:
        """B.5."""
        call = await info.context.call(asked.idempotency_key)
        result = await incidents.add_note(call, given(incidents.AddNote, asked))
        incident = await incident_of(info, result)
        note, *_ = await parts(info, Note, "note", result)
        return command.AddNotePayload(incident=incident, note=note)

    @resolver("查看脱敏信息（R80），留痕。Read a masked value; the reading is logged.")
    async def unmask_field(
        self, info: Info, asked: Input[command.UnmaskFieldInput]
    ) -> command.UnmaskFieldPayload | None:
        """R80."""
        call = await info.context.call(asked.idempotency_key)
        result = await incidents.unmask_field(call, given(incidents.UnmaskField, asked))
        value = result.facts.get("value")
        return command.UnmaskFieldPayload(
            incident=await incident_of(info, result), value=str(value) if value is not None else None
        )
