"""Stored documents and integration keys."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import strawberry

from api.pages import Connection, PageRequest, connection, page_request
from api.scalars import Cursor
from api.schema.argument import After, Before, First, Last
from api.schema.command import document as command
from api.schema.command.given import given
from api.schema.command.made import one
from api.schema.document import Document, IntegrationKey
from api.schema.words import Info, Input, Shown, resolver
from db.integration import documents as document_rows
from db.integration import keys as key_rows
from db.lists.pages import Page, Slice
from domain.action import ActionName
from domain.integration.document import Form
from domain.permission import permit
from services import documents, integration_keys

S = TypeVar("S", bound=Shown[Any])


@strawberry.type
class DocumentQueries:
    """What administrators may ask."""

    @resolver("存储文档，新的在前；限管理员。Stored documents, newest first; for administrators.")
    async def documents(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Document] | None:
        """FORBIDDEN, PAGE_SIZE_REQUIRED, BAD_CURSOR."""
        asked = page_request(first, after, last, before)
        return await _listed(info, Document, asked, document_rows.page, document_rows.count)

    @resolver("集成密钥，新的在前；限管理员。Integration keys, newest first; for administrators.")
    async def integration_keys(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[IntegrationKey] | None:
        """FORBIDDEN, PAGE_SIZE_REQUIRED, BAD_CURSOR."""
        asked = page_request(first, after, last, before)
        return await _listed(info, IntegrationKey, asked, key_rows.page, key_rows.count)


@strawberry.type
class DocumentMutations:
    """What administrators may change."""

    @resolver("存储文档。Store a document to be run by its hash.")
    async def store_document(
        self, info: Info, asked: Input[command.StoreDocumentInput]
    ) -> command.StoreDocumentPayload | None:
        """BAD_INPUT, field `text`, with the reason why it could not run."""
        call = await info.context.call(asked.idempotency_key)

        def check(text: str) -> Form:
            return info.context.check_document(text, info.context.language)

        result = await documents.store(call, given(documents.StoreDocument, asked), check)
        return command.StoreDocumentPayload(document=await one(info, Document, result.made["document"][0]))

    @resolver("停用文档，并撤销其密钥。Retire a document and revoke its keys.")
    async def retire_document(
        self, info: Info, asked: Input[command.RetireDocumentInput]
    ) -> command.RetireDocumentPayload | None:
        """CONFLICT, GUARD_FAILED."""
        call = await info.context.call(asked.idempotency_key)
        result = await documents.retire(call, given(documents.RetireDocument, asked))
        return command.RetireDocumentPayload(document=await one(info, Document, result.made["document"][0]))

    @resolver("创建集成密钥；全文只显示一次。Create an integration key; its secret is shown once.")
    async def create_integration_key(
        self, info: Info, asked: Input[command.CreateIntegrationKeyInput]
    ) -> command.CreateIntegrationKeyPayload | None:
        """BAD_INPUT, GUARD_FAILED with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await integration_keys.create(call, given(integration_keys.CreateIntegrationKey, asked))
        secret = result.facts.get(integration_keys.SECRET)
        return command.CreateIntegrationKeyPayload(
            integration_key=await one(info, IntegrationKey, result.made["key"][0]),
            secret=str(secret) if secret else None,
        )

    @resolver("撤销集成密钥；其连接随即结束。Revoke an integration key; its connections end.")
    async def revoke_integration_key(
        self, info: Info, asked: Input[command.RevokeIntegrationKeyInput]
    ) -> command.RevokeIntegrationKeyPayload | None:
        """CONFLICT, GUARD_FAILED."""
        call = await info.context.call(asked.idempotency_key)
        result = await integration_keys.revoke(call, given(integration_keys.RevokeIntegrationKey, asked))
        key = await one(info, IntegrationKey, result.made["key"][0])
        return command.RevokeIntegrationKeyPayload(integration_key=key)


async def _listed(
    info: Info,
    shown: type[S],
    asked: PageRequest,
    page: Callable[..., Awaitable[Page[Any]]],
    count: Callable[..., Awaitable[tuple[int, bool]]],
) -> Connection[S]:
    """The page of an administrators' list. FORBIDDEN, BAD_CURSOR."""
    viewer, name, signer = info.context.require_viewer(), shown.__name__, info.context.signer
    permit(viewer, ActionName.createIntegrationKey)
    position = tuple(signer.open(asked.cursor, name, asked.cursor_field)) if asked.cursor else None
    slice_ = Slice(size=asked.size, forward=not asked.backward, position=position)
    found = await page(viewer=viewer, slice_=slice_)
    rows = [
        (Cursor(signer.seal(at, name)), shown.of(row))
        for row, at in zip(found.rows, found.positions, strict=True)
    ]
    more = found.has_previous if asked.backward else found.has_next
    return connection(rows, asked, more=more, count=partial(count, viewer=viewer))
