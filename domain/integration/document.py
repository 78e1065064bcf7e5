"""Documents kept by administrators, to be run by their hash."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.term import Term

NAME = 100
"""Characters of a name."""

SCHEME = "sha256:"
HASH = re.compile(r"[0-9a-f]{64}")


class DocumentKind(Term):
    """文档类型: what the one operation of a document does."""

    QUERY = "QUERY", "查询", "Asks"
    MUTATION = "MUTATION", "变更", "Changes"
    SUBSCRIPTION = "SUBSCRIPTION", "订阅", "Follows"


@dataclass(frozen=True, slots=True)
class Form:
    """What a checked text is: the kind of its one operation, and the operation's name if it has one."""

    kind: DocumentKind
    operation_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """存储文档: a GraphQL document of one operation. `sha256` is of its text in UTF-8; times are business time."""

    id: UUID
    sha256: str
    name: str
    text: str
    kind: DocumentKind
    operation_name: str | None
    created_at: datetime
    created_by_id: UUID
    retired_at: datetime | None = None
    version: int = 1


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, in lower-case hexadecimal."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
