"""Its section of RESULTS.md: what was found, against what must hold."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Parts = Mapping[str, Mapping[str, Any]]

TITLES = {
    "fan": "1,000 sockets, one class, one event at a time",
    "many": "5,000 sockets",
    "classes": "1,000 sockets, one visibility class and a hundred",
    "pace": "1,000 sockets, 20 events a second, evenly",
    "storm": "1,000 sockets, 16 events waiting",
    "connect": "5,000 sockets connect, subscribe, and come back at once with resume",
    "memory": "Memory of an idle subscribed socket",
    "append": "Append and commit, PostgreSQL, fsync on",
    "catchup": "100 consoles read 100,000 events while 100 are live",
}
COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "fan": (("cpu", "CPU µs a delivery"), ("rate", "deliveries/s"), ("bytes", "bytes")),
    "pace": (
        ("p50", "p50 ms"),
        ("p99", "p99 ms from commit"),
        ("whole_p99", "p99 ms from asking"),
        ("missing", "not in time"),
        ("cpu", "CPU µs a delivery"),
    ),
    "connect": (
        ("greet", "connect + init, CPU ms"),
        ("subscribe", "subscribe, CPU ms"),
        ("resume", "all with resume, CPU ms"),
        ("wall", "until all have resumed, s"),
        ("greet_statements", "statements: init"),
        ("subscribe_statements", "subscribe"),
        ("resume_statements", "resume"),
    ),
    "memory": (("kb", "kB a socket"),),
    "append": (("rate", "commits/s"), ("p50", "p50 ms"), ("p99", "p99 ms")),
    "catchup": (
        ("p50", "p50 ms"),
        ("p99", "p99 ms"),
        ("missing", "not in time"),
        ("peak", "peak memory MB above rest"),
        ("rate", "caught up, deliveries/s"),
        ("cpu", "CPU µs a delivery"),
        ("done", "events a console had in the time"),
    ),
}
C, WS, STOCK, WRITERS = "C loop", "Node ws, ready frame", "stock Strawberry, GC tuned", "writers: "


@dataclass(frozen=True)
class Target:
    """A ratio of the medians of two sides, or, without `under`, a median itself; `least` or `most` is the bound."""

    title: str
    part: str
    key: str
    over: str
    under: str | None = None
    least: float | None = None
    most: float | None = None

    def found(self, parts: Parts) -> list[float] | None:
        """The ratio of medians, then that of each round; None when it was not measured."""
        sides = parts.get(self.part, {}).get("sides", {})
        above, below = _values(sides, self.over, self.key), _values(sides, self.under, self.key)
        if not above or (self.under and not below):
            return None
        if self.under is None:
            return [statistics.median(above), *above]
        rounds = [one / other for one, other in zip(above, below, strict=False) if other]
        return [statistics.median(above) / (statistics.median(below) or float("nan")), *rounds]

    def line(self, parts: Parts) -> str | None:
        """Its line of the table."""
        found = self.found(parts)
        if found is None:
            return None
        value, rounds = found[0], found[1:] or found
        sign = "×" if self.under else ""
        holds = value >= self.least if self.least is not None else value <= (self.most or 0)
        bound = f"≥ {self.least:,g}{sign}" if self.least is not None else f"≤ {self.most or 0:,g}{sign}"
        spread = f"{_number(min(rounds))}–{_number(max(rounds))}"
        return f"| {self.title} | {bound} | **{_number(value)}{sign}** | {spread} | {'yes' if holds else '**no**'} |"


def targets() -> list[Target]:
    """The issue's table."""
    return [
        Target("CPU a delivery, 1,000 sockets, beside the C loop", "fan", "cpu", "ours", C, most=1.5),
        Target("the same beside graphql-ws", "fan", "cpu", "ours", "graphql-ws", most=0.25),
        Target("the same beside Mercurius", "fan", "cpu", "ours", "Mercurius", most=0.2),
        Target("the same beside stock Strawberry, GC tuned", "fan", "cpu", "ours", STOCK, most=0.0667),
        Target("the same beside Node ws with a ready frame", "fan", "cpu", "ours", WS, most=1),
        Target("the same at 5,000 sockets, beside the C loop", "many", "cpu", "ours", C, most=1.7),
        Target("100 classes beside one", "classes", "cpu", "100 classes", "one class", most=2),
        Target("publish to receipt p99, beside the C loop", "pace", "p99", "ours", C, most=2),
        Target("the same beside graphql-ws", "pace", "p99", "ours", "graphql-ws", most=0.3),
        Target("events that did not come in time", "pace", "missing", "ours", most=0),
        Target("subscribe after the ack, CPU ms", "connect", "subscribe", "ours", most=0.3),
        Target("connect + init + subscribe with resume, CPU ms", "connect", "resume", "ours", most=1.2),
        Target("statements for each of them", "connect", "resume_statements", "ours", most=0.05),
        Target("memory of an idle socket", "memory", "kb", "ours", "bare uvicorn websocket", most=1.5),
        *(
            Target(
                f"commits/s, {WRITERS}{count}, beside bare inserts",
                "append",
                "rate",
                *_appended(count),
                least=0.5,
            )
            for count in (32,)
        ),
        Target("commit p99 ms, writers: 32", "append", "p99", _appended(32)[0], most=100),
        Target("storm, CPU a delivery beside the C loop", "storm", "cpu", "ours", C, most=0.3),
        Target("storm, deliveries/s", "storm", "rate", "ours", least=400_000),
        Target("live p99 during a catch-up", "catchup", "p99", "live, meanwhile", "live, alone", most=2),
    ]


def section(parts: Parts, head: Sequence[str]) -> str:
    """The whole section."""
    lines = ["# Results of `bench.feed`", "", *head, ""]
    lines += ["## What must hold: the feed", ""]
    lines += ["| measure | bound | found | rounds | holds |", "|---|---|---|---|---|"]
    lines += [line for it in targets() if (line := it.line(parts))]
    for name, title in TITLES.items():
        if name in parts:
            lines += ["", f"## {title}", "", _when(parts[name]), "", *_table(name, parts[name]["sides"])]
    return "\n".join([*lines, ""])


def _table(name: str, sides: Mapping[str, Sequence[Mapping[str, float]]]) -> list[str]:
    """Each side with least, median and most of each column; a column nobody has is left out."""
    columns = COLUMNS.get(name, COLUMNS["fan"])
    head = ["| side | " + " | ".join(title for _, title in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    return head + [
        "| "
        + " | ".join([side, *(_spread([it[key] for it in samples if key in it]) for key, _ in columns)])
        + " |"
        for side, samples in sides.items()
    ]


def _when(part: Mapping[str, Any]) -> str:
    return f"{part['at']}, {part['seconds']} s, rounds: {part['rounds']}; least / **median** / most of the rounds."


def _appended(count: int) -> tuple[str, str]:
    return f"ours, {WRITERS}{count}", f"bare inserts, {WRITERS}{count}"


def _values(sides: Mapping[str, Sequence[Mapping[str, float]]], side: str | None, key: str) -> list[float]:
    return [it[key] for it in sides.get(side or "", ()) if key in it]


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    shown = [_number(min(values)), f"**{_number(statistics.median(values))}**", _number(max(values))]
    return shown[1] if len(set(values)) == 1 else " / ".join(shown)


def _number(value: float) -> str:
    """Three digits that mean something."""
    for least, digits in ((100.0, 0), (10.0, 1), (0.1, 2)):
        if abs(value) >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}" if value else "0"
