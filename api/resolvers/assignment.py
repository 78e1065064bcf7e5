"""Assignments: reading them, and what units do with them."""

from typing import Annotated

import strawberry

from api.pages import Connection, page_request
from api.schema.argument import After, Before, First, Last, Saved, said
from api.schema.assignment import Assignment
from api.schema.command import assignment as command
from api.schema.command.given import given
from api.schema.command.made import assignment_of, incident_of, parts, warnings_of
from api.schema.filter import AssignmentFilter
from api.schema.listing import Table, listed
from api.schema.term import AssignmentOrder
from api.schema.words import Info, Input, page, resolver
from db import assignments as table
from domain.saved_filter import FilterNoun
from services import assignments

ASSIGNMENTS = Table(Assignment, table, FilterNoun.ASSIGNMENT)
INNER = {command.HandlerFollowUpInput: assignments.HandlerFollowUp}


@strawberry.type
class AssignmentQueries:
    """What may be asked about assignments."""

    @page("Assignment", "可见的交办单。The assignments that the viewer may see.")
    async def assignments(
        self,
        info: Info,
        where: Annotated[AssignmentFilter | None, said("过滤。Which assignments.")] = None,
        order_by: Annotated[
            AssignmentOrder | None, said("排序。The order.")
        ] = AssignmentOrder.HANDLE_DUE_AT_ASC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        saved: Saved = None,
    ) -> Connection[Assignment] | None:
        """PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        request = page_request(first, after, last, before)
        return await listed(
            info,
            ASSIGNMENTS,
            request,
            where,
            saved,
            order=(order_by or AssignmentOrder.HANDLE_DUE_AT_ASC).value,
        )


@strawberry.type
class AssignmentMutations:
    """From dispatch to the submitted result."""

    @resolver("派遣（T11）。Dispatch a case to its units.")
    async def dispatch_incident(
        self, info: Info, asked: Input[command.DispatchIncidentInput]
    ) -> command.DispatchIncidentPayload | None:
        """T11."""
        call = await info.context.call(asked.idempotency_key)
        result = await assignments.dispatch(call, given(assignments.DispatchIncident, asked))
        incident = await incident_of(info, result)
        rows = await parts(info, Assignment, "assignments", result)
        warnings = [*warnings_of(result), *command.pushed_down(rows)]
        return command.DispatchIncidentPayload(incident=incident, assignments=rows, warnings=warnings)

    @resolver("签收（T14）。Accept an assignment.")
    async def accept_assignment(
        self, info: Info, asked: Input[command.AcceptAssignmentInput]
    ) -> command.AcceptAssignmentPayload | None:
        """T14."""
        call = await info.context.call(asked.idempotency_key)
        result = await assignments.accept(call, given(assignments.AcceptAssignment, asked))
        row, incident = await assignment_of(info, result)
        return command.AcceptAssignmentPayload(assignment=row, incident=incident)

    @resolver("登记首次联系（T20）。Record the first contact.")
    async def record_first_contact(
        self, info: Info, asked: Input[command.RecordFirstContactInput]
    ) -> command.RecordFirstContactPayload | None:
        """T20."""
        call = await info.context.call(asked.idempotency_key)
        result = await assignments.record_first_contact(call, given(assignments.RecordFirstContact, asked))
        row, incident = await assignment_of(info, result)
        return command.RecordFirstContactPayload(assignment=row, incident=incident)

    @resolver("反馈结果（T25）。Submit the result.")
    async def submit_result(
        self, info: Info, asked: Input[command.SubmitResultInput]
    ) -> command.SubmitResultPayload | None:
        """T25."""
        call = await info.context.call(asked.idempotency_key)
        result = await assignments.submit(call, given(assignments.SubmitResult, asked, INNER))
        row, incident = await assignment_of(info, result)
        return command.SubmitResultPayload(assignment=row, incident=incident)
