"""Inputs and payloads of time: extensions, hangs, the calendar."""

import strawberry

from api.scalars import Date, DateTime
from api.schema.action import Warning as Warned
from api.schema.assignment import Assignment
from api.schema.command.given import AssignmentChange, Command, IncidentChange, needed, option, several
from api.schema.incident import Incident
from api.schema.loop.request import Request
from api.schema.loop.time import MovedClock
from domain.loop.request import HangReason, HangReview


@strawberry.input(description="申请延期（T22）。Ask for an extension.")
class RequestExtensionInput(AssignmentChange):
    """T22."""

    days: int = needed("延长的工作日数。How many working days more.")
    reason: str = needed("延期原因，24 字以内。Why, in 24 characters.")
    text: str = needed("情况说明。Why, in words.")
    informed_at: DateTime | None = option(
        "告知诉求人的时间；能联系到诉求人时必填。When the complainant was told; needed where there is one to tell."
    )


@strawberry.input(description="审批延期（T22）。Decide an extension.")
class DecideExtensionInput(AssignmentChange):
    """T22."""

    accept: bool = needed("是否同意。Whether it is granted.")
    approved_days: int | None = option(
        "批准的工作日数，不超过申请数；默认全部。Working days granted; all that were asked by default."
    )
    text: str | None = option("审批意见；驳回时必填。The decision in words; needed for a refusal.")


@strawberry.input(description="申请挂账（T23）。Ask to hang an assignment.")
class RequestHangInput(AssignmentChange):
    """T23."""

    reason: HangReason = needed("挂账原因。Why it cannot be done now.")
    plan: str = needed("办理计划。What is planned.")
    text: str = needed("公开说明。The public explanation.")
    next_review_at: DateTime = needed("下次复查时间，30 天内。The next review, within 30 days.")
    max_until: DateTime = needed("最迟挂账至。Until when at most.")


@strawberry.input(description="审批挂账（T23）。Decide a hang.")
class DecideHangInput(AssignmentChange):
    """T23."""

    accept: bool = needed("是否同意。Whether it is hung.")
    text: str | None = option("审批意见；驳回时必填。The decision in words; needed for a refusal.")


@strawberry.input(description="复查挂账（T23b）。Review what is hung.")
class ReviewHangInput(IncidentChange):
    """T23b."""

    review: HangReview = needed("复查结论。What is decided.")
    text: str = needed("复查意见。The decision in words.")
    assignment_ids: list[strawberry.ID] = several(
        "所涉交办单，默认全部挂账中的。Which assignments; by default all that are hung.", "Assignment"
    )
    next_review_at: DateTime | None = option(
        "继续挂账时的下次复查时间，30 天内。The next review, within 30 days; for CONTINUE alone."
    )


@strawberry.input(description="恢复办理（T24）。Resume a hung assignment.")
class ResumeHungInput(AssignmentChange):
    """T24."""

    text: str = needed("恢复原因。Why.")


@strawberry.input(description="日历的一日。A day of a notice.")
class CalendarDayInput:
    """R78."""

    date: Date = needed("日期。The day.")
    is_workday: bool = needed("是否上班。Whether it is worked.")
    name: str = needed("节日名称。The festival.")


@strawberry.input(description="导入一年的工作日历（R78）。Import a year's notice.")
class ImportCalendarInput(Command):
    """R78."""

    year: int = needed("年份。The year.")
    days: list[CalendarDayInput] = needed("放假与调休的日子。Days of rest, and days worked in exchange.")
    source: str = needed("通知文号。Which notice says so.")
    org_unit_id: strawberry.ID | None = option(
        "该单位自定的日子；空列表则恢复全区日历。The unit that keeps these days otherwise.",
        "OrgUnit",
    )


@strawberry.type(description="申请延期的结果。What asking for an extension answers.")
class RequestExtensionPayload:
    """T22."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")
    request: Request = strawberry.field(description="延期申请。The request.")


@strawberry.type(description="审批延期的结果。What deciding an extension answers.")
class DecideExtensionPayload:
    """T22."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")
    request: Request = strawberry.field(description="延期申请。The request.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.type(description="申请挂账的结果。What asking to hang answers.")
class RequestHangPayload:
    """T23."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")
    request: Request = strawberry.field(description="挂账申请。The request.")


@strawberry.type(description="审批挂账的结果。What deciding a hang answers.")
class DecideHangPayload:
    """T23."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")
    request: Request = strawberry.field(description="挂账申请。The request.")


@strawberry.type(description="复查挂账的结果。What reviewing a hang answers.")
class ReviewHangPayload:
    """T23b."""

    incident: Incident = strawberry.field(description="事项。The case.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.type(description="恢复办理的结果。What resuming answers.")
class ResumeHungPayload:
    """T24."""

    assignment: Assignment = strawberry.field(description="交办单。The assignment.")
    incident: Incident | None = strawberry.field(description="事项。The case.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.type(description="导入日历的结果。What importing a calendar answers.")
class ImportCalendarPayload:
    """R78. A request sent again answers the same."""

    year: int = strawberry.field(description="年份。The year.")
    version: int = strawberry.field(description="版本号。The version of that year's calendar.")
    moved: list[MovedClock] = strawberry.field(
        description="变动的时限，至多一百条。The clocks whose due time moved, a hundred at most."
    )
    total: int = strawberry.field(description="变动的时限总数。How many moved.")
