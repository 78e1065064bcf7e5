"""Checks of a case."""

import strawberry

from api.scalars import DateTime
from api.schema.org import OrgUnit
from api.schema.person import Person
from api.schema.words import Shown, column, disclosed, identity, link
from domain import verification as rows
from domain.verification import CheckResult, TaskState, VerificationPhase


@strawberry.type(description="核查。One check of a case.")
class Verification(Shown[rows.Verification]):
    """核查."""

    id: strawberry.ID = identity("Verification", "id", "全局编号。The global id.")
    phase: VerificationPhase = column(
        "phase", "阶段：立案前核实或办结后核查。Before filing, or after the result."
    )
    round: int = column("round", "办理轮次。The round of work.")
    state: TaskState = column("state", "任务状态。Whether it is still to be done.")
    org_unit: OrgUnit | None = link("org_id", "OrgUnit", "指定的核查单位。The unit it was given to.")
    inspector: Person | None = disclosed("inspector_id", "Person", "incident_id", "核查人。Who recorded it.")
    result: CheckResult | None = column("result", "核查结果。The result.")
    distance_m: float | None = column("distance_m", "与事项位置的距离（米）。Metres from the case's place.")
    note: str | None = column("note", "说明。What was noted.")
    due_at: DateTime = column("due_at", "截止时间。When it is due.")
    created_at: DateTime = column("created_at", "发起时间。When it was asked for.")
    recorded_at: DateTime | None = column("recorded_at", "登记时间。When it was recorded.")
