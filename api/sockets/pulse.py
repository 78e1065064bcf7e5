"""Pings all sockets of a process at a steady pace: one timer for all of them."""

import asyncio
from typing import Protocol
from weakref import WeakKeyDictionary

STEPS = 20  # in which all are pinged once


class Beats(Protocol):
    """A socket."""

    step: int

    def beat(self) -> None:
        """Ping the peer; its answer to the last ping must have come by now."""


class Pulse:
    """Every socket is pinged once in `seconds`, a part of them at each step."""

    def __init__(self, seconds: float) -> None:
        self._pause = seconds / STEPS
        self._steps: list[dict[Beats, None]] = [{} for _ in range(STEPS)]
        self._at = 0
        self._joined = 0
        self._timer: asyncio.TimerHandle | None = None

    def join(self, socket: Beats) -> None:
        """Ping the socket from now on; those who come together are spread over all steps."""
        self._joined += 1
        socket.step = self._joined % STEPS
        self._steps[socket.step][socket] = None
        if self._timer is None:
            self._wind()

    def leave(self, socket: Beats) -> None:
        """Ping it no more."""
        self._steps[socket.step].pop(socket, None)

    def _wind(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._strike)

    def _strike(self) -> None:
        self._timer = None
        self._at = (self._at + 1) % STEPS
        for socket in tuple(self._steps[self._at]):
            socket.beat()
        if any(self._steps):
            self._wind()


_pulses: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[float, Pulse]] = WeakKeyDictionary()


def pulse_of(loop: asyncio.AbstractEventLoop, seconds: float) -> Pulse:
    """The one of that loop and pace."""
    return _pulses.setdefault(loop, {}).setdefault(seconds, Pulse(seconds))
