"""Grids."""

from typing import Annotated

import strawberry

from api.pages import Connection, page_request
from api.schema.argument import After, Before, First, Last, Saved, said
from api.schema.command import ground as command
from api.schema.command.given import given
from api.schema.command.made import one
from api.schema.filter import GridFilter
from api.schema.grid import Grid
from api.schema.listing import Table, listed
from api.schema.place import PointInput, checked
from api.schema.words import Info, Input, page, resolver
from db import grids as table
from domain.saved_filter import FilterNoun
from services import grids

GRIDS = Table(Grid, table, FilterNoun.GRID)


@strawberry.type
class GridQueries:
    """What may be asked about grids."""

    @page("Grid", "网格，默认只列现行。Grids, by default those in force.")
    async def grids(
        self,
        info: Info,
        where: Annotated[GridFilter | None, said("过滤。Which grids.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        saved: Saved = None,
    ) -> Connection[Grid] | None:
        """By code. PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        return await listed(info, GRIDS, page_request(first, after, last, before), where, saved)

    @resolver("某点所在的网格。The grid of a point; null outside every grid.")
    async def grid_at(self, info: Info, point: Annotated[PointInput, said("位置。Where.")]) -> Grid | None:
        """CRS_REQUIRED, BAD_INPUT."""
        viewer = info.context.require_viewer()
        place = checked(point, "point")
        row = await table.at(place.lng, place.lat, viewer=viewer)
        return Grid.of(row) if row is not None else None


@strawberry.type
class GridMutations:
    """R61."""

    @resolver("新建网格。Create a grid.")
    async def create_grid(
        self, info: Info, asked: Input[command.CreateGridInput]
    ) -> command.CreateGridPayload | None:
        """R61."""
        call = await info.context.call(asked.idempotency_key)
        result = await grids.create(call, given(grids.CreateGrid, asked))
        return command.CreateGridPayload(grid=await one(info, Grid, result.made["grid"][0]))

    @resolver("调整网格（R61）。Revise a grid.")
    async def revise_grid(
        self, info: Info, asked: Input[command.ReviseGridInput]
    ) -> command.ReviseGridPayload | None:
        """R61."""
        call = await info.context.call(asked.idempotency_key)
        result = await grids.revise(call, given(grids.ReviseGrid, asked))
        return command.ReviseGridPayload(grid=await one(info, Grid, result.made["grid"][0]))

    @resolver("撤销网格（R61）。Retire a grid.")
    async def retire_grid(
        self, info: Info, asked: Input[command.RetireGridInput]
    ) -> command.RetireGridPayload | None:
        """R61."""
        call = await info.context.call(asked.idempotency_key)
        result = await grids.retire(call, given(grids.RetireGrid, asked))
        return command.RetireGridPayload(grid=await one(info, Grid, result.made["grid"][0]))
