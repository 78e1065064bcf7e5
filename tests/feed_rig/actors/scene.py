"""What somebody has before them when they choose: a case, perhaps one of its assignments, and what else they see."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.feed_rig.record import Row

LEADS = {"GCL-ZJJ": "housing", "GCL-MZJ": "civil", "GCL-ZFD": "enforcement", "GCL-WMB": "civility"}
SPOT = {"lng": 123.425223, "lat": 41.159448, "crs": "WGS84"}  # in the grid of the account `grid`
ELSEWHERE = {"lng": 123.4255, "lat": 41.1565, "crs": "WGS84"}
MINE = """query ($where: IncidentFilter) {
  incidents(first: 20, orderBy: REPORTED_AT_DESC, where: $where) { nodes { id } } }"""
SEEN = """query ($id: ID!) { incident(id: $id) {
    id version state publicCode category { code } availableActions { name allowed }
    supervisions { id repliedAt cancelledAt } notes { id kind receivedAt }
    whistles { calls { id orgUnit { code } signedAt contactedAt arrivedAt } }
    assignments { id version state role dispatchedAt orgUnit { id code } milestones { name doneAt }
      availableActions { name allowed } } } }"""


@dataclass(frozen=True, slots=True)
class Scene:
    """`around` are the ids of other cases, `units` the ids of the units by code, `photo` a picture just taken."""

    case: Row
    row: Row | None
    around: Sequence[str]
    units: Mapping[str, str]
    handlers: Mapping[str, str]
    chance: random.Random
    now: datetime
    photo: str | None = None

    def maybe(self, share: float) -> bool:
        """Whether something of that likelihood happens."""
        return self.chance.random() < share

    def any_of(self, *values: str) -> str:
        """One of them."""
        return self.chance.choice(values)

    def mark(self) -> str:
        """A text that nobody else writes."""
        return f"{self.chance.getrandbits(64):016x}"

    def later(self, days: float) -> str:
        """So many days from now, as the district's clock goes."""
        return (self.now + timedelta(days=days)).isoformat()

    def some_units(self, count: int) -> list[str]:
        """Ids of different units that have somebody at work here."""
        return [self.units[code] for code in self.chance.sample(sorted(LEADS), count)]

    def photos(self) -> list[str]:
        """The picture, where one was taken."""
        return [self.photo] if self.photo else []


@dataclass(frozen=True, slots=True)
class Move:
    """How a mutation's input is filled in; `of`: which object it names by id and version; `weight`: how often."""

    fill: Callable[[Scene], Row | None]
    weight: float = 1.0
    of: str = "case"
    photo: bool = False

    def given(self, scene: Scene) -> Row | None:
        """The whole input but its key; None where it cannot be filled in."""
        filled = self.fill(scene)
        named = {"case": scene.case, "row": scene.row}.get(self.of, {})
        if filled is None or named is None:
            return None
        return {**({"id": named["id"], "expectedVersion": named["version"]} if named else {}), **filled}


def order(scene: Scene) -> Row:
    """One unit alone, one that leads others, or equals; sometimes somebody is to know of it."""
    mode = scene.any_of("SINGLE", "SINGLE", "LED_JOINT", "EQUAL_JOINT")
    units = scene.some_units(4)
    count = 2 if mode == "EQUAL_JOINT" else 1
    supports = units[count : count + 1 + scene.maybe(0.3)] if mode == "LED_JOINT" else []
    copies = units[3:] if scene.maybe(0.3) else []
    return {"mode": mode, "leads": units[:count], "supports": supports, "copies": copies}
