"""The five subscriptions over real websockets: shapes, rights, freshness, endings (core.graphql, design §5)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.ids import encode
from db import cases, people
from db.unit_of_work import Work, in_transaction
from domain.assignment import Assignment, AssignmentState
from domain.case import Case, put
from domain.event import EventKind
from domain.incident import IncidentState
from domain.life.outcome import Happening, conclude
from services.command import Call, new_id
from services.people import EndPost, end_post
from services.sessions import sign_out
from tests.api.live import Line, Live, live, ticket
from tests.api.toy import closing, hear
from tests.db.factories import NOW, District, a_case, a_complainant, a_district, an_assignment

BEAT = "... on FeedHeartbeat { cursor follows lagMs }"
ENDS = "... on FeedGap { gap from resumeAt } ... on FeedRevoked { revoked resumeAt }"
EVENT = """... on FeedEvent { cursor follows kind subjectId version actor { id }
  incident { no title version complainant { name phone } } assignment { state } summary }"""
FEED = f"""subscription ($after: Cursor, $filter: FeedFilter) {{
  feed(after: $after, filter: $filter) {{ __typename {EVENT} {BEAT} {ENDS} }} }}"""
CENTRE = f"subscription {{ commandCentre {{ __typename {EVENT} {BEAT} {ENDS} }} }}"
ONE = f"subscription ($id: ID!) {{ incidentChanged(id: $id) {{ __typename {EVENT} {BEAT} {ENDS} }} }}"
QUEUE = f"""subscription ($unit: ID, $first: Int) {{ departmentQueue(orgUnitId: $unit, first: $first) {{ __typename
  ... on QueueSnapshot {{ items {{ id state incident {{ no }} }} total complete cursor }}
  ... on QueueEntered {{ cursor assignment {{ id state incident {{ title }} }} }}
  ... on QueueChanged {{ cursor assignment {{ id state version }} kinds }}
  ... on QueueLeft {{ cursor assignmentId incidentNo reason }}
  {BEAT} ... on FeedRevoked {{ revoked resumeAt }} }} }}"""
BOARD = "subscription { board { open reportedToday byState { state count } byOrgUnit { orgUnit { code } open } } }"


@pytest.fixture
async def district(store: str) -> District:
    """The made-up district on a store of each kind."""
    assert store
    return await a_district()


async def _conclude(case: Case, *rows: Assignment, row: str = "T10", **fields: Any) -> Case:
    """Store the case with a change, with the events a command writes."""
    kind = fields.pop("kind", EventKind.CHANGED)
    incident = replace(case.incident, **fields)
    after = replace(case, incident=incident, assignments=put(case.assignments, *rows))
    outcome = conclude(case, after, [Happening(at=NOW, kind=kind, row=row)])

    async def body(work: Work) -> None:
        await cases.save(work, case, outcome.case)
        for event in outcome.events:
            work.append(event)

    await in_transaction(body)
    return outcome.case


async def _reported(case: Case) -> Case:
    """Say of a stored case that it was reported."""
    outcome = conclude(None, case, [Happening(at=NOW, kind=EventKind.REPORTED, row="T2")])

    async def body(work: Work) -> None:
        work.append(outcome.events[0])

    await in_transaction(body)
    return case


async def _event(line: Line, key: str) -> Any:
    item = await line.item(key)
    assert item["__typename"] == "FeedEvent", item
    return item


async def test_each_event_shows_its_case_as_it_is_at_delivery(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    async with live() as server, server.line(await ticket(district, "director")) as line:
        await line.ask("1", FEED)
        first = await line.item("1")
        assert first["__typename"] == "FeedHeartbeat"
        assert first["cursor"] == first["follows"] == server.feed.cursors.at(0)
        case = await _conclude(case, title="路灯不亮，已更正")
        one = await _event(line, "1")
        case = await _conclude(case, title="路灯不亮，再次更正")
        two = await _event(line, "1")
    assert (one["follows"], two["follows"]) == (first["cursor"], one["cursor"])
    assert [it["incident"]["title"] for it in (one, two)] == ["路灯不亮，已更正", "路灯不亮，再次更正"]
    assert (two["version"], two["kind"]) == (case.incident.version, "CHANGED")
    assert two["subjectId"] == encode("Incident", case.incident.id)


async def test_a_stream_resumed_by_cursor_and_the_events_query_say_the_same(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    who = await ticket(district, "director")
    async with live() as server:
        for number in range(5):
            case = await _conclude(case, title=f"第{number}次更正")
        async with server.line(who) as line:
            await line.ask("1", FEED, after=server.feed.cursors.at(2))
            assert (await line.item("1"))["cursor"] == server.feed.cursors.at(2)
            heard = [await _event(line, "1") for _ in range(3)]
        asked = await server.query(
            who,
            """query ($after: Cursor) { events(first: 10, after: $after) {
              nodes { cursor follows kind subjectId version } pageInfo { hasNextPage endCursor } } }""",
            after=server.feed.cursors.at(2),
        )
    said = asked["events"]
    assert said["nodes"] == [{name: it[name] for name in said["nodes"][0]} for it in heard]
    assert said["pageInfo"] == {"hasNextPage": False, "endCursor": heard[-1]["cursor"]}


async def test_two_units_and_one_case(district: District) -> None:
    """W4: neither hears of the other's case; who gives it up hears of that, and the case is not shown any more."""
    case = await a_case(district, IncidentState.HANDLING, complainant=a_complainant())
    async with (
        live() as server,
        server.line(await ticket(district, "housing")) as ours,
        server.line(await ticket(district, "civil")) as theirs,
    ):
        for line in (ours, theirs):
            await line.ask("1", FEED)
            await line.item("1")
        case = await _conclude(case, title="路灯不亮")
        seen = await _event(ours, "1")
        given_up = replace(case.assignments[0], state=AssignmentState.RETURNED)
        given = replace(an_assignment(case.incident, district.orgs["CIVIL"].id), seq=2)
        case = await _conclude(case, given_up, row="T16")
        left = [await _event(ours, "1") for _ in range(2)]
        await _conclude(case, given, row="T11", kind=EventKind.ASSIGNED)
        entered = [await _event(theirs, "1") for _ in range(2)]
        assert await ours.quiet()
        assert await theirs.quiet()
    assert seen["incident"]["no"] == case.incident.no
    assert [it["incident"] for it in left] == [None, None]
    assert [it["incident"]["no"] for it in entered] == [case.incident.no] * 2
    assert entered[0]["cursor"] > ""
    assert "李四" not in str([seen, left, entered])
    assert "13812345678" not in str([seen, left, entered])


async def test_the_command_centre_and_a_single_case_have_their_own_streams(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    async with live() as server, server.line(await ticket(district, "director")) as line:
        await line.ask("centre", CENTRE)
        await line.item("centre")
        await line.ask("one", ONE, id=encode("Incident", case.incident.id))
        await line.item("one")
        await _reported(await a_case(district))
        assert (await _event(line, "centre"))["kind"] == "REPORTED"
        await _conclude(case, title="路灯不亮")
        assert (await _event(line, "one"))["kind"] == "CHANGED"
        assert await line.quiet()


async def test_a_queue_shows_what_enters_changes_and_leaves(district: District) -> None:
    held = await a_case(district, IncidentState.HANDLING)
    case = await a_case(district, IncidentState.FILED)
    async with live() as server, server.line(await ticket(district, "housing")) as line:
        await line.ask("1", QUEUE, first=10)
        snapshot = await line.item("1")
        assert [it["incident"]["no"] for it in snapshot["items"]] == [held.incident.no]
        assert (snapshot["total"], snapshot["complete"]) == (1, True)
        row = an_assignment(case.incident, district.orgs["HOUSING"].id)
        case = await _conclude(case, row, row="T11", kind=EventKind.ASSIGNED)
        entered = await line.item("1")
        case = await _conclude(case, replace(row, state=AssignmentState.ACCEPTED), row="T14")
        changed = await line.item("1")
        await _conclude(case, replace(case.assignments[0], state=AssignmentState.DONE), row="T31")
        left = await line.item("1")
    assert entered["__typename"] == "QueueEntered"
    assert entered["assignment"]["incident"]["title"] == case.incident.title
    assert (changed["assignment"]["state"], changed["kinds"]) == ("ACCEPTED", ["CHANGED"])
    assert {name: left[name] for name in ("assignmentId", "incidentNo", "reason")} == {
        "assignmentId": entered["assignment"]["id"],
        "incidentNo": case.incident.no,
        "reason": "DONE",
    }


async def test_the_board_comes_at_once_and_then_after_a_change_at_most_once_a_second(
    district: District,
) -> None:
    async with live() as server, server.line(await ticket(district, "director")) as line:
        loop = asyncio.get_running_loop()
        await line.ask("1", BOARD)
        assert (await line.item("1"))["open"] == 0
        began = loop.time()
        assert await line.quiet(0.3)
        made = [await _reported(await a_case(district)) for _ in range(3)]
        counts = await line.item("1")
        assert loop.time() - began >= 0.6
        assert counts["open"] == 3
        assert {"state": "REPORTED", "count": 3} in counts["byState"]
        await _conclude(made[0], title="只改标题")
        assert await line.quiet(1.5)


@pytest.mark.parametrize(
    ("username", "document", "refusal"),
    [
        (None, FEED, ("UNAUTHENTICATED", None)),
        (None, BOARD, ("UNAUTHENTICATED", None)),
        (None, QUEUE, ("UNAUTHENTICATED", None)),
        ("housing", CENTRE, ("FORBIDDEN", None)),
        ("clerk", QUEUE, ("NOT_FOUND", "orgUnitId")),
        (
            "director",
            FEED.replace("after: $after", 'after: "e30"').replace("$after: Cursor, ", ""),
            ("BAD_CURSOR", "after"),
        ),
        ("director", ONE.replace("id: $id", 'id: "nonsense"').replace("($id: ID!)", ""), ("BAD_ID", "id")),
        (
            "housing",
            QUEUE.replace("$first)", "0)").replace(", $first: Int", ""),
            ("PAGE_SIZE_REQUIRED", "first"),
        ),
    ],
)
async def test_a_stream_that_may_not_be_is_refused_and_the_socket_stays(
    district: District, username: str | None, document: str, refusal: tuple[str, str | None]
) -> None:
    who = await ticket(district, username) if username else None
    async with live() as server, server.line(who) as line:
        await line.ask("1", document)
        assert await line.fault("1") == refusal
        await line.ask("2", "{ __typename }")
        assert (await line.message("2"))["type"] == "next"


async def test_another_units_case_is_not_there(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    async with live() as server, server.line(await ticket(district, "civil")) as line:
        await line.ask("1", ONE, id=encode("Incident", case.incident.id))
        assert await line.fault("1") == ("NOT_FOUND", "id")
        await line.ask("2", QUEUE, unit=encode("OrgUnit", district.orgs["HOUSING"].id))
        assert await line.fault("2") == ("NOT_FOUND", "orgUnitId")


async def test_a_post_that_ends_ends_the_streams_and_the_socket_goes_on_with_what_is_left(
    district: District,
) -> None:
    async def end(_: Live) -> None:
        post = district.posts["housing"]
        call = Call(actor=district.viewer("sysadmin"), now=datetime.now(UTC), new_id=new_id, key=new_id())
        await end_post(call, EndPost(id=post.id, expected_version=post.version))
        assert (await people.get_posts([post.id], viewer=district.viewer("sysadmin")))[post.id].ends_at

    async with live() as server, server.line(await ticket(district, "housing")) as line:
        await _revoked(server, line, end, "RIGHTS_CHANGED")
        await line.ask("3", QUEUE)
        assert await line.fault("3") == ("NOT_FOUND", "orgUnitId")


async def test_a_session_that_ends_ends_the_streams_and_then_the_socket(district: District) -> None:
    held = await ticket(district, "housing")

    async def leave(_: Live) -> None:
        person = replace(district.viewer("housing"), session_id=held.session.id)
        await sign_out(person, now=NOW, wall_now=datetime.now(UTC))

    async with live() as server, server.line(held) as line:
        await _revoked(server, line, leave, "SESSION_ENDED")
        assert (await closing(line.socket))[0] == 4403


async def _revoked(server: Live, line: Line, act: Callable[[Live], Awaitable[None]], reason: str) -> None:
    """Both kinds of stream end within five seconds of the act (W5), before any other item."""
    await line.ask("1", FEED)
    first = await line.item("1")
    await line.ask("2", QUEUE)
    await line.item("2")
    began = asyncio.get_running_loop().time()
    await act(server)
    heard = [await hear(line.socket) for _ in range(4)]
    assert asyncio.get_running_loop().time() - began < 5
    ends = {it["id"]: it["payload"]["data"] for it in heard if it["type"] == "next"}
    revoked = {"__typename": "FeedRevoked", "revoked": reason, "resumeAt": first["cursor"]}
    assert ends["1"] == {"feed": revoked}
    assert ends["2"]["departmentQueue"]["revoked"] == reason
    assert [it["id"] for it in heard if it["type"] == "complete"] in (["1", "2"], ["2", "1"])


async def test_a_session_renewed_on_its_socket_outlives_the_token_that_opened_it(district: District) -> None:
    held = await ticket(district, "director")
    document = "mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { expiresAt } }"
    async with live() as server, server.line(held) as renewed, server.line(held) as left:
        for attendee in server.feed._attendance._present:
            attendee.renew(datetime.now(UTC) + timedelta(seconds=2))
        await renewed.ask("1", document, input={"refreshToken": held.refresh})
        answer = await renewed.message("1")
        assert answer["payload"]["data"]["refreshSession"]["expiresAt"]
        assert (await closing(left.socket))[0] == 4403
        await renewed.message("1")
        await renewed.ask("2", "{ __typename }")
        assert (await renewed.message("2"))["type"] == "next"


async def test_when_the_server_stops_streams_say_their_position_and_sockets_are_told_to_come_back(
    district: District,
) -> None:
    async with live() as server, server.line(await ticket(district, "director")) as line:
        await line.ask("1", FEED)
        first = await line.item("1")
        await server.feed.drain()
        assert (await line.item("1"))["follows"] == first["cursor"]
        assert await line.over("1")
        stopping = asyncio.create_task(server.websocket.drain())
        code, reason = await closing(line.socket)
        await stopping
    assert code == 1012
    assert reason.startswith("retryAfterMs=")
