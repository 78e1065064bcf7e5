"""The real schema behind a real websocket, with the live feed and signed-in people of the made-up district."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from api.door import Door
from api.feed.feed import Feed
from api.limits import Limits, Rates
from api.sse.endpoint import SseEndpoint
from api.stored_documents import StoredDocuments
from api.transports import transports_of
from api.uvicorn_protocol import AbortingWS, WholeHttp, listening_socket
from api.websocket import WebSocketEndpoint
from db import bell, sessions
from db.unit_of_work import in_transaction
from domain.session import Session
from services.sessions import Mint
from tests.api.client import SIGNER, engine
from tests.api.toy import eventually, hear, tell
from tests.db.factories import District, new_id

SECRET = b"secret of the live tests, long enough"
MINT = Mint(SECRET)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A session in the store with its tokens."""

    session: Session
    access: str
    refresh: str


class Line:
    """One initialised websocket."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def ask(self, key: str, document: str, **variables: Any) -> None:
        """Begin an operation."""
        payload = {"query": document, "variables": variables}
        await tell(self.socket, {"id": key, "type": "subscribe", "payload": payload})

    async def message(self, key: str) -> Any:
        """The next message, which must be of that operation."""
        heard = await hear(self.socket)
        assert heard.get("id") == key, heard
        return heard

    async def item(self, key: str) -> Any:
        """The next item of a stream."""
        heard = await self.message(key)
        assert heard["type"] == "next", heard
        assert "errors" not in heard["payload"], heard
        (item,) = heard["payload"]["data"].values()
        return item

    async def fault(self, key: str) -> tuple[str, str | None]:
        """The code and field with which an operation failed."""
        heard = await self.message(key)
        assert heard["type"] == "error", heard
        said = heard["payload"][0]["extensions"]
        return said["code"], said.get("field")

    async def over(self, key: str) -> bool:
        """Whether the stream completes now."""
        return bool((await self.message(key))["type"] == "complete")

    async def quiet(self, seconds: float = 0.5) -> bool:
        """Whether nothing comes for a moment."""
        try:
            await asyncio.wait_for(self.socket.recv(), seconds)
        except TimeoutError:
            return True
        return False


@dataclass(slots=True)
class Live:
    """A server of this process."""

    feed: Feed
    websocket: WebSocketEndpoint
    sse: SseEndpoint
    port: int

    @contextlib.asynccontextmanager
    async def line(self, ticket: Ticket | None) -> AsyncIterator[Line]:
        """A socket of that session, or of nobody."""
        payload = {"authorization": f"Bearer {ticket.access}"} if ticket else {}
        async with websockets.connect(
            f"ws://127.0.0.1:{self.port}/graphql",
            subprotocols=[websockets.Subprotocol("graphql-transport-ws")],
        ) as socket:
            await tell(socket, {"type": "connection_init", "payload": payload})
            assert await hear(socket) == {"type": "connection_ack"}
            yield Line(socket)

    async def query(self, ticket: Ticket, document: str, **variables: Any) -> Any:
        """The data of an operation over HTTP."""
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            answer = await client.post(
                "/graphql",
                json={"query": document, "variables": variables},
                headers={"Authorization": f"Bearer {ticket.access}"},
            )
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]


async def ticket(district: District, username: str, *, minutes: int = 30) -> Ticket:
    """Sign somebody in, without the password."""
    now, mint = datetime.now(UTC), Mint(SECRET, token_minutes=minutes)
    session_id = new_id()
    refresh = mint.refresh(session_id)
    session = mint.session(session_id, district.people[username].id, refresh, now)
    await in_transaction(lambda work: sessions.insert(work, session))
    return Ticket(session, mint.access(session, now)[0], refresh)


@contextlib.asynccontextmanager
async def live(*, heartbeat: float = 30.0, limits: Limits | None = None) -> AsyncIterator[Live]:
    """Serve the store that is open."""
    rope = bell.Bell("memory://")
    await rope.connect()
    bell.install(rope)
    feed = Feed(SIGNER, rope, lambda _: None, heartbeat_seconds=heartbeat)
    await feed.start()
    limits = limits or Limits()
    rates = Rates(limits)
    documents = StoredDocuments(engine(), lag=lambda: feed.lag_seconds)
    door = Door(SECRET, SIGNER, feed, rates, documents=documents)
    doors = transports_of(engine(), door, limits=limits, rates=rates, documents=documents)
    app = Starlette(routes=[Route("/graphql", doors.http), WebSocketRoute("/graphql", doors.websocket)])
    config = uvicorn.Config(
        app, log_level="critical", http=WholeHttp, ws=AbortingWS, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # pytest keeps its own
    listener = listening_socket("127.0.0.1", 0)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await eventually(lambda: server.started)
    try:
        yield Live(feed, doors.websocket, doors.sse, listener.getsockname()[1])
    finally:
        doors.begin_drain()
        await feed.drain()
        await doors.drain()
        server.should_exit = True
        await serving
        await door.settle()
        await feed.stop()
        door.close()
        bell.install(None)
        await rope.disconnect()
