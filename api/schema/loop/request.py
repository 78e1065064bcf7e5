"""What one asks and another decides, as the schema shows it."""

from typing import Any

import strawberry

from api.scalars import UUID, DateTime
from api.schema.loop.statement import Statement
from api.schema.org import OrgUnit
from api.schema.person import Person
from api.schema.words import Info, Node, Shown, children, column, identity, link
from domain.assignment import AssignmentMode
from domain.loop import request as rows
from domain.loop.request import RequestKind, RequestState
from domain.masking import protected_from


async def _asked_by(root: "Request", info: Info) -> Person | None:
    asker = root.row.asked_by_id
    if asker is None or await info.context.hides_actor(root.row.incident_id, asker):
        return None
    row = await info.context.loaders["Person"].load(asker)
    return Person.of(row) if row is not None else None


async def _hidden(root: "Request", info: Info) -> bool:
    """R81: the complainant's own words, as those of a follow-up, from the unit that is complained about."""
    if root.row.kind is not RequestKind.WITHDRAWAL:
        return False
    incident = await info.context.loaders["Incident"].load(root.row.incident_id)
    return incident is None or protected_from(info.context.require_viewer(), incident.complained_org_id)


async def _text(root: "Request", info: Info) -> str | None:
    return None if await _hidden(root, info) else root.row.text


async def _answer(root: "Request", info: Info) -> str | None:
    return None if await _hidden(root, info) else root.row.answer


def _units(name: str, description: str) -> Any:  # noqa: ANN401 - the class says the type
    """Units by their ids in a list of the row."""

    async def read(root: "Request", info: Info) -> list[OrgUnit]:
        units = info.context.loaders["OrgUnit"]
        found = await units.load_many([UUID(it) for it in getattr(root.row, name)])
        return [OrgUnit.of(row) for row in found if row is not None]

    return strawberry.field(resolver=read, description=description)


@strawberry.type(description="申请：一方提出，另一方审定。What one asks and another decides.")
class Request(Shown[rows.Request], Node):
    """申请."""

    kind: RequestKind = column("kind", "申请类型。What is asked for.")
    state: RequestState = column("state", "状态。Whether it is decided, and how.")
    org_unit: OrgUnit | None = link("org_id", "OrgUnit", "申请单位。The unit that asks.")
    asked_by: Person | None = strawberry.field(
        resolver=_asked_by, description="申请人；系统提出或须保护时为空。Who asked; null for the timer."
    )
    asked_at: DateTime = column("asked_at", "申请时间。When it was asked.")
    reason: str | None = column("reason", "原因代码，取值随申请类型。Why, a code of the kind's own list.")
    detail: str | None = column("detail", "细目代码。A code that says more.")
    text: str | None = strawberry.field(resolver=_text, description="说明。In words.")
    basis: str | None = column("basis", "依据或计划。The legal basis, or the plan.")
    suggested_org_unit: OrgUnit | None = link(
        "suggested_org_id", "OrgUnit", "建议的承办单位。Which unit should have it."
    )
    ordinal: int | None = column("ordinal", "第几次申请。Which one it is of its row.")
    days: int | None = column("days", "申请的工作日数。Working days asked for.")
    approved_days: int | None = column("approved_days", "批准的工作日数。Working days approved.")
    informed_at: DateTime | None = column("informed_at", "告知诉求人时间。When the complainant was told.")
    review_at: DateTime | None = column("review_at", "下次复查时间。When it is reviewed next.")
    max_until: DateTime | None = column("max_until", "最迟至。Until when at most.")
    decided_by: Person | None = link("decided_by_id", "Person", "审定人。Who decided it.")
    decided_at: DateTime | None = column("decided_at", "审定时间。When it was decided.")
    answer: str | None = strawberry.field(resolver=_answer, description="审定意见。The decision in words.")
    participants: list[OrgUnit] = _units("participants", "裁定当事单位。The units that an arbitration hears.")
    leads: list[OrgUnit] = _units("leads", "裁定的主办单位。The leads that a ruling named.")
    supports: list[OrgUnit] = _units("supports", "裁定的协办单位。The supports that a ruling named.")
    mode: AssignmentMode | None = column("mode", "裁定的办理方式。How the ruling has it handled.")
    statements: list[Statement] = children("Statement", "request", "陈述。What units said, in order.")
    assignment_id: strawberry.ID | None = identity(
        "Assignment", "assignment_id", "所涉交办单；空为整个事项。The assignment; null for the whole case."
    )
