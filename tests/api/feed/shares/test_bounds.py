"""What a console costs: idle, and when it does not read (design §5). Measured in a process that does nothing else."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.limits import Limits
from tests.api.feed.shares import sockets
from tests.text_rules import ROOT

SOCKETS = 400
IDLE = 12  # kilobytes of one socket that reads a stream, of which 5 were measured; a bare one takes some 20
STALLED = 100  # kilobytes more of one that does not read, of which 64 were measured: its transport holds them
ENTRIES = 600


class Server:
    """A server of its own process."""

    def __init__(self, process: asyncio.subprocess.Process, told: dict[str, Any]) -> None:
        self._process = process
        self.port, self.token = int(told["port"]), str(told["token"])

    async def ask(self, words: str) -> dict[str, int]:
        """What it answers to a line."""
        assert self._process.stdin
        self._process.stdin.write(words.encode() + b"\n")
        return await said(self._process)


async def said(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The next line that the process prints."""
    assert process.stdout
    async with asyncio.timeout(60):
        answer: dict[str, Any] = json.loads(await process.stdout.readline())
    return answer


@contextlib.asynccontextmanager
async def serving(url: str) -> AsyncIterator[Server]:
    """A server over that store; it ends with its input."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.api.feed.shares.serving", url,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Server(process, await said(process))
    finally:
        assert process.stdin
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_an_idle_and_a_stalled_console_take_what_is_stated(sqlite_store_url: str) -> None:
    async with serving(sqlite_store_url) as server, contextlib.AsyncExitStack() as stack:
        warm = await stack.enter_async_context(sockets.readers(server.port, server.token, 20))
        before = (await server.ask("memory"))["kilobytes"]
        idle = await stack.enter_async_context(sockets.readers(server.port, server.token, SOCKETS))
        read = await server.ask("memory")
        assert (read["reading"], read["shares"]) == (SOCKETS + 20, 1)
        assert (read["kilobytes"] - before) / SOCKETS < IDLE
        for reader in (*warm, *idle):
            reader.pause()
        stalled = await server.ask(f"tell {ENTRIES}")
        assert (stalled["kilobytes"] - read["kilobytes"]) / (SOCKETS + 20) < STALLED


async def test_a_console_that_takes_nothing_is_dropped_and_the_others_are_told_on(
    sqlite_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Limits().send_seconds <= 15
    monkeypatch.setenv("TEST_SEND_SECONDS", "1")
    async with (
        serving(sqlite_store_url) as server,
        sockets.readers(server.port, server.token, 1) as (slow,),
        sockets.readers(server.port, server.token, 1) as (quick,),
    ):
        slow.pause()
        for _ in range(20):
            await server.ask("tell 100")
            if (await server.ask("memory"))["reading"] == 1:
                break
            await asyncio.sleep(0.2)
        assert (await server.ask("memory"))["reading"] == 1
        assert quick.items > 100
