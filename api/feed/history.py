"""The log as plain pages: `events` and `Incident.history`, with the feed's own cursors (core.graphql)."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from api.feed.cursors import Cursors
from api.feed.hearing import wanted
from api.feed.items import Filter, Happened, Stretch
from db import event_log
from domain.errors import DomainError, ErrorCode
from domain.event import LoggedEvent
from domain.viewer import Viewer

BATCH = 500
MOST_READ = 5000  # entries looked through for one page: who may hear of little goes on from where it ended

Asked = tuple[UUID, str | None, int]
"""One page of a case's history: the case, after which cursor, how many."""


async def events(viewer: Viewer, after: str | None, chosen: Filter, first: int, cursors: Cursors) -> Stretch:
    """The next `first` entries that the viewer may hear and chose, fewer when too many others lie between them.

    Without `after` from the oldest kept. BAD_CURSOR, field `after`, with the fact `gap` when the log cannot go on
    from there.
    """
    case, wants = chosen.incident_id, wanted(viewer, chosen)
    read = event_log.read if case is None else partial(event_log.of_incident, case)
    start = _start(after, cursors, *await _held())
    position, seen, over, found = start, 0, False, list[LoggedEvent]()
    while len(found) <= first and seen < MOST_READ and not over:
        batch = await read(position, BATCH)
        seen, over = seen + len(batch), len(batch) < BATCH
        position = batch[-1].seq if batch else position
        found.extend(it for it in batch if wants(it))
    page = _chained(start, found[:first], cursors)
    if len(found) > first or (over and page):
        return Stretch(page, len(found) > first, page[-1].cursor)
    return Stretch(page, not over, cursors.at(position))


async def of_incidents(asked: Sequence[Asked], cursors: Cursors) -> list[Stretch | DomainError]:
    """Pages of the histories of cases, which whoever sees the case may read; one that is refused refuses no other."""
    held = await _held()
    answers: dict[Asked, Stretch | DomainError] = {}
    for after, first in dict.fromkeys((after, first) for _, after, first in asked):
        cases = [case for case, *how in asked if how == [after, first]]
        try:
            start = _start(after, cursors, *held)
        except DomainError as refusal:
            answers |= {(case, after, first): refusal for case in cases}
            continue
        found = await event_log.of_incidents(cases, start, first + 1)
        for case in cases:
            page = _chained(start, found[case][:first], cursors)
            end = page[-1].cursor if page else cursors.at(start)
            answers[case, after, first] = Stretch(page, len(found[case]) > first, end)
    return [answers[page] for page in asked]


async def _held() -> tuple[int, int]:
    return await event_log.oldest(), await event_log.head()


def _start(after: str | None, cursors: Cursors, oldest: int, head: int) -> int:
    if after is None:
        return oldest - 1
    position = cursors.seq(after)
    if position is None or position > head:
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
