"""A middleman between a client and the server: it cuts, refuses, falls silent and changes what the server says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import websockets
from websockets.asyncio.server import ServerConnection, serve

PROTOCOL = websockets.Subprotocol("graphql-transport-ws")
Message = dict[str, Any]
Change = Callable[[Message], list[Message]]


class Middle:
    """One address; what it does to the connections is changed while they run. `said` is what clients said."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.url = ""
        self.said: list[Message] = []
        self.connections = 0
        self.open = asyncio.Event()
        self.open.set()
        self.forwards = asyncio.Event()
        self.forwards.set()
        self.change: Change | None = None
        self._near: set[ServerConnection] = set()

    def cut(self) -> None:
        """Drop every connection without a word, and let nobody in."""
        self.open.clear()
        for near in self._near:
            near.transport.abort()

    def mend(self) -> None:
        """Let everybody in again."""
        self.open.set()

    async def tell(self, message: Message) -> None:
        """Say something to the clients that the server did not say."""
        for near in tuple(self._near):
            await near.send(json.dumps(message))

    async def close(self, code: int, reason: str) -> None:
        """Close the connections as a server would."""
        for near in tuple(self._near):
            await near.close(code, reason)

    async def serve(self, near: ServerConnection) -> None:
        """One client."""
        if not self.open.is_set():
            near.transport.abort()
            return
        self.connections += 1
        self._near.add(near)
        try:
            async with websockets.connect(self.server, subprotocols=[PROTOCOL]) as far:
                there = asyncio.create_task(self._up(near, far))
                back = asyncio.create_task(self._down(near, far))
                done, _ = await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
                for task in (there, back):
                    task.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
                if back in done and far.close_code:
                    await near.close(far.close_code, far.close_reason or "")
        finally:
            self._near.discard(near)

    async def _up(self, near: ServerConnection, far: websockets.ClientConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for text in near:
                self.said.append(json.loads(text))
                await far.send(text)

    async def _down(self, near: ServerConnection, far: websockets.ClientConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for text in far:
                await self.forwards.wait()
                message = json.loads(text)
                for changed in self.change(message) if self.change else [message]:
                    await near.send(json.dumps(changed))


@asynccontextmanager
async def between(server: str) -> AsyncIterator[Middle]:
    """A middleman before the websocket of that server, `http://host:port`."""
    middle = Middle(f"ws{server.removeprefix('http')}/graphql")

    async def one(near: ServerConnection) -> None:
        with suppress(OSError, websockets.WebSocketException):
            await middle.serve(near)

    async with serve(one, "127.0.0.1", 0, subprotocols=[PROTOCOL]) as server_:
        middle.url = f"ws://127.0.0.1:{server_.sockets[0].getsockname()[1]}/graphql"
        try:
            yield middle
        finally:
            middle.cut()
