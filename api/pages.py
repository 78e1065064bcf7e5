"""Keyset pages: the page arguments, signed cursors, and the connection types of every noun (design §8)."""

import asyncio
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson
import strawberry

from api.limits import MAX_PAGE
from api.scalars import Cursor
from domain.errors import DomainError, ErrorCode
from domain.event import Scalar

_SEAL = 12  # bytes of the HMAC kept in a cursor

T = TypeVar("T")
Count = Callable[[], Awaitable[tuple[int, bool]]]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which rows of an ordered list: the first so many after a cursor, or the last so many before one."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def size(self) -> int:
        """How many rows, 1 to 100."""
        return self.first or self.last or MAX_PAGE

    @property
    def backward(self) -> bool:
        """Whether the rows are taken from the end."""
        return self.last is not None

    @property
    def cursor(self) -> str | None:
        """Where the page starts, seen in its own direction."""
        return self.before if self.backward else self.after

    @property
    def cursor_field(self) -> str:
        """The argument that holds the cursor, for refusals."""
        return "before" if self.backward else "after"


def page_request(first: int | None, after: str | None, last: int | None, before: str | None) -> PageRequest:
    """The checked page arguments.

    PAGE_SIZE_REQUIRED unless exactly one of `first` and `last` is 1 to 100; BAD_CURSOR for a cursor of the
    other direction.
    """
    if (first is None) == (last is None):
        raise DomainError(ErrorCode.PAGE_SIZE_REQUIRED, "first")
    size, field = (last, "last") if first is None else (first, "first")
    if size is None or not 1 <= size <= MAX_PAGE:
        raise DomainError(ErrorCode.PAGE_SIZE_REQUIRED, field)
    if first is not None and before is not None:
        raise DomainError(ErrorCode.BAD_CURSOR, "before")
    if last is not None and after is not None:
        raise DomainError(ErrorCode.BAD_CURSOR, "after")
    return PageRequest(first, after, last, before)


class CursorSigner:
    """Seals the sort values of a row so that a cursor can be neither forged nor used in another list."""

    def __init__(self, secret: bytes) -> None:
        self._sealing = hmac.new(hashlib.sha256(b"cursor\0" + secret).digest(), digestmod="sha256")

    def seal(self, payload: Sequence[Scalar], context: str) -> Cursor:
        """A cursor for these values; `context` names the list: its noun, order and filter."""
        body = orjson.dumps(list(payload))
        return Cursor(_text(self._mac(body, context) + body))

    def open(self, cursor: str, context: str, field: str = "after") -> list[Scalar]:
        """The values sealed for the same context; anything else is BAD_CURSOR."""
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (Base64Error, ValueError):
            raise DomainError(ErrorCode.BAD_CURSOR, field) from None
        mac, body = raw[:_SEAL], raw[_SEAL:]
        if _text(raw) != cursor or not hmac.compare_digest(mac, self._mac(body, context)):
            raise DomainError(ErrorCode.BAD_CURSOR, field)
        values: list[Scalar] = orjson.loads(body)
        return values

    def _mac(self, body: bytes, context: str) -> bytes:
        sealing = self._sealing.copy()  # half of what it costs to begin with the key
        sealing.update(context.encode() + b"\0" + body)
        return sealing.digest()[:_SEAL]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Counter:
    """Counts once however many fields ask, and not at all when none does."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._lock = asyncio.Lock()
        self._value: tuple[int, bool] | None = None

    async def value(self) -> tuple[int, bool]:
        """How many, and whether that is exact."""
        async with self._lock:
            if self._value is None:
                self._value = await self._count()
            return self._value


@strawberry.type(description="分页信息。Where a page lies in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(description="后面是否还有。Whether rows follow the page.")
    has_previous_page: bool = strawberry.field(description="前面是否还有。Whether rows precede the page.")
    start_cursor: Cursor | None = strawberry.field(
        description="首行游标。The first row's cursor.", default=None
    )
    end_cursor: Cursor | None = strawberry.field(description="末行游标。The last row's cursor.", default=None)


@strawberry.type(description="列表中的一行及其游标。A row of a list with its cursor.")
class Edge(Generic[T]):
    """`IncidentEdge` and its like: write `Edge[Incident]`."""

    cursor: Cursor = strawberry.field(description="该行的游标。The row's cursor.")
    node: T = strawberry.field(description="该行。The row.")


async def _total_count(root: "Connection[object]") -> int:
    return (await root.counter.value())[0]


async def _total_count_exact(root: "Connection[object]") -> bool:
    return (await root.counter.value())[1]


@strawberry.type(description="列表的一页。A page of a list.")
class Connection(Generic[T]):
    """A page whose list can be counted: write `Connection[Incident]` for `IncidentConnection`."""

    counter: strawberry.Private[Counter]
    edges: list[Edge[T]] = strawberry.field(description="各行及其游标。The rows with their cursors.")
    nodes: list[T] = strawberry.field(description="各行。The rows.")
    page_info: PageInfo = strawberry.field(description="分页信息。Where the page lies.")

    total_count: int = strawberry.field(
        resolver=_total_count,
        description="总数；超过 10,000 时为下限。How many rows in all; a lower bound above 10,000.",
    )
    total_count_exact: bool = strawberry.field(
        resolver=_total_count_exact,
        description="总数是否精确。Whether totalCount is exact.",
    )


def connection(
    rows: Sequence[tuple[Cursor, T]], page: PageRequest, *, more: bool, count: Count
) -> Connection[T]:
    """A counted page of rows in list order; `more` says whether rows follow in the page's own direction."""
    return Connection(
        counter=Counter(count),
        edges=[Edge(cursor=cursor, node=node) for cursor, node in rows],
        nodes=[node for _, node in rows],
        page_info=page_info([cursor for cursor, _ in rows], page, more=more),
    )


def page_info(cursors: Sequence[Cursor], page: PageRequest, *, more: bool) -> PageInfo:
    """Relay's page info for the cursors of a page in list order."""
    started = page.cursor is not None
    return PageInfo(
        has_next_page=started if page.backward else more,
        has_previous_page=more if page.backward else started,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
