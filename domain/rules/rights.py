"""What the log says when a person's rights begin, change or end; the live feed revokes by it (design §5)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from domain.action import ActionName
from domain.event import Event, EventKind, Subject
from domain.integration.key import IntegrationKey
from domain.person import Person
from domain.term import Term


class RightsReason(Term):
    """权限变更原因: what became of a person's rights."""

    SIGNED_IN = "SIGNED_IN", "已登录", "Signed in"
    SIGN_IN_FAILED = "SIGN_IN_FAILED", "登录失败", "A wrong password"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED", "账号已锁定", "The account was locked"
    SESSION_ENDED = "SESSION_ENDED", "会话已结束", "A session ended"
    KEY_CREATED = "KEY_CREATED", "已创建集成密钥", "An integration key was created"
    KEY_REVOKED = "KEY_REVOKED", "已撤销集成密钥", "An integration key was revoked"
    KEY_REFUSED = "KEY_REFUSED", "集成密钥被拒", "An integration key was refused"
    RIGHTS_CHANGED = "RIGHTS_CHANGED", "权限变更", "The account, its posts or its password changed"


_HARMLESS = frozenset(
    reason.value
    for reason in (
        RightsReason.SIGNED_IN,
        RightsReason.SIGN_IN_FAILED,
        RightsReason.KEY_CREATED,
        RightsReason.KEY_REFUSED,
    )
)


def touched(events: Iterable[Event]) -> set[UUID]:
    """The people whose rights may have ended or changed by these entries; nobody's do by coming in, or trying to."""
    return {
        it.person_id
        for it in events
        if it.kind is EventKind.RIGHTS and it.person_id is not None and it.data.get("reason") not in _HARMLESS
    }


def of_session(
    person_id: UUID,
    session_id: UUID,
    reason: RightsReason,
    at: datetime,
    action: ActionName,
    actor_id: UUID | None,
) -> Event:
    """One session began or ended (R83)."""
    return Event(
        at=at,
        kind=EventKind.RIGHTS,
        subject=Subject("Session", session_id, 1),
        row="R84",
        action=action,
        actor_id=actor_id,
        person_id=person_id,
        data={"reason": reason.value, "session": str(session_id)},
    )


def of_person(
    person: Person, reason: RightsReason, at: datetime, action: ActionName, actor_id: UUID | None
) -> Event:
    """Something about the whole account."""
    return Event(
        at=at,
        kind=EventKind.RIGHTS,
        subject=Subject("Person", person.id, person.version),
        row="R84",
        action=action,
        actor_id=actor_id,
        person_id=person.id,
        data={"reason": reason.value},
    )


def of_key(
    key: IntegrationKey,
    reason: RightsReason,
    at: datetime,
    action: ActionName | None,
    actor_id: UUID | None,
    why: str | None = None,
) -> Event:
    """An integration key began, ended or was refused (R83); `why` is a code. Never anything of its secret."""
    said = {"reason": reason.value, "key": str(key.id), "document": str(key.document_id)}
    return Event(
        at=at,
        kind=EventKind.RIGHTS,
        subject=Subject("IntegrationKey", key.id, key.version),
        row="R84",
        action=action,
        actor_id=actor_id,
        person_id=key.person_id,
        data=said if why is None else said | {"why": why},
    )
