"""What is seen by query is what streams tell, masked the same, whoever asks (design §7; R79, R81, R82)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from db import event_log
from domain.case import Case
from domain.incident import IncidentState as S
from services.command import Call
from services.loop.recusals import DeclareRecusal, declare
from tests.api.client import Client, gid
from tests.api.live import Line, Live, Ticket, live, ticket
from tests.api.loop.test_sight import PEOPLE, tied
from tests.api.sse.events import events
from tests.db.factories import NOW, District, a_case, a_complainant, a_district, new_id

WIDTH = """no title content address reporter { id name } complainant { name phone } complainedOrgUnit { name }
  maskedFields media { id } followUps { opinion } notes { text } assignments { state orgUnit { name } }"""
FEED = f"""subscription {{ feed {{
  ... on FeedEvent {{ cursor incident {{ {WIDTH} }} }} ... on FeedHeartbeat {{ cursor }} }} }}"""
LIST = f"{{ incidents(first: 50) {{ nodes {{ {WIDTH} }} }} }}"
CHANGED = "subscription ($id: ID!) { incidentChanged(id: $id) { __typename } }"
QUEUE = f"""subscription {{ departmentQueue {{ ... on QueueSnapshot {{
  items {{ id incidentNo incident {{ {WIDTH} }} }} complete }} }} }}"""
ROWS = f"{{ assignments(first: 50) {{ nodes {{ id incidentNo incident {{ {WIDTH} }} }} }} }}"
RECUSED = {"shift_leader": "nobody's", "housing": "the housing office's", "clerk": "of the grid"}
"""Who declared an interest in which case."""


@pytest.fixture
async def district(store: str) -> District:
    """The made-up district on a store of each kind."""
    assert store
    return await a_district()


async def cases_of(district: District) -> dict[str, Case]:
    """A case of each kind of tie, one that complains about the unit that handles it, and three recusals."""
    made = await tied(district)
    about = district.orgs["HOUSING"].id
    made["about the housing office"] = await a_case(
        district, S.HANDLING, complained_org_id=about, complainant=a_complainant(), grid_id=None
    )
    for username, tie in RECUSED.items():
        case = made[tie].incident
        call = Call(district.viewer(username), NOW, new_id, uuid4())
        version = (await case_version(district, case.no))["version"]
        await declare(call, DeclareRecusal(id=case.id, expected_version=version, reason="亲属"))
    return made


async def case_version(district: District, no: str) -> dict[str, Any]:
    """What a command on the case names."""
    asked = "query ($no: String!) { incident(no: $no) { id version } }"
    found: dict[str, Any] = (await Client(district.viewer("director")).ask(asked, no=no))["incident"]
    return found


async def stir(district: District, made: Mapping[str, Case]) -> None:
    """Something happens to every case."""
    for case in made.values():
        row = await case_version(district, case.incident.no)
        given = {"id": row["id"], "expectedVersion": row["version"], "text": "请加快"}
        await Client(district.viewer("director")).do("addNote", "note { id }", given)


@contextlib.asynccontextmanager
async def told(server: Live, who: Ticket, transport: str) -> AsyncIterator[Any]:
    """Reads the person's feed, from now on."""
    if transport == "sse":
        async with events(server.port, FEED, token=f"Bearer {who.access}") as answer:
            await answer.item()
            yield answer.item
    else:
        async with server.line(who) as line:
            await line.ask("1", FEED)
            await line.item("1")
            yield lambda: line.item("1")


async def until(item: Any, cursor: str) -> dict[str, Any]:
    """The cases that a stream tells up to that position, as they are shown last."""
    shown: dict[str, Any] = {}
    while True:
        said = await item()
        if (case := said.get("incident")) is not None:
            shown[case["no"]] = case
        elif "incident" not in said and said["cursor"] == cursor:
            return shown


@pytest.mark.parametrize("transport", ["websocket", "sse"])
async def test_the_feed_tells_each_person_the_cases_of_their_list_and_as_they_are_shown_there(
    district: District, transport: str
) -> None:
    made = await cases_of(district)
    async with live(heartbeat=0.3) as server, contextlib.AsyncExitStack() as open_:
        known = {name: await ticket(district, name) for name in PEOPLE}
        read = {
            name: await open_.enter_async_context(told(server, it, transport)) for name, it in known.items()
        }
        await stir(district, made)
        end = server.feed.cursors.at(await event_log.head())
        found = dict(zip(read, await asyncio.gather(*(until(it, end) for it in read.values())), strict=True))
        for name, who in known.items():
            listed = (await server.query(who, LIST))["incidents"]["nodes"]
            assert found[name] == {it["no"]: it for it in listed}, name
    everybody = {it.incident.no for it in made.values()}
    assert set(found["director"]) == everybody
    for name, tie in RECUSED.items():
        assert made[tie].incident.no not in found[name]
    assert set(found["shift_leader"]) == everybody - {made["nobody's"].incident.no}
    about = made["about the housing office"].incident.no
    for masked, name in ((True, "housing_lead"), (False, "director")):
        case = found[name][about]
        assert (case["complainant"] is None) is (case["reporter"] is None) is masked
        assert ("complainant" in case["maskedFields"]) is masked


async def test_one_case_is_streamed_to_whom_the_query_shows_it(district: District) -> None:
    made = await cases_of(district)
    opened = 0
    async with live() as server:
        for name in PEOPLE:
            who = await ticket(district, name)
            nodes = (await server.query(who, "{ incidents(first: 50) { nodes { id } } }"))["incidents"][
                "nodes"
            ]
            async with server.line(who) as line:
                for at, case in enumerate(made.values()):
                    key = gid("Incident", case.incident.id)
                    await line.ask(str(at), CHANGED, id=key)
                    if {"id": key} in nodes:
                        await line.item(str(at))
                        opened += 1
                    else:
                        assert await line.fault(str(at)) == ("NOT_FOUND", "id"), (name, at)
    assert 0 < opened < len(PEOPLE) * len(made)


@pytest.mark.parametrize("username", ["housing", "housing_lead", "civil_lead"])
async def test_a_unit_s_queue_shows_its_people_the_rows_of_their_list(
    district: District, username: str
) -> None:
    made = await cases_of(district)
    async with live() as server:
        who = await ticket(district, username)
        async with server.line(who) as line:
            await line.ask("1", QUEUE)
            snapshot = await line.item("1")
        listed = (await server.query(who, ROWS))["assignments"]["nodes"]
    assert snapshot["complete"]
    assert sorted(snapshot["items"], key=lambda it: str(it["id"])) == sorted(
        listed, key=lambda it: str(it["id"])
    )
    assert len(listed) == {"housing": 1, "housing_lead": 2, "civil_lead": 1}[username]
    numbers = {it["incidentNo"] for it in listed}
    assert (made["the housing office's"].incident.no in numbers) is (username == "housing_lead")


END = "... on FeedRevoked { revoked resumeAt }"
FOLLOWED = f"""subscription ($after: Cursor) {{ feed(after: $after) {{ ... on FeedHeartbeat {{ cursor }}
  ... on FeedEvent {{ cursor action incident {{ no }} }} {END} }} }}"""
WATCHED = f"subscription ($id: ID!) {{ incidentChanged(id: $id) {{ __typename {END} }} }}"
OWN_QUEUE = f"""subscription {{ departmentQueue {{ ... on QueueSnapshot {{ items {{ incidentNo }} complete }}
  ... on FeedHeartbeat {{ cursor }} {END} }} }}"""


async def declares(district: District, username: str, case: Case) -> str:
    """The person keeps out of the case; its number."""
    row = await case_version(district, case.incident.no)
    given = {"id": row["id"], "expectedVersion": row["version"], "reason": "亲属"}
    made = await Client(district.viewer(username)).do("declareRecusal", "incidentNo", given)
    number: str = made["incidentNo"]
    return number


async def revoked(item: Any) -> str:
    """The stream ends because the rights changed; where to go on."""
    said = await item()
    assert said["revoked"] == "RIGHTS_CHANGED", said
    resume: str = said["resumeAt"]
    return resume


async def again(line: Line, document: str, **given: Any) -> Any:
    """The first message of a stream once the socket knows the new rights; until then it is ended as the first was."""
    for at in range(100):
        await line.ask(f"again {at}", document, **given)
        heard = await line.message(f"again {at}")
        if "FeedRevoked" not in str(heard) and "RIGHTS_CHANGED" not in str(heard):
            return heard
        assert await line.over(f"again {at}")
    raise AssertionError("the rights of the socket are never read again")


async def numbers(item: Any, cursor: str) -> set[str]:
    """The cases that a stream tells of up to that position."""
    told: set[str] = set()
    while True:
        said = await item()
        if (case := said.get("incident")) is not None:
            told.add(case["no"])
        if said["cursor"] == cursor:
            return told


async def test_r82_every_open_stream_of_who_declares_an_interest_ends_at_once(district: District) -> None:
    case = await a_case(district, S.HANDLING)
    key = gid("Incident", case.incident.id)
    streams: tuple[tuple[str, dict[str, str]], ...] = (
        (FOLLOWED, {}),
        (WATCHED, {"id": key}),
        (OWN_QUEUE, {}),
    )
    async with live() as server:
        who = await ticket(district, "housing")
        lines = [server.line(who) for _ in streams]
        async with lines[0] as feed, lines[1] as watched, lines[2] as queue:
            async with events(server.port, FOLLOWED, token=f"Bearer {who.access}") as answer:
                open_ = (feed, watched, queue)
                for line, (document, given) in zip(open_, streams, strict=True):
                    await line.ask("1", document, **given)
                    await line.item("1")
                await answer.item()
                assert await declares(district, "housing", case) == case.incident.no
                for line in open_:
                    await revoked(lambda line=line: line.item("1"))
                    assert await line.over("1")
                await revoked(answer.item)
            refused = await again(feed, WATCHED, id=key)
            assert refused["payload"][0]["extensions"]["code"] == "NOT_FOUND"
            empty = await again(queue, OWN_QUEUE)
            assert empty["payload"]["data"]["departmentQueue"]["items"] == []


async def test_r82_no_stream_taken_up_again_tells_of_the_case_and_a_colleague_s_goes_on(
    district: District,
) -> None:
    kept, left = [await a_case(district, S.HANDLING) for _ in range(2)]
    async with live(heartbeat=0.3) as server:
        who, other = await ticket(district, "housing"), await ticket(district, "housing_lead")
        async with server.line(who) as line, server.line(other) as beside:
            await beside.ask("1", FOLLOWED)
            begun = (await beside.item("1"))["cursor"]
            await stir(district, {"left": left})
            await declares(district, "housing", left)
            await stir(district, {"kept": kept, "left": left})
            end = server.feed.cursors.at(await event_log.head())
            first = await again(line, FOLLOWED, after=begun)
            assert first["payload"]["data"]["feed"]["cursor"] == begun
            assert await numbers(lambda: line.item(first["id"]), end) == {kept.incident.no}
            told = await numbers(lambda: beside.item("1"), end)
            assert told == {kept.incident.no, left.incident.no}


async def test_r82_who_declared_nothing_reads_one_share_and_who_did_another(district: District) -> None:
    case = await a_case(district, S.HANDLING)
    document = (
        "subscription { feed { ... on FeedEvent { incident { no } } ... on FeedHeartbeat { cursor } } }"
    )
    async with live() as server, contextlib.AsyncExitStack() as lines:
        for at, username in enumerate(("inspector", "inspector2")):
            line = await lines.enter_async_context(server.line(await ticket(district, username)))
            await line.ask("1", document)
            await line.item("1")
            assert server.feed.shares == 1, at
        who = await ticket(district, "inspector")
        await declares(district, "inspector", case)
        apart = await lines.enter_async_context(server.line(who))
        await apart.ask("1", document)
        await apart.item("1")
        assert server.feed.shares == 2
