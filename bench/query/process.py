"""Servers as processes: pinned to a core, frozen while others are measured, their processor time read from /proc."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
START_SECONDS = 60.0
STOP_SECONDS = 25.0
CALM_SECONDS = 60.0
CALM_SHARE = 0.05
_TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Nothing can be measured; the message says why, for a person."""


@dataclass(frozen=True)
class Command:
    """What to start: words, what is added to the environment, and the directory."""

    words: Sequence[str]
    environment: Mapping[str, str]
    directory: Path


class Server:
    """One process that listens on a port of the loopback, on the servers' core."""

    def __init__(self, name: str, command: Command, port: int, log: Path) -> None:
        self.name, self.port, self.log = name, port, log
        words = ["taskset", "-c", str(SERVER_CORE), *command.words]
        environment = {**os.environ, **command.environment}
        with log.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                words, cwd=command.directory, env=environment, stdout=out, stderr=subprocess.STDOUT
            )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ready(self) -> None:
        """Wait until it accepts connections; BenchError with the end of its log when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise BenchError(f"{self.name} did not start: {self.log.read_text(errors='replace')[-2000:]}")

    def calm(self) -> None:
        """Wait until what runs by itself after a start has caught up."""
        deadline = time.monotonic() + CALM_SECONDS
        while time.monotonic() < deadline:
            before = seconds_of([self.pid])
            time.sleep(1.5)
            if seconds_of([self.pid]) - before < 1.5 * CALM_SHARE:
                return

    def freeze(self) -> None:
        """Let it do nothing at all."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, politely first."""
        self.thaw()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_of(pids: Sequence[int]) -> float:
    """Processor seconds that processes have used, all their threads and ended children included."""
    return sum(_ticks(pid) for pid in pids) / _TICK


def tree_of(root: int) -> list[int]:
    """A process and its children."""
    running = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [root, *(pid for pid in running if (fields := _stat(pid)) and int(fields[1]) == root)]


def run(words: Sequence[str], *, directory: Path | None = None, **environment: str) -> str:
    """What a command says; BenchError with its complaint when it fails."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        words, cwd=directory, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"{' '.join(words[:6])}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


def _ticks(pid: int) -> int:
    return sum(int(value) for value in _stat(pid)[11:15])  # own and children's user and system time


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none of a process that has gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
