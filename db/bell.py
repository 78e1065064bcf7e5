"""The bell: tells every process that the log has grown. A hint only; the table is the truth (design §1)."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from broadcaster import Broadcast, BroadcastBackend
from broadcaster import Event as Message
from redis import asyncio as redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from tortoise.backends.base.config_generator import expand_db_url

from db.engines.notify import Notified
from domain.errors import DomainError, ErrorCode

CHANNEL = "fengqiao.log"
GAP = "gap"  # said instead of a number after a (re)connection or a failed publication: read the log yourself

CANCEL_SECONDS = 0.2

log = logging.getLogger("fengqiao.bell")


class Bell:
    """One per process. `url`: `memory://` or `redis://host:port/0` (also `rediss://`).

    With the address of a PostgreSQL as `store`, that store's own notifications are heard too. `known` is how far the
    log was read here: hints of what is known wake nobody.
    """

    def __init__(self, url: str, store: str | None = None) -> None:
        remote = urlsplit(url).scheme in {"redis", "rediss"}
        self._broadcast = Broadcast(backend=RedisBell(url)) if remote else Broadcast(url)
        self._listeners: set[asyncio.Event] = set()
        self._rung = asyncio.Event()
        self._head = 0
        self._rumoured = 0
        self._gaps = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._second = _second_of(store, self._told) if store else None
        self.known = 0

    async def connect(self) -> None:
        """Start; an absent Redis does not prevent it and is tried again and again."""
        await self._broadcast.connect()
        subscribed = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._receive(subscribed), name="bell, receiving"),
            asyncio.create_task(self._send(), name="bell, sending"),
        ]
        await subscribed.wait()
        if self._second is not None:
            self._second.start()

    async def disconnect(self) -> None:
        """Stop; whoever listens is told that it is over."""
        if self._second is not None:
            await self._second.stop()
        ending, self._tasks = self._tasks, []
        while ending:  # a publication under way may swallow one cancellation
            for task in ending:
                task.cancel()
            _, left = await asyncio.wait(ending, timeout=CANCEL_SECONDS)
            ending = list(left)
        self._wake()
        await self._broadcast.disconnect()
        await asyncio.sleep(0)  # the facade cancels its own task without waiting for it

    def ring(self, seq: int) -> None:
        """Say that the log has grown to `seq`; never waits and never raises. Rings of one moment are one."""
        self._head = max(self._head, seq)
        self._rung.set()

    async def listen(self, poll_seconds: float = 1.0) -> AsyncIterator[None]:
        """Yield at once, then whenever the log may have grown and at least every `poll_seconds`.

        Many hints of one moment come as one, and none is heard of what became known meanwhile. Ends with `disconnect`.
        """
        hint, gaps = asyncio.Event(), -1
        hint.set()
        self._listeners.add(hint)
        try:
            while self._tasks:
                hinted = await _set(hint, poll_seconds)
                hint.clear()
                if not hinted or gaps != self._gaps or self._rumoured > self.known or not self._tasks:
                    gaps = self._gaps
                    yield
        finally:
            self._listeners.discard(hint)

    def _told(self, head: int | None) -> None:
        """Somebody says that the log has grown to `head`; None: it may have."""
        if head is None:
            self._gaps += 1
        else:
            self._rumoured = max(self._rumoured, head)
        if head is None or head > self.known:
            self._wake()

    def _wake(self) -> None:
        for hint in self._listeners:
            hint.set()

    async def _receive(self, subscribed: asyncio.Event) -> None:
        async with self._broadcast.subscribe(CHANNEL) as messages:
            subscribed.set()
            while True:
                hint = (await messages.get()).message
                self._told(int(hint) if hint.isdecimal() else None)

    async def _send(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            await self._broadcast.publish(CHANNEL, str(self._head))


async def _set(hint: asyncio.Event, seconds: float) -> bool:
    """Whether it was set in time."""
    try:
        async with asyncio.timeout(seconds):
            return await hint.wait()
    except TimeoutError:
        return False


def _second_of(store: str, heard: Callable[[int | None], None]) -> Notified | None:
    return (
        None if urlsplit(store).scheme == "sqlite" else Notified(expand_db_url(store)["credentials"], heard)
    )


class RedisBell(BroadcastBackend):
    """Redis as transport of hints: reconnects by itself and says GAP whenever hints may have been lost.

    The facade's own backends hang for ever after a lost connection.
    """

    def __init__(self, url: str, *, ping_seconds: float = 5.0, patience: float = 2.0) -> None:
        self._url = url
        self._ping_seconds = ping_seconds
        self._patience = patience
        self._channels: set[str] = set()
        self._hints: asyncio.Queue[Message] = asyncio.Queue(1000)
        self._publisher: redis.Redis | None = None
        self._listening: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Start listening; returns at once."""
        self._publisher = self._client()
        self._listening = asyncio.create_task(self._run(), name="bell, redis")

    async def disconnect(self) -> None:
        """Stop listening and close."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._publisher is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._publisher.aclose()

    async def subscribe(self, group: str) -> None:
        """Hear `group` from the next (re)connection on; the facade subscribes right after `connect`."""
        self._channels.add(group)

    async def unsubscribe(self, group: str) -> None:
        """Stop caring for `group`."""
        self._channels.discard(group)

    async def publish(self, channel: str, message: str) -> None:
        """Say it within `patience` seconds, or say GAP to ourselves; others catch up by their poll."""
        if self._publisher is None:
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._publisher.publish(channel, message)
        except (RedisError, OSError) as error:
            log.warning("the bell was not heard: %s", type(error).__name__)
            self._offer(Message(channel, GAP))

    async def next_published(self) -> Message:
        """The next hint."""
        return await self._hints.get()

    def _client(self) -> redis.Redis:
        return redis.Redis.from_url(
            self._url,
            socket_connect_timeout=self._patience,
            socket_timeout=self._patience,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
        )

    def _offer(self, message: Message) -> None:
        """Queue a hint; when nobody takes them they are all alike, so one is as good as many."""
        with contextlib.suppress(asyncio.QueueFull):
            self._hints.put_nowait(message)

    async def _run(self) -> None:
        pause = 0.1
        while True:
            client = self._client()
            pubsub = client.pubsub()
            try:
                await pubsub.subscribe(CHANNEL)
                log.info("the bell hears Redis")
                pause = 0.1
                self._offer(Message(CHANNEL, GAP))
                await self._hear(pubsub)
            except (RedisError, OSError) as error:
                log.warning("the bell lost Redis: %s", type(error).__name__)
            finally:
                with contextlib.suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call] # redis ships it so
                    await client.aclose()
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - spreads reconnections, no secret
            pause = min(pause * 2, 5.0)

    async def _hear(self, pubsub: PubSub) -> None:
        """Pass hints on until the connection fails; a silent one must answer a ping."""
        while True:
            message = await pubsub.get_message(timeout=self._ping_seconds)
            if message is None:
                await pubsub.ping()
                message = await pubsub.get_message(timeout=self._patience)
                if message is None:
                    raise ConnectionError("no answer to the ping")
            if message["type"] == "message":
                self._offer(Message(CHANNEL, message["data"].decode(errors="replace")))


_installed: Bell | None = None


def install(bell: Bell | None) -> None:
    """Make `bell` the one that commits ring; None takes it away."""
    global _installed  # noqa: PLW0603 - one bell per process
    _installed = bell


def ring(seq: int) -> None:
    """Ring the installed bell, if any; called after a commit."""
    if _installed is not None:
        _installed.ring(seq)


def refuse_if_unsafe(workers: int, database_url: str, broadcast_url: str) -> None:
    """Several workers need PostgreSQL and Redis (design §9). Raises BAD_INPUT, field `workers`."""
    if workers <= 1:
        return
    if urlsplit(broadcast_url).scheme == "memory" or urlsplit(database_url).scheme == "sqlite":
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "workers",
            zh="多个工作进程须使用 PostgreSQL 与 Redis",
            en="Several workers need PostgreSQL (FENGQIAO_DATABASE_URL) and Redis (FENGQIAO_BROADCAST_URL)",
        )
