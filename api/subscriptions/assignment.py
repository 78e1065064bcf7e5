"""The state stream of a unit: its open assignments, live."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import strawberry

from api.feed import items
from api.ids import decode
from api.schema.argument import First, said
from api.schema.feed import QueueItem, shown_item
from api.schema.words import Info

CHUNK = 50

Unit = Annotated[strawberry.ID | None, said("单位；默认为本人所在承办单位。The unit; by default the own.")]


async def _department_queue(
    info: Info, org_unit_id: Unit = None, first: First = CHUNK
) -> AsyncGenerator[QueueItem]:
    """Chunks of `first` rows. NOT_FOUND for a unit that is not the viewer's; BAD_ID, PAGE_SIZE_REQUIRED."""
    viewer = info.context.require_viewer()
    org_id = None if org_unit_id is None else decode(org_unit_id, "OrgUnit", "orgUnitId")
    return _shown(await info.context.feed.department_queue(viewer, org_id, CHUNK if first is None else first))


async def _shown(stream: AsyncGenerator[items.QueueItem]) -> AsyncGenerator[Any]:
    """The items as GraphQL types; the stream is left when its reader leaves."""
    async with aclosing(stream):
        async for item in stream:
            yield shown_item(item)


@strawberry.type
class AssignmentSubscriptions:
    """Streams of a unit's work."""

    department_queue = strawberry.subscription(
        resolver=_department_queue,
        description="单位在办交办单：全量快照，再入列、变更、出列。A unit's open assignments: all, then what changes.",
    )
