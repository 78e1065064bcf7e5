"""Business time, and the test clock that may be forwarded (design §6)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from db import clocks
from db.clocks import BusinessClock
from db.unit_of_work import Work, in_transaction
from domain.action import ActionName as A
from domain.errors import DomainError, ErrorCode
from domain.permission import permit
from domain.rules.incident import LATEST_YEAR
from services.command import Call, Result, business_now, business_time, forget_clock, perform
from services.sweep import drain

__all__ = ["ForwardClock", "business_now", "forbid_test_clock", "forget_clock", "forward", "start_test_clock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardClock:
    """The business time to go to."""

    to: datetime


async def start_test_clock(start: datetime, speed: float = 1.0) -> None:
    """Start the test clock at `start`, unless one runs already."""
    clock = BusinessClock(datetime.now(UTC), start, speed)
    await in_transaction(lambda work: clocks.seed_business_clock(work, clock))
    forget_clock()


async def forbid_test_clock() -> None:
    """Production follows real time: UNAVAILABLE when the store was made under a test clock."""
    if await clocks.business_clock() is not None:
        raise DomainError(
            ErrorCode.UNAVAILABLE,
            zh="此库带有测试时钟，不得用于生产",
            en="This store runs by a test clock and is not for production",
        )


async def forward(call: Call, given: ForwardClock) -> Result:
    """Move the test clock forward and fire everything due by then before answering; `facts["now"]` is the time.

    FEATURE_DISABLED without a test clock, BAD_INPUT (field `to`) for a time in the past or beyond 2199.
    """
    permit(call.actor, A.forwardClock)

    async def body(work: Work) -> Result:
        running = await clocks.load_business_clock(work)
        if running is None:
            raise DomainError(ErrorCode.FEATURE_DISABLED)
        wall = datetime.now(UTC)
        if given.to < business_time(running, wall) or given.to.year > LATEST_YEAR:
            raise DomainError(ErrorCode.BAD_INPUT, "to", zh="时钟只能拨快", en="The clock only goes forward")
        await clocks.set_business_clock(work, BusinessClock(wall, given.to, running.speed))
        return Result()

    await perform(call, A.forwardClock, given, body)
    now = await business_now()
    await drain(now)
    return Result(facts={"now": now})
