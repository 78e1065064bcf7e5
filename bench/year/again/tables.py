"""The published tables: B.2 with the district's own limits over it (S40), stages of handling (R24), samples (S49)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bench.year.again.limits import B2, COLUMNS, OPINION, REPLY, Limit, read, urgent

_TABLE = {name: cells for name, *cells in (line.split() for line in B2.strip().splitlines())}
_NAMES = {"CONSULT": "CONSULT_HANDLE", "REWORK": "REWORK_HANDLE"}
_FAR = 99


@dataclass(frozen=True, slots=True)
class Place:
    """What a case is of and where, by codes, the nearest first: its category and those above, its community upwards."""

    categories: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """One row of the district's own limits: for a category, a region, both or everywhere, from when until when."""

    key: str
    limit: Limit
    since: datetime
    until: datetime | None = None

    def rank(self, at: datetime, place: Place) -> tuple[int, int] | None:
        """How near it is to the place: the nearer category first, then the nearer region; None: of another place."""
        if at < self.since or (self.until is not None and at >= self.until):
            return None
        _, *scope = self.key.split("@")
        found = [
            _near(code, codes) for code, codes in zip(scope, (place.categories, place.regions), strict=False)
        ]
        near = [it for it in found if it is not None]
        if len(near) < len(found):
            return None
        return (near[0], near[1]) if near else (_FAR, _FAR)


def _near(code: str, codes: tuple[str, ...]) -> int | None:
    """A part left empty is of everywhere, and farthest."""
    if not code:
        return _FAR
    return codes.index(code) if code in codes else None


@dataclass(slots=True)
class Tables:
    """`stages` by category: name and limit of each."""

    values: dict[str, list[Value]] = field(default_factory=dict)
    stages: Mapping[str, tuple[tuple[str, Limit], ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Iterable[Value], stages: Mapping[str, tuple[tuple[str, Limit], ...]]) -> "Tables":
        """The values by the limit they set."""
        found: dict[str, list[Value]] = {}
        for it in values:
            found.setdefault(it.key.partition("@")[0], []).append(it)
        return cls(found, stages)

    def limit(self, kind: str, urgency: str, at: datetime, place: Place) -> Limit:
        """What that clock gets for that urgency there: 咨询 is another matter for NORMAL cases only (B.2)."""
        if kind == "CONSULT" and urgency != "NORMAL":
            kind = "HANDLE"
        own = self._own(f"{_NAMES.get(kind, kind)}.{urgency}", at, place)
        if own is not None:
            return own
        if kind == "REWORK" and urgent(urgency):
            whole = self.limit("HANDLE", urgency, at, place)
            return Limit(-(-whole.amount // 2), whole.unit)
        return read(_TABLE[kind][COLUMNS.index(urgency)])

    def reply(self, level: str, at: datetime, place: Place) -> Limit:
        """How long a card may wait (T37)."""
        return self._own(f"SUPERVISION_REPLY.{level}", at, place) or read(REPLY[level])

    def opinion(self, at: datetime, place: Place) -> Limit:
        """How long a household's opinion may take (S49)."""
        return self._own("OPINION", at, place) or read(OPINION)

    def sample(self, at: datetime, place: Place) -> int:
        """Of how many results in a hundred the household is asked (S49)."""
        own = self._own("OPINION_SAMPLE", at, place)
        return own.amount if own else 0

    def _own(self, base: str, at: datetime, place: Place) -> Limit | None:
        ranked = [(rank, it.limit) for it in self.values.get(base, ()) if (rank := it.rank(at, place))]
        return min(ranked, key=lambda it: it[0])[1] if ranked else None
