"""The steps of a case over the API, each by the person whose task it is (domain.md B.3); the twin of `demo.steps`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from channels.demo import cast as people
from channels.demo.pictures import picture
from channels.demo.plans import BY_OFFICE
from channels.demo.replay.agenda import Agenda
from channels.demo.replay.door import Door
from channels.demo.steps import CHECKED, CONTACTED, REPLIES
from demo import data
from domain.incident import Source

_STATE = """query ($id: ID!) { incident(id: $id) { no version state
    assignments { id version orgUnit { code } } } }"""
_WAITING = "query ($id: ID!) { incident(id: $id) { followUps { layer state } } }"
_UNITS = "{ orgUnits(first: 100) { nodes { id code } } }"
_ASKED = {"channel": "PHONE", "reached": True, "solved": "YES"}
_CASE = "incident { id no state }"

_GRID = frozenset({Source.GRID_PATROL, Source.GRID_VISIT})

Row = dict[str, Any]


@dataclass(slots=True)
class Errand:
    """One case on its way over the API: `id` once it is reported."""

    agenda: Agenda
    series: str
    id: str | None = None

    def key(self, step: str) -> UUID:
        """The idempotency key of a step: the same however often it is tried."""
        return uuid5(NAMESPACE_OID, f"{self.series}/{self.agenda.number}/{step}")


class Troupe:
    """Who acts: the demo's accounts, and the units they work for."""

    def __init__(self, door: Door) -> None:
        self.door = door
        found = data.people()
        self.workers = {it.grid_code: it.username for it in found if it.grid_code}
        self.leads: dict[str, str] = {}
        for it in found:
            if it.post_type == "HANDLER_LEAD" and it.org_code:
                self.leads.setdefault(it.org_code, it.username)
        self._units: dict[str, str] = {}

    async def unit(self, code: str) -> str:
        """The id of a unit."""
        if not self._units:
            nodes = (await self.door.ask(people.DISPATCHER, _UNITS))["orgUnits"]["nodes"]
            self._units = {it["code"]: it["id"] for it in nodes}
        return self._units[code]

    def reporter(self, errand: Errand) -> str:
        """Who reports by that source (design §8); the acceptor what comes by phone, window or letter."""
        plan = errand.agenda.plan
        if plan.source in _GRID:
            return self.workers[plan.grid.code]
        own = {
            Source.VOLUNTEER_MP: people.VOLUNTEER,
            Source.RESIDENT_MP: people.RESIDENT,
            Source.DEPT_INSPECTION: self.leads[plan.lead],
        }
        return own.get(plan.source, people.ACCEPTOR)

    async def shot(self, who: str, errand: Errand, *, wanted: bool) -> list[str]:
        """A picture taken by somebody, where one is wanted."""
        return [await self.door.upload(who, picture(errand.agenda.number))] if wanted else []

    async def seen(self, who: str, errand: Errand) -> Row:
        """The case as somebody sees it."""
        found: Row = (await self.door.ask(who, _STATE, id=errand.id))["incident"]
        return found

    async def on_case(self, who: str, errand: Errand, step: str, mutation: str, **given: object) -> Row:
        """One command on the case as it stands."""
        named = {"id": errand.id, "expectedVersion": (await self.seen(who, errand))["version"]}
        return await self.door.do(who, mutation, _CASE, errand.key(step), **named, **given)

    async def on_row(self, errand: Errand, step: str, mutation: str, **given: object) -> Row:
        """One command of the unit on its share of the case."""
        lead = errand.agenda.plan.lead
        rows = (await self.seen(self.leads[lead], errand))["assignments"]
        row = next(it for it in reversed(rows) if it["orgUnit"]["code"] == lead)
        named = {"id": row["id"], "expectedVersion": row["version"]}
        return await self.door.do(self.leads[lead], mutation, _CASE, errand.key(step), **named, **given)


async def report(troupe: Troupe, errand: Errand) -> Row:
    """T2."""
    plan, who = errand.agenda.plan, troupe.reporter(errand)
    name, phone = plan.complainant
    complainant = {"name": name, "phone": phone} if plan.source in BY_OFFICE else None
    made = await troupe.door.do(
        who, "reportIncident", _CASE, errand.key("report"),
        domain=plan.domain.value,
        kind=plan.kind.value,
        categoryCode=plan.category.code,
        title=plan.title,
        content=plan.content,
        source=plan.source.value,
        urgency=plan.urgency.value,
        point={"lng": plan.lng, "lat": plan.lat, "crs": "WGS84"},
        address=plan.address,
        complainant=complainant,
        mediaIds=await troupe.shot(who, errand, wanted=plan.category.requires_photo),
    )  # fmt: skip
    errand.id = made["incident"]["id"]
    return made


async def file(troupe: Troupe, errand: Errand) -> Row:
    """T10."""
    plan = errand.agenda.plan
    given = {"urgency": plan.urgency.value, "categoryCode": plan.category.code}
    return await troupe.on_case(people.ACCEPTOR, errand, "file", "fileIncident", **given)


async def dispatch(troupe: Troupe, errand: Errand) -> Row:
    """T11: to the unit of the catalogue."""
    leads = [await troupe.unit(errand.agenda.plan.lead)]
    given = {"mode": "SINGLE", "leads": leads}
    return await troupe.on_case(people.DISPATCHER, errand, "dispatch", "dispatchIncident", **given)


async def accept(troupe: Troupe, errand: Errand) -> Row:
    """T14."""
    return await troupe.on_row(errand, "accept", "acceptAssignment")


async def contact(troupe: Troupe, errand: Errand) -> Row:
    """T20."""
    return await troupe.on_row(errand, "contact", "recordFirstContact", channel="PHONE", note=CONTACTED)


async def submit(troupe: Troupe, errand: Errand) -> Row:
    """T25, with the unit's own follow-up where there is anybody to ask."""
    plan = errand.agenda.plan
    photo = await troupe.shot(troupe.leads[plan.lead], errand, wanted=plan.category.requires_after_photo)
    asked = (
        {"followUp": {**_ASKED, "satisfaction": "SATISFIED"}} if plan.source is not Source.GRID_PATROL else {}
    )
    return await troupe.on_row(
        errand, "submit", "submitResult",
        outcome="SOLVED" if plan.number % 5 else "EXPLAINED",
        resultText=REPLIES[plan.number % len(REPLIES)],
        afterMediaIds=photo,
        **asked,
    )  # fmt: skip


async def request_check(troupe: Troupe, errand: Errand) -> Row:
    """T27, unless the timer came first."""
    return await troupe.on_case(people.ACCEPTOR, errand, "request_check", "requestCheck")


async def check(troupe: Troupe, errand: Errand) -> Row:
    """T28, on site where the category demands it."""
    plan = errand.agenda.plan
    on_site = plan.category.requires_onsite_verify
    return await troupe.on_case(
        people.INSPECTOR, errand, "check", "recordCheck",
        result="PASS",
        point={"lng": plan.lng, "lat": plan.lat, "crs": "WGS84"} if on_site else None,
        mediaIds=await troupe.shot(people.INSPECTOR, errand, wanted=on_site),
        note=CHECKED,
    )  # fmt: skip


async def follow_up(troupe: Troupe, errand: Errand) -> Row:
    """T31: whoever can be asked by phone, and the household by who walks the grid, where S49 says so; or nobody."""
    found = (await troupe.door.ask(people.CALLBACK, _WAITING, id=errand.id))["incident"]
    waiting = {it["layer"] for it in found["followUps"] if it["state"] == "PENDING"}
    made: Row = {}
    if "COMMAND" in waiting:
        made = await _asked(troupe, people.CALLBACK, errand, "follow_up", layer="COMMAND")
    if "COMMUNITY" in waiting:
        worker = troupe.workers[errand.agenda.plan.grid.code]
        made = await _asked(troupe, worker, errand, "opinion", layer="COMMUNITY", channel="VISIT")
    return made


async def _asked(troupe: Troupe, who: str, errand: Errand, step: str, **told: str) -> Row:
    satisfaction = "VERY_SATISFIED" if errand.agenda.number % 3 else "SATISFIED"
    given = {**_ASKED, **told, "satisfaction": satisfaction, "contactedByHandler": True}
    return await troupe.on_case(who, errand, step, "recordFollowUp", **given)


async def close(troupe: Troupe, errand: Errand) -> Row:
    """T29, T31."""
    return await troupe.on_case(people.SHIFT, errand, "close", "closeIncident")


Step = Callable[[Troupe, Errand], Awaitable[Row]]
TAKEN: Mapping[str, Step] = {
    it.__name__: it
    for it in (report, file, dispatch, accept, contact, submit, request_check, check, follow_up, close)
}
