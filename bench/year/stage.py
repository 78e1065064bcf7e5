"""Where the year is played: its people, its time, and the diary of what they did."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from bench.year.diary import Deed
from bench.year.matter import Matter
from channels.demo.cast import Cast
from channels.demo.pictures import picture
from domain.assignment import Assignment
from domain.case import Case
from domain.place import Crs
from domain.viewer import Viewer
from services import media
from services.command import Call, PointGiven, Result, new_id

G = TypeVar("G")
WORDS = "已按规定处理，情况属实。"


@dataclass(slots=True)
class Stage:
    """`units` by code and `codes` by id; `now` is what the test clock shows.

    `above`: the code above each category's and region's.
    """

    cast: Cast
    units: dict[str, UUID]
    now: datetime
    diary: list[Deed] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    codes: dict[object, str] = field(default_factory=dict)
    above: dict[str, str | None] = field(default_factory=dict)
    woken: list[Matter] = field(default_factory=list)

    async def do(
        self,
        matter: Matter,
        actor: Viewer,
        command: Callable[[Call, G], Awaitable[Result]],
        given: G,
        action: str,
        **facts: object,
    ) -> Result:
        """Give the command; when it is accepted, note it."""
        result = await command(Call(actor, self.now, new_id, matter.key), given)
        if result.incident_id is None:
            raise RuntimeError("a command of a case answers which")
        matter.case = result.case or matter.case
        self.diary.append(Deed(self.now, result.incident_id, action, facts))
        return result

    def learned(self, **facts: object) -> None:
        """More facts of the last deed, which only its answer told."""
        last = self.diary[-1]
        self.diary[-1] = replace(last, facts={**last.facts, **facts})

    def wake(self, matter: Matter) -> None:
        """Another matter changed this one: it is looked at again."""
        matter.stale = True
        self.woken.append(matter)

    async def shot(self, actor: Viewer, matter: Matter) -> tuple[UUID, ...]:
        """A picture taken by the actor."""
        return ((await media.store(actor, picture(matter.number), now=self.now)).id,)

    def lead(self, row: Assignment) -> Awaitable[Viewer]:
        """Who heads the row's unit."""
        return self.cast.lead_of(self.codes[row.org_id])


def case_of(matter: Matter) -> Case:
    """The case, which is there once it is reported."""
    if matter.case is None:
        raise RuntimeError("nothing is reported yet")
    return matter.case


def named(matter: Matter) -> dict[str, Any]:
    """The case's id and version, as a command names it."""
    incident = case_of(matter).incident
    return {"id": incident.id, "expected_version": incident.version}


def spot(matter: Matter) -> PointGiven:
    """Where the matter lies."""
    return PointGiven(lng=matter.plan.lng, lat=matter.plan.lat, crs=Crs.WGS84)
