"""The log as plain pages: `events` and `Incident.history`, with the feed's own cursors (core.graphql)."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from api.feed.cursors import Cursors
from api.feed.hearing import Wants, wanted
from api.feed.items import Filter, Happened
from db import event_log
from domain.errors import DomainError, ErrorCode
from domain.event import LoggedEvent
from domain.viewer import Viewer

BATCH = 500

Read = Callable[[int, int], Awaitable[list[LoggedEvent]]]


async def events(
    viewer: Viewer, after: str | None, chosen: Filter, first: int, cursors: Cursors
) -> tuple[list[Happened], bool]:
    """The next `first` entries that the viewer may hear and chose, and whether more follow.

    Without `after` from the oldest kept. BAD_CURSOR, field `after`, with the fact `gap` when the log cannot go on
    from there.
    """
    return await _page(event_log.read, wanted(viewer, chosen), after, first, cursors)


async def of_incident(
    incident_id: UUID, after: str | None, first: int, cursors: Cursors
) -> tuple[list[Happened], bool]:
    """The entries of one case, which whoever sees the case may read; as `events`."""

    async def read(position: int, limit: int) -> list[LoggedEvent]:
        return await event_log.of_incident(incident_id, position, limit)

    return await _page(read, lambda _: True, after, first, cursors)


async def _page(
    read: Read, wants: Wants, after: str | None, first: int, cursors: Cursors
) -> tuple[list[Happened], bool]:
    start = await _start(after, cursors)
    position, found = start, list[LoggedEvent]()
    while len(found) <= first and (batch := await read(position, BATCH)):
        position = batch[-1].seq
        found.extend(it for it in batch if wants(it))
    return _chained(start, found[:first], cursors), len(found) > first


async def _start(after: str | None, cursors: Cursors) -> int:
    oldest = await event_log.oldest()
    if after is None:
        return oldest - 1
    position = cursors.seq(after)
    if position is None or position > await event_log.head():
        raise DomainError(ErrorCode.BAD_CURSOR, "after", facts={"gap": "EPOCH_CHANGED"})
    if position < oldest - 1:
        raise DomainError(ErrorCode.BAD_CURSOR, "after", facts={"gap": "RETENTION"})
    return position


def _chained(start: int, found: Sequence[LoggedEvent], cursors: Cursors) -> list[Happened]:
    positions = [start, *(it.seq for it in found)]
    return [
        Happened(cursors.at(it.seq), cursors.at(before), it)
        for before, it in zip(positions, found, strict=False)
    ]
