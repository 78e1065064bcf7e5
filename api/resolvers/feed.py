"""The log as a plain query, and who listens to it."""

from typing import Annotated

import strawberry

from api.schema.argument import After, Count, said
from api.schema.feed import EventConnection, FeedConsumer, FeedFilter, events_of
from api.schema.words import Info, resolver
from domain.errors import DomainError, ErrorCode
from domain.person import Role

# Design §7: the posts at the command centre.
WATCHERS = frozenset(
    {
        Role.ACCEPTOR,
        Role.SHIFT_LEADER,
        Role.DISPATCHER,
        Role.INSPECTOR,
        Role.CALLBACK,
        Role.COMMAND_DIRECTOR,
        Role.LEADER,
        Role.SUPERVISOR,
    }
)


@strawberry.type
class FeedQueries:
    """The query twin of the subscriptions."""

    @resolver("事件，自早至晚；游标与事件流通用。Events, oldest first, with the feed's cursors.")
    async def events(
        self,
        info: Info,
        first: Count,
        after: After = None,
        filter: Annotated[FeedFilter | None, said("过滤。Which events.")] = None,  # noqa: A002 - the schema's name
    ) -> EventConnection | None:
        """PAGE_SIZE_REQUIRED, BAD_CURSOR."""
        return await events_of(info, filter, first, after)

    @resolver("正在接收事件流的人，限指挥中心。Who is connected; the command centre alone.")
    async def consumers(self, info: Info) -> list[FeedConsumer] | None:
        """FORBIDDEN for others."""
        if not info.context.require_viewer().roles & WATCHERS:
            raise DomainError(ErrorCode.FORBIDDEN)
        return [FeedConsumer.of(it) for it in info.context.feed.consumers()]
