"""Storing and retiring documents that are run by their hash."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from db.integration import documents, keys
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.errors import DomainError, ErrorCode
from domain.event import Event, EventKind, Subject
from domain.integration.document import NAME, Document, Form, digest
from domain.permission import permit
from domain.rules import rights
from domain.rules.rights import RightsReason
from domain.text import line
from services.command import Call, Result, check_version, perform


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreDocument:
    """A text of one operation."""

    text: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireDocument:
    """The document `id` is not to run any more."""

    id: UUID
    expected_version: int


async def store(call: Call, given: StoreDocument, check: Callable[[str], Form]) -> Result:
    """Keep a text that `check` accepts; `made["document"]`, which is the known one when the text is known.

    Storing the text of a retired document brings it back, without its keys. BAD_INPUT (text, name).
    """
    permit(call.actor, A.storeDocument)
    name = line(given.name, "name", most=NAME)
    if "\x00" in given.text:  # no store keeps it
        raise DomainError(ErrorCode.BAD_INPUT, "text", zh="文本含有空字符", en="The text holds a NUL")
    form = check(given.text)

    async def body(work: Work) -> Result:
        fresh = Document(
            id=call.new_id(),
            sha256=digest(given.text),
            name=name,
            text=given.text,
            kind=form.kind,
            operation_name=form.operation_name,
            created_at=call.now,
            created_by_id=call.actor.person_id,
        )
        document = await documents.insert(work, fresh)
        if document.retired_at is not None:
            revived = replace(document, retired_at=None, version=document.version + 1)
            await documents.save(work, document, revived)
            work.append(_told(call, revived, A.storeDocument))
        elif document is fresh:
            work.append(_told(call, document, A.storeDocument))
        return Result(made={"document": (document.id,)})

    return await perform(call, A.storeDocument, given, body)


async def retire(call: Call, given: RetireDocument) -> Result:
    """Let a document run no more and revoke its keys; `made["document"]`. NOT_FOUND, CONFLICT, GUARD_FAILED."""
    permit(call.actor, A.retireDocument)
    wall_now = datetime.now(UTC)

    async def body(work: Work) -> Result:
        before = await documents.load(work, given.id)
        check_version(before.version, given.expected_version)
        if before.retired_at is not None:
            raise DomainError(ErrorCode.GUARD_FAILED, zh="文档已停用", en="The document is retired")
        after = replace(before, retired_at=call.now, version=before.version + 1)
        await documents.save(work, before, after)
        work.append(_told(call, after, A.retireDocument))
        for key in await keys.unrevoked_of(work, after.id):
            revoked = replace(key, revoked_at=wall_now, version=key.version + 1)
            await keys.save(work, key, revoked)
            reason, actor = RightsReason.KEY_REVOKED, call.actor.person_id
            work.append(rights.of_key(revoked, reason, call.now, A.retireDocument, actor))
        return Result(made={"document": (after.id,)})

    return await perform(call, A.retireDocument, given, body)


def _told(call: Call, document: Document, action: A) -> Event:
    return Event(
        at=call.now,
        kind=EventKind.DICTIONARY,
        subject=Subject("Document", document.id, document.version),
        row="R83",
        action=action,
        actor_id=call.actor.person_id,
        data={"sha256": document.sha256},
    )
