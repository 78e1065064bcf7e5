"""Which clocks are due, and that a step fires once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from db import cases, clocks
from db.unit_of_work import Work, in_transaction
from domain.case import put
from domain.clock import ClockStep, ClockType, step, stop
from domain.incident import IncidentState
from tests.db.factories import NOW, a_case, a_district

SECOND = timedelta(seconds=1)


async def test_a_clock_is_due_from_yellow_on_and_again_after_its_due_time(store: str) -> None:
    assert store
    district = await a_district()
    case = await a_case(district)
    (clock,) = case.clocks
    key = (clock.id, case.incident.id)
    assert await clocks.due(clock.yellow_at - SECOND, 10) == []
    assert await clocks.due(clock.yellow_at, 10) == [key]
    turned = step(clock, clock.yellow_at)
    assert turned
    after = replace(case, clocks=(turned[0],))
    await in_transaction(lambda work: cases.save(work, case, after))
    assert await clocks.due(clock.due_at, 10) == []
    assert await clocks.due(clock.due_at + timedelta(microseconds=1), 10) == [key]


async def test_stopped_and_paused_clocks_are_never_due(store: str) -> None:
    assert store
    district = await a_district()
    case = await a_case(district, IncidentState.DISPATCHED)
    first, second, third = case.clocks
    changed = put(case.clocks, stop(first, NOW), replace(second, paused_at=NOW))
    await in_transaction(lambda work: cases.save(work, case, replace(case, clocks=changed)))
    far = NOW + timedelta(days=90)
    assert [clock for clock, _ in await clocks.due(far, 10)] == [third.id]


async def test_the_longest_due_comes_first_and_the_limit_holds(store: str) -> None:
    assert store
    district = await a_district()
    stored = [await a_case(district, at=NOW - timedelta(days=days)) for days in (1, 3, 2)]
    expected = [stored[1].incident.id, stored[2].incident.id]
    assert [case for _, case in await clocks.due(NOW + timedelta(days=9), 2)] == expected


async def test_a_step_fires_once_however_many_sweepers_try(store: str) -> None:
    assert store
    district = await a_district()
    (clock,) = (await a_case(district)).clocks

    async def fire(work: Work) -> bool:
        return await clocks.fire(work, clock, ClockStep.YELLOW, NOW)

    tried = await asyncio.gather(*(in_transaction(fire) for _ in range(4)))
    assert sorted(tried) == [False, False, False, True]
    assert await in_transaction(lambda work: clocks.fire(work, clock, ClockStep.RED, NOW))
    next_round = replace(clock, round=2)
    assert await in_transaction(lambda work: clocks.fire(work, next_round, ClockStep.YELLOW, NOW))


async def test_clocks_are_read_by_case_row_and_id_for_those_who_see_the_case(store: str) -> None:
    assert store
    district = await a_district()
    case = await a_case(district, IncidentState.DISPATCHED)
    viewer, row = district.viewer("housing"), case.assignments[0]
    by_case = await clocks.of_incidents([case.incident.id], viewer=viewer)
    assert tuple(by_case[case.incident.id]) == case.clocks
    by_row = await clocks.of_assignments([row.id], viewer=viewer)
    assert {clock.type for clock in by_row[row.id]} == {ClockType.SIGN, ClockType.CONTACT, ClockType.HANDLE}
    ids = [clock.id for clock in case.clocks]
    assert await clocks.get(ids, viewer=viewer) == {clock.id: clock for clock in case.clocks}
    assert await clocks.get(ids, viewer=district.viewer("civil")) == {}


async def test_the_test_clock_is_seeded_once_and_moved(store: str) -> None:
    assert store
    assert await clocks.business_clock() is None
    first = clocks.BusinessClock(NOW, NOW - timedelta(days=30), 60.0)
    assert await in_transaction(lambda work: clocks.seed_business_clock(work, first)) == first
    other = replace(first, speed=1.0)
    assert await in_transaction(lambda work: clocks.seed_business_clock(work, other)) == first
    await in_transaction(lambda work: clocks.set_business_clock(work, other))
    assert await clocks.business_clock() == other


async def test_a_held_case_is_left_to_the_other_sweeper(postgres_store: str) -> None:
    district = await a_district()
    case = await a_case(district)
    held, done = asyncio.Event(), asyncio.Event()

    async def hold(work: Work) -> None:
        assert await cases.try_lock(work, case.incident.id)
        held.set()
        await done.wait()

    async def attempt(work: Work) -> bool:
        return await cases.try_lock(work, case.incident.id)

    assert postgres_store
    holder = asyncio.create_task(in_transaction(hold))
    await held.wait()
    assert not await in_transaction(attempt)
    done.set()
    await holder
    assert await in_transaction(attempt)
