"""The state stream of the wall's counts."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import strawberry

from api.schema.board import BoardCounts
from api.schema.words import Info
from db import board
from db.connection import read_cut


async def _board(info: Info) -> AsyncGenerator[BoardCounts]:
    """At once, then whenever a number is another."""
    told: board.BoardCounts | None = None
    async with aclosing(info.context.feed.board(info.context.require_viewer())) as ticks:
        async for _ in ticks:
            counts = await _counted(info)
            if told is None or replace(told, at=counts.at) != counts:
                told = counts
                yield BoardCounts.of(counts)


async def _counted(info: Info) -> board.BoardCounts:
    """All numbers of one instant."""
    info.context.refresh()
    viewer, now = info.context.require_viewer(), await info.context.now()
    async with read_cut() as connection:
        return await board.counts(viewer=viewer, now=now, connection=connection)


@strawberry.type
class BoardSubscriptions:
    """The wall."""

    board = strawberry.subscription(
        resolver=_board,
        description="看板：变化后更新，每秒至多一次。The board: after a change, at most once a second.",
    )
