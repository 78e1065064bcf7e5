"""Its section of RESULTS.md: what was found, against what must hold."""

import json
import os
import platform
import re
import sqlite3
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench import results
from bench.query.plan import Group
from bench.query.process import BenchError, run
from bench.query.rounds import Sample, Side
from bench.query.sides import NODE, PEERS
from bench.query.stores import ROOT, STORES

PACKAGES = (
    "uvicorn",
    "uvloop",
    "httptools",
    "starlette",
    "strawberry-graphql",
    "graphql-core",
    "tortoise-orm",
)
DRIVERS = ("aiosqlite", "asyncpg", "orjson")
TITLES = {
    "page": "Nested page of 50, three levels",
    "single": "Single case by number, with its clocks and assignments",
    "half": "Nested page at half the saturating load (arrivals evenly spaced)",
    "ends": "First and last page of the largest store",
    "writes": "Report of a case",
}
Value = Callable[[Sample], float]


def rate(sample: Sample) -> float:
    """Requests a second."""
    return sample.load.rate


def server_time(sample: Sample) -> float:
    """The server's own processor time for a request."""
    return sample.server


@dataclass(frozen=True)
class Target:
    """A ratio of two sides, round by round; `least` or `most` is the bound."""

    title: str
    group: str
    over: str
    under: str
    value: Value = rate
    under_value: Value | None = None
    least: float | None = None
    most: float | None = None

    def ratios(self, groups: Mapping[str, Group]) -> list[float] | None:
        """One ratio of medians, then the ratio of each round; None when it was not measured."""
        group = groups.get(self.group, {})
        if self.over not in group or self.under not in group:
            return None
        above = [self.value(it) for it in group[self.over].samples]
        below = [(self.under_value or self.value)(it) for it in group[self.under].samples]
        rounds = [one / other for one, other in zip(above, below, strict=True)]
        return [statistics.median(above) / statistics.median(below), *rounds]

    def line(self, groups: Mapping[str, Group]) -> str | None:
        """Its line of the table."""
        found = self.ratios(groups)
        if found is None:
            return None
        ratio, rounds = found[0], found[1:]
        holds = ratio >= self.least if self.least is not None else ratio <= (self.most or 0)
        bound = f"≥ {self.least}×" if self.least is not None else f"≤ {self.most}×"
        spread = f"{min(rounds):.2f}–{max(rounds):.2f}"
        return f"| {self.title} | {bound} | **{ratio:.2f}×** | {spread} | {'yes' if holds else '**no**'} |"


def targets() -> list[Target]:
    """The issue's table."""
    found = [
        Target("SQLite, beside Mercurius", "page", "sqlite: ours", "sqlite: Mercurius", least=1.5),
        Target("PostgreSQL, beside Mercurius", "page", "postgres: ours", "postgres: Mercurius", least=1.9),
        Target(
            "PostgreSQL, beside PostGraphile 5", "page", "postgres: ours", "postgres: PostGraphile", least=2
        ),
    ]
    found.append(  # "on the same file"; PostgreSQL stands in its table
        Target(
            "sqlite, single case beside Mercurius", "single", "sqlite: ours", "sqlite: Mercurius", least=1.3
        )
    )
    for store in STORES:
        ours = f"{store}: ours"
        found += [
            Target(f"{store}, beside our fallback", "page", ours, f"{store}: our fallback", least=25),
            Target(
                f"{store}, server time beside ready-made", "page", ours, "ready-made", server_time, most=14
            ),
            Target(
                f"{store}, last page beside first",
                "ends",
                f"{store}: first page",
                f"{store}: last page",
                most=1.5,
            ),
            Target(f"{store}, report beside stock", "writes", ours, f"{store}: stock", least=0.9),
            Target(f"{store}, p99 beside p50 at half load", "half", ours, ours, _p99, _p50, most=5),
        ]
    return found


def write(path: Path, groups: Mapping[str, Group], head: Sequence[str]) -> str:
    """Write the section; its text."""
    lines = ["# Results of `bench.query`", "", *head, ""]
    lines += [
        "## What must hold",
        "",
        "| measure | bound | ratio of medians | rounds | holds |",
        "|---|---|---|---|---|",
    ]
    lines += [line for it in targets() if (line := it.line(groups))]
    for name, group in groups.items():
        lines += ["", f"## {TITLES[name]}", "", _HEAD, "|---|---|---|---|---|---|---|---|"]
        lines += [_line(it) for it in group.values()]
    text = "\n".join([*lines, ""])
    results.put(path, text)
    return text


def versions(postgres: str, product: Path = ROOT) -> str:
    """Everything that took part, with its version; `product` is the folder of ours."""
    locked = json.loads((PEERS / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    peers = json.loads((PEERS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    sqlite = run([str(NODE), "-p", _SQLITE_OF_NODE], directory=PEERS).strip()
    python = [f"{it} {version(it)}" for it in (*PACKAGES, *DRIVERS)]
    node = [f"{it} {locked[f'node_modules/{it}']['version']}" for it in peers]
    return (
        f"Fengqiao {_commit(product)}; Python {platform.python_version()} with SQLite {sqlite3.sqlite_version}, "
        f"{', '.join(python)}; {', '.join(node)} (its SQLite {sqlite}); PostgreSQL {postgres}; "
        f"Linux {platform.release()}, {os.cpu_count()} cores of {_processor()}."
    )


_SQLITE_OF_NODE = "require('better-sqlite3')(':memory:').prepare('SELECT sqlite_version()').pluck().get()"
_HEAD = "| side | requests/s: least | median | most | p50 ms | p99 ms | server + PostgreSQL CPU µs | bytes |"


def _line(side: Side) -> str:
    """One side: the medians of its rounds."""
    rates = sorted(it.load.rate for it in side.samples)
    middle = [
        statistics.median(values)
        for values in zip(
            *((it.load.p50, it.load.p99, it.server, it.postgres, it.load.size) for it in side.samples),
            strict=True,
        )
    ]
    p50, p99, server, postgres, size = middle
    store = f" + {postgres:,.0f}" if side.name.startswith("postgres") else ""
    shown = [f"{rates[0]:,.0f}", f"{statistics.median(rates):,.0f}", f"{rates[-1]:,.0f}"]
    shown += [f"{p50 / 1000:.2f}", f"{p99 / 1000:.2f}", f"{server:,.0f}{store}", f"{size:,.0f}"]
    return f"| {side.name} | {' | '.join(shown)} |"


def _p99(sample: Sample) -> float:
    return sample.load.p99


def _p50(sample: Sample) -> float:
    return sample.load.p50


def _commit(product: Path) -> str:
    try:
        return run(["git", "rev-parse", "--short", "HEAD"], directory=product).strip()
    except BenchError:
        return "outside a checkout"


def _processor() -> str:
    said = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"model name\s*:\s*(.+)", said)
    return found[1] if found else platform.machine()
