"""What uvicorn needs for consoles that stop reading: a protocol that aborts, and small kernel buffers.

Pass `ws=AbortingWS, ws_per_message_deflate=False` to `uvicorn.Config` and `listening_socket` to `Server.serve`.
"""

import socket

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

SEND_BUFFER = 128 * 1024  # bytes the kernel may take for one socket before `send` waits


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
