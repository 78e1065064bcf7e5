"""A wall display with an integration key, at two server processes over PostgreSQL and Redis."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance.desks import GIVEN
from tests.acceptance.town import Desk, Town

CASES = "query OnWall { incidents(first: 5) { nodes { no complainant { name } } } }"
FEED = """subscription OnWall { feed { __typename
  ... on FeedEvent { kind incident { no } } ... on FeedRevoked { revoked } } }"""


async def _stored(admin: Desk, text: str) -> dict[str, Any]:
    made = await admin.do("storeDocument", "document { id hash version }", name="大屏", text=text)
    document: dict[str, Any] = made["document"]
    return document


async def _key(admin: Desk, text: str, person: Desk) -> tuple[Desk, dict[str, Any]]:
    """A key for a document and a person: whoever holds it, and what administrators see of it."""
    document = await _stored(admin, text)
    viewer = (await person.ask("{ viewer { id } }"))["viewer"]
    given = {"name": "大屏", "documentId": document["id"], "personId": viewer["id"]}
    selection = "secret integrationKey { id version document { id version } }"
    made = await admin.do("createIntegrationKey", selection, **given)
    return Desk(admin.address, made["secret"], admin.http), made["integrationKey"]


async def _status(holder: Desk, address: str, **body: object) -> int:
    headers = {"Authorization": f"Bearer {holder.token}"}
    return (await holder.http.post(f"http://{address}/graphql", json=body, headers=headers)).status_code


async def _until_refused(holder: Desk, address: str, **body: object) -> None:
    """Returns once the address refuses what it answered before, which takes five seconds at most."""
    async with asyncio.timeout(5):
        while await _status(holder, address, **body) == 200:
            pass


async def test_a_document_stored_or_retired_at_one_process_is_so_at_the_other(large_town: Town) -> None:
    admin = await large_town.desk("admin", server=0)
    document = await _stored(admin, CASES)
    for address in large_town.addresses * 2:
        assert await _status(admin, address, documentId=document["hash"]) == 200
    await admin.do("retireDocument", "document { retiredAt }", id=document["id"], expectedVersion=1)
    assert await _status(admin, large_town.addresses[0], documentId=document["hash"]) == 400
    await _until_refused(admin, large_town.addresses[1], documentId=document["hash"])


async def test_a_key_runs_its_document_at_every_process_until_it_is_revoked_at_one(large_town: Town) -> None:
    admin, director = await large_town.desk("admin"), await large_town.desk("command")
    await (await large_town.desk("acceptor")).do("reportIncident", "incident { no }", **GIVEN)
    holder, key = await _key(admin, CASES, director)
    for address in large_town.addresses:
        assert await _status(holder, address) == 200
        assert await _status(holder, address, query="{ viewer { id } }") == 403
    keys = "{ integrationKeys(first: 1) { nodes { lastUsedAt } } }"
    (seen,) = (await admin.ask(keys))["integrationKeys"]["nodes"]
    used = datetime.fromisoformat(seen["lastUsedAt"])
    assert abs((datetime.now(UTC) - used).total_seconds()) < 60
    await admin.do("revokeIntegrationKey", "integrationKey { version }", id=key["id"], expectedVersion=1)
    for address in large_town.addresses:
        assert await _status(holder, address) == 401


@pytest.mark.parametrize("end", ["revokeIntegrationKey", "retireDocument"])
async def test_streams_of_a_key_at_the_other_process_end_within_five_seconds(
    large_town: Town, end: str
) -> None:
    admin = await large_town.desk("admin", server=0)
    holder, key = await _key(admin, FEED, await large_town.desk("command"))
    holder.address = large_town.addresses[1]
    async with holder.watch(FEED) as console:
        await console.until(bool)
        await (await large_town.desk("acceptor")).do("reportIncident", "incident { no }", **GIVEN)
        await console.until(lambda items: any(it.get("kind") == "REPORTED" for it in items))
        gone = key if end == "revokeIntegrationKey" else key["document"]
        await admin.do(end, "__typename", id=gone["id"], expectedVersion=gone["version"])
        await console.until(lambda items: items[-1].get("revoked") == "SESSION_ENDED", 5)
        async with asyncio.timeout(5):
            while console.closed is None:  # noqa: ASYNC110 - a plain attribute wakes nobody
                await asyncio.sleep(0.01)
        assert (console.closed, console.faults) == (4403, [])
