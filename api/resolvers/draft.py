"""The drafts that the signed-in person keeps."""

import strawberry

from api.schema.command.given import given
from api.schema.draft import Draft, SaveDraftInput, SaveDraftPayload
from api.schema.words import Info, Input, resolver
from db.loop import drafts as table
from domain.errors import DomainError, ErrorCode
from services import drafts


@strawberry.type
class DraftQueries:
    """What may be asked about drafts."""

    @resolver("本人的草稿，新者在前。The viewer's own drafts, the latest first.")
    async def drafts(self, info: Info) -> list[Draft] | None:
        """UNAUTHENTICATED."""
        return [Draft.of(row) for row in await table.of_viewer(viewer=info.context.require_viewer())]


@strawberry.type
class DraftMutations:
    """T1."""

    @resolver("保存草稿（T1）。Save a draft.")
    async def save_draft(self, info: Info, asked: Input[SaveDraftInput]) -> SaveDraftPayload | None:
        """At most 50 a person."""
        call = await info.context.call(asked.idempotency_key)
        result = await drafts.save(call, given(drafts.SaveDraft, asked))
        key = result.made["draft"][0]
        row = (await table.get([key], viewer=info.context.require_viewer())).get(key)
        if row is None:  # reported meanwhile
            raise DomainError(ErrorCode.NOT_FOUND, "offlineId")
        return SaveDraftPayload(draft=Draft.of(row))
