"""A server in a process of its own, whose memory a test may ask for: `python -m tests.api.feed.shares.serving URL`."""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from api.limits import Limits
from db import connection
from domain.event import LoggedEvent
from tests.api.feed.rig import happening
from tests.api.live import Live, live, ticket
from tests.db.factories import a_district

_RSS = "VmRSS:"


def _kilobytes() -> int:
    """What the process takes."""
    gc.collect()
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(_RSS))


async def _answer(server: Live, words: list[str]) -> dict[str, int]:
    """`memory`, or `tell N`: so many entries, one after the other."""
    if words[0] == "tell":
        for _ in range(int(words[1])):
            hub = server.feed._hub
            hub.deliver([LoggedEvent(hub.position + 1, happening(data={"note": "X" * 200}), b"")])
            await asyncio.sleep(0.002)
    return {"kilobytes": _kilobytes(), "reading": server.feed.reading, "shares": server.feed.shares}


def _say(answer: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def main(url: str) -> None:
    """Say where it serves, and then answer line by line."""
    loop, given = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(given), sys.stdin)
    await connection.connect(url)
    district = await a_district()
    seconds = float(os.environ.get("TEST_SEND_SECONDS", "60"))
    limits = Limits(sockets_per_user=10_000, requests_per_second=100_000, send_seconds=seconds)
    async with live(limits=limits) as server:
        held = await ticket(district, "director")
        _say({"port": server.port, "token": held.access})
        while line := await given.readline():
            _say(await _answer(server, line.decode().split()))
    await connection.disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
