"""A dry run tells what an operation would weigh, checks it as a run does, and runs nothing."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from api.engine import GraphQLRequest
from api.limits import Limits
from domain.term import Language
from tests.acceptance.town import ROOT
from tests.api.client import Client, engine
from tests.api.toy import Toy, hear, serving, tell

GUIDE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
DRY = {"dryRun": True}


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with serving(Limits(requests_per_second=10_000)) as toy:
        yield toy


async def post(toy: Toy, query: str, extensions: object = DRY, **variables: object) -> httpx2.Response:
    async with toy.client() as client:
        body = {"query": query, "variables": variables, "extensions": extensions}
        return await client.post("/graphql", json=body)


def told(response: httpx2.Response) -> dict[str, Any]:
    (error,) = response.json()["errors"]
    assert response.status_code == 400
    extensions: dict[str, Any] = error["extensions"]
    return extensions


async def test_a_dry_run_tells_each_value_beside_its_limit_and_runs_nothing(toy: Toy) -> None:
    answer = (await post(toy, "mutation{bump}")).json()
    assert (answer["data"], answer["extensions"]["cost"]) == (None, 1)
    assert answer["extensions"]["dryRun"]["cost"] == {"value": 1, "limit": Limits().cost}
    assert toy.ledger.bumps == toy.ledger.opened == 0
    real = (await post(toy, "mutation{bump}", {"dryRun": False})).json()
    assert real == {"data": {"bump": 1}, "extensions": {"cost": 1}}


async def test_a_dry_run_weighs_with_the_variables_it_is_given(toy: Toy) -> None:
    query = "query($n:Int!){node(first:$n){child{name}}}"
    costs = [(await post(toy, query, n=rows)).json()["extensions"]["cost"] for rows in (1, 30)]
    assert costs == [3, 61]


async def test_a_dry_run_refuses_what_a_run_would_refuse(toy: Toy) -> None:
    costly = "query($n:Int!){node(first:$n){child(first:$n){child(first:$n){name}}}}"
    facts = told(await post(toy, costly, n=100))
    assert facts == {"code": "TOO_COSTLY", "what": "cost", "value": 1_010_101, "limit": 20_000}
    assert told(await post(toy, "query($n:Int!){node(first:$n){name}}", n="many")) == {
        "code": "BAD_INPUT",
        "field": "n",
    }
    assert told(await post(toy, "{nope}"))["code"] == "BAD_INPUT"
    assert told(await post(toy, "{node{name}}", {"dryRun": 1}))["field"] == "extensions.dryRun"


async def test_a_subscription_is_run_dry_on_a_websocket(toy: Toy) -> None:
    connection = await toy.ready()
    payload = {"query": "subscription{count}", "extensions": DRY}
    await tell(connection, {"id": "1", "type": "subscribe", "payload": payload})
    first, last = await hear(connection), await hear(connection)
    assert (first["type"], first["payload"]["data"], first["payload"]["extensions"]["cost"]) == (
        "next",
        None,
        1,
    )
    assert last == {"type": "complete", "id": "1"}
    assert toy.ledger.closed == 0
    await connection.close()


@pytest.mark.usefixtures("sqlite_store")
async def test_the_guide_shows_what_a_dry_run_answers() -> None:
    blocks = re.findall(r"^```json\n([^`]*?dryRun.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    asked, answered = (json.loads(it) for it in blocks)
    request = GraphQLRequest(asked["query"], asked["variables"], dry_run=asked["extensions"]["dryRun"])
    operation = engine().prepare(request, Language.EN)
    answer = await engine().run(operation, await Client().context())
    assert json.loads(answer.payload()) == answered


@pytest.mark.parametrize(
    ("limits", "status", "code"),
    [(Limits(running_per_caller=1), 429, "RATE_LIMITED"), (Limits(running=1), 503, "UNAVAILABLE")],
)
async def test_too_many_operations_at_once_are_refused_over_http_and_on_websockets(
    limits: Limits, status: int, code: str
) -> None:
    async with serving(limits) as toy, toy.client() as client, toy.client() as other:
        waiting = asyncio.create_task(client.post("/graphql", json={"query": "mutation{bump(wait:true)}"}))
        async with asyncio.timeout(5):
            while not toy.ledger.opened:  # noqa: ASYNC110 - looks at a plain attribute, which wakes nobody
                await asyncio.sleep(0.01)
        busy = await other.post("/graphql", json={"query": "{node{name}}"})
        assert (busy.status_code, busy.headers["retry-after"]) == (status, "1")
        assert busy.json()["errors"][0]["extensions"]["code"] == code
        toy.ledger.gate.set()
        assert (await waiting).json()["data"] == {"bump": 1}
        assert (await other.post("/graphql", json={"query": "{node{name}}"})).status_code == 200
