"""A stock Strawberry subscription over its own ASGI application: a queue for each subscriber, as its guide shows.

python -m bench.peers.stock_feed PORT PUBLISH_PORT MESSAGE tuned|untuned

Tuned: the garbage collector as our server sets it. MESSAGE is a `next` of ours; every event is that one.
"""

import asyncio
import contextlib
import gc
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL


@strawberry.type
class Incident:
    """A case, as far as it is asked for."""

    no: str
    title: str
    state: str


@strawberry.type
class FeedEvent:
    """What happened."""

    cursor: str
    follows: str
    kind: str
    version: int
    incident: Incident | None


_queues: set[asyncio.Queue[FeedEvent]] = set()


@strawberry.type
class Query:
    """A schema needs one."""

    ok: bool = True


@strawberry.type
class Subscription:
    """The one stream."""

    @strawberry.subscription
    async def feed(self) -> AsyncIterator[FeedEvent]:
        """Everything that is published."""
        queue: asyncio.Queue[FeedEvent] = asyncio.Queue()
        _queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            _queues.discard(queue)


class Publisher(asyncio.DatagramProtocol):
    """Takes datagrams "FIRST COUNT", which ask for so many events."""

    def __init__(self, pattern: FeedEvent) -> None:
        self._pattern = pattern

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the protocol's own signature
        """Put them into every queue."""
        first, count = map(int, data.split())
        for version in range(first, first + count):
            event = replace(self._pattern, version=version)
            for queue in _queues:
                queue.put_nowait(event)


def pattern_of(message: Path) -> FeedEvent:
    """The event in a message of ours."""
    said = json.loads(message.read_text(encoding="utf-8"))["payload"]["data"]["feed"]
    incident = {name: value for name, value in said["incident"].items() if name != "__typename"}
    return FeedEvent(
        cursor=said["cursor"],
        follows=said["follows"],
        kind=said["kind"],
        version=said["version"],
        incident=Incident(**incident),
    )


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """The publisher's socket."""
    pattern, address = pattern_of(Path(sys.argv[3])), ("127.0.0.1", int(sys.argv[2]))
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Publisher(pattern), local_addr=address)
    if sys.argv[4] == "tuned":
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
    yield
    transport.close()


def app() -> Starlette:
    """The server."""
    door = GraphQL[None, None](strawberry.Schema(query=Query, subscription=Subscription))
    return Starlette(routes=[Route("/graphql", door), WebSocketRoute("/graphql", door)], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(
        app(), host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, backlog=4096
    )
