"""Random commands by the people whose task they are; each key is tried again until somebody answers."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

import httpx2

from tests.feed_rig.actors.choosing import Choice, Choosing
from tests.feed_rig.actors.moves import REPORT
from tests.feed_rig.people import AGAIN, People, RefusedError, mutation_of
from tests.feed_rig.record import Command, Row

_MADE = {
    "addNote": "note { id }",
    REPORT: "incident { id no }",
    "saveDraft": "draft { id }",
    "joinPublicCase": "publicCase { publicCode }",
    "importCalendar": "year version",
    "setWorkWindows": "version",
    **dict.fromkeys(("answerWhistle", "rateWhistle"), "call { id }"),
}
STRANGE = frozenset({"INTERNAL", "UNAUTHENTICATED", "SESSION_ENDED", "ACCOUNT_LOCKED", "TOO_COSTLY"}) | {
    *("BAD_ID", "BAD_INPUT", "IDEMPOTENCY_KEY_REUSED")
}  # what no rule of the trade refuses with


class Actors:
    """So many people at once, on one pool of cases; what they sent stands in `sent`."""

    def __init__(
        self, people: People, units: Mapping[str, str], seed: int, now: Callable[[], datetime]
    ) -> None:
        self.sent: list[Command] = []
        self.strange: list[str] = []  # refusals that no rule of the trade explains
        self.cases: dict[str, str] = {}  # who reported it
        self._given: dict[str, Choice] = {}
        self._people = people
        self._chance = random.Random(seed)  # noqa: S311 - a run that can be played again
        self.choosing = Choosing(people, units, self._chance, now)

    async def begin(self, *accounts: str) -> None:
        """Everybody comes, and these report a case each to start with."""
        await self.choosing.begin()
        for account in accounts:
            await self._send(self._new(await self.choosing.report(account)))

    async def act(self, people: int, over: Callable[[], bool]) -> None:
        """Everybody acts until it is over."""
        async with asyncio.TaskGroup() as group:
            for _ in range(people):
                group.create_task(self._actor(over))

    async def finish(self) -> None:
        """Try once more what nobody answered; now somebody must."""
        for command in self.sent:
            if not command.answers and not command.refusals:
                await self._send(command, patient=True)

    async def _actor(self, over: Callable[[], bool]) -> None:
        while not over():
            if self.sent and self._chance.random() < 0.1:
                command = self._chance.choice(self.sent[-30:])
            else:
                command = self._new(await self.choosing.next())
            await self._send(command)
            await asyncio.sleep(self._chance.uniform(0, 0.05))

    def _new(self, choice: Choice) -> Command:
        account, mutation, given = choice
        key = str(UUID(int=self._chance.getrandbits(128), version=4))
        mark = {"addNote": given.get("text"), REPORT: given.get("title")}.get(mutation)
        command = Command(account, mutation, key, mark)
        self._given[key] = choice
        self.sent.append(command)
        return command

    async def _send(self, command: Command, *, patient: bool = False) -> None:
        account, mutation, given = self._given[command.key]
        document = mutation_of(mutation, _MADE.get(mutation, "incident { id }"))
        leaves = not patient and self._chance.random() < 0.05
        first, since = not command.answers, time.monotonic()
        for _ in range(200 if patient else 4):
            command.tries += 1
            server = self._chance.randrange(8)
            try:
                async with asyncio.timeout(self._chance.uniform(0.002, 0.1) if leaves else 20):
                    variables: Row = {"input": {**given, "idempotencyKey": command.key}}
                    answer = await self._people.ask(account, document, variables, server)
            except (TimeoutError, httpx2.TransportError):
                if leaves:
                    break
            except RefusedError as refusal:
                if refusal.code not in AGAIN:
                    self._refused(command, refusal)
                    break
            else:
                self._answered(command, answer[mutation])
                break
            await asyncio.sleep(self._chance.uniform(0.1, 0.4))
        if mutation == "declareRecusal" and first and not command.refusals:
            self._people.declared(account, given["id"], since)

    def _refused(self, command: Command, refusal: RefusedError) -> None:
        if refusal.code in STRANGE:
            self.strange.append(f"{command.mutation} by {command.who}: {refusal}"[:500])
        command.refusals.append(refusal.code)

    def _answered(self, command: Command, answer: Row) -> None:
        if command.mutation == REPORT and not command.answers:
            self.cases[answer["incident"]["id"]] = command.who
            self.choosing.cases.append(answer["incident"]["id"])
        if not command.answers:
            self.choosing.done[command.mutation] += 1
        command.answers.append(answer)
