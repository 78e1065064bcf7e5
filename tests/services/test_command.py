"""One command, one transaction: replays, versions, and callers who leave (design §3, §8)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from db import event_log, unit_of_work
from db.connection import fetch
from domain.action import ActionName as A
from domain.assignment import AssignmentMode
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentDomain, IncidentKind, IncidentState, Source
from services import assignments, incidents
from services.command import Result, new_id, perform
from tests.services.desk import a_desk


@pytest.mark.usefixtures("store")
async def test_a_replay_answers_the_same_and_changes_nothing() -> None:
    desk = await (await a_desk()).walk(3)
    given = assignments.AcceptAssignment(**await desk.target(row=True))
    call = desk.call("housing")
    first = await assignments.accept(call, given)
    head = await event_log.head()
    again = await assignments.accept(call, given)
    assert again == first
    assert await event_log.head() == head


@pytest.mark.usefixtures("sqlite_store")
async def test_a_replay_keeps_the_warnings() -> None:
    desk = await a_desk()
    given = incidents.ReportIncident(
        domain=IncidentDomain.OTHER,
        kind=IncidentKind.FOUND,
        category_code="NOISE",
        title="夜间施工",
        source=Source.PLATFORM,
        address="东园小区",
        external_due_at=datetime(2100, 1, 1, tzinfo=UTC),
    )
    call = desk.call("acceptor")
    first = await incidents.report(call, given)
    assert [it.code for it in first.warnings] == [ErrorCode.CALENDAR_MISSING]
    assert await incidents.report(call, given) == first


@pytest.mark.usefixtures("store")
async def test_a_replay_keeps_what_was_made_and_a_key_is_ones_own() -> None:
    desk = await (await a_desk()).walk(2)
    key = uuid4()
    order = assignments.DispatchIncident(
        **await desk.target(),
        mode=AssignmentMode.SINGLE,
        leads=(desk.district.orgs["HOUSING"].id,),
    )
    first = await assignments.dispatch(desk.call("dispatcher", key), order)
    again = await assignments.dispatch(desk.call("dispatcher", key), order)
    assert first == again
    assert first.made["assignments"]
    other = await perform(desk.call("acceptor", key), A.addNote, "x", _nothing)
    assert other == Result()
    assert other == await perform(desk.call("acceptor", key), A.addNote, "x", _nothing)


async def _nothing(_work: unit_of_work.Work) -> Result:
    return Result()


@pytest.mark.usefixtures("store")
async def test_a_key_is_for_one_input_only() -> None:
    desk = await (await a_desk()).walk(1)
    call = desk.call("acceptor")
    note = incidents.AddNote(**await desk.target(), text="一")
    await incidents.add_note(call, note)
    with pytest.raises(DomainError) as refusal:
        await incidents.add_note(call, replace(note, text="二"))
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED


@pytest.mark.usefixtures("store")
async def test_a_stale_version_is_a_conflict_that_says_the_present_one() -> None:
    desk = await (await a_desk()).walk(1)
    stale = await desk.target()
    await desk.file()
    given = incidents.AddNote(**stale, text="迟到的说明")
    with pytest.raises(DomainError) as refusal:
        await incidents.add_note(desk.call("acceptor"), given)
    assert (refusal.value.code, refusal.value.facts) == (ErrorCode.CONFLICT, {"currentVersion": 2})


@pytest.mark.usefixtures("store")
async def test_a_refusal_is_not_stored_under_its_key() -> None:
    desk = await (await a_desk()).walk(2)
    call = desk.call("dispatcher")
    order = assignments.DispatchIncident(
        **await desk.target(), mode=AssignmentMode.SINGLE, leads=(desk.district.orgs["CIVIL"].id,)
    )
    with pytest.raises(DomainError):
        await assignments.dispatch(call, order)
    await assignments.dispatch(call, replace(order, basis="会议纪要"))
    assert (await desk.case()).incident.state is IncidentState.DISPATCHED


@pytest.mark.usefixtures("store")
async def test_two_equal_calls_at_once_happen_once() -> None:
    desk = await (await a_desk()).walk(1)
    call = desk.call("acceptor")
    note = incidents.AddNote(**await desk.target(), text="同时")
    answers = await asyncio.gather(*(incidents.add_note(call, note) for _ in range(4)))
    assert len({answer.made["note"] for answer in answers}) == 1
    assert len((await desk.case()).notes) == 1


@pytest.mark.usefixtures("store")
async def test_two_different_calls_at_once_leave_one_winner() -> None:
    desk = await (await a_desk()).walk(1)
    note = incidents.AddNote(**await desk.target(), text="争先")
    calls = [desk.call("acceptor") for _ in range(3)]
    answers = await asyncio.gather(
        *(incidents.add_note(call, note) for call in calls), return_exceptions=True
    )
    assert sum(isinstance(answer, Result) for answer in answers) == 1
    assert {it.code for it in answers if isinstance(it, DomainError)} == {ErrorCode.CONFLICT}


@pytest.mark.usefixtures("store")
async def test_a_caller_who_leaves_does_not_undo_the_command() -> None:
    desk = await (await a_desk()).walk(1)
    note = incidents.AddNote(**await desk.target(), text="挂断之前")
    leaving = asyncio.ensure_future(incidents.add_note(desk.call("acceptor"), note))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await unit_of_work.settle()
    assert [it.text for it in (await desk.case()).notes] == ["挂断之前"]


@pytest.mark.usefixtures("sqlite_store")
async def test_the_platforms_own_calls_need_no_key() -> None:
    desk = await (await a_desk()).walk(1)
    note = incidents.AddNote(**await desk.target(), text="无键")
    call = replace(desk.call("acceptor"), key=None)
    await incidents.add_note(call, note)
    assert len((await desk.case()).notes) == 1
    assert not await fetch("SELECT id FROM idempotency WHERE command = 'addNote'")


def test_new_ids_grow_with_time_and_say_version_seven() -> None:
    ids = [new_id() for _ in range(100)]
    assert {(it.version, it.variant) for it in ids} == {(7, "specified in RFC 4122")}
    assert ids[0].int >> 80 <= ids[-1].int >> 80
    assert len(set(ids)) == 100
