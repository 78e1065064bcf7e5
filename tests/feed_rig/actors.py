"""Random commands by the people whose task they are; each key is tried again until somebody answers."""

import asyncio
import random
import time
from collections.abc import Callable
from uuid import UUID

import httpx2

from tests.acceptance.desks import ASKED, PLAIN, SQUARE
from tests.feed_rig.people import AGAIN, People, RefusedError, mutation_of
from tests.feed_rig.record import Command, Row

LEADS = {"GCL-ZJJ": "housing", "GCL-MZJ": "civil", "GCL-ZFD": "enforcement", "GCL-WMB": "civility"}
SECRET_PHONE, SECRET_NAME = "13812345678", "王秀兰机密"
_STATE = """query ($id: ID!) { incident(id: $id) { id version state
    assignments { id version state orgUnit { code } } } }"""
_MADE = {"addNote": "note { id }", "reportIncident": "incident { id no }"}
_SOURCES = {
    "acceptor": "HOTLINE_12345",
    "volunteer": "VOLUNTEER_MP",
    "resident": "RESIDENT_MP",
    "grid": "GRID_PATROL",
    "housing": "DEPT_INSPECTION",
}
STRANGE = frozenset({"INTERNAL", "UNAUTHENTICATED", "SESSION_ENDED", "ACCOUNT_LOCKED", "TOO_COSTLY"}) | {
    *("BAD_ID", "BAD_INPUT", "IDEMPOTENCY_KEY_REUSED")
}  # what no rule of the trade refuses with

Choice = tuple[str, str, Row]  # account, mutation, input without key


class Actors:
    """So many people at once, on one pool of cases; what they sent stands in `sent`."""

    def __init__(self, people: People, units: dict[str, str], seed: int) -> None:
        self.sent: list[Command] = []
        self.strange: list[str] = []  # refusals that no rule of the trade explains
        self.cases: list[str] = []
        self._given: dict[str, Choice] = {}
        self._people = people
        self._units = units
        self._chance = random.Random(seed)  # noqa: S311 - a run that can be played again

    async def begin(self, count: int) -> None:
        """So many cases to start with."""
        for _ in range(count):
            await self._send(self._new(self._report()))

    async def act(self, people: int, until: float) -> None:
        """Everybody acts until that moment (monotonic seconds)."""
        async with asyncio.TaskGroup() as group:
            for _ in range(people):
                group.create_task(self._actor(until))

    async def finish(self) -> None:
        """Try once more what nobody answered; now somebody must."""
        for command in self.sent:
            if not command.answers and not command.refusals:
                await self._send(command, patient=True)

    async def _actor(self, until: float) -> None:
        while time.monotonic() < until:
            again = self.sent and self._chance.random() < 0.15
            command = self._chance.choice(self.sent[-30:]) if again else self._new(await self._next())
            await self._send(command)
            await asyncio.sleep(self._chance.uniform(0, 0.05))

    def _new(self, choice: Choice) -> Command:
        account, mutation, given = choice
        key = str(UUID(int=self._chance.getrandbits(128), version=4))
        mark = given.get("text") if mutation == "addNote" else given.get("title")
        command = Command(account, mutation, key, mark if isinstance(mark, str) else None)
        self._given[key] = choice
        self.sent.append(command)
        return command

    async def _send(self, command: Command, *, patient: bool = False) -> None:
        account, mutation, given = self._given[command.key]
        document = mutation_of(mutation, _MADE.get(mutation, "incident { id }"))
        leaves = not patient and self._chance.random() < 0.05
        for _ in range(200 if patient else 4):
            command.tries += 1
            server = self._chance.randrange(8)
            try:
                async with asyncio.timeout(self._chance.uniform(0.002, 0.1) if leaves else 20):
                    variables: Row = {"input": {**given, "idempotencyKey": command.key}}
                    answer = await self._people.ask(account, document, variables, server)
            except (TimeoutError, httpx2.TransportError):
                if leaves:
                    return
            except RefusedError as refusal:
                if refusal.code in STRANGE:
                    self.strange.append(f"{mutation} by {account}: {refusal}"[:500])
                if refusal.code not in AGAIN:
                    command.refusals.append(refusal.code)
                    return
            else:
                self._answered(command, answer[mutation])
                return
            await asyncio.sleep(self._chance.uniform(0.1, 0.4))

    def _answered(self, command: Command, answer: Row) -> None:
        if command.mutation == "reportIncident" and not command.answers:
            self.cases.append(answer["incident"]["id"])
        command.answers.append(answer)

    async def _next(self) -> Choice:
        """What somebody does now: mostly what the case waits for."""
        if not self.cases or self._chance.random() < 0.12:
            return self._report()
        case = self._chance.choice(self.cases[-40:])
        try:
            found = (await self._people.ask("command", _STATE, {"id": case}, self._chance.randrange(8)))[
                "incident"
            ]
        except (RefusedError, httpx2.TransportError):
            await asyncio.sleep(0.1)
            return self._report()
        if self._chance.random() < 0.25:
            return self._anytime(found)
        return self._due(found) or self._anytime(found)

    def _mark(self) -> str:
        return f"{self._chance.getrandbits(64):016x}"

    def _report(self) -> Choice:
        account = self._chance.choice(list(_SOURCES))
        given: Row = {
            "domain": "LIVELIHOOD",
            "kind": "HELP",
            "categoryCode": PLAIN,
            "title": self._mark(),
            "source": _SOURCES[account],
            "point": SQUARE,
            "address": "安胜社区三号楼前",
        }
        if account == "acceptor":
            given["complainant"] = {"name": SECRET_NAME, "phone": SECRET_PHONE}
        return account, "reportIncident", given

    def _anytime(self, case: Row) -> Choice:
        named = {"id": case["id"], "expectedVersion": case["version"]}
        note = ("acceptor", "addNote", {**named, "text": self._mark()})
        urged = ("command", "superviseIncident", {**named, "level": "URGE", "text": "请抓紧办理。"})
        return urged if self._chance.random() < 0.15 else note

    def _due(self, case: Row) -> Choice | None:
        """The next step of the case's life, or one of the ways aside."""
        named: Row = {"id": case["id"], "expectedVersion": case["version"]}
        rows = [it for it in case["assignments"] if it["orgUnit"]["code"] in LEADS]
        row = rows[-1] if rows else {}
        lead = LEADS.get(row.get("orgUnit", {}).get("code", ""), "housing")
        on_row: Row = {"id": row.get("id"), "expectedVersion": row.get("version")}
        ways: dict[str, Callable[[], Choice]] = {
            "REPORTED": lambda: self._taken_in(named),
            "FILED": lambda: ("dispatcher", "dispatchIncident", {**named, **self._unit()}),
            "DISPATCHED": lambda: self._signed(lead, named, on_row),
            "RETURN_REVIEW": lambda: ("dispatcher", "decideReturn", {
                **on_row, "accept": self._chance.random() < 0.6, "text": "已核实。",
            }),
            "HANDLING": lambda: self._handled(lead, named, on_row),
            "SUBMITTED": lambda: self._looked_at(named),
            "CHECKING": lambda: ("inspector", "recordCheck", {
                **named, "result": "PASS" if self._chance.random() < 0.8 else "FAIL", "note": "电话核实。",
            }),
            "FOLLOWUP": lambda: self._closed(named),
        }  # fmt: skip
        way = ways.get(case["state"])
        return way() if way else None

    def _unit(self) -> Row:
        return {
            "mode": "SINGLE",
            "leads": [self._units[self._chance.choice(list(LEADS))]],
            "basis": "部门职责",
        }

    def _taken_in(self, named: Row) -> Choice:
        if self._chance.random() < 0.1:
            return "acceptor", "rejectIncident", {**named, "reason": "NO_NEW_FACTS", "replyText": "已答复。"}
        return "acceptor", "fileIncident", {**named, "urgency": "NORMAL", "categoryCode": PLAIN}

    def _signed(self, lead: str, named: Row, on_row: Row) -> Choice:
        chance = self._chance.random()
        if chance < 0.15:
            return "dispatcher", "withdrawDispatch", {**named, "reason": "另行安排。"}
        if chance < 0.35:
            asked = {"reason": "NOT_DUTY", "basis": "三定规定", "text": "不属本单位职责。"}
            return lead, "requestReturn", {**on_row, **asked}
        return lead, "acceptAssignment", on_row

    def _handled(self, lead: str, named: Row, on_row: Row) -> Choice:
        chance = self._chance.random()
        if chance < 0.1:
            return "command", "redispatchIncident", {**named, **self._unit(), "reason": "改派。"}
        if chance < 0.45:
            return lead, "recordFirstContact", {**on_row, "channel": "PHONE"}
        result = {"outcome": "SOLVED", "resultText": "已清理。", "followUp": ASKED}
        return lead, "submitResult", {**on_row, **result}

    def _looked_at(self, named: Row) -> Choice:
        if self._chance.random() < 0.2:
            return "inspector", "returnResult", {**named, "text": "未见整改。"}
        return "acceptor", "requestCheck", named

    def _closed(self, named: Row) -> Choice:
        if self._chance.random() < 0.5:
            return "callback", "recordFollowUp", {**named, "layer": "COMMAND", **ASKED}
        return "shift", "closeIncident", named
