"""GraphQL over server-sent events: what is answered how, and how a connection ends, whoever ends it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx2
import pytest

from api.limits import Limits
from api.sse import connection
from api.uvicorn_protocol import partings
from tests.api.sse.events import EVENTS, Event, Events, events
from tests.api.toy import Toy, eventually, serving

GOOD = "Bearer good"


@pytest.fixture
async def toy() -> AsyncIterator[Toy]:
    async with serving() as toy:
        yield toy


@pytest.mark.parametrize(
    ("document", "data"),
    [("{node{name}}", {"node": {"name": "枫桥1"}}), ("mutation{bump}", {"bump": 1})],
)
async def test_a_query_and_a_mutation_are_one_next_and_complete(
    toy: Toy, document: str, data: dict[str, object]
) -> None:
    async with events(toy.port, document) as answer:
        response = answer.response
        heard = await answer.rest()
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["cache-control"] == "no-store"
    assert [it.kind for it in heard] == ["next", "complete"]
    assert heard[0].data["data"] == data
    assert heard[0].data["extensions"]["cost"] > 0
    assert heard[1] == Event("complete", None)


async def test_a_subscription_is_a_next_for_each_item_and_complete(toy: Toy) -> None:
    async with events(toy.port, "subscription{count(to:3)}") as answer:
        heard = await answer.rest()
    assert [it.data for it in heard] == [*({"data": {"count": n}} for n in range(3)), None]
    assert (toy.ledger.refreshed, toy.ledger.closed) == (3, 1)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{nope}", "BAD_INPUT"),
        ("{", "BAD_INPUT"),
        ("query A{bug} query B{bug}", "BAD_INPUT"),
        ("subscription{denied}", "FORBIDDEN"),
        ('subscription{count(to:"x")}', "BAD_INPUT"),
        ("{node(first:100){child(first:100){child(first:100){name}}}}", "TOO_COSTLY"),
    ],
)
async def test_a_refused_operation_is_one_next_with_errors_and_complete(
    toy: Toy, document: str, code: str
) -> None:
    async with events(toy.port, document) as answer:
        assert answer.response.status_code == 200
        refusal, complete = await answer.rest()
    assert "data" not in refusal.data
    assert refusal.data["errors"][0]["extensions"]["code"] == code
    assert complete.kind == "complete"


async def test_a_stream_that_breaks_says_so_and_tells_nothing(toy: Toy) -> None:
    async with events(toy.port, "subscription{breaks}") as answer:
        first, fault, complete = await answer.rest()
    assert (first.data, complete.kind) == ({"data": {"breaks": 1}}, "complete")
    assert fault.data["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "138" not in str(fault.data["errors"][0]["message"])


async def _post(toy: Toy, content: str = "", **headers: str) -> httpx2.Response:
    given = {"accept": EVENTS, "content-type": "application/json", **headers}
    async with toy.client() as client:
        return await client.post("/graphql", content=content.encode(), headers=given)


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        ('{"query":"{bug}"}', {"authorization": "Bearer bad"}, 401, "UNAUTHENTICATED"),
        ("nonsense", {}, 400, "BAD_INPUT"),
        ("[]", {}, 400, "BAD_INPUT"),
        ("{}", {}, 400, "BAD_INPUT"),
        ('{"query":5}', {}, 400, "BAD_INPUT"),
        ('{"query":"{bug}"}', {"content-type": "text/plain"}, 415, "BAD_INPUT"),
        ('{"query":"%s"}' % ("x" * 300_000), {}, 413, "TOO_COSTLY"),
        ('{"query":"{bug}"}', {"authorization": "Bearer bug"}, 500, "INTERNAL"),
    ],
)
async def test_a_refused_request_is_answered_by_its_status_in_json(
    toy: Toy, content: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await _post(toy, content, **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/json")
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == code
    assert not re.search("Error|Traceback|138", error["message"].replace("Internal error", ""))


async def test_events_are_for_who_prefers_them_and_by_post_alone(toy: Toy) -> None:
    body = '{"query":"{node{name}}"}'
    both = await _post(toy, body, accept="application/json, text/event-stream")
    assert both.headers["content-type"].startswith("application/json")
    first = await _post(toy, body, accept="text/event-stream, application/json")
    assert first.headers["content-type"].startswith(EVENTS)
    none = await _post(toy, body, accept="text/event-stream;q=0")
    assert none.status_code == 406
    async with toy.client() as client:
        got = await client.get("/graphql?query={node{name}}", headers={"accept": EVENTS})
        streamed = await client.post("/graphql", json={"query": "subscription{count}"})
    assert got.status_code == 406
    assert streamed.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def test_connections_count_as_the_sockets_of_a_person_do_and_a_closed_one_makes_room() -> None:
    async with serving(Limits(sockets_per_user=2)) as toy:
        socket = await toy.ready({"authorization": GOOD})
        async with events(toy.port, "subscription{count}", token=GOOD) as answer:
            await answer.item()
            refused = await _post(toy, '{"query":"{bug}"}', authorization=GOOD)
            assert refused.status_code == 429
            assert refused.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "limit": 2}
            other = await _post(toy, '{"query":"{node{name}}"}', authorization=f"{GOOD} other")
            assert other.status_code == 200
        await eventually(lambda: toy.websocket.caps.held(GOOD) == 1)
        await socket.close()
    assert not toy.websocket.caps.held(GOOD)


async def test_too_many_requests_are_refused_and_made_up_tokens_gain_nothing() -> None:
    async with serving(Limits(requests_per_second=1)) as toy:
        statuses = [
            (await _post(toy, '{"query":"{node{name}}"}', authorization=token)).status_code
            for token in (GOOD, GOOD, "Bearer bad", "Bearer worse")
        ]
    assert statuses == [200, 429, 401, 429]


async def test_a_client_that_leaves_closes_its_generator_and_not_its_mutation(toy: Toy) -> None:
    async with events(toy.port, "subscription{count}") as answer:
        await answer.item()
    await eventually(lambda: toy.ledger.closed)
    with suppress(TimeoutError, httpx2.TimeoutException):
        async with asyncio.timeout(0.3), events(toy.port, "mutation{bump(wait:true)}") as answer:
            await answer.next()
    await eventually(lambda: not toy.sse.open)
    assert toy.ledger.bumps == 0
    toy.ledger.gate.set()
    await eventually(lambda: toy.ledger.bumps == 1)


async def test_the_end_of_the_session_is_said_and_ends_the_connection(toy: Toy) -> None:
    async with events(toy.port, "subscription{count}", token=GOOD) as answer:
        await answer.item()
        toy.sessions[-1].ended.set()
        *_, fault, complete = await answer.rest()
    assert fault.data["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert complete.kind == "complete"
    assert toy.ledger.closed == 1


async def test_draining_finishes_commands_completes_streams_and_says_when_to_come_back(toy: Toy) -> None:
    async def heard(answer: Events) -> Event:
        return (await answer.rest())[-1]

    async with (
        events(toy.port, "subscription{count}") as stream,
        events(toy.port, "mutation{bump(wait:true)}") as command,
    ):
        await stream.item()
        await eventually(lambda: toy.ledger.opened == 2)
        draining = asyncio.create_task(toy.sse.drain())
        ended = await heard(stream)
        late = await _post(toy, '{"query":"{node{name}}"}')
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
        toy.ledger.gate.set()
        last = await heard(command)
        await draining
    assert toy.ledger.bumps == 1
    for complete in (ended, last):
        assert complete.kind == "complete"
        assert complete.retry is not None
        assert 0 <= complete.retry < 5000


async def test_a_server_that_stops_does_not_wait_for_its_readers() -> None:
    tasks = set[asyncio.Task[None]]()
    async with serving() as toy:
        part = lambda: tasks.add(asyncio.create_task(toy.sse.drain()))  # noqa: E731 - found again when it is taken away
        partings.add(part)
        try:
            async with events(toy.port, "subscription{count}") as answer:
                await answer.item()
                toy.server.should_exit = True
                async with asyncio.timeout(1.5):  # the server's own patience is 2 seconds
                    assert (await answer.rest())[-1].kind == "complete"
                    await eventually(lambda: toy.server.servers and not toy.server.server_state.connections)
        finally:
            partings.discard(part)
    await asyncio.gather(*tasks)


async def test_a_quiet_connection_is_kept_alive_by_comments(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "QUIET_SECONDS", 0.02)
    async with events(toy.port, "mutation{bump(wait:true)}") as answer:
        hearing = asyncio.create_task(answer.rest())
        await eventually(lambda: answer.comments > 1)
        toy.ledger.gate.set()
        assert [it.kind for it in await hearing] == ["next", "complete"]


async def test_a_reader_that_does_not_read_is_dropped() -> None:
    body = b'{"query":"subscription{flood}"}'
    head = (
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    async with serving(Limits(send_seconds=0.3)) as toy:
        _, writer = await asyncio.open_connection("127.0.0.1", toy.port, limit=1024)
        writer.write(head.encode() + body)
        await eventually(lambda: toy.ledger.closed == 1)
        await eventually(lambda: not toy.sse.open)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
