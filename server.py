"""The composition root: puts the doors, the live feed, the sweep and the demo into one ASGI application (design §2).

`serve` runs it under uvicorn; `create_app` gives it to any other server and to tests.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import structlog
import uvicorn
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from api.application import Application
from api.door import Door
from api.engine import Engine
from api.feed.feed import Feed
from api.feed.presence.registry import Registry
from api.files import routes_of as file_routes
from api.graphql import build_schema
from api.limits import Limits, rates_of
from api.operations import Documents, Reads, Ready, Told
from api.operations import routes_of as operations_routes
from api.pages import CursorSigner
from api.process import collect_seldom, configure_logging
from api.stored_documents import StoredDocuments
from api.transports import transports_of
from api.uvicorn_protocol import AbortingWS, WholeHttp, listening_socket, partings
from channels.demo.loading import Demo
from db import bell, connection, people, sealed
from db.bell import Bell, refuse_if_unsafe
from db.migrate import migrate
from db.unit_of_work import listen, settle
from domain.errors import DomainError
from services import clocks, sweep
from settings import VAR, Settings, load

SWEEP_SECONDS = 1.0
PROBE_SECONDS = 2.0
STOP_SECONDS = 20
WS_MESSAGE = 256 * 1024  # bytes of one message from a client
HEADERS = 32 * 1024  # bytes of one request's head

log = structlog.get_logger("fengqiao.server")


class Platform:
    """One process of Fengqiao: everything it holds open between start and stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        secret = settings.secret_key.get_secret_value().encode()
        limits = Limits()
        self.rates = rates = rates_of(limits, settings.broadcast_url)
        self.bell = Bell(settings.broadcast_url, settings.database_url)
        self.feed = Feed(CursorSigner(secret), self.bell, _end_process)
        self.registry = Registry(self.feed)
        engine = Engine(
            build_schema(), limits, compiled=settings.compiled, ready_megabytes=settings.ready_megabytes
        )
        documents = StoredDocuments(
            engine, trusted=settings.trusted_documents, lag=lambda: self.feed.lag_seconds
        )
        self.door = Door(
            secret,
            CursorSigner(secret),
            self.feed,
            rates,
            token_minutes=settings.token_minutes,
            session_hours=settings.session_hours,
            documents=documents,
        )
        self.plans, self.kept = engine.plans, engine.kept
        self.feed.listen(lambda batch: engine.hear(it.event for it in batch))
        self._unlisten = listen(engine.hear)
        self.transports = transports_of(
            engine,
            self.door,
            limits=limits,
            rates=rates,
            documents=documents,
            origins=frozenset(settings.allowed_origins),
        )
        self.demo = Demo(VAR) if settings.demo else None
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the store, the bell and the feed, and start what runs by itself. Raises UNAVAILABLE, MigrationError."""
        settings = self.settings
        refuse_if_unsafe(settings.workers, settings.database_url, settings.broadcast_url)
        sealed.install_keys(settings.data_keys.get_secret_value())
        await migrate(settings.database_url)
        await connection.connect(settings.database_url)
        if settings.clock:
            await clocks.start_test_clock(settings.clock.start, settings.clock.speed)
        await self.bell.connect()
        bell.install(self.bell)
        await self.feed.start()
        self._spawn(self._live(), "what runs by itself")
        self._spawn(self.registry.run(self._stopping), "registry of consumers")
        partings.add(self.part)
        log.info("serving", process=os.getpid())

    async def drain(self) -> None:
        """End the streams and sockets politely, and let commands finish (design §5)."""
        self.transports.begin_drain()
        await self.feed.drain()
        await self.transports.drain()

    def part(self) -> None:
        """Begin to drain, once."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._spawn(self.drain(), "parting")

    async def stop(self) -> None:
        """Close everything in the order opposite to `start`; what was begun is finished first."""
        partings.discard(self.part)
        self._stopping.set()
        await self.drain()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.door.settle()
        await settle()
        await self.feed.stop()
        self.door.close()
        bell.install(None)
        await self.bell.disconnect()
        await self.rates.close()
        await connection.disconnect()
        log.info("stopped", process=os.getpid())

    async def readiness(self) -> dict[str, object]:
        """What a load balancer asks: whether the data is in, the store answers and the log is followed."""
        return {
            "data": "ready" if self.demo is None or self.demo.ready else self.demo.progress,
            "database": await _answers(),
            "feed": self.feed.alive,
        }

    async def _live(self) -> None:
        """The demo first: its past has to be over before the sweep looks at the present."""
        if self.demo is None:
            return await sweep.run_forever(self._stopping, SWEEP_SECONDS)
        await self.demo.load()
        async with asyncio.TaskGroup() as group:
            group.create_task(sweep.run_forever(self._stopping, SWEEP_SECONDS), name="sweep")
            group.create_task(self.demo.drive(self._stopping), name="demo driver")
        return None

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        """What should run as long as the process has ended: so must the process."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _end_process(error)


def create_app(settings: Settings) -> Starlette:
    """The whole platform as one ASGI application; its lifespan opens and closes everything."""
    platform = Platform(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            await platform.start()
        except BaseException:
            await connection.disconnect()  # its threads would keep a process that failed to start
            raise
        try:
            yield
        finally:
            await platform.stop()

    feed = platform.feed
    numbers = {
        "fengqiao_feed_lag_seconds": ("Since the whole log was read", lambda: feed.lag_seconds),
        "fengqiao_consumers": ("Streams being read", lambda: float(feed.reading)),
        "fengqiao_unseen_escalations": ("Of them raised here", lambda: float(platform.registry.unseen)),
    }
    plans = platform.plans
    collectors: list[Collector] = [Documents(platform.kept)]
    if plans:
        collectors += [
            Reads(lambda: plans.answered, lambda: plans.fallbacks),
            Ready(plans.ready),
            Told(plans, feed),
        ]
    routes = [
        *file_routes(platform.door, settings.media_dir),
        *operations_routes(platform.readiness, numbers, collectors),
    ]
    transports = platform.transports
    return Application(transports.http, transports.websocket, routes=routes, lifespan=lifespan)


def app() -> Starlette:
    """The application by the environment, for workers: `uvicorn --factory server:app`."""
    settings = load()
    configure_logging(production=settings.production)
    application = create_app(settings)
    collect_seldom()
    return application


def serve(settings: Settings) -> None:
    """Serve until stopped. Raises what keeps the platform from starting: UNAVAILABLE, MigrationError, OSError."""
    configure_logging(production=settings.production)
    refuse_if_unsafe(settings.workers, settings.database_url, settings.broadcast_url)
    asyncio.run(_prepare(settings))
    try:
        listener = listening_socket(settings.host, settings.port)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{settings.host}:{settings.port}") from None
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"枫桥 Fengqiao: http://{host}:{port}/graphql\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        "server:app",
        factory=True,
        workers=settings.workers,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=HEADERS,
        http=WholeHttp,
        ws=AbortingWS,
        ws_max_size=WS_MESSAGE,
        ws_per_message_deflate=False,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
        return
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


async def _prepare(settings: Settings) -> None:
    """Migrate before anything listens, so that what is wrong is said in one sentence."""
    for name in await migrate(settings.database_url):
        log.info("migrated", migration=name)
    sealed.install_keys(settings.data_keys.get_secret_value())
    await connection.connect(settings.database_url)
    try:
        await people.require_keys()
        if settings.production:
            await clocks.forbid_test_clock()
    finally:
        await connection.disconnect()


async def _answers() -> bool:
    """Whether the store answers within `PROBE_SECONDS`."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await connection.fetch("SELECT 1 AS one")
    except (DomainError, OSError, TimeoutError):
        return False
    return True


def _end_process(error: BaseException) -> None:
    """Something that must run cannot go on: end loudly, and let the supervisor start anew (design §5)."""
    log.critical("the process cannot go on", exc_info=error)
    os.kill(os.getpid(), signal.SIGTERM)
