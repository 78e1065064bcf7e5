"""A desk at which units quarrel over a case: three heads, the dispatcher and the director."""

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from db.rows import Sql, read, select
from db.unit_of_work import in_transaction
from domain.assignment import Assignment, AssignmentMode
from domain.loop.request import ReturnReason
from domain.person import PostType
from services.command import Result
from services.loop import arbitrations, claims, returns
from tests.db.factories import a_district, put_person, put_post
from tests.services.desk import Desk

HEADS = {"HOUSING": "housing_lead", "CIVIL": "civil_lead", "COMMUNITY": "community_lead"}


class Dispute(Desk):
    """One case, given to units and given back."""

    def unit(self, code: str) -> UUID:
        """The unit's id."""
        return self.district.orgs[code].id

    async def row_of(self, org: str) -> Assignment:
        """The unit's latest row."""
        return [it for it in (await self.case()).assignments if it.org_id == self.unit(org)][-1]

    async def _row(self, org: str) -> dict[str, Any]:
        row = await self.row_of(org)
        return {"id": row.id, "expected_version": row.version}

    async def give(self, *orgs: str, code: str = "NOISE") -> "Dispute":
        """T2, T10 and T11 to these units, as equals when there are several."""
        await self.report()
        await self.file(code)
        mode = AssignmentMode.EQUAL_JOINT if len(orgs) > 1 else AssignmentMode.SINGLE
        await self.dispatch(mode=mode, leads=tuple(self.unit(it) for it in orgs), basis="三定方案")
        return self

    async def ask(  # type: ignore[override]  # here a unit asks to return, and nobody a resident
        self, org: str = "HOUSING", *, key: UUID | None = None, by: str | None = None, **changes: Any
    ) -> Result:
        """T15 by the unit's head, or somebody else there."""
        told: dict[str, Any] = {
            "reason": ReturnReason.NOT_DUTY,
            "basis": "三定方案",
            "text": "不属本单位",
            "suggested_org_unit_id": self.unit("CIVIL" if org != "CIVIL" else "COMMUNITY"),
        }
        given = returns.RequestReturn(**{**await self._row(org), **told, **changes})
        return await returns.request(self.call(by or HEADS[org], key), given)

    async def decide(self, org: str = "HOUSING", *, accept: bool = True, **changes: Any) -> Result:
        """T16, T17."""
        told = {**await self._row(org), "accept": accept, "text": "经核", **changes}
        return await returns.decide(self.call("dispatcher"), returns.DecideReturn(**told))

    async def refer(self, *orgs: str, by: str = "dispatcher", **changes: Any) -> Result:
        """T18."""
        told = {"text": "归谁管", "participants": tuple(self.unit(it) for it in orgs)}
        given = arbitrations.ReferToArbitration(**{**await self.target(), **told, **changes})
        return await arbitrations.refer(self.call(by), given)

    async def speak(
        self, org: str, *, volunteers: bool = False, key: UUID | None = None, **changes: Any
    ) -> Result:
        """S35."""
        told = {"text": "本单位意见", "volunteers": volunteers}
        given = arbitrations.SubmitStatement(**{**await self.target(), **told, **changes})
        return await arbitrations.submit_statement(self.call(HEADS[org], key), given)

    async def rule(self, *orgs: str, by: str = "director", **changes: Any) -> Result:
        """T19 for these units, as equals when there are several."""
        told: dict[str, Any] = {
            "mode": AssignmentMode.EQUAL_JOINT if len(orgs) > 1 else AssignmentMode.SINGLE,
            "leads": tuple(self.unit(it) for it in orgs),
            "order_text": "会议纪要",
        }
        given = arbitrations.RuleArbitration(**{**await self.target(), **told, **changes})
        return await arbitrations.rule(self.call(by), given)

    async def claim(self, org: str, *, key: UUID | None = None, **changes: Any) -> Result:
        """T12."""
        given = claims.ClaimIncident(**{**await self.target(), **changes})
        return await claims.claim(self.call(HEADS[org], key), given)

    async def confirm(self, *, accept: bool = True, by: str = "director", **changes: Any) -> Result:
        """T12."""
        told = {**await self.target(), "accept": accept, "text": "同意", **changes}
        return await claims.confirm(self.call(by), claims.ConfirmClaim(**told))

    async def scores(self) -> dict[tuple[str, str], float]:
        """What is booked on the case, added up by unit and type."""
        codes = {it.id: code for code, it in self.district.orgs.items()}
        found = await read(select("org_id, type, amount", "score_entry", Sql("incident_id = ?", (self.id,))))
        booked: Counter[tuple[str, str]] = Counter()
        for it in found:
            booked[codes[UUID(str(it["org_id"]))], it["type"]] += it["amount"]
        return dict(booked)


async def a_dispute() -> Dispute:
    """A desk in a fresh district, whose community has a head too."""
    district = await a_district()
    name = HEADS["COMMUNITY"]

    async def appoint(work: Any) -> None:
        org_id = district.orgs["COMMUNITY"].id
        head = await put_person(work, name, org_id=org_id)
        post = await put_post(work, head, PostType.HANDLER_LEAD, org_id=org_id)
        district.people[name], district.posts[name] = head, post  # type: ignore[index]  # a dict in the tests

    await in_transaction(appoint)
    return Dispute(district, id=uuid4())
