"""A server of our own in a process that tests may stop, kill and start again on the same port and store."""

import asyncio
import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import httpx2

from channels.demo.ground import load_ground
from clients.python.session import Session
from db import connection, sealed
from services.command import business_now
from tests import servers, warm
from tests.text_rules import ROOT

DATA_KEYS = "t1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
PATIENCE = 30.0


class House:
    """`serve` on one port over one SQLite store, with the demo's ground and no cases."""

    def __init__(self, folder: Path, store: str, **settings: str) -> None:
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FENGQIAO_")}
        self.environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "FENGQIAO_DATABASE_URL": store,
            "FENGQIAO_SECRET_KEY": "the secret of a house that is torn down soon",
            "FENGQIAO_DATA_KEYS": DATA_KEYS,
            **settings,
        }
        self.process: asyncio.subprocess.Process | warm.Process | None = None

    async def run(self, *words: str, given: str = "", **settings: str) -> tuple[int, str, str]:
        """Another command of the program on the same store: its status, what it said, what it complained of."""
        process = await warm.start(
            *words,
            cwd=self.folder,
            env={**self.environment, **settings},
            stdin=warm.PIPE,
            stdout=warm.PIPE,
            stderr=warm.PIPE,
        )
        said, complained = await asyncio.wait_for(process.communicate(given.encode()), 60)
        return process.returncode or 0, said.decode(), complained.decode()

    async def start(self) -> None:
        """Start and wait until it is ready."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = await self._serving(log)
        deadline = time.monotonic() + PATIENCE
        async with httpx2.AsyncClient(timeout=5) as http:
            while time.monotonic() < deadline:
                try:
                    if (await http.get(f"{self.url}/readyz")).is_success:
                        return
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
        raise AssertionError(self.log())

    async def _serving(self, log: IO[bytes]) -> asyncio.subprocess.Process | warm.Process:
        if "FENGQIAO_WORKERS" not in self.environment:
            return await warm.start("serve", cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        return await asyncio.create_subprocess_exec(  # its workers are started as those of the program itself
            sys.executable, "-m", "cli", "serve",
            cwd=self.folder, env=self.environment, stdout=log, stderr=log,
        )  # fmt: skip

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; its status."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        return await asyncio.wait_for(process.wait(), PATIENCE)

    def log(self) -> str:
        """What the server wrote."""
        return (self.folder / "server.log").read_text(encoding="utf-8")

    async def signed_in(self, account: str) -> Session:
        """That account's session."""
        session = Session(self.url, account, "Fengqiao-demo-1")
        await session.ensure()
        return session


async def lay_ground(store: str, at: datetime | None = None) -> None:
    """The demo's ground in an empty store; a SQLite file that was laid once is copied from then on."""
    kind, _, file = store.partition("://")
    if kind == "sqlite" and at in _LAID:
        Path(file).write_bytes(_LAID[at])  # noqa: ASYNC240 - a few megabytes
        return
    sealed.install_keys(DATA_KEYS)
    await connection.connect(store)
    try:
        await load_ground(at or await business_now())
    finally:
        await connection.disconnect()
    if kind == "sqlite":
        assert not Path(f"{file}-wal").exists()  # noqa: ASYNC240 - the same
        _LAID[at] = Path(file).read_bytes()  # noqa: ASYNC240 - the same


_LAID: dict[datetime | None, bytes] = {}


REPORT = """mutation ($input: ReportIncidentInput!) { reportIncident(input: $input) { incident { id no version } } }"""


async def report(session: Session, key: str, title: str = "路灯下的井盖松动") -> dict[str, Any]:
    """A case that came by telephone."""
    given = {
        "idempotencyKey": key,
        "domain": "LIVELIHOOD",
        "kind": "HELP",
        "categoryCode": "HJ-JS-YP",
        "title": title,
        "source": "HOTLINE_12345",
        "address": "安胜社区3号楼前",
        "complainant": {"name": "王秀兰", "phone": "00000000001"},
    }
    answer: dict[str, Any] = (await session.ask(REPORT, {"input": given}))["reportIncident"]["incident"]
    return answer
