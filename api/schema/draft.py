"""Drafts of reports: their author's alone (T1)."""

import strawberry

from api.ids import encode
from api.scalars import DateTime
from api.schema.command.given import Command, needed
from api.schema.words import Shown, column, resolver
from domain.incident import IncidentState
from domain.loop import draft as rows


@strawberry.type(description="草稿，仅作者本人可见。A draft; nobody but its author sees it.")
class Draft(Shown[rows.Draft]):
    """T1."""

    @resolver("编号，上报时填入 draftId。The id, for `draftId` of the report.")
    def id(self) -> strawberry.ID:
        """A global id."""
        return strawberry.ID(encode("Draft", self.row.id))

    version: int = column("version", "版本号。Counts every saving.")
    offline_id: str = column("offline_id", "设备上的编号。The device's own id.")
    form: str = column("form", "表单内容，JSON 对象。What was typed, a JSON object of the client's.")
    saved_at: DateTime = column("saved_at", "保存时间。When it was saved.")

    @resolver("状态，恒为草稿。The state, always DRAFT.")
    def state(self) -> IncidentState:
        """Before T2 there is no case."""
        return IncidentState.DRAFT


@strawberry.input(
    description="保存草稿（T1）；同一设备编号即更新。Save a draft; the same device's id saves it again."
)
class SaveDraftInput(Command):
    """T1."""

    offline_id: str = needed("设备上的编号，至多 64 字。The device's own id.")
    form: str = needed("表单内容，JSON 对象，至多 8000 字。A JSON object, at most 8000 characters.")


@strawberry.type(description="保存草稿的结果。What saving a draft answers.")
class SaveDraftPayload:
    """T1."""

    draft: Draft = strawberry.field(description="草稿。The draft.")
