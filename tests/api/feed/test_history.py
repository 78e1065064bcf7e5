"""The log as pages: the same events, the same cursors, the same rights as the streams."""

from uuid import uuid4

import pytest

from api.feed import history
from api.feed.items import Filter, Stretch
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
            page = await feed.events(who, cursor, EVERYTHING, 3)
            assert page.items[0].follows == (cursor or feed.cursors.at(0))
            heard += [it.logged.seq for it in page.items]
            cursor, more = page.items[-1].cursor, page.more
            assert page.end == cursor
    assert heard == [1, 3, 4, 6, 7, 9, 10, 12]


async def test_an_empty_page_says_that_nothing_follows() -> None:
    async with running() as feed:
        start = feed.cursors.at(0)
        assert await feed.events(command(), start, EVERYTHING, 10) == Stretch([], more=False, end=start)


async def test_who_may_hear_of_little_pages_on_through_the_rest_in_bounded_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "BATCH", 4)
    monkeypatch.setattr(history, "MOST_READ", 8)
    ours = uuid4()
    await write(*(happening() for _ in range(20)))
    await write(happening(after=[ours]), happening(), happening(after=[ours]))
    pages, cursor = list[Stretch](), None
    async with running() as feed:
        while not pages or pages[-1].more:
            pages.append(await feed.events(handler(ours), cursor, EVERYTHING, 10))
            cursor = pages[-1].end
        assert [page.end for page in pages] == [feed.cursors.at(seq) for seq in (8, 16, 23)]
    assert [[it.logged.seq for it in page.items] for page in pages] == [[], [], [21, 23]]
    assert pages[2].items[0].follows == pages[1].end


async def test_the_filter_chooses_kinds_and_a_case() -> None:
    case = uuid4()
    await write(
        happening(EventKind.LIGHT), happening(EventKind.LIGHT, incident=case), happening(incident=case)
    )
    async with running() as feed:
        chosen = Filter(kinds=frozenset({EventKind.LIGHT}), incident_id=case)
        page = await feed.events(command(), None, chosen, 10)
    assert ([it.logged.seq for it in page.items], page.more) == ([2], False)


async def test_a_case_has_its_own_history() -> None:
    case = uuid4()
    await write(happening(incident=case), happening(), happening(incident=case), happening(incident=case))
    async with running() as feed:
        first, none, wrong = await feed.of_incidents([(case, None, 2), (uuid4(), None, 2), (case, "x", 2)])
        assert isinstance(first, Stretch)
        (rest,) = await feed.of_incidents([(case, first.end, 2)])
    assert isinstance(rest, Stretch)
    assert isinstance(none, Stretch)
    assert ([it.logged.seq for it in first.items], first.more) == ([1, 3], True)
    assert ([it.logged.seq for it in rest.items], rest.more) == ([4], False)
    assert (none.items, none.more) == ([], False)
    assert rest.items[0].follows == first.items[-1].cursor == first.end
    assert isinstance(wrong, DomainError)
    assert wrong.code is ErrorCode.BAD_CURSOR


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
        page = await feed.events(command(), None, EVERYTHING, 10)
        assert page.items[0].follows == feed.cursors.at(2)
    assert [it.logged.seq for it in page.items] == [3, 4]
