"""A desk of the made-up district whose people look at their workbenches through the schema, on both executors."""

from dataclasses import replace
from typing import Any

from api.ids import encode
from db import dictionaries
from db.unit_of_work import in_transaction
from domain.assignment import AssignmentMode
from domain.clock import TimeUnit
from domain.dictionary import PolicyValue
from domain.followup import FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.incident import CaseOutcome
from domain.policy import OPINION_SAMPLE
from services import assignments
from services.loop import joint
from tests.api.client import Client, Reply
from tests.db.district import LONG_AGO, new_id
from tests.services.desk import Desk
from tests.services.loop.dispute import Dispute, a_dispute

ENTRIES = """query ($desk: Desk!, $where: TaskFilter, $first: Int, $after: Cursor) {
  workbench(desk: $desk, where: $where, first: $first, after: $after) {
    totalCount totalCountExact pageInfo { hasNextPage endCursor }
    nodes { id since dueAt lateMinutes why orgUnit { code } incident { id no state } assignment { id state role }
      verification { id phase state } followUp { id layer state sampled opinion } } } }"""
COUNTS = "{ workbenchCounts { desk count exact } }"


class Bench(Dispute):
    """One case after the other, and what lands on whose desk."""

    def client(self, username: str) -> Client:
        """Somebody, now."""
        return Client(self.district.viewer(username), now=self.now)

    async def reply(self, username: str, desk: str, **given: Any) -> Reply:
        """The answer about a desk."""
        return await self.client(username).run(ENTRIES, desk=desk, **({"first": 100} | given))

    async def on(self, username: str, desk: str, **where: Any) -> list[dict[str, Any]]:
        """What is on a desk; its count, and that of all desks, agree with it."""
        reply = await self.reply(username, desk, where=where or None)
        assert not reply.errors, reply.errors
        found = reply.data["workbench"]
        assert (found["totalCount"], found["totalCountExact"]) == (len(found["nodes"]), True)
        if not where:
            assert (await self.counts(username))[desk] == len(found["nodes"])
        rows: list[dict[str, Any]] = found["nodes"]
        return rows

    async def counts(self, username: str) -> dict[str, int]:
        """How much is on each desk of somebody's."""
        found = (await self.client(username).ask(COUNTS))["workbenchCounts"]
        return {it["desk"]: it["count"] for it in found}

    async def why(self, username: str, desk: str, **where: Any) -> list[tuple[str, ...]]:
        """The reasons of what is on a desk."""
        return [tuple(it["why"]) for it in await self.on(username, desk, **where)]

    async def of_case(self, username: str, desk: str) -> bool:
        """Whether the present case is on a desk."""
        found = await self.on(username, desk)
        return encode("Incident", self.id) in {it["incident"]["id"] for it in found if it["incident"]}

    async def copy(self, *units: str) -> None:
        """T2, T10, T11: the case to the housing office, copies to these."""
        await self.walk(2)
        copies = tuple(self.unit(it) for it in units)
        await self.dispatch(mode=AssignmentMode.SINGLE, copies=copies)

    async def read_copy(self, username: str, org: str) -> None:
        """R13."""
        row = await self.row_of(org)
        given = joint.AcknowledgeCopy(id=row.id, expected_version=row.version)
        await joint.acknowledge_copy(self.call(username), given)

    async def send_back(self) -> None:
        """T26."""
        await joint.return_result(
            self.call("acceptor"), joint.ReturnResult(**await self.target(), text="请补充处理经过")
        )

    async def give_back(self, org: str) -> None:
        """T15, T16."""
        await self.ask_return(org)
        await self.decide(org)

    async def ask_return(self, org: str) -> None:
        """T15."""
        await Dispute.ask(self, org)

    async def grumble(self) -> None:
        """T31: whoever asked for it is not satisfied."""
        await Desk.ask(self, solved=Solved.NO, satisfaction=Satisfaction.DISSATISFIED)

    async def content(self) -> None:
        """T31: whoever asked for it is satisfied."""
        await Desk.ask(self)

    async def sample(self, percent: int) -> None:
        """S49: so many in a hundred results are asked about at the door."""
        value = PolicyValue(
            id=new_id(),
            key=OPINION_SAMPLE,
            amount=percent,
            unit=TimeUnit.NATURAL_MIN,
            valid_from=LONG_AGO,
        )
        await in_transaction(lambda work: dictionaries.insert_policy(work, [value]))

    async def followed_up(self) -> None:
        """A new case, up to the answer of who asked for it (T31)."""
        await self.walk(8)
        await Desk.ask(self)

    async def visit(self, username: str) -> None:
        """S49: somebody asks at the door."""
        await Desk.ask(self, username, layer=FollowUpLayer.COMMUNITY, channel=ReplyChannel.VISIT)

    async def done_by(self, username: str) -> None:
        """T25 by the head of the unit that signed."""
        given = assignments.SubmitResult(
            **await self.target(row=True),
            outcome=CaseOutcome.SOLVED,
            result_text="已整改",
            follow_up=assignments.HandlerFollowUp(channel=ReplyChannel.PHONE, reached=True),
        )
        await assignments.submit(self.call(username), given)

    def recused(self, username: str) -> Client:
        """The same person, having declared an interest in the case."""
        viewer = self.district.viewer(username)
        return Client(replace(viewer, recused=frozenset({self.id})), now=self.now)


async def a_bench() -> Bench:
    """In a fresh district."""
    desk = await a_dispute()
    return Bench(desk.district, desk.now, desk.id)
