"""The consoles: a C program that holds many sockets, commanded line by line (see fan.c)."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.query.process import LOAD_CORE, BenchError, run

HERE = Path(__file__).parent
BUILT = HERE.parent / "build"
PROGRAMS: Mapping[str, tuple[str, ...]] = {"fan": ("fan.c", "sockets.c", "frames.c"), "bare": ("bare.c",)}
BASE = 1_000_000
PATIENCE = 20.0  # seconds without any progress


def build() -> None:
    """Compile what is older than its source."""
    BUILT.mkdir(exist_ok=True)
    for name, sources in PROGRAMS.items():
        files = [HERE / it for it in sources]
        newest = max(it.stat().st_mtime for it in [*files, HERE / "fan.h"])
        if not (BUILT / name).exists() or (BUILT / name).stat().st_mtime < newest:
            run(["cc", "-O2", "-Wall", "-Wextra", "-o", str(BUILT / name), *map(str, files)])


@dataclass(frozen=True)
class Door:
    """Where consoles connect and what they say: `tokens` is empty for servers without a sign-in."""

    port: int
    publish_port: int
    clock: Path
    tokens: Path
    document: Path
    ours: bool


class Fan:
    """Sockets of one process on the load's core; every answer is checked for faults."""

    def __init__(self, door: Door) -> None:
        given = [door.port, door.publish_port, door.clock, door.tokens, door.document, int(door.ours)]
        words = ["taskset", "-c", str(LOAD_CORE), str(BUILT / "fan"), *map(str, given)]
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise BenchError("no pipes to the consoles")
        self._said, self._asked = self._process.stdout, self._process.stdin
        self.newest = BASE

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, and all its sockets."""
        self._process.kill()
        self._process.communicate()

    def begin(self, *words: object) -> None:
        """Give a command; `end` must follow."""
        try:
            self._asked.write(" ".join(map(str, words)) + "\n")
            self._asked.flush()
        except BrokenPipeError:
            raise BenchError(f"the consoles have gone: {self._complaint()}") from None

    def end(self, *, whole: bool = True) -> dict[str, Any]:
        """The answer; BenchError when an event was lost, doubled, out of order or not the same for all.

        With `whole` also when not every socket had everything within the patience.
        """
        line = self._said.readline()
        if not line:
            raise BenchError(f"the consoles have gone: {self._complaint()}")
        said: dict[str, Any] = json.loads(line)
        if said["wrong"] or said["lost"] or (whole and not said.get("all", True)):
            self._process.kill()
            raise BenchError(f"the consoles were not served as they must be: {line} {self._complaint()}")
        self.newest = said["newest"]
        return said

    def do(self, *words: object, whole: bool = True) -> dict[str, Any]:
        """A command and its answer."""
        self.begin(*words)
        return self.end(whole=whole)

    def frame(self) -> str:
        """The last event as it came."""
        self.begin("frame")
        return self._said.readline().rstrip("\n")

    def _complaint(self) -> str:
        self._process.kill()
        return self._process.communicate()[1][-2000:]
