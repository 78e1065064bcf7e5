"""What an engine says when its database is away or two writers met; work that no cancellation may cut."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from domain.errors import DomainError, ErrorCode

T = TypeVar("T")

STATEMENT_SECONDS = 30.0
"""The longest a read may take at the server; design §9 gives a whole operation no more."""


class Contention(Exception):  # noqa: N818 - it is a state of affairs, not a bug: the same work may be tried again
    """Two transactions stood in each other's way (deadlock, serialisation, a busy file)."""


def unavailable(en: str = "The database cannot be reached", zh: str = "数据库暂不可用") -> DomainError:
    """The refusal UNAVAILABLE; it never names a password."""
    return DomainError(ErrorCode.UNAVAILABLE, zh=zh, en=en)


def no_room() -> DomainError:
    """The refusal UNAVAILABLE of a write for which the disk has no room; the same key may be tried again."""
    return unavailable("The store has no room", "存储空间不足")


def too_costly(seconds: float) -> DomainError:
    """The refusal TOO_COSTLY of a read that took longer than `seconds`."""
    return DomainError(ErrorCode.TOO_COSTLY, facts={"what": "seconds", "limit": seconds})


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end though the caller is cancelled; the cancellation is raised afterwards.

    A cancelled BEGIN, COMMIT or ROLLBACK would otherwise leave a lock held or a pool connection lost.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()
    raise cancelled
