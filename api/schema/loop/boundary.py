"""What units and the command centre see of cases whose duty is disputed."""

from collections.abc import Mapping
from dataclasses import replace

import strawberry

from api.ids import encode
from api.pages import PageInfo
from api.scalars import UUID, DateTime
from api.schema.dictionary import Category
from api.schema.org import OrgUnit
from api.schema.region import Region
from api.schema.words import Info, Shown, column, identity, link
from db import dictionaries, orgs
from db.loop import requests
from db.loop.findings import FindingCount
from domain import incident as rows
from domain import org
from domain.assignment import AssignmentMode
from domain.errors import DomainError, ErrorCode
from domain.loop.request import ReturnReason
from domain.rules.dispute.proposal import Proposal, proposed


@strawberry.type(
    description="可认领的事项（T12）。A case that any unit may claim, without what only its handlers see."
)
class ClaimableIncident(Shown[rows.Incident]):
    """T12."""

    id: strawberry.ID = identity("Incident", "id", "事项的全局编号。The case's global id.")
    version: int = column("version", "版本号。The case's version.")
    no: str = column("no", "编号。The case's number.")
    title: str = column("title", "标题。The matter in a line.")
    category: Category = link("category_id", "Category", "分类。The category.")
    region: Region = link("region_id", "Region", "区划。The region.")
    claim_until: DateTime = column("claim_until", "认领截止。Until when it may be claimed.")


@strawberry.type(description="可认领事项的一页。A page of claimable cases.")
class ClaimableIncidentPage:
    """T12."""

    nodes: list[ClaimableIncident] = strawberry.field(description="各行。The rows.")
    page_info: PageInfo = strawberry.field(description="分页信息。Where the page lies.")


async def _participants(root: "Arbitration", info: Info) -> list[OrgUnit]:
    found = await info.context.loaders["OrgUnit"].load_many([UUID(it) for it in root.row.participants])
    return [OrgUnit.of(row) for row in found if row is not None]


@strawberry.type(
    description="进行中的职责裁定（S35）。An open arbitration, as the units that shall speak see it."
)
class Arbitration(Shown[requests.Dispute]):
    """S35."""

    id: strawberry.ID = identity("Request", "request_id", "裁定申请的全局编号。The request's global id.")
    incident_id: strawberry.ID = identity("Incident", "incident_id", "事项的全局编号。The case's global id.")
    version: int = column("version", "事项的版本号。The case's version.")
    no: str = column("no", "事项编号。The case's number.")
    title: str = column("title", "标题。The matter in a line.")
    category: Category = link("category_id", "Category", "分类。The category.")
    region: Region = link("region_id", "Region", "区划。The region.")
    text: str | None = column("text", "争议说明。What is disputed.")
    asked_at: DateTime = column("asked_at", "提请时间。When it was referred.")
    participants: list[OrgUnit] = strawberry.field(
        resolver=_participants, description="当事单位。The units that shall speak."
    )


@strawberry.type(description="退单统计（按单位、原因）。How a unit's returns for one reason went.")
class ReturnReportRow(Shown[requests.ReturnCount]):
    """Who refused what."""

    org_unit: OrgUnit = link("org_id", "OrgUnit", "申请单位。The unit.")
    reason: ReturnReason = column("reason", "退单原因。Why.")
    asked: int = column("asked", "申请数。How many were asked for.")
    approved: int = column("approved", "同意数。How many were approved.")
    rejected: int = column("rejected", "驳回数。How many were rejected.")
    referred: int = column("referred", "待裁定数。How many are left to a ruling.")
    lapsed: int = column("lapsed", "失效数。How many lapsed.")


@strawberry.type(description="裁定统计（按单位）。What the rulings of a span found of a unit.")
class FindingReportRow(Shown[FindingCount]):
    """Who was named, let go, or found to have shirked."""

    org_unit: OrgUnit = link("org_id", "OrgUnit", "单位。The unit.")
    heard: int = column("heard", "作为当事单位的裁定数。In how many it was heard.")
    led: int = column("led", "裁定为主办数。In how many it was named as a lead.")
    supported: int = column("supported", "裁定为协办数。In how many it was named as a support.")
    let_go: int = column("let_go", "裁定不承担数。In how many it was let go.")
    waiting: int = column("waiting", "未裁定数。How many are not ruled.")
    shirked: int = column("shirked", "认定推诿数。In how many it was found to have shirked.")
    volunteered: int = column("volunteered", "主动承担数。In how many it offered itself and was named.")


@strawberry.type(description="派遣建议（R08）：由人确认。A way to dispatch a case; a person decides.")
class DispatchProposal:
    """R08."""

    mode: AssignmentMode = strawberry.field(description="办理方式。How.")
    leads: list[OrgUnit] = strawberry.field(description="主办单位。The leads.")
    supports: list[OrgUnit] = strawberry.field(description="协办单位。The supports.")
    basis: str = strawberry.field(description="依据：派单目录或职责清单。The rule's or duty item's words.")
    by_rule: bool = strawberry.field(
        description="是否依据派单目录。Whether a rule says so; else a duty item."
    )
    arbitration_id: strawberry.ID | None = strawberry.field(
        description="出自哪次裁定。The arbitration the rule comes from."
    )
    hits: int = strawberry.field(description="该规则已派遣次数。How often the rule was used.")


async def proposals_of(info: Info, key: UUID) -> list[DispatchProposal]:
    """What rules and duties say of a case. NOT_FOUND, field `incidentId`, when it is absent or invisible."""
    viewer, loaders = info.context.require_viewer(), info.context.loaders
    case = await loaders["Case"].load(key)
    if case is None:
        raise DomainError(ErrorCode.NOT_FOUND, "incidentId")
    now = await info.context.now()
    rules, duties = await dictionaries.fitting(case.incident.category_id, case.region_ids, now)
    used = await dictionaries.hits(rules)
    counted = [replace(it, hit_count=used.get(it.id, 0)) for it in rules]
    units = await orgs.get({*(it.lead_org_id for it in rules), *(it.org_id for it in duties)}, viewer=viewer)
    active = {key for key, unit in units.items() if unit.active}
    return [_shown(it, units) for it in proposed(case, counted, duties, active)]


def _shown(it: Proposal, units: Mapping[UUID, org.OrgUnit]) -> DispatchProposal:
    return DispatchProposal(
        mode=it.mode,
        leads=[OrgUnit.of(units[key]) for key in it.leads],
        supports=[OrgUnit.of(units[key]) for key in it.supports],
        basis=it.basis,
        by_rule=it.rule_id is not None,
        arbitration_id=strawberry.ID(encode("Request", it.arbitration_id)) if it.arbitration_id else None,
        hits=it.hits,
    )
