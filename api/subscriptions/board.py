"""The state stream of the wall's counts."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import strawberry

from api.schema.board import BoardCounts
from api.schema.words import Info
from db import board
from db.connection import read_cut
from domain.viewer import Viewer


async def _board(info: Info) -> AsyncGenerator[BoardCounts]:
    """At once, then whenever a number is another. FORBIDDEN, UNAUTHENTICATED or ACCOUNT_LOCKED once rights ended."""
    context = info.context
    clock = context.clock

    async def count(viewer: Viewer) -> board.BoardCounts:
        """All numbers of one instant."""
        now = await clock()
        async with read_cut() as connection:
            return await board.counts(viewer=viewer, now=now, connection=connection)

    stream = context.feed.latest("board", context.require_viewer(), count, _same, context.attendee)
    return stream.presented(BoardCounts.of, context)


def _same(told: board.BoardCounts, counts: board.BoardCounts) -> bool:
    return replace(told, at=counts.at) == counts


@strawberry.type
class BoardSubscriptions:
    """The wall."""

    board = strawberry.subscription(
        resolver=_board,
        description="看板：变化后更新，每秒至多一次。The board: after a change, at most once a second.",
    )
