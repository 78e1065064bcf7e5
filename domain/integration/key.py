"""Secrets by which other systems run one stored document each; all times are of the wall clock (design §6)."""

import hashlib
import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import DomainError, ErrorCode
from domain.integration.document import Document, DocumentKind

PREFIX = "fqk_"
RANDOM = 32
"""Random bytes of a secret."""

NAME = 100
"""Characters of a name."""

NOTED_EVERY = timedelta(minutes=1)
"""How often the use of a key is written down at most."""

_FORM = re.compile(rf"{PREFIX}([0-9a-f]{{{2 * RANDOM}}})([0-9a-f]{{8}})")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationKey:
    """集成密钥: runs one document with the rights that its person has when it is used.

    `secret_hash` is SHA-256 of the secret in hexadecimal; the secret itself is kept nowhere.
    """

    id: UUID
    name: str
    secret_hash: str
    document_id: UUID
    person_id: UUID
    created_at: datetime
    created_by_id: UUID
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    version: int = 1

    def live_at(self, now: datetime) -> bool:
        """Whether the key may be used at wall time `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def spelled(random: bytes) -> str:
    """A secret of these random bytes: prefix, hexadecimal digits, checksum."""
    digits = random.hex()
    return f"{PREFIX}{digits}{_checksum(digits)}"


def well_formed(secret: str) -> bool:
    """Whether a text is a whole secret of ours: what was cut or mistyped need not be looked up."""
    form = _FORM.fullmatch(secret)
    return form is not None and form[2] == _checksum(form[1])


def digest_of(secret: str) -> str:
    """What is kept of a secret; its 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def check_bindable(document: Document) -> None:
    """Refuse with field `documentId`: BAD_INPUT for a mutation, GUARD_FAILED for a retired document."""
    if document.kind is DocumentKind.MUTATION:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "documentId",
            zh="密钥只能绑定查询或订阅",
            en="A key is bound to a query or a subscription",
        )
    if document.retired_at is not None:
        raise DomainError(ErrorCode.GUARD_FAILED, "documentId", zh="文档已停用", en="The document is retired")


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """BAD_INPUT, field `expiresAt`, unless the key ends after wall time `now`."""
    if expires_at is not None and expires_at <= now:
        raise DomainError(
            ErrorCode.BAD_INPUT, "expiresAt", zh="失效时间须晚于现在", en="Give a time after now"
        )


def _checksum(digits: str) -> str:
    return f"{zlib.crc32(digits.encode()):08x}"
