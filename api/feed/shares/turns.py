"""Readers who catch up take turns, one small piece after the other, and who is live goes first (design §5)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

PATIENCE = 0.05  # seconds that a piece waits for those who are live: who catches up must come on as well


class Turns:
    """Of one process, however many shares it has."""

    def __init__(self) -> None:
        self._one = asyncio.Semaphore(1)
        self._live = 0
        self._calm = asyncio.Event()
        self._calm.set()

    @contextmanager
    def live(self) -> Iterator[None]:
        """Something new is read, or told to those who are live."""
        self._live += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._live -= 1
            if not self._live:
                self._calm.set()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """The turn of one reader, in the order they ask; a turn that was waited for comes in a new turn of the loop."""
        waited = self._one.locked()
        async with self._one:
            if waited:
                await self._after_live()
            else:
                await self.calm()
            yield

    async def calm(self) -> None:
        """Between two pieces: let the loop see to others, and those who are live go first."""
        await asyncio.sleep(0)
        await self._after_live()

    async def _after_live(self) -> None:
        if self._live:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._calm.wait()
