"""What a run leaves behind for the judge: the log, the rows, what each console received, what was commanded."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scopes:
    """Who could see a case then, as its entry in the log says; keys as text."""

    orgs: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    grid: str | None = None
    reporter: str | None = None
    complainant: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log, read from the table itself."""

    seq: int
    kind: str
    row: str
    action: str | None
    subject: str  # Noun:key
    version: int
    incident: str | None
    before: Scopes | None
    after: Scopes | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person may see (design §7), told apart from the product's own policy."""

    everything: bool = False
    orgs: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    grids: frozenset[str] = frozenset()
    reporter: str | None = None
    complainant: str | None = None
    recused: frozenset[str] = frozenset()  # cases

    def sees(self, scopes: Scopes | None, case: str | None) -> bool:
        """Whether a case with these scopes is visible."""
        if scopes is None or case in self.recused:
            return False
        if self.everything or self.orgs & scopes.orgs or self.regions & scopes.regions:
            return True
        own = (
            (self.reporter, scopes.reporter),
            (self.complainant, scopes.complainant),
        )
        return scopes.grid in self.grids or any(mine is not None and mine == theirs for mine, theirs in own)

    def hears(self, entry: Entry) -> bool:
        """Whether an entry may be told: the case is or was visible; what is about no case is for who sees all."""
        if entry.before is None and entry.after is None:
            return self.everything and entry.kind != "RIGHTS"
        return self.sees(entry.before, entry.incident) or self.sees(entry.after, entry.incident)


@dataclass(slots=True)
class Standing:
    """Rights that may have been in force between two moments (monotonic seconds)."""

    rights: Rights
    since: float
    until: float = float("inf")


@dataclass(frozen=True, slots=True)
class Window:
    """When something began to hold: not before the one, surely by the other. `over`: in the end it does not hold."""

    since: float
    until: float
    over: bool = False


def standings_of(posts: Iterable[Standing], recusals: Mapping[str, Window]) -> list[Standing]:
    """The rights by posts less the cases that somebody keeps out of, each from its time on."""
    found = [replace(it) for it in posts]
    for case, window in recusals.items():
        kept = [replace(it, until=min(it.until, window.until)) for it in found if it.since <= window.until]
        less = [
            Standing(
                replace(it.rights, recused=it.rights.recused | {case}), max(it.since, window.since), it.until
            )
            for it in found
            if it.until >= window.since
        ]
        found = less + kept if window.over else kept + less
    return found


def merged_too(
    declared: Mapping[tuple[str, str], Window], entries: Iterable[Entry], stored: AbstractSet[tuple[str, str]]
) -> dict[tuple[str, str], Window]:
    """The interests, with what cases were merged with: out of those a person was kept too, for as long (T7, R82).

    When that began the run does not know, nor whether a merge was only asked for or was undone: from the declaration
    on either may have been so. What holds in the end is `stored`.
    """
    pairs = {(it.subject.rpartition(":")[2], str(it.data["master"])) for it in entries if "master" in it.data}
    found, growing = dict(declared), True
    while growing:
        more = {
            (who, there): Window(window.since, math.inf, over=(who, there) not in stored)
            for (who, case), window in found.items()
            for pair in pairs
            for here, there in (pair, pair[::-1])
            if here == case and (who, there) not in found
        }
        found |= more
        growing = bool(more)
    return found


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a stream and when it was read from the socket; `id` as an event of SSE gave it."""

    at: float
    value: Row
    id: str | None = None


@dataclass(slots=True)
class Sitting:
    """One subscription from its start to its end. `after` is the cursor asked for, `session` which sign-in it used."""

    opened: float
    after: str | None
    session: int
    items: list[Item] = field(default_factory=list)
    errors: list[Row] = field(default_factory=list)
    completed: bool = False


@dataclass(slots=True)
class Recording:
    """All sittings of one console. `prompt`: it reads at once, so that arrival tells when a thing was sent."""

    who: str
    stream: str
    prompt: bool
    case: str | None = None  # of `incidentChanged`
    unit: str | None = None  # of `departmentQueue`
    sittings: list[Sitting] = field(default_factory=list)
    fresh: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # what a query answers at the end
    paged: list[str] | None = None  # of `feed`: the cursors that the query `events` answers at the end
    door: str = "websocket"  # or "events", the SSE twin
    desk: str | None = None  # of `workbench`
    refused: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Command:
    """One key with its input, and every answer with success; `mark` is the free text that only this command wrote."""

    who: str
    mutation: str
    key: str
    mark: str | None
    answers: list[Row] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    tries: int = 0


@dataclass(slots=True)
class Truth:
    """The store after the run. `position` reads a cursor."""

    entries: Sequence[Entry]
    position: Callable[[str], int]
    incidents: Mapping[str, tuple[int, str, str]]  # version, state, light
    assignments: Mapping[str, tuple[str, int, str, str, str]]  # unit, version, state, light, case
    marks: Mapping[str, int]  # how often each mark is stored
    keys: frozenset[str]  # idempotency keys stored
    steps: Mapping[str, tuple[str, ...]]  # clock -> the steps it fired
    chain: str | None = None  # what is wrong with the chain of hashes


@dataclass(slots=True)
class Run:
    """Everything the judge reads."""

    truth: Truth
    recordings: Sequence[Recording]
    commands: Sequence[Command]
    standings: Mapping[str, Sequence[Standing]]
    sessions_ended: Mapping[tuple[str, int], float] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    patience: float = 5.0  # seconds a lost right may still be told (design §5)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: `lost`, `duplicated`, `leaked`, `disordered` or `wrong`."""

    what: str
    where: str
    detail: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.what}: {self.where}: {self.detail}"
