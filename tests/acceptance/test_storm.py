"""A storm of commands on a few cases, from two processes: what was answered happened, once, and nothing else did."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx2

from db import connection, event_log
from tests import servers
from tests.acceptance.desks import ASKED, GIVEN, PLAIN, Desks, Row, mutation_of, posted
from tests.acceptance.test_two_processes import FEED
from tests.acceptance.town import Console, RefusedError, Town

CLIENTS, COMMANDS, CASES = 32, 5, 8
MADE = {"addNote": "note { id }", "reportIncident": "incident { id no }"}
EXPECTED = {"CONFLICT", "ILLEGAL_TRANSITION", "GUARD_FAILED", "NOT_FOUND", "UNAVAILABLE", "BAD_ID"}
STATE = "query ($id: ID!) { incident(id: $id) { id version state assignments { id version } } }"
WHOLE = """query ($id: ID!) { incident(id: $id) { id no version state title grid { name } notes { id text }
    assignments { id version state } clocks { type stoppedAt }
    history(first: 100) { nodes { cursor kind action } } } }"""


@dataclass
class Sent:
    """One key with its input, and every answer to it."""

    account: str
    mutation: str
    given: Row
    answers: list[Row] = field(default_factory=list)


@dataclass
class Storm:
    """Clients who send commands on the same cases, twice and with old versions, and leave before the answer."""

    desks: Desks
    cases: list[Row]
    chance: random.Random
    sent: list[Sent] = field(default_factory=list)

    async def blow(self, clients: int, commands: int) -> None:
        """Everybody at once."""
        async with asyncio.TaskGroup() as group:
            for number in range(clients):
                group.create_task(self._client(number, commands))

    async def _client(self, number: int, commands: int) -> None:
        for _ in range(commands):
            again = self.sent and self.chance.random() < 0.3
            command = self.chance.choice(self.sent[-20:]) if again else await self._fresh(number)
            await self._send(command, number)

    async def _fresh(self, number: int) -> Sent:
        """A command on one of the cases; its version is the one that somebody saw a while ago."""
        row = self.chance.choice(self.cases)
        if self.chance.random() < 0.7:
            seen = await self._seen(row, number)
            row.update(seen or {})
        named = {"idempotencyKey": str(uuid4()), "id": row["id"], "expectedVersion": row["version"]}
        lines = row.get("assignments") or []
        on_line = {
            **named,
            **({"id": lines[-1]["id"], "expectedVersion": lines[-1]["version"]} if lines else {}),
        }
        mark = uuid4().hex
        choices: list[tuple[str, str, Row]] = [
            ("acceptor", "reportIncident", {**GIVEN, "idempotencyKey": named["idempotencyKey"], "title": mark}),
            ("acceptor", "addNote", {**named, "text": mark}),
            ("acceptor", "addNote", {**named, "text": mark}),
            ("acceptor", "fileIncident", {**named, "urgency": "NORMAL", "categoryCode": PLAIN}),
            ("acceptor", "rejectIncident", {**named, "reason": "NO_NEW_FACTS", "replyText": mark}),
            ("dispatcher", "dispatchIncident", {
                **named, "mode": "SINGLE", "leads": [await self.desks.unit("GCL-ZJJ")], "basis": mark,
            }),
            ("housing", "acceptAssignment", on_line),
            ("housing", "recordFirstContact", {**on_line, "channel": "PHONE"}),
            ("housing", "submitResult", {
                **on_line, "outcome": "SOLVED", "resultText": mark, "followUp": ASKED,
            }),
        ]  # fmt: skip
        self.sent.append(Sent(*self.chance.choice(choices)))
        return self.sent[-1]

    async def _seen(self, row: Row, number: int) -> Row | None:
        desk = await self.desks("command", number % 2)
        try:
            found: Row = (await desk.ask(STATE, id=row["id"]))["incident"]
        except httpx2.TransportError:
            return None
        except RefusedError as refused:
            assert refused.code == "UNAVAILABLE"  # noqa: PT017 - the one refusal that a lost store may give
            return None
        return found

    async def _send(self, command: Sent, number: int) -> None:
        desk = await self.desks(command.account, number % 2)
        document = mutation_of(command.mutation, MADE.get(command.mutation, "incident { id }"))
        leaves = self.chance.random() < 0.15
        try:
            async with asyncio.timeout(self.chance.uniform(0.002, 0.1) if leaves else 60):
                answer = await posted(desk, document, input=command.given)
        except (TimeoutError, httpx2.TransportError):
            return
        body = answer.json()
        if errors := body.get("errors"):
            assert errors[0]["extensions"]["code"] in EXPECTED, answer.text
        else:
            command.answers.append(body["data"][command.mutation])


async def _check_effects(storm: Storm) -> None:
    """What was answered with success is stored, once; what was not answered at most once."""
    stored = Counter(row["text"] for row in await connection.fetch("SELECT text FROM note"))
    reported = Counter(row["title"] for row in await connection.fetch("SELECT title FROM incident"))
    for command in storm.sent:
        assert all(it == command.answers[0] for it in command.answers), command
        mark, where = {
            "addNote": (command.given.get("text"), stored),
            "reportIncident": (command.given.get("title"), reported),
        }.get(command.mutation, (None, stored))
        if mark is not None:
            assert bool(command.answers) <= where[mark] <= 1, command


async def _check_log() -> int:
    """The chain holds without a gap, and versions only grow."""
    report = await event_log.verify()
    assert report.reason is None, report
    versions: dict[tuple[str, object], int] = {}
    entries = await event_log.read(0, 100_000)
    for entry in entries:
        subject = entry.event.subject
        assert subject.version >= versions.get((subject.noun, subject.id), 0), entry
        versions[(subject.noun, subject.id)] = subject.version
    stored = {row["id"]: row["version"] for row in await connection.fetch("SELECT id, version FROM incident")}
    logged = {str(it): version for (noun, it), version in versions.items() if noun == "Incident"}
    assert {str(it): version for it, version in stored.items()} == logged
    return len(entries)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[None]:
    await connection.connect(url)
    try:
        yield
    finally:
        await connection.disconnect()


async def _ready_cases(desks: Desks) -> list[Row]:
    desk = await desks("acceptor")
    made = [await desk.do("reportIncident", "incident { id version }", **GIVEN) for _ in range(CASES)]
    return [it["incident"] for it in made]


async def _same(desks: Desks, cases: list[Row]) -> None:
    """Both processes answer alike."""
    for row in cases:
        here, there = [await (await desks("command", at)).ask(WHOLE, id=row["id"]) for at in (0, 1)]
        assert here == there


def _order(console: Console) -> list[str]:
    events = [it for it in console.items if it["__typename"] == "FeedEvent"]
    assert all(later["follows"] == earlier["cursor"] for earlier, later in pairwise(console.items))
    assert len({it["cursor"] for it in events}) == len(events)
    return [it["cursor"] for it in events]


async def _calm() -> None:
    """No trouble."""


async def _weathered(
    town: Town,
    url: str,
    trouble: Callable[[], Awaitable[None]],
    *,
    clients: int = CLIENTS,
    commands: int = COMMANDS,
) -> None:
    """A storm, with `trouble` in the middle of it, and everything that has to hold afterwards."""
    desks = Desks(town)
    for account in ("acceptor", "dispatcher", "housing", "command"):
        for server in range(2):
            await desks(account, server)
    storm = Storm(desks, await _ready_cases(desks), random.Random(7))  # noqa: S311 - seeded storm
    async with AsyncExitStack() as stack:
        consoles = [
            await stack.enter_async_context((await desks("command", at)).watch(FEED))
            for at in range(len(town.addresses))
        ]
        for console in consoles:
            await console.until(bool)
        blowing = asyncio.create_task(storm.blow(clients, commands))
        await trouble()
        await blowing
        last = (await (await desks("acceptor")).do("reportIncident", "incident { no }", **GIVEN))["incident"][
            "no"
        ]
        alive = [console for console in consoles if console.closed is None]
        for console in alive:  # what clients left behind may still be committed after it
            await console.until(
                lambda items: any((it.get("incident") or {}).get("no") == last for it in items), 20
            )
        orders = sorted((_order(console) for console in alive), key=len)
        assert all(order[: len(orders[0])] == orders[0] for order in orders)
    if len(alive) > 1:
        await _same(desks, storm.cases)
    async with _opened(url):
        await _check_effects(storm)
        assert await _check_log() > len(orders[0]) > CASES


async def test_a_storm_of_commands_loses_and_doubles_nothing(small_town: Town, tmp_path: Path) -> None:
    await _weathered(small_town, f"sqlite://{tmp_path / 'town.db'}", _calm)


async def test_neither_lost_sessions_nor_a_killed_server_lose_or_double_anything(
    large_town: Town, postgres_admin: asyncpg.Connection, postgres_store_url: str
) -> None:
    async def sessions_end() -> None:
        for _ in range(2):
            await asyncio.sleep(0.7)
            await servers.end_sessions(postgres_admin, postgres_store_url)
        await asyncio.sleep(0.5)

    async def one_is_killed() -> None:
        await asyncio.sleep(0.7)
        large_town.processes[1].kill()

    await _weathered(large_town, postgres_store_url, sessions_end)
    await _weathered(large_town, postgres_store_url, one_is_killed)
