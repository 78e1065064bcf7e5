"""The feed over server-sent events: its cursors as ids, going on after the last one, and every way it ends."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.command import Call, new_id
from services.people import EndPost, end_post
from services.sessions import sign_out
from tests.api.feed.rig import happening, write
from tests.api.live import Ticket, live, ticket
from tests.api.sse.events import Event, Events, events
from tests.db.factories import NOW, District, a_district

ITEM = """__typename ... on FeedEvent { cursor follows kind } ... on FeedHeartbeat { cursor follows lagMs }
  ... on FeedGap { gap resumeAt } ... on FeedRevoked { revoked resumeAt }"""
FEED = f"subscription ($after: Cursor) {{ feed(after: $after) {{ {ITEM} }} }}"
QUEUE = """subscription { departmentQueue { __typename ... on QueueSnapshot { total cursor }
  ... on FeedHeartbeat { cursor follows } ... on FeedRevoked { revoked resumeAt } } }"""
BOARD = "subscription { board { open } }"


@pytest.fixture
async def district(store: str) -> District:
    """The made-up district on a store of each kind."""
    assert store
    return await a_district()


def bearer(who: Ticket) -> str:
    return f"Bearer {who.access}"


async def _followed(answer: Events) -> Event:
    """The next item of an event stream, whose id is its cursor."""
    event = await answer.next()
    (item,) = event.data["data"].values()
    assert event.id == item["cursor"]
    return event


async def test_the_id_of_an_event_is_its_cursor_and_heartbeats_are_events(district: District) -> None:
    who = await ticket(district, "director")
    async with live(heartbeat=0.2) as server, events(server.port, FEED, token=bearer(who)) as answer:
        first = await _followed(answer)
        assert first.data["data"]["feed"]["__typename"] == "FeedHeartbeat"
        beat = await _followed(answer)
        assert beat.data["data"]["feed"]["__typename"] == "FeedHeartbeat"
        await write(happening())
        item = (await _followed(answer)).data["data"]["feed"]
        while item["__typename"] == "FeedHeartbeat":
            item = (await _followed(answer)).data["data"]["feed"]
        assert item["__typename"] == "FeedEvent"
        assert item["follows"] == first.id


@pytest.mark.parametrize(
    "document",
    [
        FEED,
        FEED.replace("$after: Cursor", '$after: Cursor = "e30"'),
        f'subscription {{ feed(after: "e30") {{ {ITEM} }} }}',
        f"subscription {{ feed {{ {ITEM} }} }}",
        f"subscription Wall {{ wall: feed {{ {ITEM} }} }}",
        f"subscription {{ feed(filter: {{ kinds: [CHANGED, REPORTED] }}) {{ {ITEM} }} }}",
        f"subscription ($f: FeedFilter) {{ feed(filter: $f) {{ {ITEM} }} }}",
        f"subscription {{ commandCentre(after: null) {{ {ITEM} }} }}",
    ],
)
async def test_last_event_id_takes_the_place_of_after_however_the_document_is_written(
    district: District, document: str
) -> None:
    who = await ticket(district, "director")
    async with live() as server:
        for _ in range(3):
            await write(happening())
        last = {"last-event-id": server.feed.cursors.at(1)}
        async with events(server.port, document, token=bearer(who), headers=last) as answer:
            first = await _followed(answer)
            assert first.id == server.feed.cursors.at(1)
            if "commandCentre" not in document:
                assert [(await _followed(answer)).id for _ in range(2)] == [
                    server.feed.cursors.at(seq) for seq in (2, 3)
                ]


async def test_a_stream_of_state_begins_anew_whatever_the_last_id_was(district: District) -> None:
    who = await ticket(district, "housing")
    last = {"last-event-id": "anything"}
    async with (
        live() as server,
        events(server.port, QUEUE, token=bearer(who), headers=last) as queue,
        events(server.port, BOARD, token=bearer(who), headers=last) as board,
    ):
        assert (await queue.item())["__typename"] == "QueueSnapshot"
        assert await board.item() == {"open": 0}


@pytest.mark.parametrize(
    ("document", "last", "code", "field"),
    [
        (FEED, "e30", "BAD_CURSOR", "after"),
        (
            f"subscription {{ ... on Subscription {{ feed {{ {ITEM} }} }} }}",
            "e30",
            "BAD_INPUT",
            "Last-Event-ID",
        ),
        ("subscription { departmentQueue(first: 0) { __typename } }", "e30", "PAGE_SIZE_REQUIRED", "first"),
    ],
)
async def test_a_last_id_that_cannot_be_used_is_refused(
    district: District, document: str, last: str, code: str, field: str
) -> None:
    who = await ticket(district, "housing")
    async with live() as server:
        given = {"last-event-id": last}
        async with events(server.port, document, token=bearer(who), headers=given) as answer:
            refusal, complete = await answer.rest()
    said = refusal.data["errors"][0]["extensions"]
    assert (said["code"], said["field"], complete.kind) == (code, field, "complete")


async def test_a_post_that_ends_ends_the_stream(district: District) -> None:
    async def end() -> None:
        post = district.posts["housing"]
        call = Call(actor=district.viewer("sysadmin"), now=datetime.now(UTC), new_id=new_id, key=new_id())
        await end_post(call, EndPost(id=post.id, expected_version=post.version))

    who = await ticket(district, "housing")
    async with live() as server, events(server.port, FEED, token=bearer(who)) as answer:
        first = await _followed(answer)
        await end()
        revoked, complete = await answer.rest()
    said = {"__typename": "FeedRevoked", "revoked": "RIGHTS_CHANGED", "resumeAt": first.id}
    assert revoked.data == {"data": {"feed": said}}
    assert revoked.id == first.id
    assert complete.kind == "complete"


async def test_a_session_that_ends_ends_its_streams_each_in_its_way(district: District) -> None:
    who = await ticket(district, "housing")
    async with (
        live() as server,
        events(server.port, FEED, token=bearer(who)) as feed,
        events(server.port, BOARD, token=bearer(who)) as board,
    ):
        await feed.item()
        await board.item()
        person = replace(district.viewer("housing"), session_id=who.session.id)
        await sign_out(person, now=NOW, wall_now=datetime.now(UTC))
        revoked, _ = await feed.rest()
        fault, _ = await board.rest()
    assert revoked.data["data"]["feed"]["revoked"] == "SESSION_ENDED"
    assert fault.data["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert not server.sse.open


async def test_a_token_that_runs_out_ends_the_stream(district: District) -> None:
    who = await ticket(district, "director")
    async with live() as server, events(server.port, FEED, token=bearer(who)) as answer:
        await answer.item()
        for attendee in server.feed._attendance._present:
            attendee.renew(datetime.now(UTC) + timedelta(seconds=0.2))
        *_, last, complete = await answer.rest()
    assert complete.kind == "complete"
    assert "SESSION_ENDED" in str(last.data) or "UNAUTHENTICATED" in str(last.data)


async def test_when_the_server_stops_the_stream_says_its_position_and_when_to_come_back(
    district: District,
) -> None:
    who = await ticket(district, "director")
    async with live() as server, events(server.port, FEED, token=bearer(who)) as answer:
        first = await _followed(answer)
        server.sse.draining = True
        stopping = asyncio.create_task(server.feed.drain())
        beat, complete = await answer.rest()
        await stopping
    assert beat.data["data"]["feed"]["follows"] == first.id
    assert beat.id == first.id
    assert complete.retry is not None
