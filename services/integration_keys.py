"""Integration keys: made, used and revoked (domain.md B.5, R83 to R85); they live by the wall clock (design §6)."""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from db import people
from db.integration import documents, keys
from db.unit_of_work import Work, in_transaction
from domain.action import ActionName as A
from domain.errors import DomainError, ErrorCode
from domain.integration.document import Document
from domain.integration.key import (
    NAME,
    RANDOM,
    IntegrationKey,
    check_bindable,
    check_expiry,
    digest_of,
    spelled,
    well_formed,
)
from domain.permission import permit
from domain.rules import rights
from domain.rules.rights import RightsReason
from domain.term import Language
from domain.text import line
from domain.viewer import Viewer
from services.command import Call, Result, check_version, perform

SECRET = "secret"  # noqa: S105 - the name of a fact of the result, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIntegrationKey:
    """A key by which `document_id` runs with the rights of `person_id`, until `expires_at` if that is given."""

    name: str
    document_id: UUID
    person_id: UUID
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeIntegrationKey:
    """The key `id` opens nothing any more."""

    id: UUID
    expected_version: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who acts by a key, and what it may run."""

    viewer: Viewer
    key: IntegrationKey
    document: Document


class KeyRefusedError(DomainError):
    """UNAUTHENTICATED; `key` is None for a secret of no key of ours, `why` a code for the log alone."""

    def __init__(self, why: str, key: IntegrationKey | None = None) -> None:
        super().__init__(ErrorCode.UNAUTHENTICATED)
        self.why = why
        self.key = key


async def create(call: Call, given: CreateIntegrationKey) -> Result:
    """Make a key; `made["key"]`, and its secret in `facts[SECRET]`, which no replay repeats.

    NOT_FOUND (documentId, personId), BAD_INPUT (name, documentId, expiresAt), GUARD_FAILED (documentId of a
    retired document, personId of an account out of use).
    """
    permit(call.actor, A.createIntegrationKey)
    name, wall_now = line(given.name, "name", most=NAME), datetime.now(UTC)

    async def body(work: Work) -> Result:
        document = await documents.load(work, given.document_id, "documentId")
        check_bindable(document)
        check_expiry(given.expires_at, wall_now)
        await _check_person(work, call, given.person_id)
        secret = spelled(secrets.token_bytes(RANDOM))
        key = IntegrationKey(
            id=call.new_id(),
            name=name,
            secret_hash=digest_of(secret),
            document_id=document.id,
            person_id=given.person_id,
            created_at=wall_now,
            created_by_id=call.actor.person_id,
            expires_at=given.expires_at,
        )
        await keys.insert(work, key)
        created, actor = RightsReason.KEY_CREATED, call.actor.person_id
        work.append(rights.of_key(key, created, call.now, A.createIntegrationKey, actor))
        return Result(made={"key": (key.id,)}, facts={SECRET: secret})

    return await perform(call, A.createIntegrationKey, given, body)


async def revoke(call: Call, given: RevokeIntegrationKey) -> Result:
    """End a key, its sockets and streams; `made["key"]`. NOT_FOUND, CONFLICT, GUARD_FAILED when it is revoked."""
    permit(call.actor, A.revokeIntegrationKey)
    wall_now = datetime.now(UTC)

    async def body(work: Work) -> Result:
        before = await keys.load(work, given.id)
        check_version(before.version, given.expected_version)
        if before.revoked_at is not None:
            raise DomainError(ErrorCode.GUARD_FAILED, zh="密钥已撤销", en="The key is revoked")
        after = replace(before, revoked_at=wall_now, version=before.version + 1)
        await keys.save(work, before, after)
        revoked, actor = RightsReason.KEY_REVOKED, call.actor.person_id
        work.append(rights.of_key(after, revoked, call.now, A.revokeIntegrationKey, actor))
        return Result(made={"key": (after.id,)})

    return await perform(call, A.revokeIntegrationKey, given, body)


async def admit(
    secret: str, *, now: datetime, wall_now: datetime, language: Language = Language.ZH
) -> Admitted:
    """Whom a secret lets in, with the posts in force at business time `now`. KeyRefusedError, always the same outside.

    A text that is no whole secret is refused without asking the store.
    """
    hashed = digest_of(secret)
    key = await keys.by_hash(hashed) if well_formed(secret) else None
    if key is None or not hmac.compare_digest(key.secret_hash, hashed):
        raise KeyRefusedError("UNKNOWN")
    if not key.live_at(wall_now):
        raise KeyRefusedError("EXPIRED" if key.revoked_at is None else "REVOKED", key)
    document = await documents.by_id(key.document_id)
    if document is None or document.retired_at is not None:
        raise KeyRefusedError("RETIRED", key)
    viewer = await people.viewer_of(key.person_id, now, None, language)
    if viewer is None:
        raise KeyRefusedError("INACTIVE", key)
    return Admitted(replace(viewer, key_id=key.id), key, document)


async def note_use(key: IntegrationKey, wall_now: datetime) -> None:
    """Write down that a key was used."""
    await in_transaction(lambda work: keys.note_use(work, key.id, wall_now))


async def note_refusal(key: IntegrationKey, why: str, now: datetime) -> None:
    """Write in the log that a key was refused (R83); nobody is named as having used it."""

    async def body(work: Work) -> None:
        work.append(rights.of_key(key, RightsReason.KEY_REFUSED, now, None, None, why))

    await in_transaction(body)


async def _check_person(work: Work, call: Call, person_id: UUID) -> None:
    found = await people.get([person_id], viewer=call.actor, connection=work.connection)
    if person_id not in found:
        raise DomainError(ErrorCode.NOT_FOUND, "personId")
    if not found[person_id].active:
        raise DomainError(ErrorCode.GUARD_FAILED, "personId", zh="账号已停用", en="The account is not in use")
