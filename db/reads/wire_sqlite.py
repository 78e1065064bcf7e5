"""Raw reads of the SQLite file: short ones in the loop itself, long ones on a thread.

A hop to a thread costs more than a short read (about 60 µs against 20 µs), so every read starts in the
loop; one that works too long, or waits too long, is interrupted and begins again on a thread.
"""

import asyncio
import math
import sqlite3
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

from db.engines.faults import Contention, too_costly
from db.engines.sqlite import BUSY_MILLISECONDS

LOOP_SECONDS = 0.1
SHORT_SECONDS = 0.005
LOOP_LOOKS = 250  # some 15 ms of work: a process that has to wait for its core has not read slowly
_LANES = 2
_SLOW_TEXTS = 512
_PARDON = 64  # short runs in a row of a text once slow
_STATEMENTS = 256
_STEPS = 2000  # of SQLite's machine between two looks at the clock, some 50 µs
_MAPPED = 1 << 30  # bytes of the file read in place: a page of 50 with its children takes 30 % less time
_OURS = frozenset({"journal_mode", "journal_size_limit", "foreign_keys", "query_only", "busy_timeout"})

Rows = Sequence[Sequence[Any]]


class _Lane:
    """One read-only connection whose reads end at a deadline."""

    def __init__(self, credentials: Mapping[str, Any], busy_milliseconds: int) -> None:
        file = Path(credentials["file_path"]).absolute().as_uri()
        self._connection = sqlite3.connect(
            f"{file}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # a lane is used by one thread at a time, not always by the same
            cached_statements=_STATEMENTS,
        )
        given = {name: value for name, value in credentials.items() if name not in _OURS | {"file_path"}}
        ours = {"query_only": "ON", "busy_timeout": busy_milliseconds}
        for name, value in {"mmap_size": _MAPPED, **given, **ours}.items():
            self._connection.execute(f"PRAGMA {name}={value}")
        self._connection.set_progress_handler(self._late, _STEPS)
        self.deadline = 0.0
        self._looks = math.inf

    def begin(self) -> None:
        """Start a read in the loop: so much work, or so long where a core or the disk is waited for."""
        self.deadline = perf_counter() + LOOP_SECONDS
        self._looks = LOOP_LOOKS

    def read(self, text: str, params: Sequence[Any]) -> Rows:
        """All rows; raises `sqlite3.OperationalError` "interrupted" past the deadline."""
        return self._connection.execute(text, params).fetchall()

    def timed(self, text: str, params: Sequence[Any]) -> tuple[Rows, float]:
        """All rows, and the seconds they took, the wait for a lane left out."""
        start = perf_counter()
        return self.read(text, params), perf_counter() - start

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _late(self) -> bool:
        self._looks -= 1
        return self._looks < 0 or perf_counter() > self.deadline


class SqliteWire:
    """The lane of the loop, and those of the threads, opened when first needed."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._credentials = credentials
        self._busy = int(credentials.get("busy_timeout", BUSY_MILLISECONDS))
        self._here = _Lane(credentials, busy_milliseconds=0)  # the loop never waits for a lock
        self._lanes: list[_Lane] = []
        self._idle: asyncio.LifoQueue[_Lane] = asyncio.LifoQueue()
        self._threads = ThreadPoolExecutor(_LANES, thread_name_prefix="slow read")
        self._slow: OrderedDict[str, int] = OrderedDict()

    async def close(self) -> None:
        """End what still runs and close every lane."""
        for lane in self._lanes:
            lane.deadline = 0.0
        await asyncio.to_thread(self._threads.shutdown)
        for lane in (self._here, *self._lanes):
            lane.close()

    async def tuples(self, text: str, params: Sequence[Any], seconds: float) -> Rows:
        """All rows of one statement; TOO_COSTLY after `seconds`, Contention when the file stays locked."""
        rows = self.at_once(text, params)
        return await self._aside(text, params, seconds) if rows is None else rows

    def at_once(self, text: str, params: Sequence[Any]) -> Rows | None:
        """All rows, read in the loop; None when that takes too long, or the file is locked."""
        if text in self._slow:
            return None
        here = self._here
        here.begin()
        try:
            return here.read(text, params)
        except sqlite3.OperationalError as error:
            if _is(error, sqlite3.SQLITE_INTERRUPT):
                self._remember(text)
            elif not _is(error, sqlite3.SQLITE_BUSY):
                raise
        return None

    async def _aside(self, text: str, params: Sequence[Any], seconds: float) -> Rows:
        start = perf_counter()
        lane = await self._lane(seconds)
        lane.deadline = start + seconds
        read = asyncio.get_running_loop().run_in_executor(self._threads, lane.timed, text, params)
        read.add_done_callback(lambda _: self._idle.put_nowait(lane))
        try:
            rows, took = await asyncio.shield(read)
        except asyncio.CancelledError:
            lane.deadline = 0.0  # the thread stops at its next look at the clock
            raise
        except sqlite3.OperationalError as error:
            if _is(error, sqlite3.SQLITE_INTERRUPT):
                raise too_costly(seconds) from None
            if _is(error, sqlite3.SQLITE_BUSY):
                raise Contention(str(error)) from error
            raise
        if took < SHORT_SECONDS:
            self._forgive(text)
        return rows

    async def _lane(self, seconds: float) -> _Lane:
        if self._idle.empty() and len(self._lanes) < _LANES:
            self._lanes.append(_Lane(self._credentials, self._busy))
            return self._lanes[-1]
        try:
            async with asyncio.timeout(seconds):
                return await self._idle.get()
        except TimeoutError:
            raise too_costly(seconds) from None

    def _remember(self, text: str) -> None:
        """Send this text to a thread at once from now on."""
        self._slow[text] = _PARDON
        if len(self._slow) > _SLOW_TEXTS:
            self._slow.popitem(last=False)

    def _forgive(self, text: str) -> None:
        """Let a text back into the loop after many short runs: its first one may have met a cold file."""
        if text in self._slow:
            self._slow[text] -= 1
            if not self._slow[text]:
                del self._slow[text]


def _is(error: sqlite3.Error, code: int) -> bool:
    return error.sqlite_errorcode & 0xFF == code  # the upper bits only say more
