"""The reference client and the terminal console: nothing is missed across restarts, and it is said."""

import asyncio
import io
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console

from clients.python.board import Board
from clients.python.feed import Connected, FeedClient, Item, Lost, Missed, Notice, Stream
from clients.python.session import FeedError, Session
from clients.python.watch import Screen, events_of, streams_of, watch
from tests.channels.house import House, lay_ground, report


@pytest.fixture
async def house(sqlite_store_url: str, tmp_path: Path) -> AsyncIterator[House]:
    await lay_ground(sqlite_store_url)
    house = House(tmp_path, sqlite_store_url)
    await house.start()
    try:
        yield house
    finally:
        await house.end()
    assert "Traceback" not in house.log(), house.log()


@pytest.fixture(scope="module")
async def standing(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house that several tests visit and none pulls down."""
    folder = tmp_path_factory.mktemp("standing")
    shutil.copyfile(sqlite_template, folder / "store.db")
    await lay_ground(f"sqlite://{folder / 'store.db'}")
    house = House(folder, f"sqlite://{folder / 'store.db'}")
    await house.start()
    yield house
    await house.end()
    assert "Traceback" not in house.log(), house.log()


async def next_of(notices: AsyncIterator[Notice], *kinds: type[Any]) -> Any:
    """The next notice of these kinds; whatever comes before it is passed by."""
    async with asyncio.timeout(30):
        async for notice in notices:
            if isinstance(notice, kinds):
                return notice
    pytest.fail("the client stopped listening")


async def next_event(notices: AsyncIterator[Notice]) -> Any:
    while True:
        item = await next_of(notices, Item, Missed)
        if isinstance(item, Missed):
            pytest.fail(f"missed: {item.why}")
        if item.value["__typename"] == "FeedEvent":
            return item.value


async def test_events_reported_while_the_connection_was_gone_arrive_once_and_in_order(house: House) -> None:
    acceptor = await house.signed_in("acceptor")
    client = FeedClient(await house.signed_in("command"), events_of("commandCentre"))
    async with aclosing(client.listen()) as notices:
        assert await next_of(notices, Connected) == Connected(again=False)
        first = await report(acceptor, str(uuid4()))
        assert (await next_event(notices))["incident"]["no"] == first["no"]
        await house.end(signal.SIGKILL)
        lost = await next_of(notices, Lost)
        assert lost.wait > 0
        await house.start()
        reported = [(await report(acceptor, str(uuid4())))["no"] for _ in range(3)]
        assert await next_of(notices, Connected) == Connected(again=True)
        assert [(await next_event(notices))["incident"]["no"] for _ in range(3)] == reported


async def test_a_server_that_stops_says_when_to_come_back(house: House) -> None:
    client = FeedClient(await house.signed_in("command"), *streams_of(frozenset({"COMMAND_DIRECTOR"})))
    async with aclosing(client.listen()) as notices:
        await next_of(notices, Item)
        stopping = asyncio.create_task(house.end())
        lost = await next_of(notices, Lost)
        assert lost.reason.startswith("1012 retryAfterMs=")
        assert 0 <= lost.wait <= 5
        await stopping


async def test_a_silent_connection_is_given_up() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    session = Session(f"http://127.0.0.1:{port}", "command", "x", access="token")
    session.take(_tokens(), "signIn")
    client = FeedClient(session, events_of("feed"), silence=0.1)
    client_patience = asyncio.timeout(15)
    async with silent, client_patience, aclosing(client.listen()) as notices:
        assert isinstance(await anext(notices), Lost)


async def test_a_wrong_password_and_a_refused_stream_are_final(standing: House) -> None:
    with pytest.raises(FeedError, match="BAD_CREDENTIALS"):
        await Session(standing.url, "command", "not this one").ensure()
    client = FeedClient(await standing.signed_in("resident"), events_of("commandCentre"))
    with pytest.raises(FeedError, match="FORBIDDEN"):
        async with aclosing(client.listen()) as notices:
            await next_of(notices, Item)


async def test_a_cursor_of_no_use_is_dropped_and_said(standing: House) -> None:
    client = FeedClient(await standing.signed_in("command"), events_of("feed"))
    client.cursors["feed"] = "no cursor of ours"
    async with aclosing(client.listen()) as notices:
        assert await next_of(notices, Missed) == Missed("feed", "BAD_CURSOR")
        assert (await next_of(notices, Item)).value["__typename"] == "FeedHeartbeat"


async def test_tokens_are_renewed_on_the_socket_before_they_end(standing: House) -> None:
    session = await standing.signed_in("command")
    before = session.access
    client = FeedClient(session, events_of("feed"))
    session._until = datetime.now(UTC) + timedelta(seconds=2)
    async with aclosing(client.listen()) as notices:
        listening = asyncio.create_task(_drain(notices))
        async with asyncio.timeout(10):
            while session.access == before:  # noqa: ASYNC110 - the client's own task changes it
                await asyncio.sleep(0.05)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert session.refresh


async def test_the_console_tells_each_item_in_a_line_and_a_restart_without_a_gap(house: House) -> None:
    said = io.StringIO()
    console = Console(file=said, width=200, highlight=False, soft_wrap=True)
    acceptor = await house.signed_in("acceptor")
    watching = asyncio.create_task(
        watch(Session(house.url, "command", "Fengqiao-demo-1"), lines=True, console=console)
    )
    try:
        await _said(said, "已连接")
        first = await report(acceptor, str(uuid4()))
        await _said(said, first["no"])
        await house.end()
        await _said(said, "连接中断")
        await house.start()
        second = await report(await house.signed_in("acceptor"), str(uuid4()))
        await _said(said, "已从断点恢复，无遗漏")
        await _said(said, second["no"])
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    lines = said.getvalue()
    assert lines.index("连接中断") < lines.index("无遗漏") < lines.index(second["no"])
    assert lines.count(f"{first['no']} 待受理") == 1
    assert "REPORTED" in lines


async def test_the_live_screen_shows_the_numbers_and_the_cases_with_the_escalated_on_top(
    standing: House,
) -> None:
    said = io.StringIO()
    console = Console(file=said, width=160, height=40, force_terminal=True)
    session = Session(standing.url, "command", "Fengqiao-demo-1")
    watching = asyncio.create_task(watch(session, lines=False, console=console))
    try:
        await _said(said, "今日上报 0")
        found = await report(await standing.signed_in("acceptor"), str(uuid4()))
        await _said(said, found["no"])
        await _said(said, "今日上报 1")
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_the_live_screen_begins_with_what_stands_and_follows_each_case(standing: House) -> None:
    acceptor = await standing.signed_in("acceptor")
    found = await report(acceptor, str(uuid4()), "开屏之前已经上报")
    said = io.StringIO()
    console = Console(file=said, width=160, height=40, force_terminal=True)
    session = Session(standing.url, "command", "Fengqiao-demo-1")
    watching = asyncio.create_task(watch(session, lines=False, console=console))
    try:
        await _said(said, "开屏之前已经上报")
        filing = (
            "mutation ($key: UUID!, $id: ID!, $version: Int!) { fileIncident(input: {idempotencyKey: $key, id: $id, "
            'expectedVersion: $version, urgency: NORMAL, categoryCode: "HJ-JS-YP"}) { incident { state } } }'
        )
        await acceptor.ask(filing, {"key": str(uuid4()), "id": found["id"], "version": found["version"]})
        await _said(said, "已立案")
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def test_a_case_that_was_asked_for_gives_way_to_what_was_heard_and_a_closed_one_alarms_no_more() -> None:
    board = Board({})
    board.take(_event(1, "REPORTED", "GREEN"), 5.0)
    asked = [
        {**_event(number, "", light)["incident"]} for number, light in ((1, "RED"), (2, "GREEN"), (3, "RED"))
    ]
    board.fill(asked)
    assert [row.no for row in board.sorted()] == ["GCL-3", "GCL-1", "GCL-2"]
    assert board.rows["I1"].light == "GREEN"
    closing = _event(3, "CHANGED", "RED")
    closing["incident"]["state"] = "CLOSED"
    board.follow(closing)
    board.follow(_event(9, "CHANGED", "GREEN"))
    board.follow({"__typename": "FeedHeartbeat"})
    assert [(row.no, row.state) for row in board.sorted()][-1] == ("GCL-3", "CLOSED")
    assert len(board.rows) == 3


@pytest.mark.parametrize(
    "address", ["nowhere", "ftp://host", "http://", "http://host:port", "http://host:99999"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(FeedError, match="http://host:port"):
        Session(address, "command", "x")


def test_the_address_may_be_that_of_the_endpoint() -> None:
    assert Session("https://host/graphql/", "command", "x").socket_url == "wss://host/graphql"


def test_the_board_puts_alarms_first_and_then_the_newest() -> None:
    board = Board({})
    for number, (kind, light) in enumerate(
        [("ESCALATED", "RED"), ("REPORTED", "GREEN"), ("REPORTED", "GREEN")]
    ):
        board.take(_event(number, kind, light), float(number))
    assert [row.no for row in board.sorted()] == ["GCL-0", "GCL-2", "GCL-1"]


def test_a_queue_forgets_what_left_and_begins_again_with_each_snapshot() -> None:
    board = Board({}, queue=True)
    chunk = {"__typename": "QueueSnapshot", "total": 2, "complete": False, "items": [_row(1)]}
    assert board.take(chunk, 0) is None
    assert (
        board.take({**chunk, "items": [_row(2)], "complete": True}, 0) == "QUEUE   2 件在办 open assignments"
    )
    assert set(board.rows) == {"A1", "A2"}
    left = {"__typename": "QueueLeft", "assignmentId": "A1", "incidentNo": "GCL-1", "reason": "DONE"}
    assert "GCL-1" in (board.take(left, 1) or "")
    assert board.take({"__typename": "QueueEntered", "assignment": _row(3)}, 2) is not None
    changed = {"__typename": "QueueChanged", "assignment": _row(3, "RED"), "kinds": ["LIGHT"]}
    assert "RED" in (board.take(changed, 3) or "")
    assert [row.no for row in board.sorted()] == ["GCL-3", "GCL-2"]
    board.take({**chunk, "items": [_row(9)], "complete": True, "total": 1}, 4)
    assert set(board.rows) == {"A9"}


async def test_a_broken_chain_and_a_gap_are_said() -> None:
    client = FeedClient(Session("http://127.0.0.1:9", "x", "y"), events_of("feed"))
    heard = [
        *client._understand(_next({"__typename": "FeedHeartbeat", "cursor": "a", "follows": "a"})),
        *client._understand(_next({"__typename": "FeedHeartbeat", "cursor": "c", "follows": "b"})),
        *client._understand(_next({"__typename": "FeedGap", "gap": "RETENTION", "resumeAt": "f"})),
        *client._understand(_next({"__typename": "FeedGap", "gap": "OVERLOAD", "resumeAt": "g"})),
    ]
    assert [it.why for it in heard if isinstance(it, Missed)] == ["CHAIN", "RETENTION"]
    assert client.cursors == {"feed": "g"}
    said = io.StringIO()
    screen = Screen(client.session, Console(file=said, width=120), lines=True)
    screen.begin(frozenset({"RESIDENT"}), {"enumLabels": []})
    screen.hear(Missed("feed", "RETENTION"))
    assert "有遗漏" in said.getvalue()


@pytest.mark.parametrize(
    ("roles", "fields"),
    [
        ({"COMMAND_DIRECTOR"}, ["commandCentre", "feed", "board"]),
        ({"HANDLER", "HANDLER_LEAD"}, ["departmentQueue"]),
        ({"VOLUNTEER"}, ["feed"]),
    ],
)
def test_everybody_watches_what_is_theirs(roles: set[str], fields: list[str]) -> None:
    streams: tuple[Stream, ...] = streams_of(frozenset(roles))
    assert [stream.name for stream in streams] == fields


async def _said(where: io.StringIO, words: str, seconds: float = 30) -> None:
    try:
        async with asyncio.timeout(seconds):
            while words not in where.getvalue():  # noqa: ASYNC110 - another task writes it
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"{words!r} was not said:\n{where.getvalue()}")


async def _drain(notices: AsyncIterator[Notice]) -> None:
    async for _ in notices:
        pass


def _next(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "next", "id": "feed", "payload": {"data": {"feed": value}}}


def _tokens() -> dict[str, Any]:
    until = "2999-01-01T00:00:00+08:00"
    tokens = {"accessToken": "a", "refreshToken": "r", "expiresAt": until, "viewer": {"roles": []}}
    return {"data": {"signIn": tokens}}


def _event(number: int, kind: str, light: str) -> dict[str, Any]:
    incident = {
        "id": f"I{number}",
        "no": f"GCL-{number}",
        "title": "路灯",
        "state": "REPORTED",
        "light": light,
    }
    moment = "2024-10-24T09:00:00+08:00"
    return {"__typename": "FeedEvent", "at": moment, "kind": kind, "summary": "", "incident": incident}


def _row(number: int, light: str = "GREEN") -> dict[str, Any]:
    incident = {"title": "路灯", "state": "HANDLING"}
    due = f"2024-10-2{number}T09:00:00+08:00"
    return {
        "id": f"A{number}",
        "incidentNo": f"GCL-{number}",
        "light": light,
        "handleDueAt": due,
        "incident": incident,
    }
