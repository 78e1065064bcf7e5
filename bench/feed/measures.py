"""What is measured of one side, once: each function opens its own consoles and leaves none behind."""

import time
from pathlib import Path

from bench.feed.fan import PATIENCE, Fan
from bench.feed.sides import Sample, Side, settle
from bench.query.process import BenchError, seconds_of

WARM, LEAST, MOST = 2, 3, 3000  # events
PACE_PATIENCE = 8.0  # seconds that the last events may take
CATCH_SECONDS = 60.0
KILO, MEGA = 1024, 1024 * 1024


def cpu(side: Side) -> float:
    """Processor seconds of the server, all threads."""
    return seconds_of([side.server.pid])


def connect(side: Side, fan: Fan, sockets: int) -> None:
    """Consoles that have subscribed; peers say nothing then, so their quiet is awaited."""
    fan.do("open", sockets, "live" if side.door.ours else "sent", "-")
    settle(side.server)


def delivery(side: Side, sockets: int, seconds: float, *, batch: int = 1) -> Sample:
    """Processor time and rate of deliveries, the next `batch` events published when all sockets have the last."""
    with side.fan() as fan:
        connect(side, fan, sockets)
        fan.do("publish", WARM, 1, 1, PATIENCE)
        began = time.monotonic()
        fan.do("publish", batch, 1, batch, PATIENCE)
        each = time.monotonic() - began
        batches = max(LEAST if batch == 1 else 1, min(MOST // batch, int(seconds / each)))
        before = cpu(side)
        said = fan.do("publish", batches * batch, 1, batch, PATIENCE)
        used = cpu(side) - before
    return {
        "cpu": used / said["deliveries"] * 1e6,
        "rate": said["deliveries"] / said["seconds"],
        "bytes": said["bytes"] / said["deliveries"],
        "events": float(batches * batch),
    }


def paced(side: Side, sockets: int, rate: float, seconds: float) -> Sample:
    """From commit to receipt while events come evenly; `missing` deliveries had not come in time."""
    with side.fan() as fan:
        connect(side, fan, sockets)
        fan.do("publish", WARM, 1, 1, PATIENCE)
        before = cpu(side)
        said = fan.do("pace", rate, int(rate * seconds), PACE_PATIENCE, whole=False)
        used = cpu(side) - before
    if not said["deliveries"]:
        raise BenchError(f"{side.name} delivered nothing at {rate:g} events a second")
    return {
        "p50": said["p50"],
        "p99": said["p99"],
        "whole_p99": said["whole_p99"],
        "missing": float(said["missing"]),
        "cpu": used / said["deliveries"] * 1e6,
    }


def connecting(side: Side, sockets: int, log: Path) -> Sample:
    """Connecting, subscribing, and all of it at once with resume; processor ms and statements of the store each.

    While nobody is connected one event happens, which every socket must get after it has resumed.
    """
    with side.fan() as fan:
        begun, fresh = cpu(side), _statements(log)
        fan.do("open", sockets, "ack", "-")
        settle(side.server)
        greeted, known = cpu(side), _statements(log)
        fan.do("subscribe", "live", "-")
        settle(side.server)
        subscribed, streaming = cpu(side), _statements(log)
        fan.do("close")
        settle(side.server)
        fan.do("publish", 1, 1, 1, PATIENCE)
        time.sleep(1.5)  # the tail looks once a second where no bell is heard
        before, counted = cpu(side), _statements(log)
        began = time.monotonic()
        fan.do("open", sockets, "live", "last")
        fan.do("until", fan.newest, 120)
        wall = time.monotonic() - began
        settle(side.server)
        resumed, asked = cpu(side), _statements(log)
        fan.do("close")
    each = 1e3 / sockets
    return {
        "greet": (greeted - begun) * each,
        "subscribe": (subscribed - greeted) * each,
        "resume": (resumed - before) * each,
        "wall": wall,
        "greet_statements": (known - fresh) / sockets,
        "subscribe_statements": (streaming - known) / sockets,
        "resume_statements": (asked - counted) / sockets,
    }


def memory(side: Side, sockets: int) -> Sample:
    """Kilobytes that an idle subscribed socket costs a server that has served a few before."""
    with side.fan() as fan:
        for count in (20, sockets):
            before = _memory(side, "smaps_rollup", "Pss")
            fan.do("open", count, "live", "-")
            settle(side.server)
            fan.do("idle", 1)
            after = _memory(side, "smaps_rollup", "Pss")
            fan.do("close")
            settle(side.server)
    return {"kb": (after - before) / KILO / sockets}


def catching_up(
    side: Side, consoles: int, history: tuple[str, int], rate: float, seconds: float
) -> tuple[Sample, Sample]:
    """Live consoles alone, then while as many others read the whole history; and what that costs.

    `history` is the cursor before it and the last ordinal in it.
    """
    cursor, last = history
    with side.fan() as live, side.fan() as behind:
        live.do("from", last)
        connect(side, live, consoles)
        live.do("publish", WARM, 1, 1, PATIENCE)
        alone = live.do("pace", rate, int(rate * seconds), PACE_PATIENCE, whole=False)
        Path(f"/proc/{side.server.pid}/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        before, resting = cpu(side), _memory(side, "status", "VmRSS")
        behind.do("open", consoles, "sent", cursor)
        behind.begin("until", last, CATCH_SECONDS)
        meanwhile = live.do("pace", rate, int(rate * seconds), PACE_PATIENCE, whole=False)
        caught = behind.end(whole=False)
        used, peak = cpu(side) - before, _memory(side, "status", "VmHWM")
    served = max(caught["deliveries"], 1)
    return {"p50": alone["p50"], "p99": alone["p99"], "missing": float(alone["missing"])}, {
        "p50": meanwhile["p50"],
        "p99": meanwhile["p99"],
        "missing": float(meanwhile["missing"]),
        "peak": (peak - resting) / MEGA,
        "rate": served / caught["seconds"],
        "cpu": used / served * 1e6,
        "done": served / consoles,
    }


def _statements(log: Path) -> int:
    """How many statements PostgreSQL has noted; its log lies open."""
    text = log.read_bytes()
    return text.count(b"LOG:  execute ") + text.count(b"LOG:  statement: ")


def _memory(side: Side, file: str, name: str) -> int:
    """A line of the server's memory in bytes."""
    for line in Path(f"/proc/{side.server.pid}/{file}").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * KILO
    raise BenchError(f"no {name} in /proc")
