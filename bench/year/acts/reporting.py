"""How matters are reported: by whom, about whom, kept to whom, wanted by when (T2)."""

from datetime import datetime, timedelta

from bench.year.acts.office import OTHERS, SOMETIMES, Act
from bench.year.matter import Matter, Task
from bench.year.stage import Stage, case_of, spot
from channels.demo import cast as people
from channels.demo.plans import BY_OFFICE, Plan
from domain.complainant import Confidentiality
from domain.incident import IncidentKind, Source
from services import incidents as intake

BLAMED = 29
"""Every so many-th report is about a unit (R81)."""

KEPT = {3: Confidentiality.CONFIDENTIAL, 5: Confidentiality.ANONYMOUS}
HOUR = timedelta(hours=1)


async def report(stage: Stage, matter: Matter, _task: Task) -> None:
    """T2."""
    plan = matter.plan
    if plan.source is Source.GRID_PATROL:
        actor = await stage.cast.worker_of(plan.grid.code)
    else:
        accounts = {Source.VOLUNTEER_MP: people.VOLUNTEER, Source.RESIDENT_MP: people.RESIDENT}
        actor = await stage.cast.named(accounts.get(plan.source, people.ACCEPTOR))
    given = intake.ReportIncident(
        domain=plan.domain,
        kind=plan.kind,
        category_code=plan.category.code,
        title=plan.title,
        content=plan.content,
        source=plan.source,
        urgency=plan.urgency,
        point=spot(matter),
        address=plan.address,
        complainant=_asks(matter) if plan.source in BY_OFFICE else None,
        complained_org_unit_id=stage.units[_blamed(matter)] if matter.number % BLAMED == 0 else None,
        media_ids=await stage.shot(actor, matter) if plan.category.requires_photo else (),
        external_due_at=_asked_by(matter, stage.now),
    )
    facts = {"urgency": plan.urgency.value, "consult": plan.kind is IncidentKind.CONSULT}
    facts |= {"source_due": given.external_due_at, **_place(stage, plan)}
    await stage.do(matter, actor, intake.report, given, "reportIncident", **facts)
    asking = case_of(matter).complainants
    stage.learned(asks=bool(asking), reachable=any(it.reachable for it in asking))


def _asks(matter: Matter) -> intake.ComplainantGiven:
    """Who asks: some want it kept to the office, some give no name."""
    name, phone = matter.plan.complainant
    kept = KEPT.get(matter.number % len(OTHERS), Confidentiality.NORMAL)
    if kept is Confidentiality.ANONYMOUS:
        return intake.ComplainantGiven(name=None, phone=None, confidentiality=kept)
    return intake.ComplainantGiven(name=name, phone=phone, confidentiality=kept)


def _blamed(matter: Matter) -> str:
    """R81: whom it is about, now and then the unit whose duty it is."""
    return matter.plan.lead if matter.number % (2 * BLAMED) else OTHERS[matter.number % len(OTHERS)]


def _asked_by(matter: Matter, now: datetime) -> datetime | None:
    """B.2, last line: when the other platform wants it done, seldom before it came to us."""
    if matter.plan.source not in BY_OFFICE or matter.chance.random() > SOMETIMES:
        return None
    return now + HOUR * matter.chance.choice((-20, 5, 30, 50, 80, 120, 170, 240, 400))


def _place(stage: Stage, plan: Plan) -> dict[str, tuple[str, ...]]:
    """What and where it is by codes, the nearest first."""
    return {
        "categories": _chain(plan.category.code, stage.above),
        "regions": _chain(plan.grid.community_code, stage.above),
    }


def _chain(code: str, above: dict[str, str | None]) -> tuple[str, ...]:
    following = above[code]
    return (code, *_chain(following, above)) if following else (code,)


ACTS: dict[str, Act] = {"report": report}
