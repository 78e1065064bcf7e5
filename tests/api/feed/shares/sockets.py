"""Consoles as cheap as can be: raw websockets that count items, and may stop to read."""

import asyncio
import base64
import contextlib
import json
import os
import socket
import struct
from collections.abc import AsyncIterator

DOCUMENT = "subscription { feed { __typename ... on FeedEvent { cursor follows kind subjectId summary } } }"
RECEIVE_BUFFER = 8 * 1024  # bytes: the kernel takes little for who does not read


def masked(message: object) -> bytes:
    """A text frame as clients send it."""
    payload, mask = json.dumps(message).encode(), os.urandom(4)
    size = len(payload)
    head = b"\x81" + (bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size))
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


class Console(asyncio.Protocol):
    """One subscription on one socket."""

    def __init__(self, token: str) -> None:
        self.items = 0
        self.begun = asyncio.get_running_loop().create_future()
        self._token = token
        self._stage = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            (
                "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        """One step on with each answer, then count."""
        assert self._transport
        if self._stage == 0:
            self._transport.write(
                masked({"type": "connection_init", "payload": {"authorization": f"Bearer {self._token}"}})
            )
        elif self._stage == 1:
            self._transport.write(masked({"type": "subscribe", "id": "1", "payload": {"query": DOCUMENT}}))
        else:
            self.items += data.count(b'"type":"next"')
            if not self.begun.done():
                self.begun.set_result(None)
        self._stage += 1

    def pause(self) -> None:
        """Read no more."""
        assert self._transport
        self._transport.pause_reading()

    def close(self) -> None:
        """Leave at once."""
        assert self._transport
        self._transport.abort()


@contextlib.asynccontextmanager
async def readers(port: int, token: str, count: int) -> AsyncIterator[list[Console]]:
    """So many consoles that were told their first item."""
    loop, found = asyncio.get_running_loop(), list[Console]()
    try:
        for _ in range(count):
            raw = socket.socket()
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            raw.setblocking(False)
            await loop.sock_connect(raw, ("127.0.0.1", port))
            _, console = await loop.create_connection(lambda: Console(token), sock=raw)
            found.append(console)
            async with asyncio.timeout(20):
                await console.begun
        yield found
    finally:
        for console in found:
            console.close()
