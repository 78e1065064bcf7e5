"""The founding case's totals: 11,355 made-up cases of July 2022 to July 2024, taken over as an earlier system's."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

from channels.demo.ground import Ground
from channels.demo.plans import Drawing, Plan
from db import dictionaries, orgs, regions
from demo import data
from domain.incident import CaseOutcome
from services.command import SYSTEM, Call, new_id
from services.imports import ImportCase, import_cases

INCIDENTS = 11_355
SEED = 20240731
START = datetime(2022, 6, 30, 16, tzinfo=UTC)  # midnight of 1 July in the district
END = datetime(2024, 7, 31, 15, 59, 59, tzinfo=UTC)
BATCH = 100

Told = Callable[[int, int], None]


async def load_full(ground: Ground, told: Told | None = None, *, count: int = INCIDENTS) -> int:
    """Load the founding totals, or what is missing of them; how many are new.

    `told(done, of)` hears of the progress. Killed midway and called again, it goes on where it stopped.
    """
    drawing = Drawing(SEED)
    call = Call(SYSTEM, max(ground.loaded_at, END), new_id)
    cases = _cases(drawing, drawing.arrivals(count, START, END), await _ids())
    done = new = 0
    while batch := list(islice(cases, BATCH)):
        outcomes = await import_cases(call, batch)
        for outcome in outcomes:
            if outcome.refusal is not None:
                raise outcome.refusal
        done, new = done + len(batch), new + sum(it.new for it in outcomes)
        if told:
            told(done, count)
    return new


async def _ids() -> dict[str, UUID]:
    """Ids by code: of categories, units and divisions, whose codes differ."""
    categories = {it.code: it.id for it in await dictionaries.categories(viewer=SYSTEM)}
    units = {code: unit.id for code, unit in (await orgs.all_by_code()).items()}
    divisions = {it.code: it.id for it in await regions.in_force(viewer=SYSTEM)}
    return {**categories, **units, **divisions}


def _cases(drawing: Drawing, moments: list[datetime], ids: dict[str, UUID]) -> Iterator[ImportCase]:
    shares = data.shares()
    for plan in drawing.plans(moments):
        on_time = drawing.chance.random() < shares.on_time
        taken = timedelta(hours=hours_to_close(drawing.chance.random(), shares.hours_to_close))
        yield _case(plan, ids, on_time=on_time, closed_at=min(plan.reported_at + taken, END))


def _case(plan: Plan, ids: dict[str, UUID], *, on_time: bool, closed_at: datetime) -> ImportCase:
    return ImportCase(
        external_id=f"FOUNDING-{plan.number + 1:06d}",
        source=plan.source,
        domain=plan.domain,
        kind=plan.kind,
        category_id=ids[plan.category.code],
        title=plan.title,
        content=plan.content,
        address=plan.address,
        urgency=plan.urgency,
        region_id=ids[plan.grid.community_code],
        org_id=ids[plan.lead],
        reported_at=plan.reported_at,
        closed=True,
        closed_at=closed_at,
        on_time=on_time,
        outcome=CaseOutcome.SOLVED,
    )


def hours_to_close(chance: float, quantiles: Mapping[str, float]) -> float:
    """Hours to close by the measured quantiles, straight lines between them."""
    points = [(0.0, 0.0), *sorted((int(name[1:]) / 100, hours) for name, hours in quantiles.items())]
    place = min(bisect_left(points, (chance, 0.0)), len(points) - 1)
    (low, least), (high, most) = points[place - 1], points[place]
    return least + (most - least) * min(1.0, (chance - low) / (high - low))
