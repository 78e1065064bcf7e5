"""What one run measures: its parts, each in rounds of its own with all its sides in turn."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.feed import measures
from bench.feed.sides import Sample, Side, Sides
from bench.feed.store import HISTORY, ROOT, WORK, Facts, Store
from bench.query.process import SERVER_CORE, run

NODE_SIDES = (
    ("graphql-ws", "feed_graphqlws.mjs"),
    ("Mercurius", "feed_mercurius.mjs"),
    ("Node ws, ready frame", "feed_ws.mjs"),
)
BATCH = 16
RATE = 20.0
CONSOLES = 100
Group = dict[str, list[Sample]]


@dataclass(frozen=True)
class Scale:
    """How much of it; tests ask for little."""

    sockets: int = 1000
    many: int = 5000
    rounds: int = 3
    seconds: float = 2.0
    history: int = HISTORY
    writers: tuple[int, ...] = (1, 8, 32)


class Run:
    """One run over a seeded store; each part is kept as soon as it is measured."""

    def __init__(self, store: Store, scale: Scale) -> None:
        self._store, self._scale = store, scale
        self.kept = store.folder / "results"
        self.kept.mkdir(exist_ok=True)

    def part(self, name: str) -> None:
        """Measure a part and keep what it found."""
        began = time.monotonic()
        parts: dict[str, Callable[[], Group]] = {
            "fan": self._fan,
            "many": self._many,
            "classes": self._classes,
            "pace": self._pace,
            "storm": self._storm,
            "connect": self._connect,
            "memory": self._memory,
            "append": self._append,
            "catchup": self._catchup,
        }
        found = parts[name]()
        said = {
            "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "seconds": round(time.monotonic() - began),
            "rounds": self._scale.rounds,
            "sides": found,
        }
        (self.kept / f"{name}.json").write_text(json.dumps(said, indent=1), encoding="utf-8")

    def _fan(self) -> Group:
        with self._sides() as sides:
            ours = sides.ours()
            message = sides.message(ours)
            chosen = [ours, sides.bare(message)]
            chosen += [sides.node(name, script, message) for name, script in NODE_SIDES]
            chosen += [sides.stock(message, tuned=tuned) for tuned in (True, False)]
            return self._in_rounds(sides, chosen, self._delivery(self._scale.sockets))

    def _many(self) -> Group:
        with self._sides() as sides:
            ours = sides.ours()
            chosen = [ours, sides.bare(sides.message(ours))]
            return self._in_rounds(sides, chosen, self._delivery(self._scale.many))

    def _classes(self) -> Group:
        with self._sides() as sides:
            one = sides.ours("one class")
            chosen = [one, sides.among(one, "100 classes", sides.facts.apart)]
            return self._in_rounds(sides, chosen, self._delivery(self._scale.sockets))

    def _storm(self) -> Group:
        with self._sides() as sides:
            ours = sides.ours()
            chosen = [ours, sides.bare(sides.message(ours))]
            return self._in_rounds(sides, chosen, self._delivery(self._scale.sockets, batch=BATCH))

    def _pace(self) -> Group:
        with self._sides() as sides:
            ours = sides.ours()
            message = sides.message(ours)
            chosen = [ours, sides.bare(message), sides.node(*NODE_SIDES[0], message)]
            seconds = self._scale.seconds * 2

            def measure(side: Side) -> Sample:
                return measures.paced(side, self._scale.sockets, RATE, seconds)

            return self._in_rounds(sides, chosen, measure)

    def _connect(self) -> Group:
        """One process, whose own bell is enough; every statement of its store is noted in PostgreSQL's log."""
        facts, log = self._store.fresh(), self._store.postgres.folder / "log"
        self._store.postgres.ask("postgres", f"ALTER DATABASE {WORK} SET log_statement = 'all'")
        with Sides(self._store, facts) as sides:
            ours = sides.ours(bell="memory://")
            return self._in_rounds(sides, [ours], lambda it: measures.connecting(it, self._scale.many, log))

    def _memory(self) -> Group:
        """Servers anew in each round: what one has freed is not given back to the system."""
        found: Group = {}
        for number in range(self._scale.rounds):
            with self._sides() as sides:
                for side in (sides.ours(), sides.idle()):
                    sample = measures.memory(side, self._scale.sockets)
                    found.setdefault(side.name, []).append(sample)
            _tell(number, self._scale.rounds, found)
        return found

    def _append(self) -> Group:
        """Writers on the servers' core, PostgreSQL on the other."""
        facts, found = self._store.fresh(), Group()
        for number in range(self._scale.rounds):
            for writers in self._scale.writers:
                for name, words in self._ways(facts, writers):
                    pinned = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", *words]
                    environment = self._store.environment() if name == "ours" else {"PYTHONPATH": str(ROOT)}
                    said = run(
                        pinned, directory=self._store.product if name == "ours" else ROOT, **environment
                    )
                    found.setdefault(f"{name}, writers: {writers}", []).append(json.loads(said))
            _tell(number, self._scale.rounds, found)
        return found

    def _ways(self, facts: Facts, writers: int) -> Sequence[tuple[str, list[str]]]:
        url, amount = self._store.url(), [str(writers), str(self._scale.seconds)]
        return (
            ("ours", ["within.append", url, facts.incident, *amount]),
            ("bare inserts", ["bench.peers.bare_inserts", url, *amount]),
            ("lock before commit", ["bench.feed.sequencer", url, "lock", *amount]),
            ("sequencer after commit", ["bench.feed.sequencer", url, "sequencer", *amount]),
        )

    def _catchup(self) -> Group:
        facts = self._store.fresh(self._scale.history)
        found: Group = {"live, alone": [], "live, meanwhile": []}
        history = facts.cursor, 1_000_000 + self._scale.history
        with Sides(self._store, facts) as sides:
            ours = sides.ours()
            consoles = min(CONSOLES, self._scale.sockets)
            seconds = self._scale.seconds * 3
            alone, meanwhile = measures.catching_up(ours, consoles, history, RATE, seconds)
            found["live, alone"].append(alone)
            found["live, meanwhile"].append(meanwhile)
        return found

    def _delivery(self, sockets: int, *, batch: int = 1) -> Callable[[Side], Sample]:
        return lambda side: measures.delivery(side, sockets, self._scale.seconds, batch=batch)

    def _in_rounds(self, sides: Sides, chosen: Sequence[Side], measure: Callable[[Side], Sample]) -> Group:
        """Each side so many times, one at a time, all others frozen."""
        sides.freeze_all()
        found: Group = {side.name: side.samples for side in chosen}
        for number in range(self._scale.rounds):
            for side in chosen:
                side.server.thaw()
                if side.door.ours:
                    time.sleep(0.5)  # the bell and the tail find that time has passed
                side.samples.append(measure(side))
                side.server.freeze()
            _tell(number, self._scale.rounds, found)
        return found

    def _sides(self) -> Sides:
        return Sides(self._store, self._store.fresh())


def kept(folder: Path) -> dict[str, dict[str, Any]]:
    """Every part that was measured, by name."""
    return {it.stem: json.loads(it.read_text(encoding="utf-8")) for it in folder.glob("*.json")}


def _tell(number: int, rounds: int, found: Group) -> None:
    last = {
        name: {key: round(value, 2) for key, value in them[-1].items()}
        for name, them in found.items()
        if them
    }
    sys.stderr.write(f"round {number + 1} of {rounds}: {last}\n")
