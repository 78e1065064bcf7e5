"""The state stream of a unit: its open assignments, live."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

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
    context = info.context
    viewer = context.require_viewer()
    org_id = None if org_unit_id is None else decode(org_unit_id, "OrgUnit", "orgUnitId")
    size = CHUNK if first is None else first
    stream = await context.feed.department_queue(viewer, org_id, size, context.attendee)
    return stream.presented(shown_item, context)


@strawberry.type
class AssignmentSubscriptions:
    """Streams of a unit's work."""

    department_queue = strawberry.subscription(
        resolver=_department_queue,
        description="单位在办交办单：全量快照，再入列、变更、出列。A unit's open assignments: all, then what changes.",
    )
