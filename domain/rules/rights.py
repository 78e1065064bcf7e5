"""What the log says when a person's rights begin, change or end; the live feed revokes by it (design §5)."""

from datetime import datetime
from uuid import UUID

from domain.action import ActionName
from domain.event import Event, EventKind, Subject
from domain.person import Person
from domain.term import Term


class RightsReason(Term):
    """权限变更原因: what became of a person's rights."""

    SIGNED_IN = "SIGNED_IN", "已登录", "Signed in"
    SIGN_IN_FAILED = "SIGN_IN_FAILED", "登录失败", "A wrong password"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED", "账号已锁定", "The account was locked"
    SESSION_ENDED = "SESSION_ENDED", "会话已结束", "A session ended"
    RIGHTS_CHANGED = "RIGHTS_CHANGED", "权限变更", "The account, its posts or its password changed"


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
