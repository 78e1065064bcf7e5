"""Inputs and payloads of merging, of undoing it, of saying "me too", and of reopening."""

import strawberry

from api.scalars import DateTime
from api.schema.assignment import Assignment
from api.schema.command.given import Command, IncidentChange, needed, option, several
from api.schema.incident import Incident
from api.schema.loop.request import Request
from api.schema.public import PublicCase


@strawberry.input(description="并案（T7）。Merge a case into another.")
class MergeIncidentInput(IncidentChange):
    """T7."""

    master_id: strawberry.ID = needed("并入的主事项。The case it is merged into.", "Incident")


@strawberry.type(description="并案的结果。What merging answers.")
class MergeIncidentPayload:
    """T7."""

    incident: Incident = strawberry.field(description="事项。The case.")
    request: Request | None = strawberry.field(
        description="派遣后的并案申请，待中心主任审定。After dispatch: the request that the director decides."
    )


@strawberry.input(description="撤销并案（T7u），24 小时内。Undo a merge, within 24 hours.")
class UnmergeIncidentInput(IncidentChange):
    """T7u."""

    reason: str = needed("理由。Why.")


@strawberry.type(description="撤销并案的结果。What undoing a merge answers.")
class UnmergeIncidentPayload:
    """T7u."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.input(description="附议（R03）：件次加一。Say 'me too': it counts as one report more.")
class JoinIncidentInput(IncidentChange):
    """R03."""


@strawberry.type(description="附议的结果。What saying 'me too' answers.")
class JoinIncidentPayload:
    """R03."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.type(description="重复来电提示（R05），须由受理员判断。What the same person reported before.")
class RepeatCandidate:
    """R05."""

    incident: Incident = strawberry.field(description="此前的事项。The earlier case.")
    proposed_reply: str = strawberry.field(description="拟答复的进展。The progress, as it may be told.")


@strawberry.type(
    description="重复来电统计（R05）：一件事项被重复来电几次。How often one case was called about again."
)
class RepeatReportRow:
    """R05."""

    incident: Incident | None = strawberry.field(
        description="此前的事项，诉求人已脱敏。The earlier case; who asked is masked."
    )
    calls: int = strawberry.field(description="重复来电次数。How many calls.")
    first_at: DateTime = strawberry.field(description="期内首次来电。The first of the span.")
    last_at: DateTime = strawberry.field(description="期内末次来电。The last of the span.")
    repeats: list[Incident] = strawberry.field(description="各次来电，新的在前。The calls, the latest first.")


@strawberry.input(
    description="答复重复来电（R05）：告知进展，不另立案。Answer a repeated call with the progress."
)
class AnswerRepeatInput(IncidentChange):
    """R05."""

    earlier_id: strawberry.ID = needed("此前的事项。The earlier case.", "Incident")
    reply_text: str | None = option("答复内容，默认为拟答复的进展。The reply; the progress by default.")


@strawberry.type(description="答复重复来电的结果。What answering a repeated call answers.")
class AnswerRepeatPayload:
    """R05."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.input(description="附议公开事项（R03）。Say 'me too' to a case known by its public code.")
class JoinPublicCaseInput(Command):
    """R03."""

    public_code: str = needed("公开查询码，查重结果中亦有。The code of its public page; candidates bear it.")


@strawberry.type(
    description="附议公开事项的结果，不含个人信息。The public page of the case, and nothing else."
)
class JoinPublicCasePayload:
    """R03."""

    public_case: PublicCase = strawberry.field(description="公开查询页。Its public page.")


@strawberry.input(description="重开（T34），结案 30 日内。Reopen a case, within 30 days of its closing.")
class ReopenIncidentInput(IncidentChange):
    """T34."""

    reason: str = needed("理由。Why.")
    leads: list[strawberry.ID] | None = option(
        "须办理的主办单位，默认全部。Which leads; all by default.", "OrgUnit"
    )
    media_ids: list[strawberry.ID] = several("证据照片。Pictures as evidence.", "Media")


@strawberry.type(description="重开的结果。What reopening answers.")
class ReopenIncidentPayload:
    """T34."""

    incident: Incident = strawberry.field(description="事项。The case.")
    assignments: list[Assignment] = strawberry.field(
        description="新一轮的交办单；无人办结过则为空。The new round's rows; none where nobody's work was done."
    )
