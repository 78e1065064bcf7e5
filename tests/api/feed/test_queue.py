"""A unit's queue: the whole list of one cut, then what enters, changes and leaves it (design §5)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest

from api.feed.feed import Feed
from api.feed.items import (
    Changed,
    Entered,
    Heartbeat,
    Left,
    QueueItem,
    QueueLeftReason,
    Revoked,
    RevokedReason,
    Snapshot,
)
from db import cases
from db.unit_of_work import Work, in_transaction
from domain.assignment import Assignment, AssignmentState
from domain.case import Case, put
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.incident import IncidentState
from domain.life.outcome import Happening, conclude
from domain.viewer import Viewer
from tests.api.feed.rig import Reader, Standings, reading, rights, running, write
from tests.db.factories import NOW, District, a_case, a_district, an_assignment

State = AssignmentState


@pytest.fixture
async def district(store: str) -> District:
    """A district on a store of each kind."""
    assert store
    return await a_district()


async def _conclude(
    case: Case, *rows: Assignment, row: str = "T14", kind: EventKind = EventKind.CHANGED
) -> Case:
    """Store the case with these rows changed or added, with the events a command writes."""
    after = replace(case, assignments=put(case.assignments, *rows))
    outcome = conclude(case, after, [Happening(at=NOW, kind=kind, row=row)])

    async def body(work: Work) -> None:
        await cases.save(work, case, outcome.case)
        for event in outcome.events:
            work.append(event)

    await in_transaction(body)
    return outcome.case


async def _become(case: Case, state: AssignmentState, row: str = "T14") -> Case:
    return await _conclude(case, replace(case.assignments[0], state=state), row=row)


async def _queue(feed: Feed, who: Viewer, first: int = 50) -> Reader[QueueItem]:
    return Reader(await feed.department_queue(who, None, first))


async def _snapshot(reader: Reader[QueueItem]) -> tuple[list[Assignment], list[Snapshot]]:
    chunks: list[Snapshot] = []
    while not chunks or not chunks[-1].complete:
        chunk = await reader.next()
        assert isinstance(chunk, Snapshot)
        chunks.append(chunk)
    return [row for chunk in chunks for row in chunk.items], chunks


async def test_the_first_items_are_the_units_open_rows_in_chunks_of_one_cut_by_due_time(
    district: District,
) -> None:
    for hours in (5, 1, 3, 2, 4):
        await a_case(district, IncidentState.HANDLING, at=NOW.replace(hour=hours))
    await a_case(district, IncidentState.CLOSED)
    await a_case(district, IncidentState.HANDLING, org="CIVIL")
    async with running() as feed:
        reader = await _queue(feed, district.viewer("housing"), first=2)
        rows, chunks = await _snapshot(reader)
        await reader.close()
    assert [row.dispatched_at.hour for row in rows] == [1, 2, 3, 4, 5]
    assert [(len(it.items), it.total, it.complete) for it in chunks] == [
        (2, 5, False),
        (2, 5, False),
        (1, 5, True),
    ]
    assert len({it.cursor for it in chunks}) == 1


async def test_an_empty_queue_is_one_complete_chunk(district: District) -> None:
    async with running() as feed:
        reader = await _queue(feed, district.viewer("housing"))
        _, (chunk,) = await _snapshot(reader)
        await reader.close()
    assert (chunk.items, chunk.total, chunk.complete) == ((), 0, True)


async def test_a_row_enters_changes_and_leaves(district: District) -> None:
    case = await a_case(district, IncidentState.FILED)
    async with running() as feed:
        ours = await _queue(feed, district.viewer("housing"))
        theirs = await _queue(feed, district.viewer("civil"))
        await _snapshot(ours)
        await _snapshot(theirs)
        row = an_assignment(case.incident, district.orgs["HOUSING"].id)
        case = await _conclude(case, row, row="T11", kind=EventKind.ASSIGNED)
        entered = await ours.next()
        case = await _become(case, State.ACCEPTED)
        changed = await ours.next()
        await _become(case, State.DONE, "T31")
        left = await ours.next()
        assert await theirs.silent()
        await ours.close()
    assert isinstance(entered, Entered)
    assert entered.assignment.id == row.id
    assert isinstance(changed, Changed)
    assert (changed.assignment.state, changed.assignment.version) == (State.ACCEPTED, 2)
    assert changed.kinds == (EventKind.CHANGED,)
    assert isinstance(left, Left)
    assert (left.assignment_id, left.incident_no, left.reason) == (
        row.id,
        case.incident.no,
        QueueLeftReason.DONE,
    )


@pytest.mark.parametrize(
    ("state", "row", "reason"),
    [
        (State.RETURNED, "T16", QueueLeftReason.RETURNED),
        (State.CANCELLED, "T13", QueueLeftReason.WITHDRAWN),
        (State.CANCELLED, "T13b", QueueLeftReason.REDISPATCHED),
        (State.CANCELLED, "T36", QueueLeftReason.VOIDED),
        (State.REJECTED_RESULT, "T30", QueueLeftReason.REDISPATCHED),
    ],
)
async def test_a_row_that_ends_leaves_with_its_reason(
    district: District, state: AssignmentState, row: str, reason: QueueLeftReason
) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    async with running() as feed:
        reader = await _queue(feed, district.viewer("housing"))
        await _snapshot(reader)
        await _become(case, state, row)
        left = await reader.next()
        await reader.close()
    assert isinstance(left, Left)
    assert left.reason is reason


async def test_a_case_that_moves_leaves_one_queue_and_enters_the_other(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    async with running() as feed:
        first = await _queue(feed, district.viewer("housing"))
        second = await _queue(feed, district.viewer("civil"))
        await _snapshot(first)
        await _snapshot(second)
        given_up = replace(case.assignments[0], state=State.CANCELLED)
        given = replace(an_assignment(case.incident, district.orgs["CIVIL"].id), seq=2)
        await _conclude(case, given_up, given, row="T13b", kind=EventKind.ASSIGNED)
        left, entered = await first.next(), await second.next()
        await first.close()
        await second.close()
    assert isinstance(left, Left)
    assert left.reason is QueueLeftReason.REDISPATCHED
    assert isinstance(entered, Entered)
    assert entered.assignment.org_id == district.orgs["CIVIL"].id


async def test_changes_are_merged_for_a_slow_reader(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    async with running() as feed:
        reader = await _queue(feed, district.viewer("housing"))
        await _snapshot(reader)
        for kind in (EventKind.LIGHT, EventKind.SUPERVISED, EventKind.LIGHT):
            case = await _conclude(case, kind=kind)
        await _level(feed)
        changed = await reader.next()
        assert await reader.silent()
    assert isinstance(changed, Changed)
    assert changed.kinds == (EventKind.LIGHT, EventKind.SUPERVISED)


async def _level(feed: Feed) -> None:
    """Give the tail time to hand on what was committed."""
    await asyncio.sleep(0.3)
    assert feed.alive


async def test_a_snapshot_and_its_tail_agree_with_the_rows_whatever_is_committed_meanwhile(
    district: District,
) -> None:
    made = [await a_case(district, IncidentState.HANDLING) for _ in range(6)]

    async def commit(some: Sequence[Case]) -> None:
        for case in some:
            await _become(case, State.DONE, "T31")
            fresh = await a_case(district, IncidentState.FILED)
            row = an_assignment(fresh.incident, district.orgs["HOUSING"].id)
            await _conclude(fresh, row, row="T11", kind=EventKind.ASSIGNED)

    async with running(heartbeat=0.5) as feed:
        commits = [asyncio.create_task(commit(made[:3])), asyncio.create_task(commit(made[3:]))]
        known: set[object] = set()
        reader = await _queue(feed, district.viewer("housing"), first=2)
        while not isinstance(item := await reader.next(), Heartbeat):
            _fold(known, item)
        await asyncio.gather(*commits)
        while not isinstance(item := await reader.next(), Heartbeat):
            _fold(known, item)
        await reader.close()
        again = await _queue(feed, district.viewer("housing"))
        rows, _ = await _snapshot(again)
        await again.close()
    assert known == {row.id for row in rows}
    assert len(known) == 6


def _fold(known: set[object], item: QueueItem) -> None:
    if isinstance(item, Snapshot):
        known |= {row.id for row in item.items}
    elif isinstance(item, Entered):
        assert item.assignment.id not in known
        known.add(item.assignment.id)
    elif isinstance(item, Left):
        known.remove(item.assignment_id)


async def test_a_queue_that_nothing_moves_beats(district: District) -> None:
    async with running(heartbeat=0.1) as feed:
        reader = await _queue(feed, district.viewer("housing"))
        await _snapshot(reader)
        beats = [await reader.next() for _ in range(2)]
        await reader.close()
    assert all(isinstance(beat, Heartbeat) for beat in beats)


async def test_a_queue_ends_when_the_handler_loses_the_post(district: District) -> None:
    who, standings = district.viewer("housing"), Standings()
    async with running(standings=standings) as feed:
        reader = await _queue(feed, who)
        await _snapshot(reader)
        standings.now[who.person_id] = replace(who, posts=())
        await write(rights(who.person_id))
        revoked = await reader.next()
        assert isinstance(revoked, Revoked)
        assert revoked.revoked is RevokedReason.RIGHTS_CHANGED
        assert await reader.over()


async def test_who_sees_everything_reads_any_units_queue_and_a_handler_only_the_own(
    district: District,
) -> None:
    housing = district.orgs["HOUSING"].id
    await a_case(district, IncidentState.HANDLING)
    async with running() as feed:
        async with reading(await feed.department_queue(district.viewer("director"), housing, 10)) as reader:
            _, (chunk,) = await _snapshot(reader)
            assert chunk.total == 1
        async with reading(await feed.department_queue(district.viewer("director"), None, 10)) as reader:
            _, (chunk,) = await _snapshot(reader)
            assert chunk.total == 0  # the command centre's own queue
        for who, org_id in (
            ("civil", housing),
            ("clerk", housing),
            ("clerk", None),
            ("director", uuid4()),
        ):
            with pytest.raises(DomainError) as refusal:
                await feed.department_queue(district.viewer(who), org_id, 10)
            assert (refusal.value.code, refusal.value.field) == (ErrorCode.NOT_FOUND, "orgUnitId")


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_chunk_holds_one_to_a_hundred_rows(district: District, first: int) -> None:
    async with running() as feed:
        with pytest.raises(DomainError) as refusal:
            await feed.department_queue(district.viewer("housing"), None, first)
    assert refusal.value.code is ErrorCode.PAGE_SIZE_REQUIRED


async def test_one_case_is_followed_by_who_sees_it_and_is_not_there_for_others(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    async with running() as feed:
        with pytest.raises(DomainError) as refusal:
            await feed.incident_changed(district.viewer("civil"), case.incident.id, None)
        assert refusal.value.code is ErrorCode.NOT_FOUND
        stream = await feed.incident_changed(district.viewer("housing"), case.incident.id, None)
        async with reading(stream) as reader:
            await reader.next()
            await _become(await a_case(district, IncidentState.HANDLING), State.SUBMITTED, "T25")
            await _become(case, State.SUBMITTED, "T25")
            item = await reader.next()
            assert getattr(item, "logged").event.incident_id == case.incident.id  # noqa: B009 - one of a union


async def test_a_reader_too_slow_for_merged_changes_is_told_to_begin_again(district: District) -> None:
    made = [await a_case(district, IncidentState.HANDLING) for _ in range(4)]
    async with running(capacity=3) as feed:
        reader = await _queue(feed, district.viewer("housing"))
        await _snapshot(reader)
        for case in made:
            await _become(case, State.SUBMITTED, "T25")
        await _level(feed)
        with pytest.raises(DomainError) as refusal:
            await reader.next()
    assert refusal.value.code is ErrorCode.UNAVAILABLE


async def test_when_the_server_stops_a_queue_says_its_position_and_completes(district: District) -> None:
    async with running() as feed:
        reader = await _queue(feed, district.viewer("housing"))
        _, (chunk,) = await _snapshot(reader)
        await feed.drain(0.05)
        last = await reader.next()
        assert isinstance(last, Heartbeat)
        assert last.cursor == chunk.cursor
        assert await reader.over()
