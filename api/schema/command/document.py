"""Inputs and payloads of stored documents and integration keys."""

import strawberry

from api.scalars import DateTime
from api.schema.command.given import Command, DocumentChange, IntegrationKeyChange, needed, option
from api.schema.document import Document, IntegrationKey


@strawberry.input(description="存储文档。Store a document.")
class StoreDocumentInput(Command):
    """The same text is stored once."""

    text: str = needed("全文，恰含一个操作。The text, of exactly one operation.")
    name: str = needed("名称。Name.")


@strawberry.type(description="存储文档的结果。What storing a document answers.")
class StoreDocumentPayload:
    """The document, new or known."""

    document: Document = strawberry.field(description="文档。The document.")


@strawberry.input(description="停用文档，并撤销其密钥。Retire a document and revoke its keys.")
class RetireDocumentInput(DocumentChange):
    """It runs no more."""


@strawberry.type(description="停用文档的结果。What retiring a document answers.")
class RetireDocumentPayload:
    """The document."""

    document: Document = strawberry.field(description="文档。The document.")


@strawberry.input(description="创建集成密钥。Create an integration key.")
class CreateIntegrationKeyInput(Command):
    """For one document and one person."""

    name: str = needed("名称。Name.")
    document_id: strawberry.ID = needed(
        "文档，查询或订阅。The document, a query or a subscription.", "Document"
    )
    person_id: strawberry.ID = needed(
        "所代表的人员；权限随其岗位。The person it acts for, with the posts of the time.", "Person"
    )
    expires_at: DateTime | None = option("失效时间，默认不限。When it ends; never by default.")


@strawberry.type(description="创建集成密钥的结果。What creating an integration key answers.")
class CreateIntegrationKeyPayload:
    """The secret is shown this once."""

    integration_key: IntegrationKey = strawberry.field(description="密钥。The key.")
    secret: str | None = strawberry.field(
        description="密钥全文，仅此一次；重发时为空。The secret, shown once; null when the request is sent again."
    )


@strawberry.input(description="撤销集成密钥。Revoke an integration key.")
class RevokeIntegrationKeyInput(IntegrationKeyChange):
    """It opens nothing any more."""


@strawberry.type(description="撤销集成密钥的结果。What revoking an integration key answers.")
class RevokeIntegrationKeyPayload:
    """The key."""

    integration_key: IntegrationKey = strawberry.field(description="密钥。The key.")
