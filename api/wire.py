"""One accepted websocket, seen as messages: it reads them checked, and never waits for ever to write one."""

import asyncio
from contextlib import suppress

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from api.close_codes import Close
from api.limits import Limits
from api.protocol import ClientMessage, MalformedError, frame, message_of

GONE = (WebSocketDisconnect, WebSocketDisconnected)


class Wire:
    """Reads and writes graphql-transport-ws. Everything raises one of `GONE` when the client is not there."""

    def __init__(self, websocket: WebSocket, limits: Limits) -> None:
        self._websocket = websocket
        self._limits = limits

    @property
    def connection(self) -> HTTPConnection:
        """The handshake: headers and addresses."""
        return self._websocket

    async def next(self) -> ClientMessage:
        """The next message; MalformedError for binary, oversize and meaningless frames."""
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        text = event.get("text")
        if text is None or len(text) > self._limits.body:
            raise MalformedError
        return message_of(text)

    async def send(self, kind: str, operation_id: str | None = None, payload: bytes | None = None) -> None:
        """Write one message; a reader that does not take it within `send_seconds` is dropped."""
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._websocket.send_text(frame(kind, operation_id, payload))
        except TimeoutError:
            self._abort()
            raise WebSocketDisconnect(1006) from None

    async def close(self, close: Close) -> None:
        """Say why, and close."""
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                with suppress(*GONE):
                    await self._websocket.close(close.code, close.reason)
        except TimeoutError:
            self._abort()

    def _abort(self) -> None:
        if raw := self._websocket.scope.get("extensions", {}).get("raw"):
            raw.abort()
