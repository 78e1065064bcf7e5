"""One page of a noun as a connection: cursors bound to the list, counts only when asked for (design §8)."""

import hashlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import orjson

from api.execution.lists import ListAsked
from api.pages import Connection, PageRequest, connection
from api.scalars import Cursor
from api.schema.saved_filter import saved_condition
from api.schema.where import tests_of
from api.schema.words import Info, Shown, only_asks
from db.lists.filters import All, Condition, canonical, said, timed
from db.lists.pages import Slice, order_of
from db.rulebook.entries import Entries
from db.workbench.tasks import Tasks
from domain.errors import DomainError, ErrorCode
from domain.saved_filter import FilterNoun
from domain.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows of a noun come from: its module in `db`, entries of the rulebook, or a desk.

    Its first order is the usual one; `noun` names its saved filters, where it has any.
    """

    shown: type[Shown[Any]]
    memory: ModuleType | Entries[Any] | Tasks
    noun: FilterNoun | None = None


async def condition_of(
    viewer: Viewer, noun: FilterNoun | None, where: object, saved: str | None
) -> Condition:
    """What `where` and the viewer's filter `saved` say together, in canonical form.

    BAD_ID, BAD_INPUT, CRS_REQUIRED and TOO_COSTLY with the filter's field; NOT_FOUND, field `saved`.
    """
    asked = tests_of(where)
    if saved is None or noun is None:
        return asked
    return canonical(All((await saved_condition(viewer, noun, saved), asked)))


async def listed(
    info: Info,
    table: Table,
    request: PageRequest,
    where: object = None,
    saved: str | None = None,
    *,
    order: str | None = None,
    search: str | None = None,
) -> Connection[Any]:
    """The page asked for. UNAUTHENTICATED; BAD_CURSOR for a cursor of another list; BAD_INPUT for an empty search."""
    viewer = info.context.require_viewer()
    condition = await condition_of(viewer, table.noun, where, saved)
    which: dict[str, Any] = {"viewer": viewer, "tests": condition}
    if timed(condition):
        which["now"] = await info.context.now()
    if search is not None:
        which["search"] = _words(search)
    how = which if order is None else {**which, "order": order}
    name = list_name(table.shown.__name__, condition, order, search)
    slice_ = _slice(info, request, name)
    if only_asks(info):
        chosen = order_of(table.memory.ORDERS, order or next(iter(table.memory.ORDERS)))
        return ListAsked(table.memory.listing(**which), chosen, slice_, name)  # type: ignore[return-value]  # as a plan asks
    page = await table.memory.page(**how, slice_=slice_)
    rows = [
        (Cursor(info.context.signer.seal(position, name)), table.shown.of(row))
        for row, position in zip(page.rows, page.positions, strict=True)
    ]
    more = page.has_previous if request.backward else page.has_next

    async def count() -> tuple[int, bool]:
        counted: tuple[int, bool] = await table.memory.count(**which)
        return counted

    return connection(rows, request, more=more, count=count)


def list_name(noun: str, condition: Condition, order: str | None, search: str | None) -> str:
    """The same text for the same list; the condition is canonical."""
    return hashlib.sha256(orjson.dumps([noun, order, search, said(condition)])).hexdigest()


def _slice(info: Info, request: PageRequest, name: str) -> Slice:
    position = None
    if request.cursor is not None:
        position = tuple(info.context.signer.open(request.cursor, name, request.cursor_field))
    return Slice(size=request.size, forward=not request.backward, position=position)


def _words(search: str) -> str:
    if not search.strip():
        raise DomainError(ErrorCode.BAD_INPUT, "search", zh="请输入搜索内容", en="Say what to search for")
    return search
