"""One matter of the year: what is planned of it, how its people are, and what waits to be done to it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from channels.demo.plans import Plan
from domain.case import Case

# How often something happens to a matter that does not to most, in percent.
FATES: Mapping[str, float] = {
    "reject": 3,
    "transfer": 1,
    "reinstate": 0.4,
    "verify": 7,
    "echo": 3,
    "void": 1,
    "withdraw": 1.5,
    "led": 9,
    "equal": 4,
    "copy": 8,
    "recall": 1.5,
    "redispatch": 0.8,
    "return": 6,
    "wrongly": 45,
    "shirk": 10,
    "disputed": 35,
    "refer": 4,
    "extend": 8,
    "twice": 25,
    "refuse": 25,
    "hang": 2.5,
    "prolong": 50,
    "silence": 30,
    "allow": 15,
    "waved": 55,
    "sloppy": 6,
    "fail": 4,
    "false": 1.5,
    "unreached": 4,
    "unhappy": 7,
    "unhappier": 35,
    "unreasonable": 12,
    "card": 1.5,
    "pardon": 20,
    "unanswered": 12,
    "release": 30,
    "reopen": 1,
    "claim": 70,
    "part": 15,
    "late_echo": 20,
    "unable": 2,
    "unabler": 30,
    "recuse": 1,
    "whistle": 20,
}
HANDS = ("punctual", "late", "silent")
UNIT_HANDS, OFFICE_HANDS = (74, 20, 6), (91, 8, 1)


@dataclass(frozen=True, slots=True)
class Task:
    """Something somebody has to do: `org` is the unit whose it is, `mark` tells it from the same thing before."""

    name: str
    org: str | None = None
    mark: object = None
    row: UUID | None = None


@dataclass(slots=True)
class Called:
    """A unit that was called to the spot: how many of the three steps it has taken, and how many ratings there are."""

    org: str
    id: UUID
    steps: int = 0
    rated: int = 0


@dataclass(slots=True)
class Matter:
    """A matter on its way; the same seed makes the same plan, people and fates.

    `dropped`: what was refused once and is not tried again. `checker`: who checks instead of who keeps out of it.
    """

    number: int
    plan: Plan
    chance: random.Random
    fates: frozenset[str]
    case: Case | None = None
    due: dict[Task, datetime] = field(default_factory=dict)
    hands: dict[str | None, str] = field(default_factory=dict)
    steps: int = 0
    stale: bool = False
    echo_of: "Matter | None" = None
    echoes: list["Matter"] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)
    checker: str | None = None
    called: list[Called] = field(default_factory=list)

    @classmethod
    def drawn(cls, number: int, plan: Plan, seed: int) -> "Matter":
        """The matter of a plan."""
        chance = random.Random(f"year {seed} {number}")  # noqa: S311 - a made-up year must come out the same
        fates = frozenset(name for name, share in FATES.items() if chance.random() * 100 < share)
        return cls(number, plan, chance, fates)

    @property
    def key(self) -> UUID:
        """The idempotency key of its next step."""
        self.steps += 1
        return uuid5(NAMESPACE_OID, f"year/{self.number}/{self.steps}")

    def hand(self, org: str | None) -> str:
        """How the unit (None: the command centre) goes about this matter."""
        if org not in self.hands:
            shares = UNIT_HANDS if org else OFFICE_HANDS
            self.hands[org] = self.chance.choices(HANDS, shares)[0]
        return self.hands[org]
