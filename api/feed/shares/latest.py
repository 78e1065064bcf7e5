"""Shares of state streams that say one thing as it is now: `board` and its like, at most once a second (design §5)."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any
from uuid import UUID

from api.feed.items import RevokedReason
from api.feed.shares.seat import Seat, Told
from api.feed.shares.share import Render, Share
from api.feed.works import Works
from domain.errors import DomainError, ErrorCode
from domain.event import LoggedEvent
from domain.visibility import Visibility

PACE = 1.0  # seconds
REFUSALS = {
    RevokedReason.RIGHTS_CHANGED: ErrorCode.FORBIDDEN,
    RevokedReason.SESSION_ENDED: ErrorCode.UNAUTHENTICATED,
    RevokedReason.ACCOUNT_LOCKED: ErrorCode.ACCOUNT_LOCKED,
}

Count = Callable[[], Awaitable[Any]]
Same = Callable[[Any, Any], bool]


class LatestShare(Share):
    """What `count` answers, told when it is another (`same`) after an event that the class may hear of."""

    incident_id: UUID | None = None

    def __init__(
        self,
        works: Works,
        stream: str,
        key: Hashable,
        render: Render,
        *,
        visibility: Visibility,
        count: Count,
        same: Same,
    ) -> None:
        super().__init__(works, stream, key, render)
        self.visibility = visibility
        self._count = count
        self._same = same
        self._marked = False
        self._known: Any = None
        self._last: Told | None = None
        self._counted = 0.0
        self._counting = asyncio.Lock()

    def hear(self, _logged: LoggedEvent) -> None:
        """Something happened."""
        self._marked = True
        self.wake()

    def forget(self, _incident_id: UUID | None) -> None:
        """Nothing is kept that an entry changes alone."""

    @property
    def waits(self) -> bool:
        """Whether something happened since it was counted."""
        return self._marked

    def stop(self) -> None:
        """Nobody reads any more."""
        super().stop()
        self.works.hub.deafen(self)

    def basket(self) -> "_OnlyLast":
        """The last value is all that matters."""
        return _OnlyLast()

    async def enter(self, seat: Seat) -> None:
        """The value as it is, and then whenever it is another. FORBIDDEN and its like when rights ended."""
        if await self.ended(seat):
            return
        async with self._counting:
            if self._last is None or asyncio.get_running_loop().time() >= self._counted + PACE:
                await self._look()
            if self._last is not None and not seat.over:
                seat.offer((self._last,))
                self.join(seat)

    def overflown(self, seat: Seat) -> None:
        """There is always room for one value."""

    async def ended(self, seat: Seat, start: int = 0) -> bool:
        """Revoked readers are refused, as the type has no place for a revocation; with the server it completes."""
        del start
        if not seat.over:
            if reason := await seat.settled():
                seat.finish(DomainError(REFUSALS[reason]))
            elif self.works.hub.draining:
                seat.finish(None)
        return seat.over

    async def tell(self) -> bool:
        """Count again once a second is over, and tell it if it is another."""
        if not self._marked:
            return False
        await asyncio.sleep(self._counted + PACE - asyncio.get_running_loop().time())
        async with self._counting:
            await self._look()
        return True

    async def _look(self) -> None:
        """Count; who reads already is told when it is another."""
        self._marked, position = False, self.works.hub.position
        self._counted = asyncio.get_running_loop().time()
        known = await self._count()
        if self._last is not None and self._same(self._known, known):
            return
        self._known = known
        told = self._last = Told(await self._render(known), position)
        for seat in tuple(self._seats):
            if seat.live:
                seat.offer((told,))
        self.told = position


class _OnlyLast:
    """Keeps one value: the last."""

    stale = False

    def __init__(self) -> None:
        self._told: Told | None = None

    def __len__(self) -> int:
        return int(self._told is not None)

    def put(self, told: Told) -> bool:
        """Instead of the one before."""
        self._told = told
        return True

    def take(self, _most: int) -> list[Told]:
        """It, if there is one."""
        told, self._told = self._told, None
        return [] if told is None else [told]

    def put_back(self, batch: Sequence[Told]) -> None:
        """It could not be given."""
        self._told = self._told or batch[-1]
