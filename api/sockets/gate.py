"""Whether a socket may be written to: as an `asyncio.Event`, without the queue that each of those holds."""

import asyncio


class Gate:
    """Open or shut; who waits is let through when it opens."""

    __slots__ = ("_open", "_waiting")

    def __init__(self, *, is_open: bool) -> None:
        self._open = is_open
        self._waiting: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Open it."""
        waiting, self._waiting, self._open = self._waiting, None, True
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def clear(self) -> None:
        """Shut it."""
        self._open = False

    async def wait(self) -> None:
        """Returns when it is open."""
        while not self._open:
            if self._waiting is None:
                self._waiting = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._waiting)
