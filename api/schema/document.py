"""Stored documents, and the integration keys bound to them."""

import strawberry

from api.scalars import DateTime
from api.schema.person import Person
from api.schema.words import Node, Shown, column, derived, link
from domain.integration import document as documents
from domain.integration import key as keys
from domain.integration.document import SCHEME, DocumentKind


@strawberry.type(description="存储文档：可凭哈希执行。A stored document, run by its hash.")
class Document(Shown[documents.Document], Node):
    """存储文档."""

    hash: str = derived(
        "sha256",
        fn=lambda sha256: SCHEME + sha256,
        description="请求中作 documentId 的值。What a request sends as its `documentId`.",
    )
    name: str = column("name", "名称。Name.")
    text: str = column("text", "全文。The text.")
    kind: DocumentKind = column("kind", "文档类型。What its operation does.")
    operation_name: str | None = column("operation_name", "操作名。The operation's name.")
    created_at: DateTime = column("created_at", "存储时间。When it was stored.")
    created_by: Person | None = link("created_by_id", "Person", "存储人。Who stored it.")
    retired_at: DateTime | None = column("retired_at", "停用时间。When it was retired.")
    version: int = column("version", "版本号。Counts every change.")


@strawberry.type(description="集成密钥：只能执行一份文档。An integration key: it runs one document.")
class IntegrationKey(Shown[keys.IntegrationKey], Node):
    """集成密钥; its times are of the wall clock."""

    name: str = column("name", "名称。Name.")
    document: Document | None = link("document_id", "Document", "所绑定的文档。The document it runs.")
    person: Person | None = link("person_id", "Person", "所代表的人员。The person it acts for.")
    created_at: DateTime = column("created_at", "创建时间。When it was created.")
    created_by: Person | None = link("created_by_id", "Person", "创建人。Who created it.")
    expires_at: DateTime | None = column("expires_at", "失效时间；空为不限。When it ends; null: never.")
    revoked_at: DateTime | None = column("revoked_at", "撤销时间。When it was revoked.")
    last_used_at: DateTime | None = column(
        "last_used_at", "最近使用，精确到约一分钟。When it was last used, to about a minute."
    )
    version: int = column("version", "版本号。Counts every change.")
