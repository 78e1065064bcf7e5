"""One page of a noun as a connection: cursors bound to the list, counts only when asked for (design §8)."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from api.pages import Connection, PageRequest, connection
from api.scalars import Cursor
from api.schema.words import Info, Shown
from db.lists.filters import Test
from db.lists.pages import Page, Slice
from domain.errors import DomainError, ErrorCode


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows of a noun come from."""

    shown: type[Shown[Any]]
    page: Callable[..., Awaitable[Page[Any]]]
    count: Callable[..., Awaitable[tuple[int, bool]]]


async def listed(
    info: Info,
    table: Table,
    request: PageRequest,
    tests: Sequence[Test] = (),
    order: str | None = None,
    search: str | None = None,
) -> Connection[Any]:
    """The page asked for. UNAUTHENTICATED; BAD_CURSOR for a cursor of another list; BAD_INPUT for an empty search."""
    which: dict[str, Any] = {"viewer": info.context.require_viewer(), "tests": tests}
    if search is not None:
        which["search"] = _words(search)
    how = which if order is None else {**which, "order": order}
    name = _list_name(table.shown.__name__, tests, order, search)
    page = await table.page(**how, slice_=_slice(info, request, name))
    rows = [
        (Cursor(info.context.signer.seal(position, name)), table.shown.of(row))
        for row, position in zip(page.rows, page.positions, strict=True)
    ]
    more = page.has_previous if request.backward else page.has_next

    async def count() -> tuple[int, bool]:
        return await table.count(**which)

    return connection(rows, request, more=more, count=count)


def _slice(info: Info, request: PageRequest, name: str) -> Slice:
    position = None
    if request.cursor is not None:
        position = tuple(info.context.signer.open(request.cursor, name, request.cursor_field))
    return Slice(size=request.size, forward=not request.backward, position=position)


def _words(search: str) -> str:
    if not search.strip():
        raise DomainError(ErrorCode.BAD_INPUT, "search", zh="请输入搜索内容", en="Say what to search for")
    return search


def _list_name(noun: str, tests: Sequence[Test], order: str | None, search: str | None) -> str:
    """The same text for the same list, however its filter was written."""
    conditions = sorted([test.field, test.op, _plain(test.value)] for test in tests)
    said = orjson.dumps([noun, order, search, conditions], default=str)
    return hashlib.sha256(said).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return orjson.dumps(sorted(str(item) for item in value)).decode()
    return str(value)
