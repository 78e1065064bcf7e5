"""Passwords and the lock after wrong ones (R84); every time here is of the wall clock (design §6)."""

import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.calendar import DISTRICT_TIME
from domain.errors import DomainError, ErrorCode
from domain.person import Credential

FAILURES = 5
"""Wrong passwords that lock an account (R84)."""

WINDOW = timedelta(minutes=15)
"""A failure this long after the one before counts as the first again."""

LOCK = timedelta(minutes=15)
"""How long an account stays locked."""

PASSWORD = (10, 200)
"""Characters of a password."""

_CLASSES = tuple(re.compile(pattern) for pattern in (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]"))
_NEEDED_CLASSES = 2


def first(person_id: UUID, password_hash: str, now: datetime, *, must_change: bool) -> Credential:
    """The credential of somebody who had none."""
    return Credential(
        person_id=person_id,
        password_hash=password_hash,
        must_change=must_change,
        failures=0,
        last_failure_at=None,
        locked_until=None,
        changed_at=now,
    )


def failed(credential: Credential, now: datetime) -> Credential:
    """One wrong password more; the fifth, each within 15 minutes of the one before, locks for 15 minutes."""
    last = credential.last_failure_at
    failures = credential.failures + 1 if last is not None and now - last < WINDOW else 1
    locks = failures >= FAILURES
    return replace(
        credential,
        failures=0 if locks else failures,  # behind the lock the count begins anew
        last_failure_at=now,
        locked_until=now + LOCK if locks else None,
    )


def succeeded(credential: Credential) -> Credential:
    """The right password clears the count."""
    return replace(credential, failures=0, last_failure_at=None, locked_until=None)


def changed(credential: Credential, password_hash: str, now: datetime, *, must_change: bool) -> Credential:
    """A new password; it lifts a lock, for only an administrator or the owner, unlocked, can set it."""
    return replace(
        succeeded(credential), password_hash=password_hash, must_change=must_change, changed_at=now
    )


def check_unlocked(credential: Credential, now: datetime) -> None:
    """ACCOUNT_LOCKED with `retryAt` while the account is locked (R84)."""
    until = credential.locked_until
    if until is not None and now < until:
        raise DomainError(
            ErrorCode.ACCOUNT_LOCKED,
            rule="R84",
            facts={"retryAt": until.astimezone(DISTRICT_TIME).isoformat(timespec="seconds")},
        )


def check_password(password: str, field: str) -> None:
    """BAD_INPUT unless it has 10 to 200 characters of at least two classes (R84)."""
    least, most = PASSWORD
    classes = sum(bool(kind.search(password)) for kind in _CLASSES)
    control = any(unicodedata.category(character) in {"Cc", "Cs"} for character in password)
    if control or not least <= len(password) <= most or classes < _NEEDED_CLASSES:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            field,
            rule="R84",
            zh=f"密码须为 {least} 至 {most} 个字符，至少含大写字母、小写字母、数字、其他字符中的两类",
            en=f"Give {least} to {most} characters: two of upper case, lower case, digits, others",
            facts={"least": least, "most": most},
        )
