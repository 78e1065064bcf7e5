"""`events`, the feed as a query, over the wire: the same entries, the same cursors, the same rights (core.graphql)."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest

from api.ids import encode
from domain.event import EventKind
from tests.api.feed.rig import happening, write
from tests.api.live import Line, Live, Ticket, live, ticket
from tests.api.sse.events import events
from tests.db.factories import District, a_district, new_id

EVENTS = """query ($after: Cursor, $filter: FeedFilter, $first: Int!) {
  events(after: $after, filter: $filter, first: $first) {
    edges { cursor } nodes { cursor follows kind subjectId version }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
FEED = """subscription ($after: Cursor, $filter: FeedFilter) { feed(after: $after, filter: $filter) { __typename
  ... on FeedEvent { cursor follows kind subjectId version } ... on FeedHeartbeat { cursor follows } } }"""


@pytest.fixture
async def district(store: str) -> District:
    """The made-up district on a store of each kind."""
    assert store
    return await a_district()


async def _page(server: Live, who: Ticket, **asked: Any) -> Any:
    return (await server.query(who, EVENTS, **{"first": 100, **asked}))["events"]


async def _written(ours: UUID, case: UUID) -> None:
    """Ten entries, four of a unit, two of one case of it."""
    for number in range(5):
        kind = EventKind.LIGHT if number % 2 else EventKind.CHANGED
        await write(happening(kind, after=[new_id()]))
        if number < 4:
            await write(happening(kind, incident=case if number < 2 else None, after=[ours]))
    await write(happening(before=[ours], after=[]))


async def _beats(line: Line, last: dict[str, Any]) -> int:
    """How many heartbeats come before the stream is quiet; each follows the item before, and no event comes."""
    beats = 0
    with suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0.1):
                item = await line.item("1")
            assert (item["__typename"], item["follows"]) == ("FeedHeartbeat", last["cursor"])
            last, beats = item, beats + 1
    return beats


@pytest.mark.parametrize("username", ["director", "housing"])
@pytest.mark.parametrize("chosen", [None, {"kinds": ["LIGHT"]}, {"kinds": []}, {"incidentId": "case"}])
async def test_pages_joined_are_what_the_stream_says_from_the_same_cursor(
    district: District, username: str, chosen: dict[str, Any] | None
) -> None:
    case, who = new_id(), await ticket(district, username)
    chosen = {"incidentId": encode("Incident", case)} if chosen and "incidentId" in chosen else chosen
    async with live() as server:
        await _written(district.orgs["HOUSING"].id, case)
        start, pages = server.feed.cursors.at(1), list[Any]()
        while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
            after = pages[-1]["pageInfo"]["endCursor"] if pages else start
            pages.append(await _page(server, who, after=after, filter=chosen, first=2))
        asked = [node for page in pages for node in page["nodes"]]
        async with server.line(who) as line:
            await line.ask("1", FEED, after=start, filter=chosen)
            first = await line.item("1")
            heard = [await line.item("1") for _ in asked]
            beats = await _beats(line, heard[-1] if heard else first)
    assert first["cursor"] == start
    assert beats <= 1  # where others were told of a later position, once, to join them
    assert [{name: it[name] for name in ("cursor", "kind", "subjectId", "version")} for it in heard] == [
        {name: it[name] for name in ("cursor", "kind", "subjectId", "version")} for it in asked
    ]
    assert all(
        [edge["cursor"] for edge in page["edges"]] == [it["cursor"] for it in page["nodes"]] for page in pages
    )
    if chosen is None:
        assert len(asked) == {"director": 9, "housing": 5}[username]


async def test_a_cursor_of_any_of_the_three_is_good_in_the_others(district: District) -> None:
    who = await ticket(district, "director")
    async with live() as server:
        await _written(new_id(), new_id())
        page = await _page(server, who, first=4)
        at = page["pageInfo"]["endCursor"]
        given = {"last-event-id": at}
        async with events(server.port, FEED, token=f"Bearer {who.access}", headers=given) as answer:
            beat, event = await answer.next(), await answer.next()
        assert beat.id == at
        assert event.data["data"]["feed"]["follows"] == at
        assert (await _page(server, who, after=beat.id, first=1))["nodes"][0]["cursor"] == event.id
        end = await _page(server, who, after=event.id)
        nothing = await _page(server, who, after=end["pageInfo"]["endCursor"])
    assert nothing["nodes"] == []
    assert nothing["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": end["pageInfo"]["endCursor"],
    }


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"first": 0}, ("PAGE_SIZE_REQUIRED", "first")),
        ({"first": 101}, ("PAGE_SIZE_REQUIRED", "first")),
        ({"first": 1, "after": "e30"}, ("BAD_CURSOR", "after")),
        ({"first": 1, "after": ""}, ("BAD_CURSOR", "after")),
        ({"first": 1, "filter": {"incidentId": "nonsense"}}, ("BAD_ID", "filter.incidentId")),
        ({"first": 1, "filter": {"kinds": ["NONE"]}}, ("BAD_INPUT", "kinds[0]")),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_its_field(
    district: District, asked: dict[str, Any], refusal: tuple[str, str]
) -> None:
    who = await ticket(district, "director")
    async with live() as server, server.line(who) as line:
        await line.ask("1", EVENTS, **asked)
        message = await line.message("1")
        payload = message["payload"]
        error = payload[0] if message["type"] == "error" else payload["errors"][0]
    assert (error["extensions"]["code"], error["extensions"].get("field")) == refusal


@pytest.mark.usefixtures("district")
async def test_nobody_is_told_anything_before_sign_in() -> None:
    async with live() as server, server.line(None) as line:
        await line.ask("1", EVENTS, first=1)
        payload = (await line.message("1"))["payload"]
    assert payload["data"] == {"events": None}
    assert payload["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
