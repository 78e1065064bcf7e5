"""The log as a plain query, and who listens to it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import strawberry

from api.feed.presence.registry import everyone
from api.pages import page_request
from api.schema.argument import After, Count, said
from api.schema.consumer import FeedConsumer, UnseenEscalation
from api.schema.feed import EventConnection, FeedFilter, events_of
from api.schema.words import Info, resolver
from db.live.consumers import unseen_since
from domain.errors import DomainError, ErrorCode
from domain.person import Role
from domain.viewer import Viewer

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
        """Of all processes. FORBIDDEN for others."""
        _watching(info)
        return [FeedConsumer.of(it) for it in await everyone(info.context.feed, datetime.now(UTC))]

    @resolver(
        "一分钟内无指挥中心席位接收的升级，一日之内。Escalations that no console received, of the last day."
    )
    async def unseen_escalations(self, info: Info, first: Count) -> list[UnseenEscalation] | None:
        """The newest first, at most `first`. FORBIDDEN outside the command centre, PAGE_SIZE_REQUIRED."""
        viewer = _watching(info)
        size = page_request(first, None, None, None).size
        since = datetime.now(UTC) - timedelta(days=1)
        return [UnseenEscalation.of(it) for it in await unseen_since(since, size, viewer=viewer)]


def _watching(info: Info) -> Viewer:
    viewer = info.context.require_viewer()
    if not viewer.roles & WATCHERS:
        raise DomainError(ErrorCode.FORBIDDEN)
    return viewer
