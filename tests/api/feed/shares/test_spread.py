"""Writing past the transport: only to sockets that are open and hold nothing back, and never half a frame (ADR 11)."""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from api.feed.shares.seat import Ring, Seat, Told
from api.limits import Limits
from api.uvicorn_protocol import AbortingWS
from api.wire import Outlet, Wire
from domain.term import Language
from tests.api.feed.rig import command


class _Transport:
    """Holds back what it is given."""

    def __init__(self) -> None:
        self.held, self.closing = b"", False

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return len(self.held)

    def write(self, data: bytes) -> None:
        self.held += data


class _Raw:
    """A socket of the server's, without a server."""

    put = AbortingWS.put
    held = False
    watch: Any = None

    def __init__(self, end: socket.socket) -> None:
        self.descriptor, self.transport = end.fileno(), _Transport()


class _Share:
    """Keeps what a reader cannot take."""

    def basket(self) -> Ring:
        return Ring(10)


class _Console:
    """A seat at one end of a socket."""

    def __init__(self, operation_id: str) -> None:
        ours, self.far = socket.socketpair()
        ours.setblocking(False)
        self.far.setblocking(False)
        self._ours, self.raw = ours, _Raw(ours)
        websocket: Any = type("Handshake", (), {"scope": {"extensions": {"raw": self.raw}}})()
        hears: Any = None
        outlet = Wire(websocket, Limits()).outlet(operation_id, Language.ZH, hears)
        assert isinstance(outlet, Outlet)
        share: Any = _Share()
        self.seat = outlet.seat = Seat(share, command(), outlet, vouched=True)
        self.seat.read, self.seat.live = 0, True

    def got(self) -> bytes:
        """What has arrived."""
        try:
            return self.far.recv(1 << 20)
        except BlockingIOError:
            return b""

    def fill(self) -> None:
        """Let the kernel take no more."""
        try:
            while True:
                os.write(self.raw.descriptor, bytes(1 << 16))
        except BlockingIOError:
            return

    def close(self) -> None:
        """Both ends."""
        self._ours.close()
        self.far.close()


@pytest.fixture
def consoles() -> Iterator[list[_Console]]:
    made = [_Console(it) for it in ("1", "22", "three", "4")]
    yield made
    for it in made:
        it.close()


def _spread(consoles: Sequence[_Console], *payloads: bytes) -> None:
    told = [Told(payload, seq) for seq, payload in enumerate(payloads, 1)]
    consoles[0].seat.sink.spread([it.seat for it in consoles], told)


def _frames(operation_id: bytes, *payloads: bytes) -> bytes:
    bodies = [b'{"type":"next","payload":%b,"id":"%b"}' % (it, operation_id) for it in payloads]
    return b"".join(b"\x81" + bytes((len(it),)) + it for it in bodies)


def test_each_gets_the_same_items_under_its_own_id(consoles: list[_Console]) -> None:
    _spread(consoles, b'{"data":1}', b'{"data":2}')
    for console, operation_id in zip(consoles, (b"1", b"22", b"three", b"4"), strict=True):
        assert console.got() == _frames(operation_id, b'{"data":1}', b'{"data":2}')
        assert (console.seat.read, console.seat.waiting) == (2, None)


def test_nothing_passes_what_a_transport_holds_back(consoles: list[_Console]) -> None:
    consoles[1].raw.transport.held = b"the end of an answer"
    _spread(consoles, b'{"data":1}')
    assert consoles[1].got() == b""
    assert consoles[1].raw.transport.held == b"the end of an answer" + _frames(b"22", b'{"data":1}')
    assert consoles[2].got() == _frames(b"three", b'{"data":1}')
    assert [it.seat.read for it in consoles] == [1, 1, 1, 1]


async def test_a_closed_transport_is_not_written_past_for_its_number_may_be_anothers(
    consoles: list[_Console],
) -> None:
    await asyncio.sleep(0)
    consoles[0].raw.transport.closing = True
    _spread(consoles, b'{"data":1}')
    assert consoles[0].got() == b""
    assert consoles[0].raw.transport.held == b""
    assert len(consoles[0].seat.waiting) == 1
    assert consoles[3].got() == _frames(b"4", b'{"data":1}')


def test_what_a_full_kernel_refuses_the_transport_takes_whole(consoles: list[_Console]) -> None:
    consoles[0].fill()
    _spread(consoles, b'{"data":1}')
    assert consoles[0].raw.transport.held == _frames(b"1", b'{"data":1}')
    assert consoles[1].got() == _frames(b"22", b'{"data":1}')
    assert [it.seat.read for it in consoles] == [1, 1, 1, 1]


def test_what_the_kernel_takes_half_of_the_transport_ends(consoles: list[_Console]) -> None:
    payload = b'{"data":"%b"}' % (b"x" * (4 << 20))
    _spread(consoles[:1], payload)
    arrived, held = b"", consoles[0].raw.transport.held
    while more := consoles[0].got():
        arrived += more
    assert arrived
    assert held
    assert (arrived + held)[10:] == b'{"type":"next","payload":%b,"id":"1"}' % payload
