"""What uvicorn needs from us: answers that leave whole and together, silent consoles dropped, small kernel buffers.

Pass `http=WholeHttp, ws=AbortingWS, ws_per_message_deflate=False` to `uvicorn.Config` and `listening_socket` to
`Server.serve`.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Protocol
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from websockets.http11 import Request

from api.application import WHOLE
from api.sockets.resting import RestingWS

MOST_WAITING = 16  # answers held back within one turn of the loop
SEND_BUFFER = 128 * 1024  # bytes the kernel may take for one socket before `send` waits
UNACKNOWLEDGED = 40_000  # milliseconds that what was sent may stay unconfirmed: the peer has vanished

partings: set[Callable[[], None]] = set()
"""What is to be done once a server of this process stops. Its sockets are left to it, which uvicorn would cut."""


class Outbox:
    """Answers that leave together once the loop has run what was ready, at most `MOST_WAITING` of them.

    A reader that sleeps has to be woken by every packet that finds it so, and that is a good part of what a small
    answer costs the sender: under load the answers of one turn find their readers awake from the first on.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Transport, bytes, bool]] = []

    def put(self, transport: asyncio.Transport, answer: bytes, *, last: bool) -> None:
        """Send an answer with this turn of the loop; after the `last` one of a connection it is closed."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append((transport, answer, last))
        if len(self._waiting) >= MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        waiting, self._waiting = self._waiting, []
        for transport, answer, last in waiting:
            if not transport.is_closing():
                transport.write(answer)
                if last:
                    transport.close()


_outboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = WeakKeyDictionary()


class WholeHttp(HttpToolsProtocol):
    """Shows the application how an answer leaves whole, in one write: `scope["extensions"]["whole"]`.

    By the two messages of ASGI it would leave in two, each a system call, its headers looked at one by one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Share the outbox of the loop."""
        super().connection_made(transport)
        self._outbox = _outboxes.setdefault(self.loop, Outbox())

    def on_headers_complete(self) -> None:
        """Add to the scope before the application sees it."""
        super().on_headers_complete()
        cycle = self.cycle
        if cycle is not None:
            send = partial(_send_whole, self._outbox, cycle)
            more = {WHOLE: send, "raw": self}
            cycle.scope["extensions"] = more  # type: ignore[typeddict-item]  # ASGI lets servers add extensions

    def handle_websocket_upgrade(self) -> None:
        """The parser has done its work; the two hold each other, and only a search for garbage would free them."""
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment]  # nothing comes to this protocol any more

    def shutdown(self) -> None:
        """An answer that waits is finished for uvicorn, which would close before it."""
        self._outbox.flush()
        super().shutdown()
        _part()

    def abort(self) -> None:
        """Close at once, dropping what was not sent."""
        self.transport.abort()


async def _send_whole(outbox: Outbox, cycle: RequestResponseCycle, head: bytes, body: bytes) -> None:
    """Answer with status 200, these header lines (each with its end) and this body; a client that has gone: none."""
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    close = b"" if cycle.keep_alive else b"connection: close\r\n"
    ours = b"".join([b"%b: %b\r\n" % it for it in cycle.default_headers])
    lines = (ours, head, close, len(body), body)
    answer = b"HTTP/1.1 200 OK\r\n%b%b%bcontent-length: %d\r\n\r\n%b" % lines
    outbox.put(cycle.transport, answer, last=not cycle.keep_alive)
    cycle.response_complete = True
    cycle.message_event.set()
    cycle.on_response()


class Watch(Protocol):
    """Who hears that a peer is behind."""

    def paused(self) -> None:
        """It is."""

    def resumed(self) -> None:
        """It is no more."""


class AbortingWS(RestingWS):
    """Drops a socket whose peer is silent, and lets the application do so: `scope["extensions"]["raw"]`.

    Closing politely waits until the peer has read everything; a stalled peer never does. `held` while the peer is
    behind; `watch` hears when that begins and ends.
    """

    descriptor = -1
    watch: "Watch | None" = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Know the descriptor that frames may be written to; a connection under TLS has none."""
        super().connection_made(transport)
        found = transport.get_extra_info("socket")
        if found is not None and transport.get_extra_info("sslcontext") is None:
            self.descriptor = found.fileno()

    def put(self, frame: bytes) -> None:
        """Write a whole frame, past the transport where that holds nothing back: it costs a third of such a write."""
        transport = self.transport
        sent = 0
        if self.descriptor >= 0 and not transport.get_write_buffer_size():
            try:
                sent = os.write(self.descriptor, frame)
            except OSError:  # it would have to wait, or the peer is gone: the transport knows what to do
                sent = 0
        if sent < len(frame):
            transport.write(frame[sent:])

    def pause_writing(self) -> None:
        """The transport holds more than it should."""
        super().pause_writing()
        self.held = True
        if self.watch is not None:
            self.watch.paused()

    def resume_writing(self) -> None:
        """The peer has read most of it."""
        super().resume_writing()
        self.held = False
        if self.watch is not None:
            self.watch.resumed()

    def release(self) -> None:
        """Nobody reads or watches any more."""
        self.watch = None
        super().release()

    def handle_connect(self, event: Request) -> None:
        """Show the protocol to the application once the handshake made a scope."""
        super().handle_connect(event)
        if self.scope is not None:
            self.scope["extensions"]["raw"] = self

    def shutdown(self) -> None:
        """The server stops, and accepts nothing new: cut, unless whoever parts says goodbye."""
        if not self.handshake_complete or not partings:
            self.wake()
            super().shutdown()
        _part()

    def keepalive_timeout(self) -> None:
        """No pong came: the peer is gone or does not read."""
        self.wake()
        super().keepalive_timeout()
        self.abort()

    def abort(self) -> None:
        """Close at once, dropping what was not sent."""
        self.transport.abort()


def _part() -> None:
    for part in tuple(partings):
        part()


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound TCP socket whose connections inherit a small send buffer and soon give a vanished peer up."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED)
    listener.bind((host, port))
    return listener
