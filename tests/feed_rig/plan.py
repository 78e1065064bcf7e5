"""What goes wrong in a run, when and for how long: drawn from the seed before anything starts."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """A kind of trouble; the value is the group that `--faults` names."""

    REDIS_KILLED = ("redis", "killed")
    REDIS_FROZEN = ("redis", "frozen")
    REDIS_RESTARTED = ("redis", "restarted")
    SESSIONS_ENDED = ("postgres", "sessions ended")
    STORE_RESTARTED = ("postgres", "restarted")
    API_KILLED = ("api", "killed")
    COMMITS_DELAYED = ("commits", "delayed")
    CLOCK_JUMPED = ("clock", "jumped")
    DISK_FULL = ("disk", "full")
    POST_LOST = ("rights", "post lost")
    SESSION_LOST = ("rights", "session lost")
    READERS_STALLED = ("readers", "stalled")

    @property
    def group(self) -> str:
        """The word of `--faults`."""
        return self.value[0]


GROUPS = tuple(dict.fromkeys(fault.group for fault in Fault))
ONLY_LARGE = frozenset({"redis", "postgres"})
_SHORTEST, _LONGEST = 0.4, 1.6  # seconds that a fault lasts
_PER_SECOND = 0.9  # faults beyond one of each kind


@dataclass(frozen=True, slots=True)
class Step:
    """One fault: seconds after the start, how long it lasts, and a number for whatever has to be chosen."""

    at: float
    fault: Fault
    lasts: float
    choice: int


def groups_of(store: str, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """The groups that a store can have, of those asked for."""
    return tuple(it for it in asked or GROUPS if store == "postgres" or it not in ONLY_LARGE)


def drawn(seed: int, seconds: float, groups: Sequence[str]) -> list[Step]:
    """Each kind once in any order, then more by chance, over the first nine tenths of the time."""
    chance = random.Random(seed)  # noqa: S311 - a plan that can be played again
    return sorted(_steps(chance, seconds, [it for it in Fault if it.group in groups]), key=lambda it: it.at)


def _steps(chance: random.Random, seconds: float, kinds: list[Fault]) -> Iterator[Step]:
    if not kinds:
        return
    count = max(len(kinds), int(seconds * _PER_SECOND))
    chosen = kinds + [chance.choice(kinds) for _ in range(count - len(kinds))]
    chance.shuffle(chosen)
    for number, fault in enumerate(chosen):
        at = (number + chance.random()) / count * seconds * 0.9
        yield Step(at, fault, chance.uniform(_SHORTEST, _LONGEST), chance.randrange(1 << 30))
