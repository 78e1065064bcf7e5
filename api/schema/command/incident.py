"""Inputs and payloads of the commands that take a case in: report, reject, amend, file, note, unmask."""

import strawberry

from api.scalars import DateTime
from api.schema.action import Warning as Warned
from api.schema.command.given import Command, IncidentChange, needed, option, several
from api.schema.incident import Incident, Note
from api.schema.place import PointInput
from api.schema.public import DuplicateCandidate, duplicates_of
from api.schema.words import Info
from domain.complainant import Confidentiality
from domain.followup import ReplyChannel
from domain.incident import IncidentDomain, IncidentKind, RejectReason, Source, Urgency
from services.incidents import MaskedField


@strawberry.input(description="诉求人。Who asks for something to be done.")
class ComplainantInput:
    """诉求人."""

    name: str | None = option("姓名。Name.")
    phone: str | None = option("电话。Phone.")
    confidentiality: Confidentiality | None = option(
        "保密要求；默认一般，举报默认保密。NORMAL by default, CONFIDENTIAL for a denunciation."
    )
    reply_wanted: bool = strawberry.field(
        description="是否需要回复。Whether a reply is wanted.", default=True
    )
    preferred_channel: ReplyChannel | None = option("希望的联系方式。The preferred way to reply.")


@strawberry.input(description="上报（T2）。Report a case.")
class ReportIncidentInput(Command):
    """T2."""

    domain: IncidentDomain = needed("领域。The top division of statistics.")
    kind: IncidentKind = needed("诉求类型。What is asked for.")
    category_code: str = needed("分类代码。The category's code.")
    title: str = needed("标题，2 至 50 字。The matter in a line, 2 to 50 characters.")
    content: str | None = option("内容，至多 1000 字。The matter in full, at most 1000 characters.")
    source: Source = needed("来源，须与角色相符。By which channel; it must fit the role.")
    urgency: Urgency = strawberry.field(description="紧急程度。The urgency.", default=Urgency.NORMAL)
    occurred_at: DateTime | None = option("发生时间。When it happened.")
    point: PointInput | None = option("位置。Where it is.")
    address: str | None = option("地址。The address.")
    complainant: ComplainantInput | None = option("诉求人。Who asks for it.")
    complained_org_unit_id: strawberry.ID | None = option("被投诉单位。The unit complained about.", "OrgUnit")
    media_ids: list[strawberry.ID] = several("照片。Pictures uploaded before.", "Media")
    external_id: str | None = option("来源方编号，仅限接入渠道。The channel's own number; channels only.")
    external_due_at: DateTime | None = option("来源方期限。The channel's due time.")
    draft_id: strawberry.ID | None = option(
        "本人草稿，上报后即删除。The own draft that this ends (T1).", "Draft"
    )


async def _alike(root: strawberry.Parent["ReportIncidentPayload"], info: Info) -> list[DuplicateCandidate]:
    """Looked for only where they are asked for."""
    return await duplicates_of(info, root.incident.row)


@strawberry.type(description="上报的结果。What a report answers.")
class ReportIncidentPayload:
    """T2."""

    incident: Incident = strawberry.field(description="事项。The case.")
    duplicate_candidates: list[DuplicateCandidate] = strawberry.field(
        resolver=_alike, description="疑似重复。Cases that may be the same matter."
    )
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.input(description="不予受理（T5）。Do not take a case.")
class RejectIncidentInput(IncidentChange):
    """T5."""

    reason: RejectReason = needed("不予受理原因。Why.")
    reply_text: str = needed("答复内容。The reply to the person.")


@strawberry.input(description="更正（T10a）；未给的字段不变。Amend; fields not given stay.")
class AmendIncidentInput(IncidentChange):
    """T10a."""

    kind: IncidentKind | None = option("诉求类型。What is asked for.")
    category_code: str | None = option("分类代码。The category's code.")
    title: str | None = option("标题。The matter in a line.")
    content: str | None = option("内容。The matter in full.")
    point: PointInput | None = option("位置。Where it is.")
    address: str | None = option("地址。The address.")
    reason: str = needed("更正理由。Why it is amended.")


@strawberry.input(description="立案（T10）。File a case.")
class FileIncidentInput(IncidentChange):
    """T10."""

    urgency: Urgency = needed("紧急程度。The urgency.")
    category_code: str = needed("三级分类代码。The code of a level-3 category.")


@strawberry.input(description="办理记录。Add a note.")
class AddNoteInput(IncidentChange):
    """B.5."""

    text: str = needed("内容。The words.")


@strawberry.input(description="查看脱敏信息（R80），留痕。Read a masked value; the reading is logged.")
class UnmaskFieldInput(IncidentChange):
    """R80."""

    field: MaskedField = needed("字段。Which value.")
    reason: str = needed("理由。Why it is needed.")


@strawberry.type(description="不予受理的结果。What a rejection answers.")
class RejectIncidentPayload:
    """T5."""

    incident: Incident = strawberry.field(description="事项。The case.")


@strawberry.type(description="更正的结果。What an amendment answers.")
class AmendIncidentPayload:
    """T10a."""

    incident: Incident = strawberry.field(description="事项。The case.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.type(description="立案的结果。What filing answers.")
class FileIncidentPayload:
    """T10."""

    incident: Incident = strawberry.field(description="事项。The case.")
    warnings: list[Warned] = strawberry.field(description="警告。Warnings.")


@strawberry.type(description="办理记录的结果。What adding a note answers.")
class AddNotePayload:
    """B.5."""

    incident: Incident = strawberry.field(description="事项。The case.")
    note: Note = strawberry.field(description="办理记录。The note.")


@strawberry.type(description="所查看的信息，仅此一次。The value, this once.")
class UnmaskFieldPayload:
    """R80."""

    incident: Incident = strawberry.field(description="事项。The case.")
    value: str | None = strawberry.field(
        description="值；重发的请求不再返回。The value; a request sent again does not get it."
    )
