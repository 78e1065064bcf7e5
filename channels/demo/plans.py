"""Draws made-up cases: what is reported, where, by whom and when, by the shares measured on real cases."""

import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Generic, TypeVar

from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from demo import data
from domain.calendar import DISTRICT_TIME
from domain.incident import IncidentDomain, IncidentKind, Source, Urgency

T = TypeVar("T")

HOUR = timedelta(hours=1)
LONGEST_TITLE = 50
HAZARDS = ("AQ",)  # level-1 codes whose cases are safety hazards
BY_OFFICE = frozenset({Source.HOTLINE_12345, Source.MINXIN, Source.PLATFORM})


@dataclass(frozen=True, slots=True)
class Plan:
    """One case to be: everything its report says."""

    number: int
    reported_at: datetime
    source: Source
    kind: IncidentKind
    domain: IncidentDomain
    category: data.DemoCategory
    title: str
    content: str
    urgency: Urgency
    grid: data.DemoGrid
    address: str
    lng: float
    lat: float
    lead: str
    complainant: tuple[str, str]


class Drawing:
    """A seeded source of plans over the shipped data; equal seeds draw equal plans."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - made-up data must come out the same every time
        shares = data.shares()
        self._sources = _Weighted(list(shares.source), list(shares.source.values()))
        self._kinds = _Weighted(list(shares.kind), list(shares.kind.values()))
        categories = {it.code: it for it in data.categories()}
        self._categories = _Weighted(
            [categories[code] for code in shares.category], list(shares.category.values())
        )
        self._arrivals = shares.arrivals
        self._templates = _by_category(data.templates())
        self._leads = {rule.category_code: rule.lead_org_codes[0] for rule in data.rules()}
        self._communities = {area.code: area.name for area in data.communities()}
        self._grids = [(grid, shape(grid.polygon)) for grid in data.grids()]
        surnames = data.surnames()
        self._surnames = _Weighted([it.surname for it in surnames], [it.weight_percent for it in surnames])
        self._given_names = [it.given_name for it in data.given_names()]

    def arrivals(self, count: int, start: datetime, end: datetime) -> list[datetime]:
        """So many moments between start and end, in order, crowded as the hours of the week are."""
        first = start.replace(minute=0, second=0, microsecond=0)
        hours = [first + HOUR * i for i in range(int((end - first) / HOUR) + 1)]
        local = [hour.astimezone(DISTRICT_TIME) for hour in hours]
        crowded = _Weighted(hours, [self._arrivals[it.weekday()][it.hour] for it in local])
        found: list[datetime] = []
        while len(found) < count:
            moment = crowded.draw(self.chance) + timedelta(seconds=self.chance.randrange(3600))
            if start <= moment <= end:
                found.append(moment)
        return sorted(found)

    def plans(self, moments: Sequence[datetime]) -> Iterator[Plan]:
        """A plan for each moment."""
        for number, moment in enumerate(moments):
            yield self.plan(number, moment)

    def plan(self, number: int, moment: datetime) -> Plan:
        """One case reported at that moment."""
        return self.plan_of(number, moment, self._categories.draw(self.chance))

    def plan_of(self, number: int, moment: datetime, category: data.DemoCategory) -> Plan:
        """One case of that category."""
        grid, area = self.chance.choice(self._grids)
        lng, lat = self._inside(area)
        source = Source(self._sources.draw(self.chance))
        patrol = source is Source.GRID_PATROL
        address = f"{self._communities[grid.community_code]}{self.chance.randint(1, 60)}号"
        template = self.chance.choice(self._templates[category.code])
        return Plan(
            number=number,
            reported_at=moment,
            source=source,
            kind=IncidentKind.FOUND if patrol else IncidentKind(self._kinds.draw(self.chance)),
            domain=(
                IncidentDomain.HAZARD if category.code.startswith(HAZARDS) else IncidentDomain.LIVELIHOOD
            ),
            category=category,
            title=template.title.replace("{place}", address)[:LONGEST_TITLE],
            content=template.content.replace("{place}", address),
            urgency=Urgency(category.default_urgency),
            grid=grid,
            address=address,
            lng=lng,
            lat=lat,
            lead=self._leads[category.code],
            complainant=(self._name(), f"000{number:08d}"),  # no subscriber's number begins with three zeros
        )

    def _inside(self, area: BaseGeometry) -> tuple[float, float]:
        """A point of the area, six decimals (about 0.1 m)."""
        west, south, east, north = area.bounds
        while True:
            point = Point(self.chance.uniform(west, east), self.chance.uniform(south, north))
            if area.contains(point):
                return round(point.x, 6), round(point.y, 6)

    def _name(self) -> str:
        return self._surnames.draw(self.chance) + self.chance.choice(self._given_names)


class _Weighted(Generic[T]):
    """Things with shares."""

    def __init__(self, things: Sequence[T], shares: Sequence[float]) -> None:
        self._things = things
        self._sums = list(accumulate(shares))

    def draw(self, chance: random.Random) -> T:
        """One of them, by its share."""
        place = bisect(self._sums, chance.random() * self._sums[-1])
        return self._things[min(place, len(self._things) - 1)]


def _by_category(templates: Sequence[data.DemoTemplate]) -> dict[str, list[data.DemoTemplate]]:
    found: dict[str, list[data.DemoTemplate]] = {}
    for template in templates:
        found.setdefault(template.category_code, []).append(template)
    return found
