"""Business time and the test clock (design §6)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from db.clocks import BusinessClock, set_business_clock
from db.unit_of_work import in_transaction
from domain.clock import Light
from domain.errors import DomainError, ErrorCode
from services import clocks
from services.clocks import ForwardClock, business_now, forbid_test_clock, forward, start_test_clock
from tests.db.factories import NOW
from tests.services.desk import a_desk


@pytest.mark.usefixtures("store")
async def test_without_a_test_clock_business_time_is_the_walls_and_nothing_forwards() -> None:
    desk = await a_desk()
    assert abs(await business_now() - datetime.now(UTC)) < timedelta(seconds=5)
    with pytest.raises(DomainError) as refusal:
        await forward(desk.call("acceptor"), ForwardClock(to=NOW))
    assert refusal.value.code is ErrorCode.FEATURE_DISABLED


@pytest.mark.usefixtures("store")
async def test_forwarding_fires_everything_due_before_it_answers() -> None:
    desk = await a_desk()
    await start_test_clock(NOW)
    await start_test_clock(NOW + timedelta(days=9))  # one runs already
    assert timedelta() <= await business_now() - NOW < timedelta(seconds=30)
    await desk.report()
    to = NOW + timedelta(days=2)
    call, given = desk.call("acceptor"), ForwardClock(to=to)
    answer = await forward(call, given)
    now = answer.facts["now"]
    assert isinstance(now, datetime)
    assert to <= now < to + timedelta(seconds=30)
    assert (await desk.case()).incident.light is Light.RED
    assert "now" in (await forward(call, given)).facts


@pytest.mark.usefixtures("store")
async def test_of_forwardings_at_one_moment_the_furthest_holds() -> None:
    desk = await a_desk()
    await start_test_clock(NOW)
    times = [NOW + timedelta(days=days) for days in (1, 4, 2, 3)]
    moved = await asyncio.gather(
        *(forward(desk.call("acceptor"), ForwardClock(to=to)) for to in times), return_exceptions=True
    )
    refusals = [it for it in moved if isinstance(it, BaseException)]
    assert all(isinstance(it, DomainError) and it.field == "to" for it in refusals)
    assert max(times) <= await business_now() < max(times) + timedelta(seconds=30)


@pytest.mark.usefixtures("store")
async def test_what_another_process_forwards_holds_here_at_once_in_whole_milliseconds() -> None:
    await start_test_clock(NOW)
    assert await business_now() < NOW + timedelta(seconds=30)
    to = BusinessClock(datetime.now(UTC), NOW + timedelta(days=1, microseconds=1700), 0.0000001)
    await in_transaction(lambda work: set_business_clock(work, to))
    assert await business_now() == NOW + timedelta(days=1, milliseconds=1)


@pytest.mark.usefixtures("sqlite_store")
async def test_a_store_with_a_test_clock_is_not_for_production() -> None:
    await forbid_test_clock()
    await start_test_clock(NOW)
    with pytest.raises(DomainError) as refusal:
        await forbid_test_clock()
    assert refusal.value.code is ErrorCode.UNAVAILABLE


@pytest.mark.usefixtures("sqlite_store")
async def test_the_test_clock_runs_at_its_speed_and_only_forward() -> None:
    desk = await a_desk()
    await start_test_clock(NOW, speed=3600.0)
    first = await business_now()
    clocks.forget_clock()
    assert await business_now() > first
    for to in (NOW - timedelta(days=1), datetime(2201, 1, 1, tzinfo=UTC)):
        with pytest.raises(DomainError) as refusal:
            await forward(desk.call("worker"), ForwardClock(to=to))
        assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, "to")
    with pytest.raises(DomainError) as refusal:
        await forward(desk.call("resident"), ForwardClock(to=NOW))
    assert refusal.value.code is ErrorCode.FORBIDDEN
