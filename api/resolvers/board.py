"""The wall."""

import strawberry

from api.schema.board import BoardCounts
from api.schema.words import Info, resolver
from db import board
from db.connection import read_cut


@strawberry.type
class BoardQueries:
    """Counts."""

    @resolver("看板。The counts of the wall, over the cases the viewer may see.")
    async def board(self, info: Info) -> BoardCounts | None:
        """All of one instant."""
        viewer, now = info.context.require_viewer(), await info.context.now()
        async with read_cut() as connection:
            return BoardCounts.of(await board.counts(viewer=viewer, now=now, connection=connection))
