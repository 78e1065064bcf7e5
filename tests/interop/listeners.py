"""Both of our clients as things that give notices, one like the other, so that one test judges both."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clients.python.feed import Connected, FeedClient, Lost, Missed, Notice, Stream
from clients.python.session import FeedError, Session
from tests.conformance.node import node

PASSWORD = "Fengqiao-demo-1"
Said = dict[str, Any]


@dataclass
class Listening:
    """What a client shall listen to, as whom, and where. `token_seconds`: what it believes its token lasts."""

    url: str
    socket_url: str
    streams: tuple[Stream, ...]
    username: str = "command"
    password: str = PASSWORD
    silence: float = 25.0
    cursors: Mapping[str, str] = field(default_factory=dict)
    token_seconds: float | None = None

    def words(self) -> str:
        """The same for the program `listen.ts`."""
        streams = [
            {"name": it.name, "document": it.document, "resumable": it.resumable, "beats": it.beats}
            for it in self.streams
        ]
        asked = {
            "url": self.url,
            "socketUrl": self.socket_url,
            "username": self.username,
            "password": self.password,
            "streams": streams,
            "cursors": dict(self.cursors),
            "silence": self.silence,
            "tokenSeconds": self.token_seconds,
        }
        return json.dumps(asked)


class Hearing:
    """The notices of a client, one after another; they are taken as they come, and kept until somebody asks."""

    def __init__(self, notices: AsyncGenerator[Said]) -> None:
        self.heard: list[Said] = []
        self._notices = notices
        self._queue: asyncio.Queue[Said] = asyncio.Queue()
        self._taking = asyncio.create_task(self._take(), name="hearing")

    async def next(self, *kinds: str, seconds: float = 15) -> Said:
        """The next notice of these kinds; others are passed by, but `missed` and `failed` never."""
        async with asyncio.timeout(seconds):
            while (notice := await self._queue.get())["kind"] not in kinds:
                assert notice["kind"] not in {"missed", "failed", "over"}, (notice, self.heard)
        return notice

    async def stop(self) -> None:
        """Take no more."""
        self._taking.cancel()
        await asyncio.gather(self._taking, return_exceptions=True)
        await self._notices.aclose()

    async def _take(self) -> None:
        async for notice in self._notices:
            self.heard.append(notice)
            self._queue.put_nowait(notice)
        self._queue.put_nowait({"kind": "over"})

    async def item(self, is_it: Callable[[Said], object]) -> Said:
        """The value of the next item like that."""
        while not is_it(value := (await self.next("item"))["value"]):
            pass
        return dict(value)

    async def event(self) -> Said:
        """The next event of a feed."""
        return await self.item(lambda value: value["__typename"] == "FeedEvent")


class OnSocket(Session):
    """A session whose websocket is somewhere else."""

    socket = ""

    @property
    def socket_url(self) -> str:
        """Where the middleman is."""
        return self.socket


def _said(notice: Notice) -> Said:
    if isinstance(notice, Connected):
        return {"kind": "connected", "again": notice.again}
    if isinstance(notice, Lost):
        return {"kind": "lost", "reason": notice.reason, "wait": notice.wait}
    if isinstance(notice, Missed):
        return {"kind": "missed", "stream": notice.stream, "why": notice.why}
    return {"kind": "item", "stream": notice.stream, "value": dict(notice.value)}


@asynccontextmanager
async def python(listening: Listening) -> AsyncIterator[Hearing]:
    """The client in Python."""
    session = OnSocket(listening.url, listening.username, listening.password)
    session.socket = listening.socket_url
    client = FeedClient(session, *listening.streams, silence=listening.silence)
    client.cursors.update(listening.cursors)

    async def notices() -> AsyncGenerator[Said]:
        try:
            if listening.token_seconds is not None:
                await session.ensure()
                session._until = datetime.now(UTC) + timedelta(seconds=listening.token_seconds)
            async with aclosing(client.listen()) as heard:
                async for notice in heard:
                    yield _said(notice)
        except FeedError as refused:
            yield {"kind": "failed", "code": refused.code}

    hearing = Hearing(notices())
    try:
        yield hearing
    finally:
        await hearing.stop()


@asynccontextmanager
async def typescript(listening: Listening, made: Path) -> AsyncIterator[Hearing]:
    """The client in TypeScript, compiled and run by Node."""
    process = await asyncio.create_subprocess_exec(
        str(node()),
        made / "listen.js",
        listening.words(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    output = process.stdout

    async def notices() -> AsyncGenerator[Said]:
        async for line in output:
            yield json.loads(line)

    hearing = Hearing(notices())
    try:
        yield hearing
        process.stdin.write(b"stop\n")
        await asyncio.wait_for(process.wait(), 5)
    finally:
        await hearing.stop()
        if process.returncode is None:
            process.terminate()
        await process.wait()
    assert process.returncode == 0
