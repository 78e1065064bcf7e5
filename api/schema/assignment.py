"""Assignments: one unit's share of one round of a case."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.scalars import DateTime
from api.schema.action import AvailableAction
from api.schema.clock import Clock
from api.schema.loop.milestone import Stage
from api.schema.org import OrgUnit
from api.schema.person import Person
from api.schema.words import Info, Node, Shown, children, column, link, personal, resolver
from domain import assignment as rows
from domain.assignment import AssignmentMode, AssignmentRole, AssignmentState
from domain.clock import Light
from domain.followup import ReplyChannel
from domain.incident import CaseOutcome
from domain.life.transition import available_actions

if TYPE_CHECKING:
    from api.schema.incident import Incident


async def _available(root: "Assignment", info: Info) -> list[AvailableAction]:
    case = await info.context.loaders["Case"].load(root.row.incident_id)
    row = next((it for it in case.assignments if it.id == root.row.id), None) if case else None
    if row is None:
        return []
    return [AvailableAction.of(it) for it in available_actions(info.context.require_viewer(), case, row)]


@strawberry.type(description="交办单。What one unit was given of a case.")
class Assignment(Shown[rows.Assignment], Node):
    """交办单."""

    version: int = column("version", "版本号。Counts every change, lights aside.")
    incident: Annotated["Incident", strawberry.lazy("api.schema.incident")] | None = link(
        "incident_id", "Incident", "事项；无权查看时为空。The case; null for who no longer sees it."
    )
    incident_no: str = column("incident_no", "事项编号。The case's number.")
    org_unit: OrgUnit = link("org_id", "OrgUnit", "承办单位。The unit.")
    role: AssignmentRole = column("role", "承办角色。The unit's role.")
    mode: AssignmentMode = column("mode", "办理方式。Alone or jointly.")
    state: AssignmentState = column("state", "状态。The state.")
    round: int = column("round", "办理轮次。The round of work.")
    designated: bool = column("designated", "是否指定。Whether a ruling named the unit.")
    basis: str | None = column("basis", "派遣依据。Why this unit.")
    push_down_reason: str | None = column(
        "push_down_reason", "职责下压理由（R35）。Why a department's duty was given to a street or community."
    )
    dispatched_by: Person | None = link("dispatched_by_id", "Person", "派遣人。Who dispatched it.")
    dispatched_at: DateTime = column("dispatched_at", "派遣时间。When it was dispatched.")
    accept_due_at: DateTime | None = column("accept_due_at", "签收截止。When sign-off is due.")
    contact_due_at: DateTime | None = column("contact_due_at", "首次联系截止。When the first contact is due.")
    handle_due_at: DateTime | None = column("handle_due_at", "办理截止。When handling is due.")
    accepted_at: DateTime | None = column("accepted_at", "签收时间。When it was accepted.")
    first_contact_at: DateTime | None = column("first_contact_at", "首次联系时间。The first contact.")
    first_contact_channel: ReplyChannel | None = column("first_contact_channel", "首次联系渠道。How.")
    first_contact_note: str | None = column("first_contact_note", "首次联系记录。What was noted then.")
    submitted_at: DateTime | None = column("submitted_at", "反馈时间。When the result was submitted.")
    on_time_accept: bool | None = column("on_time_accept", "签收是否及时。Whether sign-off was on time.")
    on_time_handle: bool | None = column("on_time_handle", "办理是否及时。Whether handling was on time.")
    light: Light = column("light", "灯：运行中时限的最差者。The worst light of its running clocks.")
    handler: Person | None = link("handler_id", "Person", "承办人。Who handles it.")
    outcome: CaseOutcome | None = column("outcome", "办理结果。The unit's result.")
    result_text: str | None = column("result_text", "办理情况。The result in words.")
    no_contact_reason: str | None = column("no_contact_reason", "未联系原因。Why nobody was contacted.")
    clocks: list[Clock] = children("Clock", "assignment", "计时。Its clocks, stopped ones included.")
    available_actions: list[AvailableAction] = personal(
        _available, "当前用户可用的动作。What the viewer may do with it now."
    )

    @resolver("阶段，按先后（R24）。The milestones of a lead, in their order.")
    def milestones(self) -> list[Stage]:
        """In their order."""
        return [Stage.of(it) for it in self.row.stages]
