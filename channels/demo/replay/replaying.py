"""Sends each step when the server's clock says it is time, so many at once; it may be stopped and started again.

Where each case stands is kept in a file. What was sent just before the end and not noted is sent again under the same
key, so it happens once.
"""

import asyncio
import contextlib
import heapq
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from channels.demo.replay.agenda import STEPS, Agenda, Told, of_demo, of_export
from channels.demo.replay.door import Door
from channels.demo.replay.steps import TAKEN, Errand, Row, Troupe
from clients.python.session import FeedError
from domain.calendar import DISTRICT_TIME

AT_ONCE = 8
_LONGEST_SLEEP = 1.0  # seconds: the clock may be forwarded meanwhile
_MEETINGS = 5  # times that a case may have moved between look and command
_FIND = """query ($title: String!) { incidents(where: {title: {eq: $title}}, first: 1) { nodes { id } } }"""

Say = Callable[[str], None]


@dataclass(slots=True)
class Progress:
    """Which run this is and where each of its cases stands: the next step, and the case's id."""

    file: Path
    start: datetime
    cases: dict[int, tuple[int, str]] = field(default_factory=dict)

    @classmethod
    def kept(cls, file: Path) -> "Progress | None":
        """The run noted in the file; None where there is none, or a torn one."""
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            cases = {int(number): (int(step), str(case)) for number, (step, case) in said["cases"].items()}
            return cls(file, datetime.fromisoformat(said["start"]), cases)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def note(self, number: int, step: int, case: str) -> None:
        """Keep where a case stands; the file is whole at any moment."""
        self.cases[number] = (step, case)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".draft")
        draft.write_text(json.dumps({"start": self.start.isoformat(), "cases": self.cases}), encoding="utf-8")
        draft.replace(self.file)


@dataclass(order=True, slots=True)
class _Due:
    """The next step of a case, in the order of time."""

    at: datetime
    number: int
    step: int
    errand: Errand = field(compare=False)


class Replay:
    """One run over one server."""

    def __init__(self, door: Door, progress: Progress, say: Say, until: datetime | None = None) -> None:
        self.sent: Counter[str] = Counter()
        self._door = door
        self._troupe = Troupe(door)
        self._progress = progress
        self._say = say
        self._until = until
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting: list[_Due] = []
        self._more = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, agendas: Iterable[Agenda]) -> None:
        """Everything there is to send; when it is cancelled, what was begun is finished first."""
        for agenda in agendas:
            step, case = self._progress.cases.get(agenda.number, (0, ""))
            if step < len(STEPS):
                series = f"replay {self._progress.start.isoformat()}"
                errand = Errand(agenda, series, case or None)
                heapq.heappush(self._waiting, _Due(agenda.due(step), agenda.number, step, errand))
        try:
            while self._waiting or self._running:
                await self._next()
        finally:
            if self._running:
                await asyncio.wait(set(self._running))

    async def _next(self) -> None:
        """Start the next step when it is time, or wait a little."""
        self._more.clear()
        now = await self._door.now()
        if self._waiting and self._until is not None and self._waiting[0].at > self._until:
            self._waiting.clear()
        if self._waiting and self._waiting[0].at <= now:
            await self._room.acquire()
            task = asyncio.create_task(self._take(heapq.heappop(self._waiting)))
            self._running.add(task)
            task.add_done_callback(self._over)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._more.wait(), min(_LONGEST_SLEEP, self._ahead(now)))

    def _ahead(self, now: datetime) -> float:
        """Seconds of ours until the next step is due."""
        if not self._waiting:
            return _LONGEST_SLEEP
        return max(0.01, self._door.wall(self._waiting[0].at - now))

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._room.release()
        self._more.set()

    async def _take(self, due: _Due) -> None:
        """One step of one case; a case that is refused for good goes no further."""
        name, errand = STEPS[due.step], due.errand
        try:
            made = await self._sent(name, errand)
        except (FeedError, OSError) as error:
            self.sent["stopped"] += 1
            self._tell(due, f"停 stopped: {error}")
            return
        self.sent[name] += 1
        if errand.id is not None:
            self._progress.note(due.number, due.step + 1, errand.id)
        case: Row = made.get("incident") or {}
        self._tell(due, f"{case.get('no', '')} {case.get('state', '')}".strip())
        if due.step + 1 < len(STEPS):
            at = max(due.at, errand.agenda.due(due.step + 1))
            heapq.heappush(self._waiting, _Due(at, due.number, due.step + 1, errand))

    async def _sent(self, name: str, errand: Errand) -> Row:
        """What the step answered; what was done by an earlier run or by the timer stays as it is."""
        for meeting in range(_MEETINGS):
            try:
                return await TAKEN[name](self._troupe, errand)
            except FeedError as refusal:
                if refusal.code == "IDEMPOTENCY_KEY_REUSED":
                    await self._find(errand)
                    return {}
                if name == "request_check" and refusal.code == "ILLEGAL_TRANSITION":
                    return {}
                if refusal.code != "CONFLICT" or meeting == _MEETINGS - 1:
                    raise
        raise AssertionError("the last meeting answers or raises")

    async def _find(self, errand: Errand) -> None:
        """The case that an earlier run reported and did not note."""
        if errand.id is None:
            found = await self._door.ask("acceptor", _FIND, title=errand.agenda.plan.title)
            errand.id = found["incidents"]["nodes"][0]["id"]

    def _tell(self, due: _Due, what: str) -> None:
        at = due.at.astimezone(DISTRICT_TIME).isoformat(timespec="minutes")
        self._say(f"{at}  #{due.number:<4} {STEPS[due.step]:<13} {what}")


async def replay(
    door: Door,
    speed: float,
    count: int,
    file: Path,
    say: Say,
    *,
    rows: Iterable[Mapping[str, Any]] | None = None,
    until: datetime | None = None,
) -> Counter[str]:
    """Send so many cases at that speed, or go on with the run noted in `file`; what was sent, by step.

    Raises ClockError unless the server's clock runs so, FeedError when an account cannot sign in.
    """
    now = await door.check(speed)
    progress = Progress.kept(file) or Progress(file, now)
    start = progress.start.astimezone(DISTRICT_TIME).isoformat(timespec="seconds")
    say(f"{'续作 resumed' if progress.cases else '开始 begun'}: {start}, {speed:g}×; {file}")
    if rows is None:
        agendas = list(of_demo(progress.start, count))
    else:
        agendas, unknown = of_export([Told(**row) for row in rows], progress.start, count)
        for external_id in unknown:
            say(f"跳过 skipped {external_id}: 分类不在本库 its category is not ours")
    running = Replay(door, progress, say, until)
    try:
        await running.run(agendas)
    finally:
        said = ", ".join(f"{name} {times}" for name, times in running.sent.items()) or "无 nothing"
        say(f"已发送 sent: {said}")
    return running.sent
