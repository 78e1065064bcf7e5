"""Generated functions and the ordinary executor write the same bytes: every stream, role and document (ADR 11)."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from api.context import Context
from api.engine import Engine, GraphQLRequest, Refused
from api.feed.feed import Feed
from api.feed.shares.share import Share
from api.ids import encode
from api.limits import Limits, Rates
from db import cases, event_log
from db.unit_of_work import Work, in_transaction
from domain.assignment import Assignment, AssignmentState
from domain.case import Case, put
from domain.event import EventKind
from domain.incident import IncidentState
from domain.life.outcome import Happening, conclude
from domain.term import Language
from domain.viewer import Viewer
from tests.api.client import engine, ordinary
from tests.api.feed.rig import SIGNER, running, until
from tests.db.factories import NOW, District, a_case, a_complainant, a_district, an_assignment
from tests.text_rules import ROOT

_BLOCK = re.compile(r"^```graphql[^\n]*\n(subscription .*?)^```$", re.MULTILINE | re.DOTALL)

CASE = """id no title content address version state light dueAt urgency source kind point { lng lat crs }
  category { name } grid { name code } region { name } reporter { id name } complainant { name phone }
  complainedOrgUnit { name } assignments { id state orgUnit { code name } handler { name } clocks { type dueAt } }
  clocks { type startAt } media { id } notes { text author { name } } followUps { id } supervisions { level }
  history(first: 3) { nodes { cursor summary actor { name } incident { no } } }"""
EVENT = f"""__typename ... on FeedEvent {{ cursor follows at kind action subjectId version
  zh: summary en: summary(lang: EN) actor {{ id name }} incident {{ {CASE} }}
  assignment {{ id version state incident {{ no }} orgUnit {{ name }} }} }}"""
CHANGED = (
    f'subscription {{ incidentChanged(id: "%s") {{ {EVENT} ... on FeedHeartbeat {{ cursor follows }} }} }}'
)
PERSONAL = """... on FeedEvent { incident {
  no maskedFields availableActions { name allowed reason } publicStatus merged { no } } }"""
DOCUMENTS: Mapping[str, str] = {
    "feed": f"subscription {{ feed {{ {EVENT} }} }}",
    "flat": "subscription { it: feed { ... on FeedEvent { cursor kind incident { no title } } } }",
    "personal": f"subscription {{ feed {{ {PERSONAL} }} }}",
    "conditions": """subscription ($yes: Boolean = true) { feed {
      ...Seen @include(if: $yes) ... on FeedEvent { kind @skip(if: $yes) } } }
      fragment Seen on FeedEvent { version incident { ...Case } } fragment Case on Incident { no reporter { name } }""",
    "chosen": "subscription { feed(filter: {kinds: [ASSIGNED]}) { ... on FeedEvent { kind assignment { id } } } }",
    "centre": f"subscription {{ commandCentre {{ {EVENT} }} }}",
    "queue": """subscription { departmentQueue(first: 2) { __typename
      ... on QueueSnapshot { items { id state incident { title reporter { name } } } total complete cursor }
      ... on QueueEntered { cursor assignment { id state orgUnit { name } incident { title } } }
      ... on QueueChanged { cursor assignment { id version } kinds }
      ... on QueueLeft { cursor assignmentId incidentNo reason } } }""",
    "board": "subscription { board { open red byState { state count } byOrgUnit { orgUnit { code name } open } } }",
    "nothing": "subscription { feed { __typename } }",
}
PEOPLE = ("director", "auditor", "housing", "civil", "clerk", "worker", "volunteer", "resident", "sysadmin")


@dataclass
class Side:
    """One executor over a feed of its own."""

    engine: Engine
    feed: Feed
    heard: dict[tuple[str, str], list[bytes]] = field(default_factory=dict)

    def context(self, viewer: Viewer) -> Context:
        """As a socket's operation has it."""
        return Context(
            viewer=viewer,
            language=Language.ZH,
            signer=SIGNER,
            feed=self.feed,
            rates=Rates(Limits()),
            clock=_clock,
        )

    async def read(self, who: str, name: str, document: str, viewer: Viewer) -> None:
        """Gather everything that a stream tells, or why there is none."""
        heard = self.heard.setdefault((who, name), [])
        try:
            operation = self.engine.prepare(GraphQLRequest(document), Language.ZH)
            async with aclosing(self.engine.stream(operation, self.context(viewer))) as payloads:
                async for payload in payloads:
                    heard.append(payload)
        except Refused as refused:
            heard.append(orjson.dumps(refused.errors))


async def _clock() -> Any:
    return NOW


@pytest.fixture
async def district(store: str) -> District:
    """The made-up district on a store of each kind."""
    assert store
    return await a_district()


@asynccontextmanager
async def sides(district: District, documents: Mapping[str, str]) -> AsyncIterator[tuple[Side, Side]]:
    """Everybody reads every document on both executors."""
    async with AsyncExitStack() as stack:
        feeds = [await stack.enter_async_context(running(poll=0.05)) for _ in range(2)]
        both = Side(engine(), feeds[0]), Side(ordinary(), feeds[1])
        engine().hear([])
        tasks = [
            asyncio.create_task(side.read(who, name, document, district.viewer(who)))
            for side in both
            for who in PEOPLE
            for name, document in documents.items()
        ]
        try:
            yield both
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _level(both: tuple[Side, Side]) -> None:
    """Both have heard of all there is, and told what they tell of it: equally much, and then nothing more."""
    head = await event_log.head()
    await until(lambda: all(it.feed._hub.position >= head and not _busy(it) for it in both), 20)
    deadline = asyncio.get_running_loop().time() + 20
    counts = [-1]
    while counts != (counts := _told(both)) or counts[0] != counts[1]:
        assert asyncio.get_running_loop().time() < deadline, counts
        await asyncio.sleep(0.4)


def _busy(side: Side) -> bool:
    """Whether a share still has something to tell."""
    shares = [it for it in side.feed._hub.shares.values() if isinstance(it, Share)]
    return any(it.waits or it._running is not None for it in shares)


def _told(both: tuple[Side, Side]) -> list[int]:
    return [sum(map(len, it.heard.values())) for it in both]


async def _conclude(case: Case, *rows: Assignment, kind: EventKind, row: str, **fields: Any) -> Case:
    after = replace(case, incident=replace(case.incident, **fields), assignments=put(case.assignments, *rows))
    outcome = conclude(case, after, [Happening(at=NOW, kind=kind, row=row)])

    async def body(work: Work) -> None:
        await cases.save(work, case, outcome.case)
        for event in outcome.events:
            work.append(event)

    await in_transaction(body)
    return outcome.case


async def _about_a_unit(district: District) -> Case:
    """A filed case, complained about one of the units that will have it."""
    return await a_case(
        district,
        IncidentState.FILED,
        complainant=a_complainant(),
        complained_org_id=district.orgs["CIVIL"].id,
        address="安胜社区3号楼2单元301",
    )


async def _story(district: District, both: tuple[Side, Side], case: Case | None = None) -> None:
    """A case that is about a unit is given, worked on, taken over and closed."""
    case = case or await _about_a_unit(district)
    row = an_assignment(case.incident, district.orgs["HOUSING"].id)
    case = await _conclude(case, row, row="T11", kind=EventKind.ASSIGNED, state=IncidentState.DISPATCHED)
    await _level(both)
    accepted = replace(case.assignments[0], state=AssignmentState.ACCEPTED)
    case = await _conclude(case, accepted, row="T14", kind=EventKind.CHANGED, title='引号"与\n换行')
    await _level(both)
    gone = replace(case.assignments[0], state=AssignmentState.RETURNED)
    given = replace(an_assignment(case.incident, district.orgs["CIVIL"].id), seq=2)
    case = await _conclude(case, gone, given, row="T19", kind=EventKind.ASSIGNED)
    await _level(both)
    await _conclude(case, row="T37", kind=EventKind.SUPERVISED)
    await _level(both)


async def test_both_executors_tell_the_same_bytes_to_everybody(district: District) -> None:
    before = engine().plans
    assert before is not None
    compiled, ordinary_before = before.told_compiled, dict(before.told_ordinary)
    alike = before.alike.told
    case, other = await _about_a_unit(district), await _about_a_unit(district)
    cases = {"changed": case, "another": other}
    changed = {name: CHANGED % encode("Incident", it.incident.id) for name, it in cases.items()}
    async with sides(district, {**DOCUMENTS, **changed}) as both:
        await _level(both)
        await _story(district, both, case)
    for key, heard in both[1].heard.items():
        assert both[0].heard[key] == heard, key
        assert heard, key
    told = {key: len(heard) for key, heard in both[0].heard.items()}
    entries = 8  # of the story; a heartbeat comes before them
    assert told["director", "changed"] == told["clerk", "changed"] == told["director", "feed"] == 1 + entries
    assert told["director", "another"] == told["clerk", "another"] == 1  # the heartbeat that it begins with
    assert b"NOT_FOUND" in both[0].heard["sysadmin", "changed"][0]
    assert told["director", "feed"] > told["civil", "feed"] > told["sysadmin", "feed"] == 1
    assert before.told_compiled - compiled > 50
    assert before.alike.told > alike  # some of it written once for several classes
    assert dict(before.told_ordinary) == ordinary_before


async def test_the_documented_streams_are_written_by_generated_functions(district: District) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")]
    documents = {
        f"documented {at}": it for at, it in enumerate(it for text in texts for it in _BLOCK.findall(text))
    }
    assert len(documents) >= 3
    plans = engine().plans
    assert plans is not None
    before = dict(plans.told_ordinary)
    untimed = {
        name: re.sub(r"\.\.\. on FeedHeartbeat \{[^}]*\}", "... on FeedHeartbeat { cursor follows }", text)
        for name, text in documents.items()
    }
    async with sides(district, untimed) as both:
        await _level(both)
        await _story(district, both)
    assert dict(plans.told_ordinary) == before
    for key, heard in both[1].heard.items():
        assert both[0].heard[key] == heard, key
