"""PostgreSQL or Redis absent at the start: the process ends and says why, or serves all the same."""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

from tests import servers
from tests.acceptance.desks import Desks, report
from tests.acceptance.town import KEYS, ROOT, running

FEED = "subscription { feed { __typename ... on FeedEvent { kind incident { no } } } }"
CLOCK = "2024-10-21T09:00:00+08:00"


async def test_without_postgresql_the_server_says_so_and_ends(tmp_path: Path) -> None:
    port, began = servers.free_port(), time.monotonic()
    environment = {
        "FENGQIAO_DATABASE_URL": f"postgres://someone:topsecret@127.0.0.1:{port}/fengqiao",
        "FENGQIAO_BROADCAST_URL": "memory://",
        "FENGQIAO_MEDIA_DIR": str(tmp_path / "media"),
        "PORT": str(servers.free_port()),
        "HOST": "127.0.0.1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", "serve",
        cwd=ROOT,
        env={**os.environ, **KEYS, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = said.decode()
    assert process.returncode not in {0, None}
    assert time.monotonic() - began < 20
    assert "PostgreSQL" in text
    assert "topsecret" not in text
    assert "Traceback" not in text


async def test_without_redis_the_server_serves_and_events_arrive(ground_file: Path, tmp_path: Path) -> None:
    shutil.copyfile(ground_file, tmp_path / "town.db")
    environment = {
        "FENGQIAO_DATABASE_URL": f"sqlite://{tmp_path / 'town.db'}",
        "FENGQIAO_BROADCAST_URL": f"redis://127.0.0.1:{servers.free_port()}/0",
        "FENGQIAO_MEDIA_DIR": str(tmp_path / "media"),
        "FENGQIAO_CLOCK": CLOCK,
    }
    async with running(environment, tmp_path, 1) as town:
        desks = Desks(town)
        async with (await desks("command")).watch(FEED) as console:
            await console.until(bool)
            incident = await report(await desks("acceptor"))
            await console.until(lambda items: {"no": incident["no"]} in [it.get("incident") for it in items])
    log = (tmp_path / "server-0.log").read_text()
    assert "redis" in log.lower() or "bell" in log.lower()
    assert "Traceback" not in log
