"""One run of the rig from its seed: lay the ground, open the site, let everybody act, bring the trouble, judge."""

import asyncio
import random
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.feed_rig import truth
from tests.feed_rig.actors import SECRET_NAME, SECRET_PHONE, Actors
from tests.feed_rig.consoles import Console, Manner, plain
from tests.feed_rig.folding import OPEN, judged
from tests.feed_rig.judge import STATE_STREAMS, carried
from tests.feed_rig.people import People, Person
from tests.feed_rig.plan import drawn, groups_of
from tests.feed_rig.record import Finding, Recording, Row, Run
from tests.feed_rig.site import Site, store_of
from tests.feed_rig.trouble import Trouble
from tests.text_rules import ROOT

WRONGS = ("lost", "duplicated", "leaked", "disordered", "wrong")
VICTIMS = ("victim-post", "victim-session")
UNIT = "GCL-ZJJ"
SETTLE_SECONDS = 45.0
_SEATS = (
    *(("feed", who) for who in ("command", "acceptor", "auditor", "housing", "civil", "enforcement")),
    *(("feed", who) for who in ("community", "grid", "volunteer", "resident", "admin", *VICTIMS)),
    *(("commandCentre", who) for who in ("command", "shift")),
    *(("departmentQueue", who) for who in ("housing", "civil", "dispatcher", VICTIMS[0])),
    ("board", "command"),
    ("incidentChanged", "callback"),
)
_FRESH_CASES = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Incident { id version state light } } }"
_FRESH_ROWS = """query ($unit: ID!, $states: [AssignmentState!], $after: Cursor) {
  assignments(where: {orgUnit: {eq: $unit}, state: {in: $states}}, first: 100, after: $after) {
    nodes { id version state light } pageInfo { hasNextPage endCursor } } }"""
_FRESH_BOARD = "{ board { byState { state count } } }"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is to be.

    `tree` is the source whose server is tried; `template` the address of a migrated, empty store, which spares the
    run its migrations.
    """

    seed: int
    store: str = "sqlite"
    seconds: float = 8.0
    groups: Sequence[str] = ()
    actors: int = 6
    tree: Path = ROOT
    template: str | None = None


@dataclass(slots=True)
class Report:
    """What happened and what was wrong with it."""

    asked: Asked
    commands: int = 0
    answered: int = 0
    events: int = 0
    deliveries: int = 0
    resumed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    ended_alone: int = 0
    took: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report, for a terminal or a log."""
        asked = self.asked
        counted = Counter(it.what for it in self.findings)
        said = [
            f"seed {asked.seed} · {asked.store} · {asked.seconds:g} s; "
            + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.took.items()),
            f"  commands {self.commands} (answered {self.answered}) · events {self.events}",
            f"  deliveries {self.deliveries} · resumed {self.resumed}",
            "  faults: " + ", ".join(f"{name} {times}" for name, times in sorted(self.faults.items())),
            "  refused: " + ", ".join(f"{name} {times}" for name, times in sorted(self.refusals.items())),
            "  " + ", ".join(f"{name} {counted[name]}" for name in WRONGS),
            f"  strange answers {len(self.strange)} · servers that ended by themselves {self.ended_alone}",
        ]
        said += [f"  ! {it}"[:600] for it in self.findings[:20]]
        said += [f"  ? {it}"[:600] for it in [*self.strange[:10], *self.complaints[:10]]]
        return said

    @property
    def clean(self) -> bool:
        """Whether nothing was wrong."""
        return not self.findings and not self.strange


async def run(asked: Asked, folder: Path) -> Report:
    """One whole run in an empty folder."""
    report = Report(asked)
    async with AsyncExitStack() as stack:
        with _timed(report, "laid"):
            store = store_of(asked.store, folder, asked.template)
            stack.push_async_callback(store.stop)
            await store.start()
            await truth.lay(store.url)
            await store.prepare()
        async with truth.opened(store.url):
            rights, first = await truth.rights(), await truth.head()
        site = Site(folder, store, 2 if asked.store == "postgres" else 1, asked.tree)
        stack.push_async_callback(site.close)
        with _timed(report, "opened"):
            await site.open()
            storm = await _Storm.begun(asked, site, People(site, rights))
        stack.push_async_callback(storm.leave)
        with _timed(report, "stormed"):
            await storm.blow(report)
        async with truth.opened(store.url):
            with _timed(report, "settled"):
                report.findings = judged(await storm.settled(first + 1))
            report.events = await truth.head() - first
        storm.told(report)
        report.complaints = site.complaints()
    return report


@contextmanager
def _timed(report: Report, what: str) -> Iterator[None]:
    """How long a part of the run took."""
    began = time.monotonic()
    yield
    report.took[what] = time.monotonic() - began


class _Storm:
    """The people, the consoles and the commands of one run."""

    def __init__(self, asked: Asked, site: Site, people: People, units: dict[str, str]) -> None:
        self._asked = asked
        self._site = site
        self._people = people
        self._units = units
        self._chance = random.Random(asked.seed)  # noqa: S311 - a run that can be played again
        self._consoles: list[Console] = []
        self._actors = Actors(people, units, asked.seed)
        self._victims: list[Person] = []

    @classmethod
    async def begun(cls, asked: Asked, site: Site, people: People) -> "_Storm":
        """Everybody at their place."""
        nodes = await people.patiently("command", "{ orgUnits(first: 100) { nodes { id code } } }", {})
        storm = cls(asked, site, people, {it["code"]: it["id"] for it in nodes["orgUnits"]["nodes"]})
        unit = storm._units[UNIT]
        storm._victims = [await people.newcomer(name, unit, _key(unit)) for name in VICTIMS]
        await storm._actors.begin(4)
        for number, (stream, who) in enumerate(_SEATS):
            storm._seat(number, stream, who)
        for console in storm._consoles:
            console.start()
        await storm._seated()
        return storm

    def _seat(self, number: int, stream: str, who: str) -> None:
        manner = self._chance.choice([Manner.PROMPT, Manner.PROMPT, Manner.SLOW, Manner.RESTLESS])
        recording = Recording(who, stream, manner is Manner.PROMPT)
        variables: Row = {}
        if stream == "departmentQueue":
            code = {"civil": "GCL-MZJ"}.get(who, UNIT)
            variables, recording.unit = {"unit": self._units[code]}, _key(self._units[code])
        if stream == "incidentChanged":
            variables, recording.case = {"id": self._actors.cases[0]}, _key(self._actors.cases[0])
        self._people.person(who)
        self._consoles.append(
            Console(self._people, recording, manner, self._asked.seed * 100 + number, variables)
        )

    async def _seated(self) -> None:
        async with asyncio.timeout(30):
            for console in self._consoles:
                await console.seated.wait()

    async def blow(self, report: Report) -> None:
        """Commands and faults at once, then calm."""
        asked = self._asked
        trouble = Trouble(self._site, self._people, self._consoles, self._victims, self._units[UNIT])
        plan = drawn(asked.seed, asked.seconds, groups_of(asked.store, asked.groups))
        async with asyncio.TaskGroup() as group:
            group.create_task(trouble.bring(plan))
            group.create_task(self._actors.act(asked.actors, time.monotonic() + asked.seconds))
        report.faults = trouble.brought
        for console in self._consoles:
            console.calm, console.stalled = True, 0.0
        await self._site.ready()
        await self._actors.finish()

    async def settled(self, first: int) -> Run:
        """What the judge reads, once every console has had the time to hear the last of it."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            read = await self._read(first)
            late = time.monotonic() > deadline
            if late or (
                self._caught_up(read)
                and not judged(read)
                and await truth.head() == read.truth.entries[-1].seq
            ):
                return read
            await asyncio.sleep(0.5)

    async def _read(self, first: int) -> Run:
        found = await truth.read(first)
        for console in self._consoles:
            console.recording.fresh = await self._fresh(console.recording, found.incidents)
        return Run(
            truth=found,
            recordings=[it.recording for it in self._consoles],
            commands=self._actors.sent,
            standings={name: it.standings for name, it in self._people.known.items()},
            sessions_ended=self._people.ended,
            secrets=(SECRET_PHONE, SECRET_NAME),
        )

    def _caught_up(self, read: Run) -> bool:
        for console in self._consoles:
            recording = console.recording
            if recording.stream in STATE_STREAMS:
                continue
            rights = read.standings[recording.who][-1].rights
            heard = [it.seq for it in read.truth.entries if carried(recording, rights, it)]
            if heard and (console.cursor is None or read.truth.position(console.cursor) < heard[-1]):
                return False
        return True

    async def _fresh(self, recording: Recording, incidents: Any) -> dict[str, tuple[Any, ...]]:
        """What a query answers this reader now."""
        if recording.stream == "board":
            rows = (await self._ask(recording, _FRESH_BOARD))["board"]["byState"]
            return {it["state"]: (it["count"],) for it in rows if it["count"]}
        if recording.stream == "departmentQueue":
            return await self._fresh_rows(recording)
        found: dict[str, tuple[Any, ...]] = {}
        ids = [_global(f"Incident:{key}") for key in incidents]
        for start in range(0, len(ids), 50):
            nodes = (await self._ask(recording, _FRESH_CASES, ids=ids[start : start + 50]))["nodes"]
            found |= {it["id"]: (it["version"], it["state"], it["light"]) for it in nodes if it}
        return found

    async def _fresh_rows(self, recording: Recording) -> dict[str, tuple[Any, ...]]:
        found: dict[str, tuple[Any, ...]] = {}
        after = None
        while True:
            unit = _global(f"OrgUnit:{recording.unit}")
            page = (await self._ask(recording, _FRESH_ROWS, unit=unit, states=sorted(OPEN), after=after))[
                "assignments"
            ]
            found |= {it["id"]: (it["version"], it["state"], it["light"]) for it in page["nodes"]}
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found

    async def _ask(self, recording: Recording, document: str, **variables: object) -> Row:
        answer: Row = plain(await self._people.patiently(recording.who, document, dict(variables)))
        return answer

    def told(self, report: Report) -> None:
        """Count."""
        report.commands = sum(it.tries for it in self._actors.sent)
        report.answered = sum(bool(it.answers) for it in self._actors.sent)
        report.deliveries = sum(it.deliveries for it in self._consoles)
        report.resumed = sum(max(0, len(it.recording.sittings) - 1) for it in self._consoles)
        report.refusals = Counter(self._people.refused)
        report.strange = self._actors.strange
        report.ended_alone = sum(it.ended_alone for it in self._site.apis)

    async def leave(self) -> None:
        """Everybody goes home."""
        await asyncio.gather(*(console.leave() for console in self._consoles))


def _key(text: str) -> str:
    return str(plain({"id": text})["id"]).rpartition(":")[2]


def _global(text: str) -> str:
    return b64encode(text.encode()).decode()
