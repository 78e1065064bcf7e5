"""What a retold case has besides rows and clocks: its cards, what a merge ended, units called to the spot."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from bench.year.again.ledger import Clock, Row


@dataclass(eq=False, slots=True)
class Card:
    """A supervision of the case; `concerned` are the units it was given to."""

    level: str
    at: datetime
    row: Row | None
    trigger: str | None
    clock: Clock
    concerned: tuple[str, ...]
    open: bool = True


@dataclass(frozen=True, slots=True)
class Before:
    """What a merge ended, and in which case it did (T7u)."""

    master: UUID
    state: str
    clocks: tuple[Clock, ...]


@dataclass(eq=False, slots=True)
class Whistled:
    """A unit that a street called to the spot, what is due of it and what it did (R33, R34)."""

    org: str
    due: tuple[datetime, datetime, datetime]
    done: dict[str, datetime] = field(default_factory=dict)
    rated: dict[bool, int] = field(default_factory=dict)
