"""PostgreSQL as a second bell: a trigger of the log says NOTIFY with each commit (design §5, tail).

It reaches processes whose Redis is away or slow. Like any hint it may be lost: the poll is the safety net.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg

from db.engines.asyncpg import LOST
from db.engines.session import arguments_of, watch

CHANNEL = "fengqiao_log"
LONGEST_PAUSE = 5.0  # seconds between two tries while the server is away

TRIGGER = (
    """CREATE OR REPLACE FUNCTION event_log_grown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('fengqiao_log', (SELECT max(seq)::text FROM grown));
    RETURN NULL;
END $$""",
    """CREATE OR REPLACE TRIGGER event_log_grown AFTER INSERT ON event_log
REFERENCING NEW TABLE AS grown FOR EACH STATEMENT EXECUTE FUNCTION event_log_grown()""",
)
"""One notification for each statement that writes entries, with the last `seq`; delivered with the commit."""

_FAULTS = (*LOST, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

log = logging.getLogger("fengqiao.bell")


class Notified:
    """A session that listens; `heard` is called with the log's head, None when notifications may have been lost."""

    def __init__(self, credentials: Mapping[str, Any], heard: Callable[[int | None], None]) -> None:
        self._arguments = arguments_of(credentials)
        self._heard = heard
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen from now on; an absent server is tried again and again."""
        self._task = asyncio.create_task(self._run(), name="bell, notified")

    async def stop(self) -> None:
        """Listen no longer."""
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        pause = 0.1
        while True:
            try:
                connection = await asyncpg.connect(**self._arguments)
            except _FAULTS as error:
                log.warning("the second bell cannot reach PostgreSQL: %s", type(error).__name__)
            else:
                pause = 0.1
                await self._listen(connection)
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - spreads reconnections, no secret
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _listen(self, connection: asyncpg.Connection) -> None:
        """Pass notifications on until the session ends."""
        over = asyncio.Event()
        try:
            watch(connection)
            connection.add_termination_listener(lambda _: over.set())
            await connection.add_listener(CHANNEL, self._take)
            self._heard(None)
            await over.wait()
            log.warning("the second bell lost PostgreSQL")
        except _FAULTS as error:
            log.warning("the second bell lost PostgreSQL: %s", type(error).__name__)
        finally:
            connection.terminate()

    def _take(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        said = str(payload)
        self._heard(int(said) if said.isdecimal() else None)
