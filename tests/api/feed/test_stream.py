"""Event streams: in order, chained, filtered, resumable, with a reason for every end (design §5)."""

from uuid import uuid4

import pytest

from api.feed.items import FeedItem, Filter, Gap, GapReason, Happened, Heartbeat
from api.pages import CursorSigner
from db import event_log
from db.unit_of_work import begin
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.person import PostType
from domain.viewer import Viewer
from tests.api.feed.rig import (
    Reader,
    command,
    everything,
    handler,
    happened,
    happening,
    reading,
    rights,
    running,
    viewer,
    write,
)

pytestmark = pytest.mark.usefixtures("store")


async def test_the_first_item_is_a_heartbeat_that_follows_itself_at_the_head() -> None:
    await write(happening())
    async with running() as feed, reading(everything(feed, command())) as reader:
        first = await reader.next()
        assert isinstance(first, Heartbeat)
        assert first.cursor == first.follows == feed.cursors.at(1)


async def test_events_come_in_order_and_each_follows_the_item_before() -> None:
    async with running() as feed, reading(everything(feed, command())) as reader:
        items: list[FeedItem] = [await reader.next()]
        await write(happening(EventKind.REPORTED), happening())
        await write(happening(EventKind.ASSIGNED))
        items += [await reader.next() for _ in range(3)]
        events = [happened(item) for item in items[1:]]
        assert [it.logged.seq for it in events] == [1, 2, 3]
        assert [it.follows for it in events] == [feed.cursors.at(seq) for seq in (0, 1, 2)]


async def test_a_stream_resumes_after_a_cursor_with_what_was_missed_and_goes_on_live() -> None:
    await write(*(happening() for _ in range(1200)))
    async with running() as feed, reading(everything(feed, command(), feed.cursors.at(3))) as reader:
        first = await reader.next()
        assert isinstance(first, Heartbeat)
        assert first.cursor == first.follows == feed.cursors.at(3)
        await write(happening())
        missed = [happened(await reader.next()).logged.seq for _ in range(1198)]
        assert missed == list(range(4, 1202))


async def test_a_quiet_stream_says_the_position_it_has_read() -> None:
    async with running(heartbeat=0.2) as feed, reading(everything(feed, handler(uuid4()))) as reader:
        first = await reader.next()
        await write(happening(after=[uuid4()]), happening(after=[uuid4()]))
        assert isinstance(first, Heartbeat)
        while (beat := await _beat(reader)).cursor != feed.cursors.at(2):
            assert beat.cursor == beat.follows == first.cursor
        assert beat.follows == first.cursor
        assert 0 <= beat.lag_ms < 5000


async def _beat(reader: Reader[FeedItem]) -> Heartbeat:
    item = await reader.next()
    assert isinstance(item, Heartbeat)
    return item


async def test_a_unit_hears_of_its_cases_and_of_their_leaving_and_of_no_other() -> None:
    ours, theirs = uuid4(), uuid4()
    async with running() as feed, reading(everything(feed, handler(ours))) as reader:
        await reader.next()
        await write(happening(after=[theirs]), happening(before=[theirs], after=[theirs, ours]))
        await write(
            happening(before=[theirs, ours], after=[theirs]), happening(before=[theirs], after=[theirs])
        )
        assert [happened(await reader.next()).logged.seq for _ in range(2)] == [2, 3]
        assert await reader.silent()


async def test_what_is_about_no_case_reaches_only_those_who_see_everything_and_rights_nobody() -> None:
    surge = happening(EventKind.SURGE, incident=uuid4())
    async with (
        running() as feed,
        reading(everything(feed, command())) as all_of_it,
        reading(everything(feed, handler(uuid4()))) as none_of_it,
    ):
        await all_of_it.next()
        await none_of_it.next()
        await write(rights(uuid4()), surge)
        assert happened(await all_of_it.next()).logged.seq == 2
        assert await none_of_it.silent()


async def test_the_filter_is_applied_before_anything_is_sent() -> None:
    case = uuid4()
    chosen = Filter(kinds=frozenset({EventKind.LIGHT}), incident_id=case)
    async with running() as feed, reading(feed.everything(command(), None, chosen)) as reader:
        await reader.next()
        await write(
            happening(EventKind.LIGHT), happening(incident=case), happening(EventKind.LIGHT, incident=case)
        )
        assert happened(await reader.next()).logged.seq == 3


async def test_the_command_centre_hears_of_new_red_escalated_supervised_and_surging_cases() -> None:
    async with running() as feed, reading(feed.command_centre(command(), None)) as reader:
        await reader.next()
        await write(
            happening(EventKind.REPORTED),
            happening(EventKind.CHANGED),
            happening(EventKind.LIGHT, data={"light": "YELLOW"}),
            happening(EventKind.LIGHT, data={"light": "RED"}),
            happening(EventKind.ASSIGNED),
            happening(EventKind.ESCALATED),
            happening(EventKind.SUPERVISED),
            happening(EventKind.CLOCK_MOVED),
            happening(EventKind.SURGE),
        )
        assert [happened(await reader.next()).logged.seq for _ in range(5)] == [1, 4, 6, 7, 9]


@pytest.mark.parametrize("post", [PostType.HANDLER, PostType.OFFICE_CLERK, PostType.RESIDENT])
async def test_the_command_centres_stream_is_refused_to_who_does_not_see_everything(post: PostType) -> None:
    async with running() as feed:
        with pytest.raises(DomainError) as refusal:
            feed.command_centre(viewer(post), None)
        assert refusal.value.code is ErrorCode.FORBIDDEN


async def _first(items_after: str, who: Viewer) -> tuple[FeedItem, bool]:
    async with running() as feed, reading(everything(feed, who, items_after)) as reader:
        return await reader.next(), await reader.over()


async def test_a_position_that_is_no_longer_kept_is_a_gap_and_the_offered_position_goes_on() -> None:
    await write(*(happening() for _ in range(6)))
    async with begin() as work:
        await event_log.trim(work.connection, 4)
    async with running() as feed:
        async with reading(everything(feed, command(), feed.cursors.at(3))) as reader:
            assert await reader.next() == Gap(GapReason.RETENTION, feed.cursors.at(3), feed.cursors.at(4))
            assert await reader.over()
        async with reading(everything(feed, command(), feed.cursors.at(4))) as reader:
            await reader.next()
            assert [happened(await reader.next()).logged.seq for _ in range(2)] == [5, 6]


async def test_a_cursor_of_another_life_of_the_log_is_a_gap() -> None:
    await write(happening(), happening())
    async with running() as feed:
        old = feed.cursors.at(1)
    async with begin() as work:
        await event_log.renew_epoch(work.connection)
    item, over = await _first(old, command())
    assert isinstance(item, Gap)
    assert (item.gap, item.start, over) == (GapReason.EPOCH_CHANGED, old, True)


async def test_a_cursor_ahead_of_the_log_is_a_gap_because_the_log_was_put_back() -> None:
    await write(happening())
    async with running() as feed, reading(everything(feed, command(), feed.cursors.at(9))) as reader:
        assert await reader.next() == Gap(GapReason.EPOCH_CHANGED, feed.cursors.at(9), feed.cursors.at(1))
        assert await reader.over()


@pytest.mark.parametrize("make", ["tampered", "foreign", "of another list", "nonsense", "empty"])
async def test_a_cursor_that_is_not_ours_is_refused(make: str) -> None:
    async with running() as feed:
        good = feed.cursors.at(0)
        bad = {
            "tampered": good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1],
            "foreign": CursorSigner(b"another secret").seal([feed.cursors.epoch, 0], "feed"),
            "of another list": CursorSigner(b"a secret of the tests").seal(
                [feed.cursors.epoch, 0], "incidents"
            ),
            "nonsense": "游标",
            "empty": "",
        }[make]
        async with reading(everything(feed, command(), bad)) as reader:
            with pytest.raises(DomainError) as refusal:
                await reader.next()
        assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_CURSOR, "after")


async def test_a_reader_that_is_too_slow_is_told_where_to_resume_and_then_misses_nothing() -> None:
    async with running(capacity=5) as feed:
        async with reading(everything(feed, command())) as reader:
            await reader.next()
            await write(happening())
            last = happened(await reader.next())
            for _ in range(4):
                await write(*(happening() for _ in range(5)))
            async with reading(everything(feed, command(), last.cursor)) as other:
                while happened_or_beat(await other.next()) < 21:
                    pass
            gap = await reader.next()
            assert gap == Gap(GapReason.OVERLOAD, last.cursor, last.cursor)
            assert await reader.over()
        async with reading(everything(feed, command(), last.cursor)) as reader:
            await reader.next()
            assert [happened(await reader.next()).logged.seq for _ in range(20)] == list(range(2, 22))


def happened_or_beat(item: FeedItem) -> int:
    """The position an event is at; a heartbeat is before all of them."""
    return item.logged.seq if isinstance(item, Happened) else 0


async def test_when_the_server_stops_each_stream_says_its_last_position_and_completes() -> None:
    async with running() as feed, reading(everything(feed, command())) as reader:
        await reader.next()
        await write(happening())
        event = happened(await reader.next())
        await feed.drain(0.1)
        last = await reader.next()
        assert isinstance(last, Heartbeat)
        assert last.cursor == last.follows == event.cursor
        assert await reader.over()
        assert not feed.consumers()


async def test_the_consumers_are_those_who_read_with_the_position_they_have() -> None:
    who = command()
    async with running() as feed:
        async with reading(everything(feed, who)) as reader:
            await reader.next()
            await write(happening())
            event = happened(await reader.next())
            (consumer,) = feed.consumers()
            assert (consumer.person_id, consumer.stream, consumer.cursor) == (
                who.person_id,
                "feed",
                event.cursor,
            )
            assert 0 <= consumer.lag_ms < 5000
        assert feed.consumers() == ()
