"""What every stream of this process works with."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from api.feed.cursors import Cursors
from api.feed.hub import Hub, Reread
from api.feed.items import Heartbeat


@dataclass(frozen=True, slots=True)
class Works:
    """The hub, the cursors, how a viewer is read again, and the pace; `lag_seconds` is the tail's."""

    hub: Hub
    cursors: Cursors
    reread: Reread
    lag_seconds: Callable[[], float]
    heartbeat_seconds: float
    capacity: int

    def heartbeat(self, seq: int, follows: int) -> Heartbeat:
        """Everything up to `seq` was read; the first of a stream follows itself."""
        lag = round(self.lag_seconds() * 1000)
        return Heartbeat(self.cursors.at(seq), self.cursors.at(follows), datetime.now(UTC), lag)

    def soon(self) -> float:
        """The loop's time at which a quiet stream owes a heartbeat."""
        return asyncio.get_running_loop().time() + self.heartbeat_seconds
