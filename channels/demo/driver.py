"""A case passes through every now and again, so that a console is never empty; it touches no case but its own."""

import asyncio
import random
from datetime import datetime
from uuid import uuid4

import structlog

from channels.demo.cast import Cast
from channels.demo.plans import Drawing
from channels.demo.steps import PATH, Journey, Stage
from domain.errors import DomainError
from services.command import business_now

EVERY_SECONDS = 4.0
SERIES = "demo driver"

log = structlog.get_logger("fengqiao.demo")


async def drive(stop: asyncio.Event, every: float = EVERY_SECONDS) -> None:
    """Take one case after another along the whole path, one step every so many seconds, until `stop` is set."""
    drawing = Drawing(random.randrange(2**32))  # noqa: S311 - made-up cases, no secret
    number = 0
    while not stop.is_set():
        number += 1
        try:
            await pass_through(drawing, number, stop, every)
        except DomainError as refusal:
            log.warning("the demo's case stopped midway", code=refusal.code.value, field=refusal.field)
            await _pause(stop, every)
        except Exception:
            log.exception("the demo's case failed")
            await _pause(stop, every)


async def pass_through(drawing: Drawing, number: int, stop: asyncio.Event, every: float) -> Journey:
    """One case from report to close; the one it was, finished unless `stop` was set."""
    cast = Cast()
    journey = Journey(drawing.plan(number, await business_now()), f"{SERIES} {uuid4()}")
    for step in PATH:
        now: datetime = await business_now()
        cast.at(now)
        await step(Stage(cast, now), journey)
        await _pause(stop, every)
        if stop.is_set():
            break
    return journey


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
