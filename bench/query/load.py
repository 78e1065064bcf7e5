"""The load generator, built on demand, and one run of it."""

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.query.process import LOAD_CORE, BenchError, run

SOURCE = Path(__file__).parent / "load.c"
BUILT = Path(__file__).parent.parent / "build" / "load"
CONNECTIONS = 32
OVERDUE = 0.1  # of the requests that were due: where more are left at the end, the load is no half load
MARK = b"feedfeedfeed"  # the generator puts a number never used before in its place


@dataclass(frozen=True)
class Load:
    """What a run of the generator found; latencies in microseconds."""

    answered: int
    rate: float
    p50: float
    p99: float
    size: float


def build() -> None:
    """Compile the generator when its source is newer."""
    if not BUILT.exists() or BUILT.stat().st_mtime < SOURCE.stat().st_mtime:
        BUILT.parent.mkdir(exist_ok=True)
        run(["cc", "-O2", "-Wall", "-o", str(BUILT), str(SOURCE)])


def write_requests(
    path: Path, bodies: Iterable[dict[str, Any]], tokens: Sequence[str], viewer: str = "command"
) -> Path:
    """Raw requests, the tokens in turn; with fewer bodies than tokens the bodies come round again.

    Who asks is told by the token, and for peers without a sign-in by `x-viewer`.
    """
    asked = list(bodies)
    count = max(len(asked), len(tokens))
    with path.open("wb") as file:
        for place in range(count):
            raw = raw_request(asked[place % len(asked)], tokens[place % len(tokens)], viewer)
            file.write(struct.pack("<I", len(raw)) + raw)
    return path


def offer(
    port: int,
    requests: Path,
    seconds: float,
    *,
    expected: Path | None = None,
    rate: float = 0,
) -> Load:
    """Ask for so many seconds; BenchError when one answer is not what it must be."""
    pinned = ["taskset", "-c", str(LOAD_CORE), str(BUILT)]
    words = [*pinned, str(port), str(CONNECTIONS), str(seconds), str(rate), str(requests)]
    said = json.loads(run([*words, str(expected)] if expected else words))
    if said["waiting"] > OVERDUE * rate * seconds:
        raise BenchError(f"port {port}: {said['waiting']} requests were due and could not be sent")
    return Load(
        answered=said["answered"],
        rate=said["counted"] / said["seconds"],
        p50=said["p50"],
        p99=said["p99"],
        size=said["bytes"] / said["answered"],
    )


def raw_request(asked: dict[str, Any], token: str, viewer: str) -> bytes:
    """One request as it goes over the wire."""
    body = json.dumps(asked, ensure_ascii=False).encode()
    lines = [
        "POST /graphql HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
        f"Authorization: Bearer {token}",
        f"X-Viewer: {viewer}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
