"""One command, one transaction: idempotent, shielded, its events last (design §3, §8)."""

import hashlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from db import clocks, dictionaries, idempotency
from db.clocks import BusinessClock
from db.rows import Kept
from db.unit_of_work import Work
from db.work.groups import in_group
from domain.action import ActionName
from domain.case import Case
from domain.errors import DomainError, ErrorCode, Warned
from domain.place import Crs, Point, checked_point
from domain.rules.act import Act
from domain.viewer import Viewer

SYSTEM = Viewer(
    person_id=UUID(int=0), username="system", name="平台 Platform", org_id=None, posts=(), system=True
)
"""The platform itself: sweep, demo and import. Events name no actor for it."""

_CLOCK_SECONDS = 1
_MILLISECOND = 1000  # microseconds
_no_test_clock: Kept[bool] = Kept()


@dataclass(frozen=True, slots=True, kw_only=True)
class PointGiven:
    """A position as a client sends it; without a system it is refused with CRS_REQUIRED."""

    lng: float
    lat: float
    crs: Crs | None = None
    accuracy_m: float | None = None
    source: str | None = None

    def checked(self, field: str = "point") -> Point:
        """The position, if it is one. CRS_REQUIRED (field `point.crs`), BAD_INPUT."""
        return checked_point(self.lng, self.lat, self.crs, self.accuracy_m, field=field)


@dataclass(frozen=True, slots=True)
class Call:
    """Who acts, when (business time, design §6), with which new ids, under which idempotency key.

    `key` is None only for the platform's own calls and for sign-in.
    """

    actor: Viewer
    now: datetime
    new_id: Callable[[], UUID]
    key: UUID | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The ids of what a command made or changed: what a payload is built from, and all that a replay has.

    `case` is the case as it was stored, `facts` are small answers that are never stored: a replay comes without.
    """

    incident_id: UUID | None = None
    assignment_id: UUID | None = None
    made: Mapping[str, tuple[UUID, ...]] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[Warned, ...] = ()
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    case: Case | None = field(default=None, compare=False)


def new_id() -> UUID:
    """A UUIDv7 by the wall clock: ids grow with time, and nobody guesses the next."""
    stamp = time.time_ns() // 1_000_000
    chance = secrets.randbits(74)
    high, low = chance >> 62, chance & (1 << 62) - 1
    return UUID(int=stamp << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


async def business_now() -> datetime:
    """Business time (design §6) in whole milliseconds, as it is served: the test clock's, else the wall's.

    A test clock is read every time, so that another process' forwarding holds here at once; that there is none
    is asked once a second.
    """
    wall = datetime.now(UTC)
    stamp = int(time.monotonic() / _CLOCK_SECONDS)
    clock = None if _no_test_clock.get(stamp) else await clocks.business_clock()
    if clock is None:
        _no_test_clock.keep(stamp, True)
    now = business_time(clock, wall) if clock else wall
    return now.replace(microsecond=now.microsecond // _MILLISECOND * _MILLISECOND)


def wall_is_business() -> bool:
    """Whether business time was the wall's a moment ago; where that is not known, `business_now` finds out."""
    return _no_test_clock.get(int(time.monotonic() / _CLOCK_SECONDS)) is not None


def business_time(clock: BusinessClock, wall: datetime) -> datetime:
    """What the test clock shows at that wall time."""
    gone: timedelta = (wall - clock.wall_at) * clock.speed
    return clock.business_at + max(gone, timedelta())


def forget_clock() -> None:
    """Look for a test clock anew the next time; for whoever started one."""
    _no_test_clock.forget()


async def perform(
    call: Call, action: ActionName, given: object, body: Callable[[Work], Awaitable[Result]]
) -> Result:
    """Run `body` in one transaction, at most once for the caller's key; a replay answers what it answered.

    IDEMPOTENCY_KEY_REUSED for a key that was used with another input; refusals are not stored (design §8).
    """
    hashed = _hash(given)

    async def attempt(work: Work) -> Result:
        if call.key is None:
            return await body(work)
        stored = await idempotency.claim(
            work, call.actor.person_id, call.key, action.value, hashed, datetime.now(UTC)
        )
        if stored is not None:
            if (stored.command, stored.input_hash) != (action.value, hashed):
                raise DomainError(ErrorCode.IDEMPOTENCY_KEY_REUSED, "idempotencyKey")
            return _replayed(stored.result)
        result = await body(work)
        idempotency.keep(work, call.actor.person_id, call.key, _stored(result))
        return result

    return await in_group(attempt)


async def act_for(
    work: Work,
    call: Call,
    action: ActionName | None,
    category_id: UUID | None = None,
    region_ids: tuple[UUID, ...] = (),
) -> Act:
    """The call with the limits and the calendars in force, for a matter of that category there (S40)."""
    return await with_limits(
        work,
        Act(actor=call.actor, now=call.now, new_id=call.new_id, action=action),
        category_id,
        region_ids,
    )


async def with_limits(work: Work, act: Act, category_id: UUID | None, region_ids: tuple[UUID, ...]) -> Act:
    """The act under the nearest limits for that category there, the regions from the nearest up (S40)."""
    book = await dictionaries.rulebook(
        act.now, category_id=category_id, region_ids=region_ids, connection=work.connection
    )
    return replace(act, policy=book.policy, calendar=book.calendar, calendars=book.calendars)


def check_version(version: int, expected: int) -> None:
    """CONFLICT (field `expectedVersion`, with the present version) when the object has moved on."""
    if version != expected:
        raise DomainError(ErrorCode.CONFLICT, "expectedVersion", facts={"currentVersion": version})


def _hash(given: object) -> bytes:
    """SHA-256 of the input's fields, the same in every process."""
    plain = asdict(given) if is_dataclass(given) and not isinstance(given, type) else given
    words = json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(words.encode()).digest()


def _stored(result: Result) -> dict[str, Any]:
    return {
        "incident": str(result.incident_id) if result.incident_id else None,
        "assignment": str(result.assignment_id) if result.assignment_id else None,
        "made": {noun: [str(it) for it in ids] for noun, ids in result.made.items()},
        "warnings": [[warned.code.value, warned.field] for warned in result.warnings],
    }


def _replayed(stored: Mapping[str, Any]) -> Result:
    return Result(
        incident_id=UUID(stored["incident"]) if stored["incident"] else None,
        assignment_id=UUID(stored["assignment"]) if stored["assignment"] else None,
        made={noun: tuple(UUID(it) for it in ids) for noun, ids in stored["made"].items()},
        warnings=tuple(Warned(ErrorCode(code), name) for code, name in stored["warnings"]),
    )
