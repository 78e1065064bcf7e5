"""The real doors over a real store and a real port: `/graphql`, its websocket, and `/files/`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from api.door import Door
from api.feed.feed import Feed
from api.files import routes_of
from api.http import HttpEndpoint
from api.limits import Limits, Rates
from api.pages import CursorSigner
from api.stored_documents import StoredDocuments
from api.uvicorn_protocol import AbortingWS, listening_socket
from api.websocket import WebSocketEndpoint
from db import bell
from db.bell import Bell
from tests.api.client import engine
from tests.services.accounts import SECRET


@dataclass
class House:
    """A server of one process."""

    port: int

    def client(self, token: str | None = None) -> httpx2.AsyncClient:
        """A client of it, signed in when it is given a token."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=20)

    async def ask(self, document: str, token: str | None = None, **variables: object) -> Any:
        """The decoded answer to an operation."""
        async with self.client(token) as client:
            body = {"query": document, "variables": variables}
            return (await client.post("/graphql", json=body)).json()

    @contextlib.asynccontextmanager
    async def socket(self, payload: dict[str, object]) -> AsyncIterator[websockets.ClientConnection]:
        """A websocket that has sent `connection_init`."""
        address = f"ws://127.0.0.1:{self.port}/graphql"
        async with websockets.connect(address, subprotocols=["graphql-transport-ws"]) as connection:  # type: ignore[list-item]  # a name is a string
            await connection.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
            yield connection


@contextlib.asynccontextmanager
async def opened(
    directory: Path, limits: Limits | None = None, *, token_minutes: float = 30, trusted: bool = False
) -> AsyncIterator[House]:
    """Serve until the block ends; the store is open already."""
    limits = limits or Limits()
    signer, ringing, rates = CursorSigner(SECRET), Bell("memory://"), Rates(limits)
    feed = Feed(signer, ringing, lambda _: None, poll_seconds=0.2)
    documents = StoredDocuments(engine(), trusted=trusted, lag=lambda: feed.lag_seconds)
    door = Door(SECRET, signer, feed, rates, token_minutes=token_minutes, documents=documents)
    http = HttpEndpoint(engine(), door.open_context, limits=limits, rates=rates, documents=documents)
    sockets = WebSocketEndpoint(engine(), door.open_session, limits=limits, rates=rates, documents=documents)
    app = Starlette(
        routes=[Route("/graphql", http), WebSocketRoute("/graphql", sockets), *routes_of(door, directory)]
    )
    config = uvicorn.Config(app, log_level="critical", ws=AbortingWS, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # pytest keeps its own
    listener = listening_socket("127.0.0.1", 0)
    await ringing.connect()
    bell.install(ringing)
    await feed.start()
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:  # noqa: ASYNC110 - a plain attribute wakes nobody
            await asyncio.sleep(0.01)
        yield House(listener.getsockname()[1])
    finally:
        await sockets.drain()
        server.should_exit = True
        await running
        await door.settle()
        await feed.stop()
        door.close()
        bell.install(None)
        await ringing.disconnect()
