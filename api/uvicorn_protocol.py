"""What uvicorn needs from us: answers in one write, consoles that stop reading dropped, small kernel buffers.

Pass `http=WholeHttp, ws=AbortingWS, ws_per_message_deflate=False` to `uvicorn.Config` and `listening_socket` to
`Server.serve`.
"""

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

SEND_BUFFER = 128 * 1024  # bytes the kernel may take for one socket before `send` waits


class _Whole:
    """A transport that holds the head of an answer until its body comes, a turn of the loop at most.

    uvicorn writes the two apart, and each write is a system call.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.raw = transport
        self._head = b""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a transport has
        return getattr(self.raw, name)

    def write(self, data: bytes) -> None:
        """Send, or hold the head of an answer."""
        if self._head:
            self.raw.write(self._taken() + data)
        elif data.startswith(b"HTTP/"):
            self._head = data
            asyncio.get_running_loop().call_soon(self._flush)
        else:
            self.raw.write(data)

    def close(self) -> None:
        """Send what is held, then close politely."""
        self._flush()
        self.raw.close()

    def _flush(self) -> None:
        if self._head and not self.raw.is_closing():
            self.raw.write(self._taken())

    def _taken(self) -> bytes:
        head, self._head = self._head, b""
        return head


class WholeHttp(HttpToolsProtocol):
    """Answers leave in one write; a websocket gets the bare transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Stand between uvicorn and the socket."""
        super().connection_made(transport)
        self.transport = _Whole(transport)  # type: ignore[assignment]  # it has all that uvicorn uses

    def handle_websocket_upgrade(self) -> None:
        """Step aside."""
        if isinstance(self.transport, _Whole):
            self.transport = self.transport.raw
        super().handle_websocket_upgrade()


class AbortingWS(WebSocketsSansIOProtocol):
    """Drops a socket whose peer is silent, and lets the application do so: `scope["extensions"]["raw"]`.

    Closing politely waits until the peer has read everything; a stalled peer never does.
    """

    def handle_connect(self, event: Request) -> None:
        """Show the protocol to the application once the handshake made a scope."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"]["raw"] = self  # type: ignore[assignment]  # ASGI lets servers add extensions

    def keepalive_timeout(self) -> None:
        """No pong came: the peer is gone or does not read."""
        super().keepalive_timeout()
        self.abort()

    def abort(self) -> None:
        """Close at once, dropping what was not sent."""
        self.transport.abort()


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound TCP socket whose connections inherit a small send buffer; port 0 picks a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listener.bind((host, port))
    return listener
