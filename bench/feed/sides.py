"""Every server of the feed's bench: how it is started, who publishes to it, and what its consoles say."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.feed import documents
from bench.feed.fan import BUILT, Door, Fan
from bench.feed.store import ROOT, WORK, Facts, Store
from bench.query.process import LOAD_CORE, BenchError, Command, Server, free_port, seconds_of
from bench.query.sides import NODE, PEERS

Sample = dict[str, float]
PUBLISHER_SECONDS = 30.0


@dataclass
class Side:
    """One line of the results."""

    name: str
    server: Server
    door: Door
    samples: list[Sample] = field(default_factory=list)

    def fan(self) -> Fan:
        """Consoles for it."""
        return Fan(self.door)


class Sides:
    """Starts servers, all on the servers' core, and ends them all."""

    def __init__(self, store: Store, facts: Facts) -> None:
        self.store, self.facts = store, facts
        self._folder = store.folder
        self._stack = ExitStack()
        self.servers: list[Server] = []
        for name, text in (("ours", documents.OURS), ("peers", documents.PEERS), ("none", "")):
            (self._folder / f"{name}.document").write_text(text, encoding="ascii")

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End them all."""
        self.servers.clear()
        self._stack.close()

    def ours(self, name: str = "ours", *, bell: str | None = None, calm: bool = True) -> Side:
        """The product, `python -m cli serve` in its own folder; events come from another of its processes.

        `bell` replaces Redis; then nobody publishes.
        """
        port = free_port()
        environment = {**self.store.environment(WORK), "HOST": "127.0.0.1", "PORT": str(port)}
        if bell is not None:
            environment["FENGQIAO_BROADCAST_URL"] = bell
        words = [sys.executable, "-m", "cli", "serve"]
        server = self._start(name, Command(words, environment, self.store.product), port)
        door = self._door(name, port, free_udp_port(), self.facts.same)
        self.publisher(door, environment)
        if calm:
            server.calm()
        return Side(name, server, door)

    def among(self, side: Side, name: str, tokens: Path) -> Side:
        """The same server for other people."""
        door = Door(
            side.door.port, side.door.publish_port, side.door.clock, tokens, side.door.document, ours=True
        )
        return Side(name, side.server, door)

    def publisher(self, door: Door, environment: dict[str, str]) -> None:
        """Another process of the product, on the load's core, that appends what consoles ask for."""
        door.clock.write_bytes(b"")
        os.truncate(door.clock, 400_000 * 2 * 8)
        words = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "within.publisher", self.store.url()]
        words += [environment["FENGQIAO_BROADCAST_URL"], self.facts.incident, str(door.publish_port)]
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            [*words, str(door.clock)],
            env={**os.environ, **environment},
            cwd=self.store.product,
            stdout=subprocess.PIPE,
        )
        self._stack.callback(_end, process)
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise BenchError("the publisher did not start")

    def bare(self, message: Path) -> Side:
        """The C loop."""
        return self._peer("C loop", [str(BUILT / "bare")], message)

    def node(self, name: str, script: str, message: Path) -> Side:
        """A server on Node.js."""
        return self._peer(name, [str(NODE), str(PEERS / script)], message)

    def stock(self, message: Path, *, tuned: bool) -> Side:
        """Strawberry's own ASGI application."""
        how = "tuned" if tuned else "untuned"
        words = [sys.executable, "-m", "bench.peers.stock_feed"]
        return self._peer(f"stock Strawberry, GC {how}", words, message, how)

    def idle(self) -> Side:
        """A bare websocket of uvicorn."""
        port = free_port()
        words = [sys.executable, "-m", "bench.peers.idle_ws", str(port)]
        name = "bare uvicorn websocket"
        server = self._start(name, Command(words, {"PYTHONPATH": str(ROOT)}, ROOT), port)
        return Side(name, server, self._door("none", port, port, None))

    def message(self, side: Side) -> Path:
        """One event as our server sent it, for those who send it ready-made, under an id like any console's."""
        with side.fan() as fan:
            fan.do("open", 1, "live", "-")
            fan.do("publish", 2, 1, 1, 10)
            text = fan.frame()
        if json.loads(text).get("payload", {}).get("data", {}).get("feed", {}).get("incident") is None:
            raise BenchError(f"our event shows no case: {text}")
        path = self._folder / "message.json"
        path.write_text(text, encoding="utf-8")
        return path

    def check_same(self, side: Side, message: Path) -> None:
        """Before anything is measured: a peer sends the data we send."""
        with side.fan() as fan:
            fan.do("open", 1, "sent", "-")
            settle(side.server)
            fan.do("publish", 1, 1, 1, 10)
            theirs = json.loads(fan.frame())["payload"]
        ours = json.loads(message.read_text(encoding="utf-8"))["payload"]
        for said in (ours, theirs):
            said.pop("extensions", None)
            said["data"]["feed"]["version"] = 0
        if ours != theirs:
            raise BenchError(f"{side.name} sends other data: {theirs} instead of {ours}")

    def freeze_all(self) -> None:
        """Only those that are measured may run."""
        for server in self.servers:
            server.freeze()

    def _peer(self, name: str, words: list[str], message: Path, *more: str) -> Side:
        port, publish_port = free_port(), free_udp_port()
        given = [*words, str(port), str(publish_port), str(message), *more]
        environment = {"PYTHONPATH": str(ROOT), "NODE_ENV": "production"}
        server = self._start(name, Command(given, environment, ROOT), port)
        side = Side(name, server, self._door("peers", port, publish_port, None))
        self.check_same(side, message)
        return side

    def _door(self, document: str, port: int, publish_port: int, tokens: Path | None) -> Door:
        nobody = self._folder / "nobody.tokens"
        nobody.write_text("", encoding="ascii")
        ours = tokens is not None
        return Door(
            port=port,
            publish_port=publish_port,
            clock=self._folder / f"{publish_port}.clock",
            tokens=tokens or nobody,
            document=self._folder / ("ours.document" if ours else f"{document}.document"),
            ours=ours,
        )

    def _start(self, name: str, command: Command, port: int) -> Server:
        server = Server(name, command, port, self._folder / f"{name.replace(' ', '-')}.log")
        self._stack.callback(server.stop)
        server.ready()
        self.servers.append(server)
        return server


def settle(server: Server, seconds: float = 0.3) -> None:
    """Wait until the server has done what it was asked."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        before = seconds_of([server.pid])
        time.sleep(seconds)
        if seconds_of([server.pid]) - before <= 0.02 + 0.05 * seconds:
            return


def free_udp_port() -> int:
    """A port of 127.0.0.1 on which nobody hears datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
