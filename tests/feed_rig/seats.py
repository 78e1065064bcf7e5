"""Who sits where: every stream of the schema, at both doors, by people of every role."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.feed_rig.record import Rights

POST_VICTIM, SESSION_VICTIM, CENTRE_VICTIM = "victim-post", "victim-session", "victim-centre"
UNIT, CENTRE = "GCL-ZJJ", "GCL-CMD"
_UNITS = {"civil": "GCL-MZJ"}
REPORTERS = ("acceptor", "grid", "resident", "volunteer")  # of the cases that a run begins with
_DESKS = (
    *(("command", "OPEN_LOOPS"), ("acceptor", "EXTERNALS"), ("dispatcher", "HARD_CASES")),
    *(("shift", "DUE_TODAY"), ("inspector", "CHECKS"), ("callback", "FOLLOW_UPS"), ("housing", "UNREAD")),
    *(("civil", "OVERDUE"), ("enforcement", "SENT_BACK"), ("civility", "COPIES_UNREAD")),
    *(("community", "OPINIONS"), ("rig-supervisor", "QUALITY"), (CENTRE_VICTIM, "CHECKS")),
    (POST_VICTIM, "DUE_TODAY"),
)


@dataclass(frozen=True, slots=True)
class Seat:
    """One console: a stream, who reads it, and of what: a unit's code, a desk, whose report."""

    stream: str
    who: str
    unit: str | None = None
    desk: str | None = None
    reporter: str | None = None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody the run appoints: the post, at which unit, and whether it sees everything or the unit's cases."""

    post: str
    unit: str
    everything: bool = True

    def rights(self, unit_key: str) -> Rights:
        """What the post lets see (design §7)."""
        return Rights(everything=True) if self.everything else Rights(orgs=frozenset({unit_key}))


NEWCOMERS: Mapping[str, Newcomer] = {
    POST_VICTIM: Newcomer("HANDLER", UNIT, everything=False),
    SESSION_VICTIM: Newcomer("HANDLER", UNIT, everything=False),
    CENTRE_VICTIM: Newcomer("INSPECTOR", CENTRE),
    "rig-leader": Newcomer("LEADER", CENTRE),
    "rig-supervisor": Newcomer("SUPERVISOR", CENTRE),
}
VICTIMS = (POST_VICTIM, SESSION_VICTIM, CENTRE_VICTIM)
_FEED = (
    *("command", "acceptor", "auditor", "housing", "civil", "enforcement", "community", "grid", "volunteer"),
    *("resident", "admin", *VICTIMS),
)
_MORE_FEED = (
    *("shift", "dispatcher", "inspector", "callback", "civil-handler", "civility", "rig-leader"),
    "rig-supervisor",
)


def seats(seed: int, *, every: bool) -> Iterator[tuple[Seat, str]]:
    """Each seat with its door. Every seat at both doors; else the main ones, at one door each by lot."""
    chance = random.Random(seed)  # noqa: S311 - a run that can be played again
    desks = _DESKS if every else chance.sample(_DESKS, 3)
    for number, seat in enumerate((*_main(), *(_more() if every else ()), *_at(desks))):
        if every:
            yield seat, "websocket"
            yield seat, "events"
        else:
            yield seat, ("websocket", "events")[(number + seed) % 2]


def _main() -> Iterator[Seat]:
    yield from (Seat("feed", who) for who in _FEED)
    yield from (Seat("commandCentre", who) for who in ("command", "shift", CENTRE_VICTIM))
    for who in ("housing", "civil", "dispatcher", POST_VICTIM):
        yield Seat("departmentQueue", who, unit=_UNITS.get(who, UNIT))
    yield from (Seat("board", who) for who in ("command", CENTRE_VICTIM))
    yield Seat("incidentChanged", "callback", reporter="acceptor")
    yield Seat("incidentChanged", "resident", reporter="resident")


def _more() -> Iterator[Seat]:
    yield from (Seat("feed", who) for who in _MORE_FEED)
    yield Seat("incidentChanged", "grid", reporter="grid")
    yield Seat("incidentChanged", "volunteer", reporter="volunteer")
    yield Seat("incidentChanged", CENTRE_VICTIM, reporter="grid")


def _at(desks: "tuple[tuple[str, str], ...] | list[tuple[str, str]]") -> Iterator[Seat]:
    yield from (Seat("workbench", who, desk=desk) for who, desk in desks)
