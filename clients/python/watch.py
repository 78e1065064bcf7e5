"""The terminal console: the command centre's events or a unit's queue, live, across restarts of the server."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from rich.console import Console
from rich.live import Live

from clients.python.board import OVER, Board
from clients.python.feed import Connected, FeedClient, Item, Lost, Missed, Notice, Stream
from clients.python.session import Session, Unreachable

INCIDENT = "id no title state light address region { name } dueAt"
EVENT = (
    "__typename ... on FeedEvent { cursor follows at kind summary incident { " + INCIDENT + " } } "
    "... on FeedHeartbeat { cursor follows at lagMs } "
    "... on FeedGap { gap resumeAt } ... on FeedRevoked { revoked resumeAt }"
)
ASSIGNMENT = "id incidentNo light handleDueAt incident { id title state address region { name } }"
QUEUE = (
    "subscription { departmentQueue(first: 50) { __typename "
    "... on QueueSnapshot { items { " + ASSIGNMENT + " } total complete cursor } "
    "... on QueueEntered { cursor assignment { " + ASSIGNMENT + " } } "
    "... on QueueChanged { cursor assignment { " + ASSIGNMENT + " } kinds } "
    "... on QueueLeft { cursor assignmentId incidentNo reason } "
    "... on FeedHeartbeat { cursor follows at lagMs } ... on FeedRevoked { revoked resumeAt } } }"
)
BOARD = "subscription { board { open yellow red supervised reportedToday closedToday } }"
STANDING = (  # what a console shows before anything is heard: the newest cases, and those that are late
    "query ($over: [IncidentState!]) { "
    "late: incidents(first: 30, where: {light: {eq: RED}, state: {omit: $over}}) { nodes { "
    + INCIDENT
    + " } } "
    "newest: incidents(first: 30) { nodes { " + INCIDENT + " } } }"
)
DISTRICT_TIME = timezone(timedelta(hours=8))
LABELS = "{ enumLabels(lang: ZH) { enum values { name label } } }"
OFFICE = frozenset(
    [
        "ACCEPTOR",
        "SHIFT_LEADER",
        "DISPATCHER",
        "INSPECTOR",
        "CALLBACK",
        "COMMAND_DIRECTOR",
        "LEADER",
        "SUPERVISOR",
        "AUDITOR",
    ]
)
HANDLERS = frozenset({"HANDLER", "HANDLER_LEAD"})


def events_of(name: str) -> Stream:
    """The event stream of that field."""
    return Stream(name, f"subscription ($after: Cursor) {{ {name}(after: $after) {{ {EVENT} }} }}")


def streams_of(roles: frozenset[str]) -> tuple[Stream, ...]:
    """What a person with these roles watches: the district, the own unit's queue, or what else can be seen."""
    if roles & OFFICE:
        return (
            events_of("commandCentre"),
            events_of("feed"),
            Stream("board", BOARD, resumable=False, beats=False),
        )
    if roles & HANDLERS:
        return (Stream("departmentQueue", QUEUE, resumable=False),)
    return (events_of("feed"),)


async def watch(session: Session, *, lines: bool, console: Console | None = None) -> None:
    """Watch until interrupted; `lines` prints one line for each item instead of a live screen.

    Raises FeedError when the server refuses for good.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    screen = Screen(session, console, lines=lines)
    await screen.sign_in()
    async with contextlib.aclosing(screen.client.listen()) as notices:
        if lines:
            async for notice in notices:
                screen.hear(notice)
            return
        with Live(console=console, auto_refresh=False) as live:
            screen.live = live
            async for notice in notices:
                screen.hear(notice)
                if screen.stale:
                    await screen.fill()


class Screen:
    """Turns notices of the client into what a person reads."""

    def __init__(self, session: Session, console: Console, *, lines: bool) -> None:
        self.live: Live | None = None
        self.stale = False
        self._session = session
        self._console = console
        self._lines = lines
        self._resuming = False

    async def sign_in(self) -> None:
        """Sign in, waiting for a server that is not there yet, and prepare what the person's roles watch."""
        waiting = False
        while True:
            try:
                await self._session.ensure()
                labels = await self._session.ask(LABELS)
            except Unreachable as absent:
                if not waiting:
                    self._console.print(f"暂时无法连接，等待服务器… Waiting for the server ({absent})")
                waiting = True
                await asyncio.sleep(1)
            else:
                break
        self.begin(frozenset(self._session.viewer["roles"]), labels)

    def begin(self, roles: frozenset[str], labels: Mapping[str, Any]) -> None:
        """Prepare the streams and the memory for a person with these roles."""
        streams = streams_of(roles)
        self._main = streams[0].name
        self._events = streams[0].resumable
        self._unfilled = self._events
        self.client = FeedClient(self._session, *streams)
        self._board = Board(_labels(labels), queue=not self._events)

    async def fill(self) -> None:
        """Show what stands already; asked for after the stream began, so that nothing falls between."""
        self.stale = False
        with contextlib.suppress(Unreachable):
            found = await self._session.ask(STANDING, {"over": sorted(OVER)})
            self._unfilled = False
            self._board.fill([*found["newest"]["nodes"], *found["late"]["nodes"]])
            self._draw()

    def hear(self, notice: Notice) -> None:
        """Show one notice."""
        match notice:
            case Connected(again=again):
                self._resuming = again
                self._board.building = False
                if not again:
                    self._say("已连接 Connected")
            case Lost(reason=reason, wait=wait):
                self._say(f"连接中断（{reason}），{wait:.1f} 秒后重连… Connection lost, back in {wait:.1f} s")
            case Missed(stream=stream, why=why):
                self._resuming = False
                self._unfilled = self._events
                self._say(
                    f"警告：{stream} 有遗漏（{why}），请刷新查询 Items are missing, query the list again"
                )
            case Item(stream=stream, value=value):
                self._item(stream, value)

    def _item(self, stream: str, value: Mapping[str, Any]) -> None:
        if stream == "feed" != self._main:
            self._board.follow(value)
            return self._draw()
        self.stale = self._unfilled and stream == self._main
        if self._resuming and "cursor" in value:
            self._resuming = False
            self._say(
                "已从断点恢复，无遗漏 Resumed where it stopped, nothing missed"
                if self._events
                else "已恢复，队列已重新取全 Back, the whole queue was read anew"
            )
        line = self._board.take(value, time.time())
        if line and self._lines:
            self._console.print(line, markup=False)
        return self._draw()

    def _say(self, text: str) -> None:
        if self._lines:
            self._console.print(text, markup=False)
        self._board.status = f"{datetime.now(DISTRICT_TIME):%H:%M:%S} {text}"
        self._draw()

    def _draw(self) -> None:
        if self.live:
            viewer = self._session.viewer
            unit = (viewer.get("orgUnit") or {}).get("name", "")
            title = f"枫桥 {unit} · {viewer['displayName']}"
            self.live.update(self._board.picture(self._console.height, title), refresh=True)


def _labels(answer: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (entry["enum"], value["name"]): value["label"]
        for entry in answer["enumLabels"]
        for value in entry["values"]
    }
