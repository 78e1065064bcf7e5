"""What docs/feed.md says our clients do, row by row, each by both of them against a real server."""

import asyncio
import inspect
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from api.pages import CursorSigner
from clients.python.feed import Stream
from clients.python.session import Session
from clients.python.watch import BOARD, QUEUE, events_of
from tests.acceptance.desks import Desks, newcomer
from tests.acceptance.town import Town
from tests.api.sse.events import events
from tests.api.toy import eventually
from tests.channels.house import House, report
from tests.interop import guide
from tests.interop.listeners import Hearing, Listening, Said, python, typescript
from tests.interop.middle import Message, Middle, between

FEED = events_of("feed")
CENTRE = events_of("commandCentre")
Client = Callable[[Listening], AbstractAsyncContextManager[Hearing]]
BACK = {"kind": "connected", "again": True}


@pytest.fixture(params=["python", "typescript"])
def client(request: pytest.FixtureRequest) -> Client:
    """Both clients in turn."""
    if request.param == "python":
        return python
    return partial(typescript, made=request.getfixturevalue("made"))


@pytest.fixture
async def middle(house: House) -> AsyncIterator[Middle]:
    async with between(house.url) as middle:
        yield middle


@pytest.fixture(scope="module")
async def acceptor(house: House) -> Session:
    return await house.signed_in("acceptor")


async def reported(acceptor: Session) -> str:
    """The number of a new case."""
    return str((await report(acceptor, str(uuid4())))["no"])


def numbers(*events: Said) -> list[str]:
    return [event["incident"]["no"] for event in events]


def at(house: House, middle: Middle, *streams: Stream, **more: Any) -> Listening:
    return Listening(house.url, middle.url, streams, **more)


async def begun(hearing: Hearing) -> Said:
    """The first item of a first connection."""
    assert await hearing.next("connected") == {"kind": "connected", "again": False}
    return dict((await hearing.next("item"))["value"])


async def test_resume_after_a_killed_server(
    house: House, middle: Middle, acceptor: Session, client: Client
) -> None:
    async with client(at(house, middle, FEED, CENTRE)) as hearing:
        await begun(hearing)
        heard = {"feed": list[str](), "commandCentre": list[str]()}

        async def until(count: int) -> None:
            while any(len(it) < count for it in heard.values()):
                notice = await hearing.next("item")
                if notice["value"]["__typename"] == "FeedEvent":
                    heard[notice["stream"]] += numbers(notice["value"])

        expected = [await reported(acceptor)]
        await until(1)
        await house.end(signal.SIGKILL)
        assert (await hearing.next("lost"))["wait"] > 0
        await house.start()
        expected += [await reported(acceptor) for _ in range(2)]
        assert await hearing.next("connected") == BACK
        await until(3)
        expected.append(await reported(acceptor))
        await until(4)
    assert heard == {"feed": expected, "commandCentre": expected}


async def test_drain_says_when_to_come_back(
    house: House, middle: Middle, acceptor: Session, client: Client
) -> None:
    async with client(at(house, middle, FEED)) as hearing:
        await begun(hearing)
        await house.end()
        lost = await hearing.next("lost")
        hint = re.fullmatch(r"1012 retryAfterMs=(\d+)", lost["reason"])
        assert hint is not None, lost
        assert lost["wait"] == int(hint[1]) / 1000 < 5
        await house.start()
        number = await reported(acceptor)
        assert await hearing.next("connected", seconds=20) == BACK
        assert numbers(await hearing.event()) == [number]


async def test_resume_after_a_dropped_connection(
    house: House, middle: Middle, acceptor: Session, client: Client
) -> None:
    async with client(at(house, middle, FEED)) as hearing:
        await begun(hearing)
        middle.cut()
        await hearing.next("lost")
        expected = [await reported(acceptor) for _ in range(2)]
        middle.mend()
        assert await hearing.next("connected") == BACK
        assert numbers(*[await hearing.event() for _ in range(2)]) == expected


async def test_watchdog_gives_a_silent_stream_up(
    house: House, middle: Middle, acceptor: Session, client: Client
) -> None:
    async with client(at(house, middle, FEED, silence=1.0)) as hearing:
        await begun(hearing)
        middle.forwards.clear()
        began = datetime.now(UTC)
        lost = await hearing.next("lost")
        assert "超时" in lost["reason"]
        assert (datetime.now(UTC) - began).total_seconds() < 3
        middle.forwards.set()
        number = await reported(acceptor)
        assert numbers(await hearing.event()) == [number]


async def test_watchdog_asks_where_no_stream_beats(house: House, middle: Middle, client: Client) -> None:
    board = Stream("board", BOARD, resumable=False, beats=False)
    async with client(at(house, middle, board, silence=0.4)) as hearing:
        await begun(hearing)
        with pytest.raises(TimeoutError):
            await hearing.next("lost", seconds=1.2)
    assert middle.connections == 1
    assert {"type": "ping"} in middle.said


async def test_chain_that_breaks_is_said(
    house: House, middle: Middle, acceptor: Session, client: Client
) -> None:
    async with client(at(house, middle, FEED)) as hearing:
        await begun(hearing)
        middle.change = _losing(1)
        await reported(acceptor)
        number = await reported(acceptor)
        assert await hearing.next("missed") == {"kind": "missed", "stream": "feed", "why": "CHAIN"}
        assert numbers(await hearing.event()) == [number]
        later = await reported(acceptor)
        assert numbers(await hearing.event()) == [later]


def _losing(count: int) -> Callable[[Message], list[Message]]:
    """Lose that many events."""
    left = [None] * count

    def change(message: Message) -> list[Message]:
        if "FeedEvent" in str(message) and left:
            left.pop()
            return []
        return [message]

    return change


def _instead(item: dict[str, Any]) -> Callable[[Message], list[Message]]:
    """The first event of a feed is another item, and the last one."""
    said: list[Message] = []

    def change(message: Message) -> list[Message]:
        if said or "FeedEvent" not in str(message):
            return [message]
        said.append(message)
        last = {"id": message["id"], "type": "next", "payload": {"data": {"feed": item}}}
        return [last, {"id": message["id"], "type": "complete"}]

    return change


async def test_gap_by_overload_is_read_on_and_nothing_is_missed(
    house: House, middle: Middle, acceptor: Session, client: Client
) -> None:
    async with client(at(house, middle, FEED)) as hearing:
        first = await begun(hearing)
        gap = {"__typename": "FeedGap", "gap": "OVERLOAD", "resumeAt": first["cursor"]}
        middle.change = _instead(gap)
        number = await reported(acceptor)
        await hearing.next("lost")
        assert numbers(await hearing.event()) == [number]


async def test_gap_of_what_is_no_longer_kept_is_said(
    house: House, middle: Middle, acceptor: Session, client: Client
) -> None:
    signer = CursorSigner(house.environment["FENGQIAO_SECRET_KEY"].encode())
    other_life = {"feed": signer.seal(["a life before", 5], "feed")}
    async with client(at(house, middle, FEED, cursors=other_life)) as hearing:
        missed = await hearing.next("missed")
        assert missed == {"kind": "missed", "stream": "feed", "why": "EPOCH_CHANGED"}
        assert await hearing.next("connected") == BACK
        number = await reported(acceptor)
        assert numbers(await hearing.event()) == [number]


async def test_cursor_of_no_use_is_dropped_and_said(house: House, middle: Middle, client: Client) -> None:
    async with client(at(house, middle, FEED, cursors={"feed": "no cursor of ours"})) as hearing:
        missed = await hearing.next("missed")
        assert missed == {"kind": "missed", "stream": "feed", "why": "BAD_CURSOR"}
        assert (await hearing.next("item"))["value"]["__typename"] == "FeedHeartbeat"


async def test_revoked_rights_go_on_under_the_new_ones(
    house: House, middle: Middle, acceptor: Session, client: Client
) -> None:
    async with httpx2.AsyncClient(timeout=30) as http:
        desks = Desks(Town([house.url.removeprefix("http://")], http, []))
        person = await newcomer(desks, "ACCEPTOR", "INSPECTOR")
        viewer = (await person.ask("{ viewer { id username } }"))["viewer"]
        asked = "query ($id: ID!) { node(id: $id) { ... on Person { posts { id version type } } } }"
        posts = (await (await desks("admin")).ask(asked, id=viewer["id"]))["node"]["posts"]
        async with client(at(house, middle, FEED, username=viewer["username"])) as hearing:
            await begun(hearing)
            (post,) = [it for it in posts if it["type"] == "INSPECTOR"]
            given = {"id": post["id"], "expectedVersion": post["version"]}
            await (await desks("admin")).do("endPost", "__typename", **given)
            assert (await hearing.next("lost"))["reason"] == "RIGHTS_CHANGED"
            assert await hearing.next("connected") == BACK
            number = await reported(acceptor)
            assert number in numbers(await hearing.event())


async def test_revoked_session_signs_in_again(
    house: House, middle: Middle, acceptor: Session, client: Client
) -> None:
    async with client(at(house, middle, FEED)) as hearing:
        await begun(hearing)
        (first,) = [it["payload"]["authorization"] for it in middle.said if it["type"] == "connection_init"]
        async with httpx2.AsyncClient() as http:
            body = {"query": "mutation { signOut { signedOut } }"}
            await http.post(f"{house.url}/graphql", json=body, headers={"authorization": first})
        assert "SESSION_ENDED" in (await hearing.next("lost"))["reason"]
        number = await reported(acceptor)
        assert await hearing.next("connected") == BACK
        assert numbers(await hearing.event()) == [number]
    greetings = [it["payload"]["authorization"] for it in middle.said if it["type"] == "connection_init"]
    assert greetings[0] != greetings[-1]


async def test_revoked_account_stops(house: House, middle: Middle, acceptor: Session, client: Client) -> None:
    async with client(at(house, middle, FEED)) as hearing:
        await begun(hearing)
        middle.change = _instead({"__typename": "FeedRevoked", "revoked": "ACCOUNT_LOCKED", "resumeAt": None})
        await reported(acceptor)
        assert await hearing.next("failed") == {"kind": "failed", "code": "ACCOUNT_LOCKED"}


async def test_renewal_on_the_same_socket(house: House, middle: Middle, client: Client) -> None:
    async with client(at(house, middle, FEED, token_seconds=2)) as hearing:
        await begun(hearing)
        renewed: list[str] = []

        def change(message: Message) -> list[Message]:
            renewed.extend([message["type"]] * (message.get("id") == "session"))
            return [message]

        middle.change = change
        await eventually(lambda: renewed == ["next", "complete"])
        with pytest.raises(TimeoutError):
            await hearing.next("lost", seconds=0.2)
    assert middle.connections == 1


async def test_refused_for_good_it_stops(house: House, middle: Middle, client: Client) -> None:
    async with client(at(house, middle, CENTRE, username="resident")) as hearing:
        assert await hearing.next("failed") == {"kind": "failed", "code": "FORBIDDEN"}
    async with client(at(house, middle, CENTRE, password="not this one")) as hearing:
        assert await hearing.next("failed") == {"kind": "failed", "code": "BAD_CREDENTIALS"}


async def test_faults_of_our_own_stop_it(house: House, middle: Middle, client: Client) -> None:
    async with client(at(house, middle, FEED)) as hearing:
        await begun(hearing)
        await middle.close(4400, "Invalid message received")
        assert await hearing.next("failed") == {"kind": "failed", "code": "4400"}


async def test_backoff_is_spread_and_grows(house: House, middle: Middle, client: Client) -> None:
    middle.cut()
    async with client(at(house, middle, FEED)) as hearing:
        waits = [(await hearing.next("lost"))["wait"] for _ in range(3)]
    assert all(0.25 <= wait <= 0.5 * 2**tries for tries, wait in enumerate(waits, 1)), waits
    assert len(set(waits)) == 3


async def test_state_streams_begin_anew(house: House, middle: Middle, client: Client) -> None:
    queue = Stream("departmentQueue", QUEUE, resumable=False)
    async with client(at(house, middle, queue, username="housing")) as hearing:
        first = await begun(hearing)
        middle.cut()
        await hearing.next("lost")
        middle.mend()
        assert await hearing.next("connected") == BACK
        again = (await hearing.next("item"))["value"]
    assert first["__typename"] == again["__typename"] == "QueueSnapshot"
    asked = [it["payload"]["variables"] for it in middle.said if it["type"] == "subscribe"]
    assert all("after" not in it for it in asked)


async def test_pings_are_answered_with_their_payload(house: House, middle: Middle, client: Client) -> None:
    async with client(at(house, middle, FEED)) as hearing:
        await begun(hearing)
        await middle.tell({"type": "ping", "payload": {"n": 1}})
        await eventually(lambda: {"type": "pong", "payload": {"n": 1}} in middle.said)


async def test_a_server_whose_readers_take_events_alone_stops_at_once(house: House) -> None:
    session = await house.signed_in("command")
    async with events(house.port, FEED.document, token=f"Bearer {session.access}") as answer:
        first = await answer.item()
        began = asyncio.get_running_loop().time()
        stopping = asyncio.create_task(house.end())
        beat, complete = await answer.rest()
        await stopping
        assert asyncio.get_running_loop().time() - began < 8  # else cut, after the 20 seconds of its patience
    assert beat.data["data"]["feed"]["follows"] == first["cursor"]
    assert complete.retry is not None
    await house.start()


def test_every_row_of_the_table_is_tested_here() -> None:
    rows = [row[1] for row in guide.rows(r".+ \| `(test_\w+)`")]
    both = [
        name
        for name, it in globals().items()
        if name.startswith("test_") and "client" in inspect.signature(it).parameters
    ]
    assert len(both) > 15
    assert sorted(rows) == sorted(both)
