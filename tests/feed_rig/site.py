"""The place of a run: its store, its Redis, its server processes, which are started again when they end."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import httpx2

from tests import servers, warm
from tests.feed_rig.engines import PostgresStore, SqliteStore, Store
from tests.text_rules import ROOT

MONDAY = "2024-10-21T09:00:00+08:00"
SECRET = "rig-secret-" * 4
DATA_KEYS = "rig:" + "QUFB" * 10 + "QUE="
_READY_SECONDS = 180.0


class DistrictTime:
    """Where the district's clock is by now, to some seconds; faults put it forward."""

    def __init__(self) -> None:
        self._known = (datetime.fromisoformat(MONDAY), time.monotonic())

    def now(self) -> datetime:
        """The time there."""
        business, wall = self._known
        return business + timedelta(seconds=time.monotonic() - wall)

    def put_to(self, moment: datetime) -> None:
        """It was put forward."""
        self._known = (moment, time.monotonic())


class Api:
    """One server process on one port. While it should run it is started again, whatever ended it."""

    def __init__(self, environment: Mapping[str, str], tree: Path, log: Path) -> None:
        self.port = servers.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.ended_alone = 0
        self.log = log
        self._environment = {
            **environment,
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "PYTHONPATH": str(tree),
        }
        self._tree = tree
        self._process: asyncio.subprocess.Process | warm.Process | None = None
        self._killed = False
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Keep it running until `stop`."""
        self._running = asyncio.create_task(self._keep(), name=f"api {self.port}")

    @property
    def pid(self) -> int | None:
        """Its process, if it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._killed = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def ready(self, http: httpx2.AsyncClient) -> None:
        """Wait until it serves."""
        async with asyncio.timeout(_READY_SECONDS):
            while True:
                with suppress(httpx2.TransportError):
                    if (await http.get(f"http://{self.address}/readyz")).is_success:
                        return
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End it, politely at first."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), 10)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def _keep(self) -> None:
        while True:
            with self.log.open("ab") as log:
                self._process = await self._started(log)
            await self._process.wait()
            self.ended_alone += not self._killed
            self._killed = False
            await asyncio.sleep(0.2)

    async def _started(self, log: IO[bytes]) -> asyncio.subprocess.Process | warm.Process:
        if self._tree == ROOT:
            return await warm.start("serve", cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli", "serve",
            cwd=self._tree, env=self._environment, stdout=log, stderr=log,
        )  # fmt: skip


class Site:
    """Everything that runs; `tree` is the source whose server is tried."""

    def __init__(self, folder: Path, store: Store, processes: int, tree: Path = ROOT) -> None:
        self.folder = folder
        self.store = store
        self.time = DistrictTime()
        self.redis: servers.RedisServer | None = None
        if isinstance(store, PostgresStore):
            executable = servers.redis_executable()
            if executable is None:
                raise RuntimeError("no Redis on this machine")
            self.redis = servers.RedisServer(executable)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FENGQIAO_")}
        environment = {
            **kept,
            "FENGQIAO_SECRET_KEY": SECRET,
            "FENGQIAO_DATA_KEYS": DATA_KEYS,
            "FENGQIAO_DATABASE_URL": store.url,
            "FENGQIAO_BROADCAST_URL": self.redis.url if self.redis else "memory://",
            "FENGQIAO_MEDIA_DIR": str(folder / "media"),
            "FENGQIAO_CLOCK": MONDAY,
        }
        self.apis = [Api(environment, tree, folder / f"server-{number}.log") for number in range(processes)]
        self.http = httpx2.AsyncClient(timeout=15)

    @property
    def pids(self) -> list[int]:
        """Of the server processes that run."""
        return [it.pid for it in self.apis if it.pid is not None]

    async def open(self) -> None:
        """Start Redis and the servers."""
        if self.redis is not None:
            self.redis.start()
        for api in self.apis:
            api.start()
        await self.ready()

    async def ready(self) -> None:
        """Wait until every server serves."""
        await asyncio.gather(*(api.ready(self.http) for api in self.apis))

    async def close(self) -> None:
        """Stop the servers and Redis; the store stays for the judge."""
        await asyncio.gather(*(api.stop() for api in self.apis))
        if self.redis is not None:
            self.redis.kill()
        await self.http.aclose()

    def complaints(self) -> list[str]:
        """What the servers wrote that no server should: a trace, or a bug with its id."""
        found = []
        for api in self.apis:
            lines = api.log.read_text(encoding="utf-8").splitlines() if api.log.exists() else []
            found += [_ends(it) for it in lines if "Traceback" in it or "internal_error" in it]
        return found


def _ends(line: str) -> str:
    """A line's beginning and its end: where it was, and what it was."""
    return line if len(line) < 500 else f"{line[:150]} … {line[-350:]}"


def store_of(kind: str, folder: Path, template: str | None = None) -> Store:
    """A store of that kind in the folder, a copy of the one at the address `template` if that is given."""
    return PostgresStore(folder, template) if kind == "postgres" else SqliteStore(folder, template)
