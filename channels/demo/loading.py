"""The demo of one process: loads ground and recent cases once, then lets a case pass through now and again."""

import asyncio
import contextlib
import fcntl
import time
from pathlib import Path
from typing import TextIO

import structlog

from channels.demo.cases import load_cases
from channels.demo.driver import drive
from channels.demo.ground import load_ground
from domain.errors import DomainError
from services.command import business_now

LOADING, DRIVING, CASE = "demo.loading", "demo.driving", "demo.case"
WAIT_SECONDS = 0.5
LOOK_SECONDS = 5.0

log = structlog.get_logger("fengqiao.demo")


class Demo:
    """Of several processes that share `folder`, one at a time loads, and one drives."""

    def __init__(self, folder: Path) -> None:
        self.ready = False
        self.progress = "waiting"
        self._folder = folder

    async def load(self) -> None:
        """Load what is missing; who comes second waits and finds it done.

        A store the demo does not fit stays without it: `progress` says why, and `ready` stays False.
        """
        with await _waited(self._folder, LOADING):
            began = time.monotonic()
            try:
                self.progress = "ground"
                ground = await load_ground(await business_now())
                await load_cases(ground, self._told)
            except DomainError as refusal:
                self.progress = f"failed: {refusal.code.value}"
                log.exception("the demo cannot be loaded", said=refusal.message())
                return
        self.ready = True
        self.progress = "ready"
        log.info("演示数据已就绪 the demo is ready", seconds=round(time.monotonic() - began, 1))

    async def drive(self, stop: asyncio.Event) -> None:
        """Let cases pass through until `stop` is set; while another process does, wait for its end."""
        while self.ready and not stop.is_set():
            if lock := _locked(self._folder, DRIVING):
                with lock:
                    return await drive(stop, self._folder / CASE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        return None

    def _told(self, done: int, of: int) -> None:
        self.progress = f"{done}/{of}"


async def _waited(folder: Path, name: str) -> TextIO:
    """The lock of that name, when it is free."""
    while True:
        if lock := _locked(folder, name):
            return lock
        await asyncio.sleep(WAIT_SECONDS)


def _locked(folder: Path, name: str) -> TextIO | None:
    """The lock of that name, held while the file is open; None while another process holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / name).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
