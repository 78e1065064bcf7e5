"""A websocket that takes little while nothing comes: no task, no parser, no timer of its own, no handshake."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import State
from websockets.server import ServerProtocol

from api.sockets.frames import PONG, alone, ends_with_a_frame
from api.sockets.gate import Gate
from api.sockets.pulse import pulse_of

_PING = b"\x89\x04fyqa"  # any four bytes


class Reads(Protocol):
    """Who is handed what was received."""

    def put_nowait(self, event: Any) -> None:  # noqa: ANN401 - an event of ASGI
        """A message, or the end."""


class _Nobody:
    """Reads nothing; and a timer that waits for nothing."""

    def put_nowait(self, _: Any) -> None:  # noqa: ANN401 - as above
        """It comes too late."""

    def cancel(self) -> None:
        """Nothing is awaited."""


NOBODY: Any = _Nobody()
_COMMON = frozenset(
    {
        "app",
        "app_state",
        "asgi_version",
        "close_timeout",
        "connections",
        "default_headers",
        "logger",
        "loop",
        "ping_interval",
        "ping_timeout",
        "root_path",
        "tasks",
    }
)
_commons: WeakKeyDictionary[Config, SimpleNamespace] = WeakKeyDictionary()


class RestingWS(WebSocketsSansIOProtocol):
    """Lets an application have everything handed to itself (`hand_over`) and return: no task lives with the socket.

    Between two frames such a socket rests: what it was greeted with and its parser are gone, and what all of a
    server have in common is kept once. `held` while the peer is behind.
    """

    _handed = _resting = _asked = False
    _whole = True  # nothing of a next frame has come
    step = 0
    held = False

    # what a resting socket has in common with all that rest
    close_sent = disconnected = read_paused = False
    handshake_initiated = handshake_complete = True
    close_timer: Any = None
    curr_msg_data_type = "bytes"
    frames: Any = ()
    initial_response = pending_ping_payload = ping_timer = pong_timer = None
    last_ping_rtt = ping_sent_at = 0.0
    conn: Any = None
    request: Any = None
    response: Any = None
    scope: Any = None
    server: Any = None
    scheme: Any = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it is
        """What a resting socket has in common with the others of its server."""
        if name in _COMMON:
            return getattr(_commons[self.config], name)
        raise AttributeError(name)

    # a socket without a task

    def hand_over(self, reader: Reads) -> None:
        """Hand the reader all that comes, from what came already on; it asks to `read_on` when it has seen to it."""
        waiting, self.queue = self.queue, reader  # type: ignore[assignment]  # of a queue it has what is used
        self.writable = Gate(is_open=not self.held)  # type: ignore[assignment]  # of an event too
        self._handed, self.close_timer = True, NOBODY  # else the connection would end with the application
        while not waiting.empty():
            reader.put_nowait(waiting.get_nowait())

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        """The application returned."""
        super().on_task_complete(task)
        if self._handed and self.close_timer is NOBODY:
            self.close_timer = None
            self.scope = self.request = self.response = None
            self._resting = not self.conn.extensions
            self._rest()

    def read_on(self) -> None:
        """What was handed over was seen to."""
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()
            self._rest()

    def release(self) -> None:
        """Nobody reads any more."""
        if self._handed:
            self.queue = NOBODY
            if self.close_timer is None:
                self.transport.close()

    async def say_goodbye(self, code: int, reason: str) -> None:
        """Close as the protocol has it, once the peer has read what was written."""
        self.wake()
        with suppress(OSError):  # it has gone
            await self.send({"type": "websocket.close", "code": code, "reason": reason})

    def data_received(self, data: bytes) -> None:
        """A lone frame of text or a pong is read at once; what else may come wakes a parser."""
        if self.conn is None and self._read_alone(data):
            return
        self.wake()
        begun = ends_with_a_frame(data) if self.handshake_initiated else data.endswith(b"\r\n\r\n")
        self._whole = self._whole and begun
        super().data_received(data)
        self._rest()

    def _read_alone(self, data: bytes) -> bool:
        found = alone(data, self.config.ws_max_size)
        if found is None:
            return False
        opcode, payload = found
        if opcode == PONG:
            self._asked = False
            return True
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return False
        self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()
        return True

    def wake(self) -> None:
        """Have a parser."""
        if self.conn is None:
            self._whole = True
            self.conn = ServerProtocol(state=State.OPEN, max_size=self.config.ws_max_size, logger=self.logger)

    def _rest(self) -> None:
        """Keep nothing that the next frame does not need."""
        conn = self.conn
        if not self._resting or (conn is not None and not self._whole):
            return
        if conn is not None and (conn.state is not State.OPEN or conn.current_size is not None):
            return
        if conn is not None:
            conn.parser.close()  # it holds what holds it, so that only a search for garbage would free the two
            del self.conn
        common = _commons.get(self.config)
        if common is None:
            common = _commons[self.config] = SimpleNamespace(
                **{name: getattr(self, name) for name in _COMMON}
            )
        if "loop" in self.__dict__:
            self.__dict__ = {name: it for name, it in self.__dict__.items() if _is_own(name, it)}

    # whether anybody is there

    def start_keepalive(self) -> None:
        """With all the others, where an answer may take as long as the next ping."""
        if self.ping_interval and self.ping_interval == self.ping_timeout:
            pulse_of(self.loop, self.ping_interval).join(self)
        else:
            super().start_keepalive()

    def stop_keepalive(self) -> None:
        """The socket is over."""
        super().stop_keepalive()
        if self.ping_interval and self.ping_interval == self.ping_timeout:
            pulse_of(self.loop, self.ping_interval).leave(self)

    def beat(self) -> None:
        """Ping; the peer must have answered the last one."""
        if self.close_sent or self.transport.is_closing():
            return
        if self._asked:
            self.keepalive_timeout()
        else:
            self._asked = True
            self.transport.write(_PING)

    def handle_pong(self, event: Frame) -> None:
        """The peer is there."""
        self._asked = False
        super().handle_pong(event)


def _is_own(name: str, value: object) -> bool:
    """Whether a resting socket has to keep it itself."""
    return name not in _COMMON and vars(RestingWS).get(name, NOBODY) is not value
