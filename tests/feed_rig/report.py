"""What a run is to be, and what is told of it afterwards."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.feed_rig.record import Finding
from tests.text_rules import ROOT

WRONGS = ("lost", "duplicated", "leaked", "disordered", "wrong")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is to be.

    `tree` is the source whose server is tried; `template` the address of a migrated, empty store, which spares the
    run its migrations.
    """

    seed: int
    store: str = "sqlite"
    seconds: float = 8.0
    groups: Sequence[str] = ()
    actors: int = 6
    tree: Path = ROOT
    template: str | None = None
    every: bool = False  # every seat at both doors, instead of the main ones at one each


@dataclass(slots=True)
class Report:
    """What happened and what was wrong with it."""

    asked: Asked
    commands: int = 0
    tries: int = 0
    answered: int = 0
    events: int = 0
    deliveries: int = 0
    resumed: int = 0
    consoles: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    ended_alone: int = 0
    took: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report, for a terminal or a log."""
        asked = self.asked
        counted = Counter(it.what for it in self.findings)
        said = [
            f"seed {asked.seed} · {asked.store} · {asked.seconds:g} s; "
            + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.took.items()),
            f"  commands {self.commands} (answered {self.answered}, tries {self.tries}) · events {self.events}",
            f"  deliveries {self.deliveries} · resumed {self.resumed} · consoles: {listed(self.consoles)}",
            f"  {len(self.done)} kinds of command answered: {listed(self.done)}",
            f"  faults: {listed(self.faults)}",
            f"  refused: {listed(self.refusals)}",
            "  " + ", ".join(f"{name} {counted[name]}" for name in WRONGS),
            f"  strange answers {len(self.strange)} · servers that ended by themselves {self.ended_alone}",
        ]
        said += [f"  ! {it}"[:600] for it in self.findings[:20]]
        said += [f"  ? {it}"[:600] for it in [*self.strange[:10], *self.complaints[:10]]]
        return said

    @property
    def clean(self) -> bool:
        """Whether nothing was wrong."""
        return not self.findings and not self.strange


def listed(counts: Counter[str]) -> str:
    """What was counted, in one line."""
    return ", ".join(f"{name} {times}" for name, times in sorted(counts.items()))
