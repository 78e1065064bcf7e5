"""From when until when an entry holds: one follows another, none overlap, and nothing past is changed (S40)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from domain.dictionary import DispatchRule, DutyItem, PolicyValue
from domain.errors import DomainError, ErrorCode

LATEST_YEAR = 2199

Held = TypeVar("Held", DutyItem, DispatchRule, PolicyValue)


def check_span(valid_from: datetime, valid_to: datetime | None, now: datetime) -> None:
    """BAD_INPUT (validFrom) for a beginning in the past or beyond 2199, (validTo) for an end that is not after it."""
    if not now <= valid_from or valid_from.year > LATEST_YEAR:
        raise _refusal("validFrom", "生效时间不得早于现在", "It begins now or later")
    if valid_to is not None and (valid_to <= valid_from or valid_to.year > LATEST_YEAR):
        raise _refusal("validTo", "失效时间须晚于生效时间", "It ends after it begins")


def begins_at(asked: datetime | None, now: datetime) -> datetime:
    """From when a revision holds, by default now. BAD_INPUT (effectiveFrom) for the past, or beyond 2199."""
    if asked is not None and (asked < now or asked.year > LATEST_YEAR):
        raise _refusal("effectiveFrom", "生效时间不得早于现在", "It takes effect now or later")
    return asked or now


def check_apart(new: Held, others: Iterable[Held]) -> None:
    """BAD_INPUT (validFrom), with the other's span, where one of the same subject holds at some time of the new one."""
    for it in others:
        if _overlap(new, it):
            raise _refusal(
                "validFrom",
                "与已有的有效期重叠",
                "Another holds at that time",
                validFrom=it.valid_from.isoformat(),
                validTo=it.valid_to.isoformat() if it.valid_to else None,
            )


def succeeded(before: Held, new: Held) -> tuple[Held, Held | None]:
    """What the entry before becomes, and the new one beside it: none where a planned one is replaced in its place.

    BAD_INPUT (id) where the entry before does not hold at the beginning of the new one, nor begins with it.
    """
    if before.valid_from == new.valid_from:
        return replace(new, id=before.id, version=before.version + 1), None
    over = before.valid_to is not None and before.valid_to <= new.valid_from
    if over or before.valid_from > new.valid_from:
        raise _refusal("id", "所接续的条目届时并不有效", "What it follows does not hold at that time")
    return replace(before, valid_to=new.valid_from, version=before.version + 1), new


def ended(entry: Held, at: datetime, now: datetime) -> Held:
    """The entry ending at that moment; one that is still planned may end as it begins, and never holds.

    BAD_INPUT (endsAt) for a moment that is past or before it begins, GUARD_FAILED for one that has ended.
    """
    if entry.valid_to is not None and entry.valid_to <= now:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="S40", zh="该条目已失效", en="It has ended already")
    if at < max(now, entry.valid_from) or at.year > LATEST_YEAR:
        raise _refusal(
            "endsAt", "终止时间不得早于现在及生效时间", "It ends neither in the past nor before it began"
        )
    return replace(entry, valid_to=at, version=entry.version + 1)


def _overlap(one: Held, other: Held) -> bool:
    if other.valid_to is not None and other.valid_to <= other.valid_from:  # ended before it ever held
        return False
    before = one.valid_to is not None and one.valid_to <= other.valid_from
    after = other.valid_to is not None and other.valid_to <= one.valid_from
    return not before and not after


def _refusal(field: str, zh: str, en: str, **facts: object) -> DomainError:
    return DomainError(ErrorCode.BAD_INPUT, field, rule="S40", zh=zh, en=en, facts=facts)
