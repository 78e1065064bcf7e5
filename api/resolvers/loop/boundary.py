"""Boundary disputes: returns, claims, arbitrations, and what is counted of them."""

from typing import Annotated

import strawberry

from api.ids import decode
from api.pages import page_info, page_request
from api.scalars import Cursor, DateTime
from api.schema.argument import After, Count, said
from api.schema.assignment import Assignment
from api.schema.command.given import given
from api.schema.command.loop import boundary as command
from api.schema.command.made import assignment_of, incident_of, one, parts, visible_incident
from api.schema.loop.boundary import (
    Arbitration,
    ClaimableIncident,
    ClaimableIncidentPage,
    DispatchProposal,
    FindingReportRow,
    ReturnReportRow,
    proposals_of,
)
from api.schema.loop.request import Request
from api.schema.loop.statement import Statement
from api.schema.words import Info, Input, resolver
from db.lists.pages import Slice
from db.loop import findings, requests
from domain.action import ActionName
from domain.errors import DomainError, ErrorCode
from domain.loop.request import RequestKind
from domain.permission import STAFF, permit
from domain.viewer import Viewer
from domain.visibility import overseer
from services.loop import arbitrations, claims, returns

_POOL = "claimableIncidents"


def _staff(info: Info) -> Viewer:
    """The viewer, who works here. FORBIDDEN for others."""
    viewer = info.context.require_viewer()
    if not viewer.roles & STAFF:
        raise DomainError(ErrorCode.FORBIDDEN)
    return viewer


@strawberry.type
class BoundaryQueries:
    """What may be asked about disputed duties."""

    @resolver("可认领的事项（T12），先截止者在前。Cases that a unit may claim, the first to close first.")
    async def claimable_incidents(
        self, info: Info, first: Count, after: After = None
    ) -> ClaimableIncidentPage | None:
        """FORBIDDEN for who leads no unit. PAGE_SIZE_REQUIRED, BAD_CURSOR."""
        viewer, signer = info.context.require_viewer(), info.context.signer
        permit(viewer, ActionName.claimIncident)
        asked = page_request(first, after, None, None)
        position = tuple(signer.open(after, _POOL)) if after is not None else None
        page = await requests.page_of_claimable(
            viewer=viewer, now=await info.context.now(), slice_=Slice(asked.size, position=position)
        )
        cursors = [Cursor(signer.seal(it, _POOL)) for it in page.positions]
        return ClaimableIncidentPage(
            nodes=[ClaimableIncident.of(row) for row in page.rows],
            page_info=page_info(cursors, asked, more=page.has_next),
        )

    @resolver(
        "进行中的职责裁定（S35）。Open arbitrations: visible ones, and those a unit of the viewer's is heard in."
    )
    async def arbitrations(self, info: Info, first: Count) -> list[Arbitration] | None:
        """Oldest first. PAGE_SIZE_REQUIRED."""
        size = page_request(first, None, None, None).size
        found = await requests.disputes(size, viewer=info.context.require_viewer())
        return [Arbitration.of(it) for it in found]

    @resolver("派遣建议（R08）：至多三条，附规则或职责依据。Three ways at most to dispatch a case.")
    async def dispatch_proposals(
        self, info: Info, incident_id: Annotated[strawberry.ID, said("事项。The case.")]
    ) -> list[DispatchProposal] | None:
        """NOT_FOUND, BAD_ID with the field."""
        _staff(info)
        return await proposals_of(info, decode(incident_id, "Incident", "incidentId"))

    @resolver("退单统计：谁退了什么。Who asked to return what, with what success.")
    async def return_report(
        self,
        info: Info,
        since: Annotated[DateTime, said("申请时间自此起。Asked from then on.", "from")],
        until: Annotated[DateTime, said("至此止（不含）。Asked before then.", "to")],
    ) -> list[ReturnReportRow] | None:
        """Of the cases the viewer may see, and of the viewer's own units."""
        found = await requests.return_counts(since, until, viewer=_staff(info))
        return [ReturnReportRow.of(it) for it in found]

    @resolver("裁定统计：认定谁的职责、谁推诿。What rulings found: whose duty, and who shirked.")
    async def finding_report(
        self,
        info: Info,
        since: Annotated[DateTime, said("提请时间自此起。Raised from then on.", "from")],
        until: Annotated[DateTime, said("至此止（不含）。Raised before then.", "to")],
    ) -> list[FindingReportRow] | None:
        """FORBIDDEN but for who sees every unit's work."""
        viewer = overseer(info.context.require_viewer())
        return [FindingReportRow.of(it) for it in await findings.counts(since, until, viewer=viewer)]


@strawberry.type
class BoundaryMutations:
    """T12, T15 to T19."""

    @resolver("申请退单（T15）。Ask to return an assignment.")
    async def request_return(
        self, info: Info, asked: Input[command.RequestReturnInput]
    ) -> command.RequestReturnPayload | None:
        """T15."""
        call = await info.context.call(asked.idempotency_key)
        result = await returns.request(call, given(returns.RequestReturn, asked))
        row, incident = await assignment_of(info, result)
        request, *_ = await parts(info, Request, "request", result)
        return command.RequestReturnPayload(assignment=row, incident=incident, request=request)

    @resolver("审核退单（T16、T17）。Approve or reject a return.")
    async def decide_return(
        self, info: Info, asked: Input[command.DecideReturnInput]
    ) -> command.DecideReturnPayload | None:
        """T16, T17."""
        call = await info.context.call(asked.idempotency_key)
        result = await returns.decide(call, given(returns.DecideReturn, asked))
        row, incident = await assignment_of(info, result)
        touched = await parts(info, Request, "request", result)
        decided = next(it for it in touched if it.row.assignment_id == row.row.id)
        raised = next((it for it in touched if it.row.kind is RequestKind.ARBITRATION), None)
        return command.DecideReturnPayload(
            assignment=row, incident=incident, request=decided, arbitration=raised
        )

    @resolver("主动认领（T12）。Claim a case of disputed duty.")
    async def claim_incident(
        self, info: Info, asked: Input[command.ClaimIncidentInput]
    ) -> command.ClaimIncidentPayload | None:
        """T12."""
        call = await info.context.call(asked.idempotency_key)
        result = await claims.claim(call, given(claims.ClaimIncident, asked))
        request = await one(info, Request, result.made["request"][-1])
        return command.ClaimIncidentPayload(incident=await visible_incident(info, result), request=request)

    @resolver("确认认领（T12）。Give the case to the unit that claims it, or not.")
    async def confirm_claim(
        self, info: Info, asked: Input[command.ConfirmClaimInput]
    ) -> command.ConfirmClaimPayload | None:
        """T12."""
        call = await info.context.call(asked.idempotency_key)
        result = await claims.confirm(call, given(claims.ConfirmClaim, asked))
        incident = await incident_of(info, result)
        request, *_ = await parts(info, Request, "request", result)
        rows = await parts(info, Assignment, "assignments", result)
        return command.ConfirmClaimPayload(incident=incident, request=request, assignments=rows)

    @resolver("提请裁定（T18）。Leave to the command centre whose duty a case is.")
    async def refer_to_arbitration(
        self, info: Info, asked: Input[command.ReferToArbitrationInput]
    ) -> command.ReferToArbitrationPayload | None:
        """T18."""
        call = await info.context.call(asked.idempotency_key)
        result = await arbitrations.refer(call, given(arbitrations.ReferToArbitration, asked))
        incident = await incident_of(info, result)
        *_, request = await parts(info, Request, "request", result)
        return command.ReferToArbitrationPayload(incident=incident, request=request)

    @resolver("提交陈述（S35）。Speak for a unit that an arbitration hears.")
    async def submit_statement(
        self, info: Info, asked: Input[command.SubmitStatementInput]
    ) -> command.SubmitStatementPayload | None:
        """S35."""
        call = await info.context.call(asked.idempotency_key)
        result = await arbitrations.submit_statement(call, given(arbitrations.SubmitStatement, asked))
        statement = await one(info, Statement, result.made["statement"][0])
        return command.SubmitStatementPayload(
            incident=await visible_incident(info, result), statement=statement
        )

    @resolver("裁定派遣（T19）。Rule whose duty a case is.")
    async def rule_arbitration(
        self, info: Info, asked: Input[command.RuleArbitrationInput]
    ) -> command.RuleArbitrationPayload | None:
        """T19."""
        call = await info.context.call(asked.idempotency_key)
        result = await arbitrations.rule(call, given(arbitrations.RuleArbitration, asked))
        incident = await incident_of(info, result)
        touched = await parts(info, Request, "request", result)
        ruled = next(it for it in touched if it.row.kind is RequestKind.ARBITRATION)
        rows = await parts(info, Assignment, "assignments", result)
        return command.RuleArbitrationPayload(incident=incident, request=ruled, assignments=rows)
