"""The desks: what is on them, and how much."""

import strawberry

from api.scalars import DateTime
from api.schema.assignment import Assignment
from api.schema.followup import FollowUp
from api.schema.incident import Incident
from api.schema.org import OrgUnit
from api.schema.verification import Verification
from api.schema.words import Shown, column, derived, identity, link
from db.workbench.tasks import DeskCount as DeskCountRow
from domain.loop import workbench as rows
from domain.loop.workbench import Desk, TaskReason, late_minutes, reasons


@strawberry.type(description="待办：工作台的一项。One entry of a desk.")
class Task(Shown[rows.Task]):
    """待办."""

    id: strawberry.ID = identity(
        "Task", "id", "全局编号，在同一工作台内唯一、不变。The global id, lasting on one desk."
    )
    incident: Incident | None = link(
        "incident_id", "Incident", "事项；无权查看时为空。The case; null for who no longer sees it."
    )
    assignment: Assignment | None = link("assignment_id", "Assignment", "交办单。The assignment it is about.")
    verification: Verification | None = link(
        "verification_id", "Verification", "核实或核查任务。The check to be made."
    )
    follow_up: FollowUp | None = link("followup_id", "FollowUp", "回访任务。The follow-up to be made.")
    org_unit: OrgUnit | None = link("org_id", "OrgUnit", "所属单位。The unit whose it is.")
    since: DateTime = column(
        "since", "起始：上报、派遣或发起的时间。Since when: reported, dispatched, asked for."
    )
    due_at: DateTime | None = column(
        "due_at", "截止时间：最早到期的时限。When it is due: its first due time."
    )
    late_minutes: int = derived(
        "due_at", "at", fn=late_minutes, description="已超期的自然分钟数。For how many minutes it is overdue."
    )
    why: list[TaskReason] = derived("why", fn=reasons, description="缘由。Why it is on the desk.")


@strawberry.type(description="工作台计数。How much is on a desk.")
class DeskCount(Shown[DeskCountRow]):
    """One desk."""

    desk: Desk = column("desk", "工作台。The desk.")
    count: int = column("count", "项数；超过 10,000 时为下限。How much; a lower bound above 10,000.")
    exact: bool = column("exact", "是否精确。Whether the count is exact.")


@strawberry.type(
    description="工作台快照：总数与前几项。A desk at one moment: how much, and its first entries."
)
class DeskView:
    """What the stream of a desk tells."""

    at: DateTime = strawberry.field(description="业务时间。The business time.")
    desk: Desk = strawberry.field(description="工作台。The desk.")
    total_count: int = strawberry.field(
        description="总数；超过 10,000 时为下限。How much; a lower bound above 10,000."
    )
    total_count_exact: bool = strawberry.field(description="总数是否精确。Whether totalCount is exact.")
    tasks: list[Task] = strawberry.field(description="前几项，先到期者在前。The first, due first.")
