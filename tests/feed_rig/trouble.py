"""Brings the faults of a plan upon a site, each at its moment; of two faults on one thing the second waits."""

import asyncio
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import NoReturn

import asyncpg

from tests import servers
from tests.feed_rig.consoles.console import Console
from tests.feed_rig.engines import PostgresStore
from tests.feed_rig.people import People, Person
from tests.feed_rig.plan import Fault, Step
from tests.feed_rig.seats import SESSION_VICTIM
from tests.feed_rig.site import Site

JUMPS = (timedelta(hours=3), timedelta(hours=9), timedelta(days=1), timedelta(days=2))
AWAY = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)  # another fault came first
_STALL = 3  # times as long as another fault lasts


class Trouble:
    """The faults that were brought, counted by kind; `victims` may lose post and session."""

    def __init__(
        self, site: Site, people: People, consoles: Sequence[Console], victims: Mapping[str, Person]
    ) -> None:
        self.brought: Counter[str] = Counter()
        self._site = site
        self._people = people
        self._consoles = consoles
        self._victims = victims
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def bring(self, plan: Sequence[Step]) -> None:
        """All of the plan, from now on; returns when everything is as it was."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for step in plan:
                group.create_task(self._bring(step, began))
        if isinstance(self._site.store, PostgresStore):
            await self._site.store.settle()

    async def _bring(self, step: Step, began: float) -> None:
        await asyncio.sleep(max(0.0, began + step.at - time.monotonic()))
        async with self._locks[_touches(step)]:
            if await self._done(step):
                self.brought[step.fault.name.lower()] += 1

    async def _done(self, step: Step) -> bool:
        """Whether the fault could be brought."""
        ways: dict[Fault, Callable[[Step], Awaitable[bool]]] = {
            Fault.REDIS_KILLED: self._redis_killed,
            Fault.REDIS_FROZEN: self._redis_frozen,
            Fault.REDIS_RESTARTED: self._redis_killed,
            Fault.SESSIONS_ENDED: self._sessions_ended,
            Fault.STORE_RESTARTED: self._store_restarted,
            Fault.API_KILLED: self._api_killed,
            Fault.COMMITS_DELAYED: self._commits_delayed,
            Fault.CLOCK_JUMPED: self._clock_jumped,
            Fault.DISK_FULL: self._disk_full,
            Fault.POST_LOST: self._post_lost,
            Fault.SESSION_LOST: self._session_lost,
            Fault.READERS_STALLED: self._readers_stalled,
        }
        return await ways[step.fault](step)

    async def _redis_killed(self, step: Step) -> bool:
        redis = self._redis()
        redis.kill()
        await asyncio.sleep(0.1 if step.fault is Fault.REDIS_RESTARTED else step.lasts)
        await asyncio.to_thread(redis.start)
        return True

    async def _redis_frozen(self, step: Step) -> bool:
        redis = self._redis()
        redis.send_signal(signal.SIGSTOP)
        await asyncio.sleep(step.lasts * 2)
        redis.send_signal(signal.SIGCONT)
        return True

    async def _sessions_ended(self, _: Step) -> bool:
        try:
            await self._postgres().end_sessions()
        except AWAY:
            return False
        return True

    async def _store_restarted(self, step: Step) -> bool:
        await self._postgres().restart(step.lasts / 2, step.choice)
        return True

    async def _api_killed(self, step: Step) -> bool:
        api = self._site.apis[step.choice % len(self._site.apis)]
        await api.ready(self._site.http)
        api.kill()
        return True

    async def _commits_delayed(self, step: Step) -> bool:
        try:
            await self._site.store.delay_commits(step.lasts, step.choice)
        except AWAY:
            return False
        return True

    async def _disk_full(self, step: Step) -> bool:
        if not self._site.store.can_fill:
            return False
        await self._site.store.fill_disk(step.lasts, self._site.pids)
        return True

    async def _clock_jumped(self, step: Step) -> bool:
        """Forward only: from where the clock must be by now, and a minute more."""
        target = self._site.time.now() + JUMPS[step.choice % len(JUMPS)] + timedelta(minutes=1)
        await self._people.do("command", "forwardClock", "now", to=target.isoformat())
        self._site.time.put_to(target)
        return True

    async def _post_lost(self, step: Step) -> bool:
        posted = [it for name, it in sorted(self._victims.items()) if name != SESSION_VICTIM]
        await self._people.lose_post(posted[step.choice % len(posted)], step.lasts)
        return True

    async def _session_lost(self, _: Step) -> bool:
        await self._people.lose_session(self._victims[SESSION_VICTIM])
        return True

    async def _readers_stalled(self, step: Step) -> bool:
        for console in self._consoles:
            if (hash((console.recording.who, console.recording.stream)) ^ step.choice) % 3 == 0:
                console.stall(step.lasts * _STALL)
        return True

    def _redis(self) -> servers.RedisServer:
        return self._site.redis or _absent("Redis")

    def _postgres(self) -> PostgresStore:
        store = self._site.store
        return store if isinstance(store, PostgresStore) else _absent("PostgreSQL")


def _absent(server: str) -> NoReturn:
    raise RuntimeError(f"the site has no {server}")


def _touches(step: Step) -> str:
    """What the fault needs for itself: of two faults on one thing the second waits."""
    if step.fault in {Fault.STORE_RESTARTED, Fault.DISK_FULL}:
        return "store"
    return step.fault.name if step.fault.group == "rights" else step.fault.group
