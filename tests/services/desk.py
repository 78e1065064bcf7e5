"""A desk at which the made-up district's people run commands, one after another, at a time of the test's choice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from db import cases
from domain.assignment import AssignmentMode
from domain.case import Case
from domain.followup import FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.incident import CaseOutcome, IncidentDomain, IncidentKind, Source, Urgency
from domain.place import Crs
from domain.verification import CheckResult
from services import assignments, followups, incidents, verifications
from services.command import SYSTEM, Call, PointGiven, Result
from tests.db.district import SOUTH, WEST, new_id
from tests.db.factories import NOW, District, a_district

ASKING = incidents.ComplainantGiven(name="李四", phone="13812345678")
IN_G1 = PointGiven(lng=WEST + 0.005, lat=SOUTH + 0.01, crs=Crs.WGS84)


@dataclass
class Desk:
    """Who is here, and what time it is."""

    district: District
    now: datetime = NOW
    id: UUID = field(default_factory=uuid4)

    def call(self, username: str, key: UUID | None = None) -> Call:
        """Somebody's call, under a new key unless one is given."""
        return Call(self.district.viewer(username), self.now, new_id, key or uuid4())

    def later(self, **span: float) -> "Desk":
        """Time passes."""
        self.now += timedelta(**span)
        return self

    async def case(self) -> Case:
        """The case as it is stored."""
        return (await cases.cases([self.id], viewer=SYSTEM))[self.id]

    async def target(self, *, row: bool = False) -> dict[str, Any]:
        """The id and version a command names."""
        case = await self.case()
        named = case.assignments[-1] if row else case.incident
        return {"id": named.id, "expected_version": named.version}

    async def report(self, username: str = "acceptor", **changes: Any) -> Result:
        """T2; the case is the desk's from now on."""
        given: dict[str, Any] = {
            "domain": IncidentDomain.LIVELIHOOD,
            "kind": IncidentKind.HELP,
            "category_code": "NOISE",
            "title": "工地夜间施工",
            "source": Source.PLATFORM,
            "point": IN_G1,
            "complainant": ASKING,
        }
        result = await incidents.report(self.call(username), incidents.ReportIncident(**(given | changes)))
        assert result.incident_id is not None
        self.id = result.incident_id
        return result

    async def file(self, code: str = "NOISE", urgency: Urgency = Urgency.NORMAL) -> Result:
        """T10."""
        given = incidents.FileIncident(**await self.target(), urgency=urgency, category_code=code)
        return await incidents.file(self.call("acceptor"), given)

    async def dispatch(self, org: str = "HOUSING", **changes: Any) -> Result:
        """T11."""
        order: dict[str, Any] = {"mode": AssignmentMode.SINGLE, "leads": (self.district.orgs[org].id,)}
        given = assignments.DispatchIncident(**await self.target(), **(order | changes))
        return await assignments.dispatch(self.call("dispatcher"), given)

    async def accept(self, username: str = "housing") -> Result:
        """T14."""
        given = assignments.AcceptAssignment(**await self.target(row=True))
        return await assignments.accept(self.call(username), given)

    async def contact(self, **changes: Any) -> Result:
        """T20."""
        given = assignments.RecordFirstContact(
            **await self.target(row=True), **({"channel": ReplyChannel.PHONE} | changes)
        )
        return await assignments.record_first_contact(self.call("housing"), given)

    async def submit(self, **changes: Any) -> Result:
        """T25."""
        told: dict[str, Any] = {
            "outcome": CaseOutcome.SOLVED,
            "result_text": "已整改",
            "follow_up": assignments.HandlerFollowUp(channel=ReplyChannel.PHONE, reached=True),
        }
        given = assignments.SubmitResult(**await self.target(row=True), **(told | changes))
        return await assignments.submit(self.call("housing_lead"), given)

    async def request_check(self, **changes: Any) -> Result:
        """T27."""
        given = verifications.RequestCheck(**await self.target(), **changes)
        return await verifications.request_check(self.call("acceptor"), given)

    async def check(self, username: str = "inspector", **changes: Any) -> Result:
        """T28, T28b, T30."""
        told: dict[str, Any] = {"result": CheckResult.PASS, "note": "已核查"}
        given = verifications.RecordCheck(**await self.target(), **(told | changes))
        return await verifications.record_check(self.call(username), given)

    async def ask(self, username: str = "callback", **changes: Any) -> Result:
        """T31, one attempt."""
        told: dict[str, Any] = {
            "layer": FollowUpLayer.COMMAND,
            "channel": ReplyChannel.PHONE,
            "reached": True,
            "solved": Solved.YES,
            "satisfaction": Satisfaction.SATISFIED,
        }
        given = followups.RecordFollowUp(**await self.target(), **(told | changes))
        return await followups.record(self.call(username), given)

    async def close(self, username: str = "shift_leader") -> Result:
        """T29, T31."""
        given = followups.CloseIncident(**await self.target())
        return await followups.close(self.call(username), given)

    async def walk(self, steps: int) -> "Desk":
        """Take the case through its first steps."""
        for step in self._steps()[:steps]:
            await step()
        return self

    def _steps(self) -> tuple[Callable[[], Awaitable[Result]], ...]:
        return (
            self.report,
            self.file,
            self.dispatch,
            self.accept,
            self.contact,
            self.submit,
            self.request_check,
            self.check,
            self.ask,
            self.close,
        )


async def a_desk() -> Desk:
    """A desk in a fresh district."""
    return Desk(await a_district())
