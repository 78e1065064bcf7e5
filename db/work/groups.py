"""Group commit: commands that wait together share one transaction, each in its own savepoint (ADR 16).

The first who comes leads: it opens the transaction and runs alone as ever. Whoever queued meanwhile runs after
it on the same connection; then one append to the log, one commit, and everyone is answered. Nobody waits for
company. Only one group runs at a time in a process, unless one is held up.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from db.engines.faults import Contention
from db.rows import Connection
from db.unit_of_work import Work, begin, in_transaction
from domain.errors import DomainError

T = TypeVar("T")
Body = Callable[[Work], Awaitable[Any]]

LARGEST = 32
HELD_UP_SECONDS = 0.1
LOCK_MILLISECONDS = 100
"""Below PostgreSQL's deadlock_timeout: members lock cases in the order they came, not in the order of ids."""


@dataclass(slots=True, eq=False)
class _Member:
    """One command. `called` is answered after the commit, or with `_LEAD` when it is to lead the next group."""

    body: Body
    called: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = None

    def answer(self) -> None:
        """Tell the command how it ended."""
        if self.called.done():
            return
        if isinstance(self.error, asyncio.CancelledError):
            self.called.cancel()
        elif self.error is not None:
            self.called.set_exception(self.error)
        else:
            self.called.set_result(self.value)


_LEAD = object()
_waiting: deque[_Member] = deque()
_led = False


async def in_group(body: Callable[[Work], Awaitable[T]]) -> T:
    """As `in_transaction`, sharing the transaction with whoever waits at the same time.

    A refusal or bug of one command undoes that command alone. Where a member meets another writer, or the group
    fails as a whole, each is run again on its own.
    """
    return await in_transaction(body, first=_join)


async def _join(body: Callable[[Work], Awaitable[T]]) -> T:
    global _led  # noqa: PLW0603 - one queue per process, as there is one store
    member = _Member(body, asyncio.get_running_loop().create_future())
    if _led:
        _waiting.append(member)
        value = await _called(member)
        if value is not _LEAD:
            return value  # type: ignore[no-any-return]  # what its own body returned
        member.called = asyncio.get_running_loop().create_future()
    _led = True
    return await _Lead(member).run()  # type: ignore[no-any-return]  # as above


async def _called(member: _Member) -> Any:  # noqa: ANN401 - what its own body returned, or `_LEAD`
    try:
        return await member.called
    except asyncio.CancelledError:
        if member.called.done() and not member.called.cancelled() and member.called.result() is _LEAD:
            _Lead(member).hand_on()  # the loop is closing; nobody may wait for a leader who has gone
        raise


@dataclass(slots=True, eq=False)
class _Lead:
    """The group of one leader."""

    first: _Member
    rest: list[_Member] = field(default_factory=list)
    over: bool = False

    async def run(self) -> Any:  # noqa: ANN401 - what the leader's own body returns
        """Run the group and answer its members; the leader's own answer."""
        timer = asyncio.get_running_loop().call_later(HELD_UP_SECONDS, self.hand_on)
        try:
            async with begin() as work:
                self.first.value = await self.first.body(work)
                self.rest = _taken(LARGEST - 1)
                await _run(work, self.rest)
        except BaseException as error:
            if not self.rest:
                raise
            self._fail(error)
        finally:
            timer.cancel()
            self.hand_on()
            for member in self.rest:
                member.answer()
        if self.first.error is not None:
            raise self.first.error
        return self.first.value

    def hand_on(self) -> None:
        """Let the next in the queue lead, once: when this group has ended, or when it is held up."""
        global _led  # noqa: PLW0603 - as above
        if self.over:
            return
        self.over = True
        _led = bool(found := _taken(1))
        for member in found:
            member.called.set_result(_LEAD)

    def _fail(self, error: BaseException) -> None:
        """Nothing of the group was stored, refusals may rest on it: all hear so, or are run again alone."""
        for member in (self.first, *self.rest):
            known = isinstance(error, DomainError | asyncio.CancelledError)
            member.error = error if known else Contention(f"a group failed: {error!r}")


async def _run(work: Work, members: list[_Member]) -> None:
    """Each member in a savepoint, in the order of coming."""
    savepoint = _Savepoint(work.connection)
    for member in members:
        await asyncio.sleep(0)  # statements of SQLite run in the loop: others get their turn
        await savepoint.open()
        own = work.part()
        try:
            member.value = await member.body(own)
        except Exception as error:  # noqa: BLE001 - it is the member's answer, whatever it is
            member.error = error
            await savepoint.undo()
        if member.error is None:
            work.take(own)
    await savepoint.close()


def _taken(most: int) -> list[_Member]:
    """Whoever waits now, so many at most; not those whose loop is closing."""
    found: list[_Member] = []
    while _waiting and len(found) < most:
        member = _waiting.popleft()
        found += [] if member.called.done() else [member]
    return found


class _Savepoint:
    """One savepoint that serves the members in turn; on PostgreSQL they wait for no lock for long."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sqlite = connection.capabilities.dialect == "sqlite"
        self._set = self._clean = False

    async def open(self) -> None:
        """Keep what was done so far."""
        if self._clean:  # undone: it stands where this member begins
            self._clean = False
            return
        before = "RELEASE SAVEPOINT member" if self._set else f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}"
        await self._say(before if self._set or not self._sqlite else "", "SAVEPOINT member")
        self._set = True

    async def undo(self) -> None:
        """Take back what was done since."""
        await self._say("ROLLBACK TO SAVEPOINT member")
        self._clean = True

    async def close(self) -> None:
        """Keep everything; what follows waits as long as it must."""
        if self._set:
            await self._say(
                "RELEASE SAVEPOINT member", "" if self._sqlite else "SET LOCAL lock_timeout TO DEFAULT"
            )

    async def _say(self, *statements: str) -> None:
        self._clean = False
        said = [it for it in statements if it]
        if not self._sqlite:
            return await self._connection.execute_script("; ".join(said))
        for statement in said:
            await self._connection.execute_query(statement)
        return None
