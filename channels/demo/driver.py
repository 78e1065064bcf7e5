"""A case passes through every now and again, so that a console is never empty; it touches no case but its own.

Where it stands is kept in a file, so that a case is finished after a restart too.
"""

import asyncio
import json
import random
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import structlog

from channels.demo.cast import Cast
from channels.demo.plans import Drawing
from channels.demo.steps import PATH, Journey, Stage, find_again, request_check
from db import incidents
from domain.errors import DomainError, ErrorCode
from services.command import SYSTEM, business_now

EVERY_SECONDS = 4.0
SERIES = "demo driver"
SEEDS = 10**8  # eight digits, as a made-up telephone number has

log = structlog.get_logger("fengqiao.demo")


@dataclass(slots=True)
class Passage:
    """The driver's own case on its way; seed, moment and series make the same plan and keys again."""

    seed: int
    moment: datetime
    series: str
    step: int = 0
    incident_id: UUID | None = None

    @classmethod
    async def begun(cls) -> "Passage":
        """A new one."""
        seed = random.randrange(SEEDS)  # noqa: S311 - made-up cases, no secret
        return cls(seed, await business_now(), f"{SERIES} {uuid4()}")

    @classmethod
    def kept(cls, file: Path) -> "Passage | None":
        """The one noted in the file; None where there is none, or a torn one."""
        try:
            seed, moment, series, step, case = json.loads(file.read_text(encoding="utf-8"))
            return cls(int(seed), datetime.fromisoformat(moment), str(series), int(step), UUID(case))
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def keep(self, file: Path) -> None:
        """Note where it stands."""
        words = [self.seed, self.moment.isoformat(), self.series, self.step, str(self.incident_id or "")]
        file.write_text(json.dumps(words), encoding="utf-8")

    def journey(self) -> Journey:
        """What the steps work on."""
        plan = Drawing(self.seed).plan(self.seed, self.moment)
        return Journey(plan, self.series, self.incident_id)


async def drive(stop: asyncio.Event, kept: Path, every: float = EVERY_SECONDS) -> None:
    """Take one case after another along the whole path, one step every so many seconds, until `stop` is set.

    `kept` is the file of the case under way. While the store is away the driver waits with it.
    """
    passage = await left_behind(kept)
    while not stop.is_set():
        passage = passage or await Passage.begun()
        try:
            await pass_through(passage, stop, every, kept)
        except DomainError as refusal:
            log.warning("the demo's case stopped midway", code=refusal.code.value, field=refusal.field)
            if refusal.code is not ErrorCode.UNAVAILABLE:
                passage = None
            await _pause(stop, every)
        except Exception:
            log.exception("the demo's case failed")
            passage = None
            await _pause(stop, every)
        else:
            passage = None


async def pass_through(
    passage: Passage, stop: asyncio.Event, every: float, kept: Path | None = None
) -> Journey:
    """One case from where it stands to its close; the one it was, finished unless `stop` was set."""
    cast, journey = Cast(), passage.journey()
    while passage.step < len(PATH):
        now = await business_now() if passage.step else passage.moment
        cast.at(now)
        await _take(Stage(cast, now), journey, passage.step)
        passage.step, passage.incident_id = passage.step + 1, journey.incident_id
        if kept:
            passage.keep(kept)
        await _pause(stop, every)
        if stop.is_set():
            break
    return journey


async def left_behind(kept: Path) -> Passage | None:
    """The case under way when the driver ended, if there was one and this store holds it."""
    passage = Passage.kept(kept)
    if passage is None or passage.incident_id is None:
        return None
    return passage if await incidents.get([passage.incident_id], viewer=SYSTEM) else None


async def _take(stage: Stage, journey: Journey, number: int) -> None:
    """One step; what was done before the driver ended, or by the timer, stays as it is."""
    step = PATH[number]
    try:
        await step(stage, journey)
    except DomainError as refusal:
        timer_came_first = step is request_check and refusal.code is ErrorCode.ILLEGAL_TRANSITION
        if refusal.code is ErrorCode.IDEMPOTENCY_KEY_REUSED:
            await find_again(journey)
        elif not timer_came_first:
            raise


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
