"""The log as pages: the same events, the same cursors, the same rights as the streams."""

from uuid import uuid4

import pytest

from api.feed.items import Filter
from db import event_log
from db.unit_of_work import begin
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from tests.api.feed.rig import command, handler, happening, running, write

pytestmark = pytest.mark.usefixtures("sqlite_store")

EVERYTHING = Filter()


async def test_pages_joined_by_their_last_cursor_are_what_the_viewer_may_hear() -> None:
    ours = uuid4()
    for _ in range(4):
        await write(happening(after=[ours]), happening(after=[uuid4()]), happening(before=[ours], after=[]))
    async with running() as feed:
        who, cursor, heard = handler(ours), None, list[int]()
        more = True
        while more:
            page, more = await feed.events(who, cursor, EVERYTHING, 3)
            assert page[0].follows == (cursor or feed.cursors.at(0))
            heard += [it.logged.seq for it in page]
            cursor = page[-1].cursor
    assert heard == [1, 3, 4, 6, 7, 9, 10, 12]


async def test_an_empty_page_says_that_nothing_follows() -> None:
    async with running() as feed:
        assert await feed.events(command(), feed.cursors.at(0), EVERYTHING, 10) == ([], False)


async def test_the_filter_chooses_kinds_and_a_case() -> None:
    case = uuid4()
    await write(
        happening(EventKind.LIGHT), happening(EventKind.LIGHT, incident=case), happening(incident=case)
    )
    async with running() as feed:
        chosen = Filter(kinds=frozenset({EventKind.LIGHT}), incident_id=case)
        page, more = await feed.events(command(), None, chosen, 10)
    assert ([it.logged.seq for it in page], more) == ([2], False)


async def test_a_case_has_its_own_history() -> None:
    case = uuid4()
    await write(happening(incident=case), happening(), happening(incident=case), happening(incident=case))
    async with running() as feed:
        first, more = await feed.of_incident(case, None, 2)
        rest, over = await feed.of_incident(case, first[-1].cursor, 2)
    assert ([it.logged.seq for it in first], more) == ([1, 3], True)
    assert ([it.logged.seq for it in rest], over) == ([4], False)
    assert rest[0].follows == first[-1].cursor


@pytest.mark.parametrize(("position", "gap"), [(1, "RETENTION"), (9, "EPOCH_CHANGED")])
async def test_a_position_the_log_cannot_go_on_from_is_refused_with_the_reason(
    position: int, gap: str
) -> None:
    await write(*(happening() for _ in range(4)))
    async with begin() as work:
        await event_log.trim(work.connection, 3)
    async with running() as feed:
        with pytest.raises(DomainError) as refusal:
            await feed.events(command(), feed.cursors.at(position), EVERYTHING, 10)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_CURSOR, "after")
    assert refusal.value.facts == {"gap": gap}


async def test_without_a_cursor_the_first_page_begins_at_the_oldest_entry_kept() -> None:
    await write(*(happening() for _ in range(4)))
    async with begin() as work:
        await event_log.trim(work.connection, 2)
    async with running() as feed:
        page, _ = await feed.events(command(), None, EVERYTHING, 10)
        assert page[0].follows == feed.cursors.at(2)
    assert [it.logged.seq for it in page] == [3, 4]
