"""The sweep: what time alone triggers happens exactly once (design §6, R20, R21)."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from db import cases, clocks, event_log, people
from db.unit_of_work import Work, in_transaction
from domain.assignment import AssignmentState
from domain.clock import Light
from domain.event import EventKind
from domain.incident import IncidentState
from domain.person import PostType
from services import sweep as sweeping
from services.command import Call, new_id
from services.people import AssignPost, assign_post
from services.sweep import drain, forget_replays, run_forever, sweep
from tests.db.factories import NOW, put_post
from tests.services.desk import Desk, a_desk


async def kinds(desk: Desk) -> list[EventKind]:
    return [
        it.event.kind
        for it in await event_log.of_incident(desk.id, 0, 200)
        if it.event.actor_id is None and it.event.subject.noun == "Incident"
    ]


async def rows(desk: Desk) -> list[str]:
    """The rows of domain.md that the timer followed."""
    told = [it.event for it in await event_log.of_incident(desk.id, 0, 200)]
    return [it.row for it in told if it.actor_id is None and it.subject.noun == "Incident"]


@pytest.mark.usefixtures("store")
async def test_two_sweepers_turn_a_late_sign_off_red_and_urge_once() -> None:
    desk = await (await a_desk()).walk(3)
    late = desk.later(days=2).now
    await asyncio.gather(*(drain(late, wait=False) for _ in range(2)))
    await drain(late)
    case = await desk.case()
    assert (case.incident.light, case.incident.escalation_step, len(case.supervisions)) == (Light.RED, 2, 1)
    assert (await kinds(desk)).count(EventKind.LIGHT) == 6  # of sign-off, first contact and the card's reply
    assert [(await rows(desk)).count(row) for row in ("E1", "E2", "I1", "I2")] == [2, 2, 1, 1]
    assert case.assignments[0].on_time_accept is False
    assert await sweep(late) == 0


@pytest.mark.usefixtures("store")
async def test_a_case_that_is_being_changed_is_left_for_the_next_sweep() -> None:
    desk = await (await a_desk()).walk(1)
    late = desk.later(days=2).now
    locked, release = asyncio.Event(), asyncio.Event()

    async def hold(work: Work) -> None:
        await cases.try_lock(work, desk.id)
        locked.set()
        await release.wait()

    holding = asyncio.ensure_future(in_transaction(hold))
    await locked.wait()
    swept = asyncio.ensure_future(sweep(late))
    await asyncio.sleep(0.05)
    release.set()
    await holding
    fired = await swept + await drain(late)
    assert fired == 3
    assert (await kinds(desk)).count(EventKind.LIGHT) == 2


@pytest.mark.usefixtures("store")
async def test_the_timer_asks_for_the_check_and_the_log_names_nobody() -> None:
    desk = await (await a_desk()).walk(6)
    await drain(desk.later(days=1).now)
    case = await desk.case()
    assert case.incident.state is IncidentState.CHECKING
    assert case.assignments[0].state is AssignmentState.SUBMITTED
    last = (await event_log.of_incident(desk.id, 0, 200))[-1].event
    assert (last.row, last.actor_id, last.action) == ("T27", None, None)


@pytest.mark.usefixtures("store")
async def test_a_post_that_ends_is_announced_once() -> None:
    desk = await a_desk()
    person = desk.district.people["worker"]
    end = NOW + timedelta(hours=1)
    post = await in_transaction(lambda work: put_post(work, person, PostType.INSPECTOR, ends_at=end))
    assert await sweep(NOW) == 0
    assert await drain(end) == 1
    assert await drain(end) == 0
    (entry,) = [it.event for it in await event_log.read(0, 50) if it.event.kind is EventKind.RIGHTS]
    assert (entry.person_id, entry.subject.id) == (person.id, post.id)


@pytest.mark.usefixtures("sqlite_store")
async def test_a_post_another_process_announced_meanwhile_is_not_announced_again() -> None:
    desk = await a_desk()
    person = desk.district.people["worker"]
    post = await in_transaction(lambda work: put_post(work, person, PostType.INSPECTOR, ends_at=NOW))
    await in_transaction(lambda work: people.announce_end(work, post, NOW))
    told = partial(sweeping._announce, post=post, now=NOW, note=people.announce_end)
    assert await in_transaction(told) == 0


@pytest.mark.usefixtures("store")
async def test_a_post_that_begins_later_is_announced_once_when_it_does_and_once_when_it_ends() -> None:
    desk = await a_desk()
    admin, person = desk.district.viewer("sysadmin"), desk.district.people["resident"]
    begin, end = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    given = AssignPost(
        id=person.id, expected_version=1, type=PostType.VOLUNTEER, starts_at=begin, ends_at=end
    )
    made = (await assign_post(Call(admin, NOW, new_id, new_id()), given)).made
    assert await sweep(begin - timedelta(milliseconds=1)) == 0
    both = await asyncio.gather(sweep(begin), sweep(begin))
    assert sorted(both) == [0, 1]
    assert await drain(begin) == 0
    assert await drain(end) == 1
    assert await drain(end) == 0
    told = [it.event for it in await event_log.read(0, 50) if it.event.subject.noun == "Post"]
    assert [(it.at, it.kind, it.person_id) for it in told] == [
        (begin, EventKind.RIGHTS, person.id),
        (end, EventKind.RIGHTS, person.id),
    ]
    assert {it.subject.id for it in told} == set(made["post"])


@pytest.mark.usefixtures("sqlite_store")
async def test_a_step_that_has_fired_is_not_fired_again_by_whoever_comes_late() -> None:
    desk = await (await a_desk()).walk(1)
    clock = (await desk.case()).clocks[0]
    assert clock.next_step is not None
    step = clock.next_step
    await in_transaction(lambda work: clocks.fire(work, clock, step, NOW))
    assert await sweep(desk.later(days=3).now) == 0
    assert await kinds(desk) == []


@pytest.mark.usefixtures("sqlite_store")
async def test_one_broken_case_does_not_hold_up_the_others(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await (await a_desk()).walk(1)
    broken = desk.id
    await desk.report()
    whole = cases.load

    async def load(work: Work, incident_id: object, **rest: object) -> object:
        if incident_id == broken:
            raise RuntimeError("a broken row")
        return await whole(work, incident_id, **rest)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(cases, "load", load)
    with caplog.at_level(logging.ERROR):
        assert await sweep(desk.later(days=3).now) == 3
    assert "could not advance" in caplog.text


@pytest.mark.usefixtures("sqlite_store")
async def test_the_sweep_goes_on_after_a_failure_until_it_is_told_to_stop(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await (await a_desk()).walk(1)
    late = desk.later(days=3).now
    asked, swept_twice = 0, asyncio.Event()

    async def now() -> datetime:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RuntimeError("the store is away")
        if asked == 3:
            swept_twice.set()
        return late

    monkeypatch.setattr(sweeping, "business_now", now)
    stop = asyncio.Event()
    running = asyncio.ensure_future(run_forever(stop, 0.01))
    await swept_twice.wait()
    stop.set()
    await running
    assert (await desk.case()).incident.light is Light.RED
    assert "the sweep failed" in caplog.text


@pytest.mark.usefixtures("store")
async def test_whoever_acts_late_is_late_before_the_sweep_comes_by() -> None:
    desk = await (await a_desk()).walk(3)
    await desk.later(days=2).accept()
    case = await desk.case()
    assert (case.assignments[0].state, case.assignments[0].on_time_accept) == (
        AssignmentState.ACCEPTED,
        False,
    )
    assert len(case.supervisions) == 1
    assert (await rows(desk)).count("E2") == 2
    assert await drain(desk.now) == 0


@pytest.mark.usefixtures("sqlite_store")
async def test_answers_for_replays_are_kept_thirty_days() -> None:
    await (await a_desk()).walk(1)
    now = datetime.now(UTC)
    assert await forget_replays(now + timedelta(days=29)) == 0
    assert await forget_replays(now + timedelta(days=31)) == 1
