"""`python -m cli …` with the program imported beforehand, which takes seconds: once for a whole run of tests.

A process of ours imports it and forks at each request; what it forks is the program in a process of its own, with
its own folder, environment and outputs. `python -m tests.warm NUMBER` is the one that forks, NUMBER its socket.
"""

import asyncio
import atexit
import contextlib
import functools
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from tests.text_rules import ROOT

PIPE, STDOUT, DEVNULL = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL
_REQUEST = 1 << 20
_READY = b"ready"
_one_at_a_time = threading.Lock()
Target = IO[Any] | int


class Process:
    """A run of the program, used as one of asyncio's processes is."""

    def __init__(
        self, pid: int, told: socket.socket, given: int | None, read: list[asyncio.StreamReader | None]
    ) -> None:
        self.returncode: int | None = None
        self.pid = pid
        self.stdout, self.stderr = read
        self._told, self._given = told, given
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(told, self._end)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._told)
        self.returncode = int(self._told.recv(64) or -signal.SIGKILL)
        self._told.close()
        self._ended.set()

    async def wait(self) -> int:
        """Wait for the end; its status, or the signal that ended it as a negative number."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self, given: bytes = b"") -> tuple[bytes, bytes]:
        """Give it that, and read both outputs until it has ended."""
        if self._given is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._given, given)
            os.close(self._given)
        said, complained = [await it.read() if it else b"" for it in (self.stdout, self.stderr)]
        await self.wait()
        return said, complained

    def send_signal(self, number: int) -> None:
        """Send it a signal; as with any process that has ended, ProcessLookupError."""
        if self.returncode is not None:
            raise ProcessLookupError(self.pid)
        os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


async def start(
    *words: str,
    cwd: Path,
    env: Mapping[str, str],
    stdout: Target,
    stderr: Target,
    stdin: Target = DEVNULL,
) -> Process:
    """Run the program with those words, as `asyncio.create_subprocess_exec` would run `python -m cli`."""
    forking = await asyncio.to_thread(
        _forking
    )  # from the request on nothing waits: no run is left without its owner
    told, telling = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with contextlib.ExitStack() as theirs:
        theirs.enter_context(telling)
        given, source = _from_us(stdin, theirs)
        said, out = await _to_us(stdout, theirs)
        complained, err = (None, out) if stderr == STDOUT else await _to_us(stderr, theirs)
        request = json.dumps({"words": words, "cwd": str(cwd), "env": dict(env)}).encode()
        socket.send_fds(forking, [request], [source, out, err, telling.fileno()])
    return Process(int(told.recv(64)), told, given, [said, complained])


def _from_us(target: Target, theirs: contextlib.ExitStack) -> tuple[int | None, int]:
    if target == PIPE:
        reading, writing = os.pipe()
        theirs.callback(os.close, reading)
        return writing, reading
    return None, _descriptor(target, theirs)


async def _to_us(target: Target, theirs: contextlib.ExitStack) -> tuple[asyncio.StreamReader | None, int]:
    if target != PIPE:
        return None, _descriptor(target, theirs)
    reading, writing = os.pipe()
    theirs.callback(os.close, writing)
    reader, loop = asyncio.StreamReader(), asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", 0))
    return reader, writing


def _descriptor(target: Target, theirs: contextlib.ExitStack) -> int:
    if isinstance(target, int):
        nothing = os.open(os.devnull, os.O_RDWR)
        theirs.callback(os.close, nothing)
        return nothing
    return target.fileno()


def _forking() -> socket.socket:
    with _one_at_a_time:
        return _forker()


@functools.cache
def _forker() -> socket.socket:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.warm", str(its.fileno())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        pass_fds=[its.fileno()],
    )
    its.close()
    atexit.register(process.wait)  # the last registered goes first: the socket's end is what ends it
    atexit.register(ours.close)
    assert ours.recv(64) == _READY
    return ours


class _Forker:
    """The process that forks, until whoever asked for it is gone; then it ends what it has forked."""

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked
        self._telling: dict[int, socket.socket] = {}
        self._woken, waking = os.pipe2(os.O_NONBLOCK)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._waking = waking

    def serve(self) -> bool:
        """Fork at each request; True in what was forked, False at the end of all."""
        self._asked.send(_READY)
        while True:
            ready, _, _ = select.select([self._asked.fileno(), self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            if self._asked.fileno() in ready:
                request, passed, _, _ = socket.recv_fds(self._asked, _REQUEST, 4)
                if not request:
                    return self._end()
                if self._fork(json.loads(request), passed):
                    return True

    def _fork(self, request: dict[str, Any], passed: list[int]) -> bool:
        *outputs, telling = passed
        pid = os.fork()
        if pid:
            self._telling[pid] = socket.socket(fileno=telling)
            self._telling[pid].send(str(pid).encode())
            for number in outputs:
                os.close(number)
            return False
        self._leave()
        _become(request, outputs)
        os.close(telling)
        return True

    def _leave(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for its in (self._asked, *self._telling.values()):
            its.close()
        os.close(self._woken)
        os.close(self._waking)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                with self._telling.pop(ended[0]) as telling, contextlib.suppress(BrokenPipeError):
                    telling.send(str(os.waitstatus_to_exitcode(ended[1])).encode())

    def _end(self) -> bool:
        for pid in self._telling:
            os.kill(pid, signal.SIGKILL)
        return False


def _become(request: dict[str, Any], outputs: list[int]) -> None:
    """Take the folder, the environment, the words and the outputs that were asked for."""
    for number, passed in enumerate(outputs):
        os.dup2(passed, number)
    for passed in {it for it in outputs if it > 2}:
        os.close(passed)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["cli", *request["words"]]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the standard input is a number
    at_once = bool(request["env"].get("PYTHONUNBUFFERED"))
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the same
        stream.reconfigure(line_buffering=number == 2, write_through=at_once)
        setattr(sys, name, stream)


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import cli  # noqa: PLC0415 - this is what takes seconds

    gc.freeze()
    if _Forker(socket.socket(fileno=int(sys.argv[1]))).serve():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        cli.main()


if __name__ == "__main__":
    _main()
