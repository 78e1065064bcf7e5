"""A feed on a real log: people who read, entries to write, and readers who take one item at a time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from api.feed.feed import Feed
from api.feed.items import FeedItem, Filter, Happened, RevokedReason
from api.pages import CursorSigner
from db import bell
from db.unit_of_work import begin
from domain.action import ActionName
from domain.event import Event, EventKind, Fact, Scopes, Subject
from domain.person import Post, PostType
from domain.viewer import Viewer

T = TypeVar("T")

WHEN = datetime(2024, 10, 24, 1, 30, tzinfo=UTC)
SIGNER = CursorSigner(b"a secret of the tests")
QUIET = 30.0  # seconds between heartbeats where a test wants none


def viewer(post: PostType, org_id: UUID | None = None) -> Viewer:
    """A person with one post, without a session in the store."""
    person_id = uuid4()
    held = Post(
        id=uuid4(),
        person_id=person_id,
        type=post,
        org_id=org_id or uuid4(),
        grid_id=None,
        starts_at=WHEN,
        ends_at=None,
    )
    return Viewer(person_id=person_id, username="tester", name="测试", org_id=held.org_id, posts=(held,))


def command() -> Viewer:
    """The director of the command centre, who sees everything."""
    return viewer(PostType.COMMAND_DIRECTOR)


def handler(org_id: UUID) -> Viewer:
    """A handler of a unit."""
    return viewer(PostType.HANDLER, org_id)


def happening(
    kind: EventKind = EventKind.CHANGED,
    *,
    incident: UUID | None = None,
    before: Sequence[UUID] | None = None,
    after: Sequence[UUID] = (),
    data: dict[str, Fact] | None = None,
) -> Event:
    """An entry about a case that the units `before` held and the units `after` hold."""
    incident = incident or uuid4()
    return Event(
        at=WHEN,
        kind=kind,
        subject=Subject("Incident", incident, 2),
        row="T10",
        action=ActionName.fileIncident,
        incident_id=incident,
        scopes_before=None if before is None else Scopes(orgs=frozenset(before)),
        scopes_after=Scopes(orgs=frozenset(after)),
        data=data or {},
    )


def rights(person_id: UUID) -> Event:
    """An entry that says that somebody's rights changed."""
    return Event(
        at=WHEN,
        kind=EventKind.RIGHTS,
        subject=Subject("Person", person_id, 2),
        row="B.5",
        person_id=person_id,
        data={"reason": "RIGHTS_CHANGED"},
    )


async def write(*events: Event) -> None:
    """Commit entries as one command would."""
    async with begin() as work:
        for event in events:
            work.append(event)


class Standings:
    """What the store says of people: each as they came, unless a test says otherwise."""

    def __init__(self) -> None:
        self.now: dict[UUID, Viewer | RevokedReason] = {}

    async def __call__(self, known: Viewer) -> Viewer | RevokedReason:
        await asyncio.sleep(0)
        return self.now.get(known.person_id, known)


class Reader(Generic[T]):
    """Takes the items of a stream one by one."""

    def __init__(self, items: AsyncGenerator[T]) -> None:
        self._items = items

    async def next(self, seconds: float = 5.0) -> T:
        """The next item, soon."""
        async with asyncio.timeout(seconds):
            return await anext(self._items)

    async def over(self, seconds: float = 5.0) -> bool:
        """Whether the stream has completed."""
        async with asyncio.timeout(seconds):
            return await anext(self._items, None) is None

    async def close(self) -> None:
        """Leave the stream."""
        await self._items.aclose()

    async def silent(self, seconds: float = 0.4) -> bool:
        """Whether nothing comes for a moment; the stream is broken off by the question."""
        try:
            await self.next(seconds)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def reading(items: AsyncGenerator[T]) -> AsyncIterator[Reader[T]]:
    """A reader whose stream is closed at the end."""
    async with aclosing(items):
        yield Reader(items)


@asynccontextmanager
async def running(
    url: str = "memory://",
    *,
    heartbeat: float = QUIET,
    capacity: int = 1000,
    standings: Standings | None = None,
    deaths: list[BaseException] | None = None,
    poll: float = 1.0,
) -> AsyncIterator[Feed]:
    """A feed with its bell, as a process has them, on the store that is open."""
    rope = bell.Bell(url)
    await rope.connect()
    bell.install(rope)
    feed = Feed(
        SIGNER,
        rope,
        (deaths if deaths is not None else []).append,
        heartbeat_seconds=heartbeat,
        capacity=capacity,
        poll_seconds=poll,
        reread=standings or Standings(),
    )
    await feed.start()
    try:
        yield feed
    finally:
        await feed.stop()
        bell.install(None)
        await rope.disconnect()


def everything(feed: Feed, who: Viewer, after: str | None = None) -> AsyncGenerator[FeedItem]:
    """`feed` without a filter."""
    return feed.everything(who, after, Filter())


def happened(item: FeedItem) -> Happened:
    """The item, which must be an event."""
    assert isinstance(item, Happened), item
    return item


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for is read from outside and rings no event
            await asyncio.sleep(0.01)
