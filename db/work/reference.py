"""Data that rarely changes, read whole and kept in the process (design §8.1)."""

from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

from tortoise.context import require_context

from db.rows import Connection, Sql, read
from db.unit_of_work import Work

T = TypeVar("T")

CHECKED_SECONDS = 1.0


class Reference(Generic[T]):
    """What one function reads, until it changes.

    A change by this process drops it when its transaction ends, an event of another process when it is heard
    (`forget`). What changes without an event is noticed by the stamp, a small query asked once a second.
    """

    def __init__(self, stamp: Sql, whole: Callable[[Connection | None], Awaitable[T]]) -> None:
        self._stamp = stamp
        self._whole = whole
        self._held: tuple[object, Hashable, T] | None = None
        self._checked = 0.0
        self._age = 0
        self._changing = 0

    async def get(self, connection: Connection | None = None, has: Callable[[T], bool] | None = None) -> T:
        """The data as it stands; inside a transaction that changes it, as that one sees it.

        Where what is kept has not what the caller looks for, the stamp is asked before the caller is told so.
        """
        held = self._held if self._held and self._held[0] is require_context() else None
        if held and monotonic() - self._checked < CHECKED_SECONDS and (has is None or has(held[2])):
            return held[2]
        age = self._age
        stamp = tuple((await read(self._stamp, connection))[0].values())
        if held is None or held[1] != stamp:
            held = (require_context(), stamp, await self._whole(connection))
        if (
            self._age == age and not self._changing
        ):  # else it may be of before a change, or of one not committed
            self._held, self._checked = held, monotonic()
        return held[2]

    def change(self, work: Work) -> None:
        """This transaction changes the data: keep nothing until it has ended."""
        self._changing += 1
        self.forget()
        work.at_end(self._changed)

    def forget(self) -> None:
        """Read it anew next time."""
        self._age += 1
        self._held = None

    def _changed(self) -> None:
        self._changing -= 1
        self.forget()
