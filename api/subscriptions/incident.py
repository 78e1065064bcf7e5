"""The event streams: what happens to cases, in order and without a gap."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from api.ids import decode
from api.scalars import Cursor
from api.schema.argument import said
from api.schema.feed import FeedFilter, FeedItem, chosen_by, shown_item
from api.schema.words import Info

Resume = Annotated[Cursor | None, said("从此游标之后续读。Resume after this cursor.")]


async def _feed(
    info: Info,
    after: Resume = None,
    filter: Annotated[FeedFilter | None, said("过滤。Which events.")] = None,  # noqa: A002 - the schema's name
) -> AsyncGenerator[FeedItem]:
    """BAD_CURSOR, BAD_ID."""
    context, chosen = info.context, chosen_by(filter)
    stream = context.feed.everything(context.require_viewer(), after, chosen, context.attendee)
    return stream.presented(shown_item, context)


async def _command_centre(info: Info, after: Resume = None) -> AsyncGenerator[FeedItem]:
    """FORBIDDEN for who does not see every case; BAD_CURSOR."""
    context = info.context
    stream = context.feed.command_centre(context.require_viewer(), after, context.attendee)
    return stream.presented(shown_item, context)


async def _incident_changed(
    info: Info,
    id: Annotated[strawberry.ID, said("事项的全局编号。The case.")],  # noqa: A002 - the schema's name
    after: Resume = None,
) -> AsyncGenerator[FeedItem]:
    """NOT_FOUND when the case is invisible; BAD_ID, BAD_CURSOR."""
    context = info.context
    viewer, incident_id = context.require_viewer(), decode(id, "Incident")
    stream = await context.feed.incident_changed(viewer, incident_id, after, context.attendee)
    return stream.presented(shown_item, context)


@strawberry.type
class IncidentSubscriptions:
    """Streams of events; each item names the cursor it follows."""

    feed = strawberry.subscription(
        resolver=_feed, description="可见事项的全部事件。Everything the viewer may see."
    )
    command_centre = strawberry.subscription(
        resolver=_command_centre,
        description="指挥中心：新上报、红灯、升级、督办、激增。New, red, escalated, supervised and surging cases.",
    )
    incident_changed = strawberry.subscription(
        resolver=_incident_changed, description="一个事项的全部事件。Everything that happens to one case."
    )
