"""The storm of a run: everybody at their place, commands and trouble at once, then the calm in which all is heard."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping

from tests.feed_rig import truth
from tests.feed_rig.actors.actors import Actors
from tests.feed_rig.actors.choosing import SECRET_NAME, SECRET_PHONE
from tests.feed_rig.consoles.console import Console, Manner
from tests.feed_rig.fresh import Fresh
from tests.feed_rig.ids import key_of
from tests.feed_rig.judging.events import carried
from tests.feed_rig.judging.verdict import STATE_STREAMS, judged
from tests.feed_rig.people import People
from tests.feed_rig.plan import drawn, groups_of
from tests.feed_rig.record import Recording, Row, Run, merged_too, standings_of
from tests.feed_rig.report import Asked, Report
from tests.feed_rig.seats import NEWCOMERS, REPORTERS, SESSION_VICTIM, UNIT, VICTIMS, Seat, seats
from tests.feed_rig.site import Site
from tests.feed_rig.trouble import Trouble

SEATED_SECONDS, SETTLE_SECONDS = 120.0, 90.0
_UNITS = "{ orgUnits(first: 100) { nodes { id code } } }"
_WHO = "{ viewer { id } }"
_HANDLERS = {"GCL-MZJ": "civil-handler", "GCL-ZFD": "enforcement", "GCL-WMB": "civility"}


class Storm:
    """The people, the consoles and the commands of one run."""

    def __init__(self, asked: Asked, site: Site, people: People, units: Mapping[str, str]) -> None:
        self._asked = asked
        self._site = site
        self._people = people
        self._units = units
        self._chance = random.Random(asked.seed)  # noqa: S311 - a run that can be played again
        self._consoles: list[Console] = []
        self._actors = Actors(people, units, asked.seed, site.time.now)

    @classmethod
    async def begun(cls, asked: Asked, site: Site, people: People) -> "Storm":
        """Everybody at their place."""
        nodes = (await people.patiently("command", _UNITS, {}))["orgUnits"]["nodes"]
        storm = cls(asked, site, people, {it["code"]: it["id"] for it in nodes})
        await storm._appoint()
        await storm._actors.begin(*REPORTERS * 3)
        for number, (seat, door) in enumerate(
            seats(asked.seed + (asked.store == "postgres"), every=asked.every)
        ):
            storm._seat(number, seat, door)
        for console in storm._consoles:
            console.start()
        await storm._seated()
        return storm

    async def _seated(self) -> None:
        """Wait until everybody has heard something; name who has not."""
        waiting = [asyncio.create_task(it.seated.wait()) for it in self._consoles]
        await asyncio.wait(waiting, timeout=SEATED_SECONDS)
        late = [it.recording for it in self._consoles if not it.seated.is_set()]
        if late:
            told = "; ".join(f"{it.who} {it.stream} by {it.door}: {it.refused[-1:]}" for it in late)
            raise TimeoutError(f"nothing is told to {told}")

    async def _appoint(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, it in NEWCOMERS.items():
                unit = self._units[it.unit]
                group.create_task(self._people.newcomer(name, it.rights(key_of(unit)), it.post, unit))
        handlers = self._actors.choosing.handlers
        handlers[UNIT] = self._people.known[SESSION_VICTIM].id
        for code, who in _HANDLERS.items():
            handlers[code] = (await self._people.patiently(who, _WHO, {}))["viewer"]["id"]

    def _seat(self, number: int, seat: Seat, door: str) -> None:
        manner = self._chance.choice([Manner.PROMPT, Manner.PROMPT, Manner.SLOW, Manner.RESTLESS])
        recording = Recording(seat.who, seat.stream, manner is Manner.PROMPT, door=door, desk=seat.desk)
        variables: Row = {}
        if seat.unit is not None:
            variables, recording.unit = {"unit": self._units[seat.unit]}, key_of(self._units[seat.unit])
        if seat.desk is not None:
            variables = {"desk": seat.desk}
        if seat.reporter is not None:
            case = next(it for it, reporter in self._actors.cases.items() if reporter == seat.reporter)
            variables, recording.case = {"id": case}, key_of(case)
        self._people.person(seat.who)
        self._consoles.append(
            Console(self._people, recording, manner, self._asked.seed * 100 + number, variables)
        )

    async def blow(self, report: Report) -> None:
        """Commands and faults at once, then calm."""
        asked = self._asked
        victims = {name: self._people.known[name] for name in VICTIMS}
        trouble = Trouble(self._site, self._people, self._consoles, victims)
        plan = drawn(asked.seed, asked.seconds, groups_of(asked.store, asked.groups))
        async with asyncio.TaskGroup() as group:
            troubled = group.create_task(trouble.bring(plan))
            end = time.monotonic() + asked.seconds
            group.create_task(
                self._actors.act(asked.actors, lambda: troubled.done() and time.monotonic() > end)
            )
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
            if late or (self._caught_up(read) and await self._agreed(read)):
                return read
            await asyncio.sleep(0.5)

    async def _agreed(self, read: Run) -> bool:
        """Whether queries and consoles say the same, and nothing has happened meanwhile."""
        fresh = Fresh(self._people, read.truth.incidents)
        for console in self._consoles:
            recording = console.recording
            recording.fresh = await fresh.of(recording)
            if recording.stream == "feed" and (beginning := _beginning(recording)) is not None:
                recording.paged = await fresh.paged(recording, beginning)
        return not judged(read) and await truth.head() == read.truth.entries[-1].seq

    async def _read(self, first: int) -> Run:
        found = await truth.read(first)
        recused = await truth.recusals()
        declared = {key: it for key, it in self._people.recusals.items() if key in recused}
        kept = merged_too(declared, found.entries, recused)
        return Run(
            truth=found,
            recordings=[it.recording for it in self._consoles],
            commands=self._actors.sent,
            standings={
                name: standings_of(
                    it.standings, {case: window for (who, case), window in kept.items() if who == name}
                )
                for name, it in self._people.known.items()
            },
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

    def told(self, report: Report) -> None:
        """Count."""
        report.commands = len(self._actors.sent)
        report.tries = sum(it.tries for it in self._actors.sent)
        report.answered = sum(bool(it.answers) for it in self._actors.sent)
        report.done = self._actors.choosing.done
        report.deliveries = sum(it.deliveries for it in self._consoles)
        report.resumed = sum(max(0, len(it.recording.sittings) - 1) for it in self._consoles)
        report.consoles = Counter(f"{it.recording.stream} by {it.recording.door}" for it in self._consoles)
        report.refusals = Counter(self._people.refused)
        report.strange = self._actors.strange
        report.ended_alone = sum(it.ended_alone for it in self._site.apis)

    async def leave(self) -> None:
        """Everybody goes home."""
        await asyncio.gather(*(console.leave() for console in self._consoles))


def _beginning(recording: Recording) -> str | None:
    """The first position a console was told."""
    told = (it.value for sitting in recording.sittings for it in sitting.items)
    return next((it["cursor"] for it in told if it.get("cursor")), None)
