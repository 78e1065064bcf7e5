"""Rounds: each side in turn, again and again, so that what changes on the machine meets them all."""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.query.load import Load, offer
from bench.query.postgres import Postgres
from bench.query.process import BenchError, Server, seconds_of

WARM_SECONDS = 0.8


@dataclass(frozen=True)
class Sample:
    """One run of one side; processor time in microseconds for each answer."""

    load: Load
    server: float
    postgres: float


@dataclass
class Side:
    """One line of the results: who is asked what, and said what; `expected` holds what every answer must be."""

    name: str
    server: Server
    requests: Path
    said: bytes
    expected: Path | None = None
    rate: float = 0
    patience: int = 1  # how many times as long a slow side is measured
    samples: list[Sample] = field(default_factory=list)

    def median(self) -> float:
        """The median of its requests a second."""
        return statistics.median(it.load.rate for it in self.samples)

    def at_share(self, share: float) -> "Side":
        """The same side, asked at a share of its median rate."""
        return self.at_rate(share * self.median())

    def at_rate(self, rate: float) -> "Side":
        """The same side, asked so many times a second."""
        return replace(self, rate=rate, samples=[])


def measure(sides: Sequence[Side], postgres: Postgres, *, rounds: int, seconds: float) -> None:
    """Measure each side `rounds` times for so many seconds, one at a time, all others frozen."""
    for number in range(rounds):
        for side in sides:
            side.server.thaw()
            offer(side.server.port, side.requests, WARM_SECONDS, expected=side.expected)
            side.samples.append(_sample(side, postgres, seconds * side.patience))
            side.server.freeze()
        told = ", ".join(f"{it.name} {it.samples[-1].load.rate:,.0f}" for it in sides)
        sys.stderr.write(f"round {number + 1} of {rounds}: {told}\n")


def _sample(side: Side, postgres: Postgres, seconds: float) -> Sample:
    server, store = seconds_of([side.server.pid]), seconds_of(postgres.pids())
    load = offer(side.server.port, side.requests, seconds, expected=side.expected, rate=side.rate)
    if not load.rate:
        raise BenchError(f"{side.name} answered nothing within {seconds:g} s: measure longer")
    return Sample(
        load=load,
        server=(seconds_of([side.server.pid]) - server) / load.answered * 1e6,
        postgres=(seconds_of(postgres.pids()) - store) / load.answered * 1e6,
    )
