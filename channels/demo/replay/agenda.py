"""What is to be sent and when: cases at the pace the shares were measured at, or those of an export."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from channels.demo.cases import HASTE, PACE
from channels.demo.plans import Drawing, Plan
from demo import data
from domain.calendar import CalendarDay, WorkCalendar
from domain.incident import IncidentDomain, IncidentKind, Source, Urgency

SEED = 20241024
CASES_A_DAY = 15  # 11,355 cases in 25 months
STEPS = (
    "report",
    "file",
    "dispatch",
    "accept",
    "contact",
    "submit",
    "request_check",
    "check",
    "follow_up",
    "close",
)


@dataclass(frozen=True, slots=True)
class Told:
    """What an export tells of a case; `categories` are its codes, the narrowest last."""

    external_id: str
    reported_at: datetime
    closed_at: datetime | None
    title: str
    content: str | None
    address: str | None
    source: Source
    kind: IncidentKind
    domain: IncidentDomain
    urgency: Urgency
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agenda:
    """One case: what it says, and the business time of each of its steps."""

    plan: Plan
    moments: tuple[datetime, ...]

    @property
    def number(self) -> int:
        """Which case of the series it is."""
        return self.plan.number

    def due(self, step: int) -> datetime:
        """When a step is taken."""
        return self.moments[step]


def of_demo(start: datetime, count: int) -> Iterator[Agenda]:
    """So many made-up cases from `start` on, as crowded as the hours of the week are; equal starts give equal cases."""
    drawing, calendar = Drawing(SEED), calendar_of_demo()
    end = start + timedelta(days=count / CASES_A_DAY)
    for plan in drawing.plans(drawing.arrivals(count, start, end)):
        yield Agenda(plan, _moments(drawing, calendar, plan))


def of_export(rows: Iterable[Told], start: datetime, count: int) -> tuple[list[Agenda], list[str]]:
    """The first `count` cases of an export, the earliest at `start`; and the ids of those whose category is not ours.

    A closed case takes as long as it took; the steps lie where those of other cases do.
    """
    drawing, calendar = Drawing(SEED), calendar_of_demo()
    led = {rule.category_code for rule in data.rules()}
    known = {it.code: it for it in data.categories() if it.code in led}
    ordered = sorted(rows, key=lambda row: row.reported_at)[:count]
    agendas, refused = list[Agenda](), list[str]()
    for number, row in enumerate(ordered):
        codes = [code for code in row.categories if code in known]
        if not codes:
            refused.append(row.external_id)
            continue
        moment = start + (row.reported_at - ordered[0].reported_at)
        plan = _worded(drawing.plan_of(number, moment, known[codes[-1]]), row)
        moments = _moments(drawing, calendar, plan)
        if row.closed_at is not None:
            moments = _stretched(moments, row.closed_at - row.reported_at)
        agendas.append(Agenda(plan, moments))
    return agendas, refused


def calendar_of_demo() -> WorkCalendar:
    """The working days that the demo ships."""
    days = tuple(CalendarDay(it.day, it.is_workday, it.name, it.source) for it in data.calendar_days())
    return WorkCalendar(days, frozenset(it.date.year for it in days))


def _moments(drawing: Drawing, calendar: WorkCalendar, plan: Plan) -> tuple[datetime, ...]:
    """Each step after the one before it: in office hours, or sooner and at any hour when it is urgent."""
    moments = [plan.reported_at]
    for name in STEPS[1:]:
        least, most, _, _ = PACE[name]
        minutes = drawing.chance.randint(least, most)
        haste = HASTE.get(plan.urgency)
        if haste is None:
            moments.append(calendar.add_work(moments[-1], timedelta(minutes=minutes)))
        else:
            moments.append(moments[-1] + timedelta(minutes=minutes * haste))
    return tuple(moments)


def _stretched(moments: tuple[datetime, ...], taken: timedelta) -> tuple[datetime, ...]:
    """The same steps over the time that the case really took."""
    whole = moments[-1] - moments[0]
    return tuple(moments[0] + taken * ((it - moments[0]) / whole) for it in moments)


def _worded(plan: Plan, row: Told) -> Plan:
    """The plan with what the export says of the case."""
    return replace(
        plan,
        source=row.source,
        kind=row.kind,
        domain=row.domain,
        title=row.title,
        content=row.content or row.title,
        urgency=row.urgency,
        address=row.address or plan.address,
    )
