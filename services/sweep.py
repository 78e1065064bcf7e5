"""What time alone triggers: due steps of clocks, each once; posts and revisions that begin (design §5, §6, S40)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from db import cases, clocks, idempotency, people
from db.rulebook import changes
from db.unit_of_work import Work, in_transaction
from domain.event import Event, EventKind, Subject
from domain.person import Post
from services.apply import act_of, catch_up
from services.command import SYSTEM, Call, business_now, new_id
from services.rulebook.coming import take_effect

LIMIT = 200
KEPT = timedelta(days=30)
TIDIED_EVERY = timedelta(hours=1)

Note = Callable[[Work, Post, datetime], Awaitable[bool]]

log = logging.getLogger("fengqiao.sweep")


async def sweep(
    now: datetime, ids: Callable[[], UUID] = new_id, *, limit: int = LIMIT, wait: bool = False
) -> int:
    """Fire what is due at `now`, one transaction per case, and announce posts; how many steps fired.

    Cases that another transaction holds are left for the next time, unless `wait`.
    """
    due = await clocks.due(now, limit)
    call = Call(SYSTEM, now, ids)
    fired = 0
    for incident_id in dict.fromkeys(incident_id for _, incident_id in due):
        try:
            fired += await in_transaction(partial(_advance, call=call, incident_id=incident_id, wait=wait))
        except Exception:
            log.exception("the sweep could not advance a case", extra={"incident": str(incident_id)})
    return fired + await _tell_of_posts(now, limit) + await _revise(now, limit)


async def drain(now: datetime, *, wait: bool = True) -> int:
    """Sweep until nothing more fires at `now`; how many steps fired."""
    total = 0
    while fired := await sweep(now, wait=wait):
        total += fired
    return total


async def run_forever(stop: asyncio.Event, every: float) -> None:
    """Sweep every so many seconds until `stop` is set, and tidy up; a failure is logged and tried again."""
    tidied = datetime.min.replace(tzinfo=UTC)
    while not stop.is_set():
        try:
            await drain(await business_now(), wait=False)
            if (wall := datetime.now(UTC)) - tidied > TIDIED_EVERY:
                await forget_replays(wall)
                tidied = wall
        except Exception:
            log.exception("the sweep failed")
        try:
            await asyncio.wait_for(stop.wait(), every)
        except TimeoutError:
            continue


async def _tell_of_posts(now: datetime, limit: int) -> int:
    """Announce posts that began or ended by their dates alone: open sockets learn of it (design §5, revocation)."""
    told = 0
    for found, note in (
        (people.begun_posts, people.announce_beginning),
        (people.ended_posts, people.announce_end),
    ):
        for post in await found(now, limit):
            told += await in_transaction(partial(_announce, post=post, now=now, note=note))
    return told


async def _revise(now: datetime, limit: int) -> int:
    """Categories and units become what was set for now (S40)."""
    made = 0
    for noun, key in await changes.due(now, limit):
        made += await in_transaction(partial(take_effect, noun=noun, subject_id=key, now=now))
    return made


async def _announce(work: Work, *, post: Post, now: datetime, note: Note) -> int:
    if not await note(work, post, now):
        return 0
    subject = Subject("Post", post.id, post.version)
    event = Event(at=now, kind=EventKind.RIGHTS, subject=subject, row="B.5", person_id=post.person_id)
    work.append(event)
    return 1


async def _advance(work: Work, *, call: Call, incident_id: UUID, wait: bool) -> int:
    """Every due step of one case, under its lock."""
    if not wait and not await cases.try_lock(work, incident_id):
        return 0
    case = await cases.load(work, incident_id, viewer=SYSTEM)
    return await catch_up(work, await act_of(work, call, None, case), case)


async def forget_replays(wall: datetime) -> int:
    """Drop answers kept for replays for 30 days (design §8); how many."""
    return await in_transaction(partial(idempotency.expire, before=wall - KEPT))
