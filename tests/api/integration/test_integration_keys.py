"""Integration keys at the doors: one document each, with their person's eyes, until they end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.ids import encode
from api.limits import Limits
from api.stored_documents import StoredDocuments
from db import people
from db.integration import documents as document_rows
from db.integration import keys as rows
from db.unit_of_work import in_transaction
from domain.incident import IncidentState
from domain.integration.document import Document, digest
from domain.integration.key import IntegrationKey
from domain.term import Language
from services import documents, integration_keys
from services.command import Call, new_id
from services.documents import RetireDocument, StoreDocument
from services.integration_keys import SECRET, CreateIntegrationKey, RevokeIntegrationKey
from tests.api.client import engine
from tests.api.open_door import House, opened
from tests.api.toy import hear, tell
from tests.db.factories import NOW, District, a_case, a_complainant, a_district
from tests.services.accounts import let_sign_in, rights_told, sign_in

CASES = "query Cases($first: Int!) { incidents(first: $first) { nodes { no complainant { name phone } } } }"
FEED = "subscription Feed { feed { __typename ... on FeedRevoked { revoked } } }"
ONE = {"first": 1}


@pytest.fixture
async def district(sqlite_store: str) -> District:  # noqa: ARG001 - the store must be open
    found = await a_district()
    await let_sign_in(found.people["sysadmin"].id, found.people["director"].id)
    return found


@pytest.fixture
async def house(district: District, tmp_path: Path) -> AsyncIterator[House]:  # noqa: ARG001 - people first
    async with opened(tmp_path) as found:
        yield found


@dataclass
class Held:
    """A key as its holder knows it, and what it is bound to."""

    secret: str
    key: IntegrationKey
    document: Document

    @property
    def named(self) -> dict[str, Any]:
        return {"documentId": f"sha256:{self.document.sha256}"}


def call(district: District) -> Call:
    return Call(district.viewer("sysadmin"), NOW, new_id, uuid4())


async def stored(district: District, text: str) -> Document:
    check = StoredDocuments(engine()).check
    given = StoreDocument(text=text, name="测试")
    result = await documents.store(call(district), given, lambda it: check(it, Language.EN))
    found = await document_rows.by_id(result.made["document"][0])
    assert found is not None
    return found


async def held(
    district: District, text: str = CASES, username: str = "director", expires_at: datetime | None = None
) -> Held:
    document = await stored(district, text)
    given = CreateIntegrationKey(
        name="大屏",
        document_id=document.id,
        person_id=district.people[username].id,
        expires_at=expires_at,
    )
    result = await integration_keys.create(call(district), given)
    key = await rows.by_id(result.made["key"][0])
    assert key is not None
    return Held(str(result.facts[SECRET]), key, document)


async def revoke(district: District, key: IntegrationKey) -> None:
    await integration_keys.revoke(call(district), RevokeIntegrationKey(id=key.id, expected_version=1))


async def post(house: House, token: str, body: object) -> tuple[int, Any]:
    async with house.client(token) as client:
        answer = await client.post("/graphql", json=body)
    return answer.status_code, answer.json()


def code(body: Any) -> str:
    return str(body["errors"][0]["extensions"]["code"])


async def test_a_key_runs_its_document_named_by_hash_by_text_or_not_at_all(
    district: District, house: House
) -> None:
    await a_case(district, IncidentState.REPORTED)
    it = await held(district)
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": it.document.sha256}}
    first = None
    for body in ({}, it.named, {"query": CASES}, {"extensions": extensions}, {"operationName": "Cases"}):
        status, answer = await post(house, it.secret, {"variables": ONE, **body})
        assert (status, len(answer["data"]["incidents"]["nodes"])) == (200, 1)
        first = first or answer
        assert answer == first
    async with house.client(it.secret) as client:
        got = await client.get("/graphql", params={"variables": '{"first": 1}'})
    assert got.json() == first


async def test_anything_but_its_document_is_forbidden_and_told_in_the_log(
    district: District, house: House
) -> None:
    it = await held(district)
    other = await stored(district, "{ viewer { id } }")
    out = "mutation { signOut { signedOut } }"
    for body in (
        {"query": "{ viewer { id } }"},
        {"query": out},
        {"query": CASES + " "},
        {"documentId": f"sha256:{other.sha256}"},
        {"documentId": f"sha256:{digest('unknown')}"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": other.sha256}}},
    ):
        status, answer = await post(house, it.secret, body)
        assert (status, code(answer)) == (403, "FORBIDDEN")
    async with house.client(it.secret) as client:
        assert (await client.get("/graphql", params={"query": "{ viewer { id } }"})).status_code == 403
    bad: tuple[object, ...] = ([it.named], {"query": ""}, {"variables": ONE, "operationName": "X"})
    for wrong in bad:
        assert (await post(house, it.secret, wrong))[0] == 400
    told = await _told(2)
    assert [entry["reason"] for entry in told] == ["KEY_CREATED", "KEY_REFUSED"]
    assert told[-1]["why"] == "OTHER_DOCUMENT"


async def test_a_key_opens_no_files(district: District, house: House) -> None:
    it = await held(district)
    async with house.client(it.secret) as client:
        answer = await client.post("/files/", files={"file": ("a.jpg", b"x", "image/jpeg")})
        assert (answer.status_code, code(answer.json())) == (403, "FORBIDDEN")
        answer = await client.get(f"/files/{encode('Media', uuid4())}")
        assert (answer.status_code, code(answer.json())) == (403, "FORBIDDEN")


async def test_a_document_that_asks_for_the_viewer_is_not_answered_to_a_key(
    district: District, house: House
) -> None:
    it = await held(district, "{ viewer { id username } }")
    status, answer = await post(house, it.secret, {})
    assert (status, answer["data"], code(answer)) == (200, {"viewer": None}, "FORBIDDEN")


async def test_what_opens_nothing_is_unauthenticated_whatever_is_wrong(
    district: District, house: House
) -> None:
    it, gone = await held(district), await held(district)
    late = await held(district, expires_at=datetime.now(UTC) + timedelta(seconds=0.2))
    retired = await held(district, "query Gone { enumLabels { enum } }")
    await revoke(district, gone.key)
    await documents.retire(call(district), RetireDocument(id=retired.document.id, expected_version=1))
    await asyncio.sleep(0.25)
    bad = [
        gone.secret,
        late.secret,
        retired.secret,
        it.secret[:-1],
        it.secret + "0",
        "fqk_",
        "fqk_x y",
        "fqk_" + "0" * 9000,
    ]
    for secret in (*bad, it.secret.replace("fqk_", "fqx_"), it.secret.upper()):
        status, answer = await post(house, secret, {"variables": ONE})
        assert (status, code(answer)) == (401, "UNAUTHENTICATED"), secret
        assert "why" not in answer["errors"][0]["extensions"]
        async with house.socket({"authorization": f"Bearer {secret}"}) as socket:
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (4403, "UNAUTHENTICATED")
    told = [entry["why"] for entry in await _told(10) if entry["reason"] == "KEY_REFUSED"]
    assert sorted(str(why) for why in told) == ["EXPIRED", "REVOKED", "REVOKED"]


async def test_guessing_keys_is_as_slow_as_guessing_passwords(district: District, tmp_path: Path) -> None:
    it = await held(district)
    async with opened(tmp_path, Limits(sign_ins_per_minute=3)) as house:
        answers = [await post(house, it.secret[:-1], {}) for _ in range(5)]
        assert [status for status, _ in answers] == [401, 401, 401, 429, 429]
        assert (await post(house, it.secret, {"variables": ONE}))[0] == 200


async def test_a_key_sees_what_its_person_sees_masked_as_for_the_person(
    district: District, house: House
) -> None:
    about = district.orgs["HOUSING"].id  # who complains is kept from that unit (R81)
    await a_case(district, IncidentState.DISPATCHED, complainant=a_complainant(), complained_org_id=about)
    seen = set()
    for username in ("director", "auditor", "housing", "worker", "resident", "sysadmin"):
        it = await held(district, username=username)
        await let_sign_in_once(district, username)
        token = (await sign_in(username, at=datetime.now(UTC))).access_token
        person = await house.ask(CASES, token, first=10)
        assert (await post(house, it.secret, {"variables": {"first": 10}}))[1] == person, username
        seen.add(str(person["data"]))
    assert len(seen) > 2  # masked, kept back, and no case: the comparison compares something


async def let_sign_in_once(district: District, username: str) -> None:
    if username not in {"sysadmin", "director"}:
        await let_sign_in(district.people[username].id)


async def test_a_key_loses_what_its_person_loses(district: District, house: House) -> None:
    await a_case(district, IncidentState.REPORTED)
    it = await held(district)
    assert (await post(house, it.secret, {"variables": ONE}))[1]["data"]["incidents"]["nodes"]
    ended = replace(district.posts["director"], ends_at=datetime.now(UTC))
    await in_transaction(lambda work: people.save_post(work, district.posts["director"], ended))
    assert (await post(house, it.secret, {"variables": ONE}))[1]["data"]["incidents"]["nodes"] == []


async def test_a_subscription_key_follows_on_a_websocket_and_is_told_so_over_http(
    district: District, house: House
) -> None:
    it = await held(district, FEED)
    status, answer = await post(house, it.secret, {})
    assert (status, code(answer)) == (400, "BAD_INPUT")
    async with house.socket({"authorization": f"Bearer {it.secret}"}) as socket:
        assert (await hear(socket))["type"] == "connection_ack"
        await tell(socket, {"id": "1", "type": "subscribe", "payload": {}})
        assert (await hear(socket))["payload"]["data"]["feed"]["__typename"] == "FeedHeartbeat"
        await tell(socket, {"id": "2", "type": "subscribe", "payload": {"query": "{ viewer { id } }"}})
        heard = await hear(socket)
        assert (heard["id"], heard["type"]) == ("2", "error")
        assert heard["payload"][0]["extensions"]["code"] == "FORBIDDEN"
        await tell(socket, {"id": "1", "type": "complete"})


async def test_a_query_key_asks_on_a_websocket_too(district: District, house: House) -> None:
    it = await held(district)
    async with house.socket({"authorization": f"Bearer {it.secret}"}) as socket:
        assert (await hear(socket))["type"] == "connection_ack"
        await tell(socket, {"id": "1", "type": "subscribe", "payload": {"variables": ONE}})
        assert (await hear(socket))["payload"]["data"] == {"incidents": {"nodes": []}}
        assert (await hear(socket))["type"] == "complete"


@pytest.mark.parametrize("by", ["revocation", "retirement"])
async def test_the_end_of_a_key_ends_its_streams_in_every_process(
    district: District, house: House, tmp_path: Path, by: str
) -> None:
    it = await held(district, FEED)
    async with opened(tmp_path) as neighbour:
        payload: dict[str, object] = {"authorization": f"Bearer {it.secret}"}
        async with house.socket(payload) as here, neighbour.socket(payload) as there:
            for socket in (here, there):
                assert (await hear(socket))["type"] == "connection_ack"
                await tell(socket, {"id": "1", "type": "subscribe", "payload": {}})
                assert (await hear(socket))["type"] == "next"
            if by == "revocation":
                await revoke(district, it.key)
            else:
                gone = RetireDocument(id=it.document.id, expected_version=1)
                await documents.retire(call(district), gone)
            for socket in (here, there):
                assert (await hear(socket))["payload"]["data"]["feed"] == {
                    "__typename": "FeedRevoked",
                    "revoked": "SESSION_ENDED",
                }
                await asyncio.wait_for(socket.wait_closed(), 5)
                assert socket.close_code == 4403


async def test_other_keys_and_sessions_of_the_person_go_on(district: District, house: House) -> None:
    it, other = await held(district, FEED), await held(district, FEED)
    async with house.socket({"authorization": f"Bearer {other.secret}"}) as socket:
        assert (await hear(socket))["type"] == "connection_ack"
        await tell(socket, {"id": "1", "type": "subscribe", "payload": {}})
        assert (await hear(socket))["type"] == "next"
        await revoke(district, it.key)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 1)


async def test_a_key_that_expires_says_so_and_closes_its_socket(district: District, house: House) -> None:
    it = await held(district, FEED, expires_at=datetime.now(UTC) + timedelta(seconds=1))
    async with house.socket({"authorization": f"Bearer {it.secret}"}) as socket:
        assert (await hear(socket))["type"] == "connection_ack"
        await tell(socket, {"id": "1", "type": "subscribe", "payload": {}})
        assert (await hear(socket))["type"] == "next"
        assert (await hear(socket))["payload"]["data"]["feed"] == {
            "__typename": "FeedRevoked",
            "revoked": "SESSION_ENDED",
        }
        await asyncio.wait_for(socket.wait_closed(), 5)
        assert (socket.close_code, socket.close_reason) == (4403, "SESSION_ENDED")


async def test_the_use_of_a_key_is_written_down_beside_the_request(
    district: District, tmp_path: Path
) -> None:
    it = await held(district)
    before = datetime.now(UTC)
    async with opened(tmp_path) as house:
        for _ in range(3):
            assert (await post(house, it.secret, {"variables": ONE}))[0] == 200
    after = await rows.by_id(it.key.id)
    assert after is not None
    assert after.last_used_at is not None
    assert after.last_used_at >= before


async def test_an_administrator_makes_lists_and_revokes_keys_through_the_schema(
    district: District, house: House
) -> None:
    token = (await sign_in("sysadmin", at=datetime.now(UTC))).access_token
    document = await stored(district, CASES)
    person = district.people["director"]
    given = {
        "idempotencyKey": str(uuid4()),
        "name": "大屏",
        "documentId": encode("Document", document.id),
        "personId": encode("Person", person.id),
        "expiresAt": "2099-01-01T00:00:00+08:00",
    }
    command = """mutation ($input: CreateIntegrationKeyInput!) { createIntegrationKey(input: $input) {
        secret integrationKey { id name document { name } person { name } expiresAt lastUsedAt version } } }"""
    made = (await house.ask(command, token, input=given))["data"]["createIntegrationKey"]
    key = made["integrationKey"]
    assert (key["document"]["name"], key["person"]["name"]) == ("测试", person.name)
    assert (await post(house, made["secret"], {"variables": ONE}))[0] == 200
    again = (await house.ask(command, token, input=given))["data"]["createIntegrationKey"]
    assert (again["secret"], again["integrationKey"]["id"]) == (None, key["id"])
    listed = "{ integrationKeys(last: 5) { nodes { id revokedAt } totalCount } }"
    found = (await house.ask(listed, token))["data"]["integrationKeys"]
    assert found == {"nodes": [{"id": key["id"], "revokedAt": None}], "totalCount": 1}
    gone = {"idempotencyKey": str(uuid4()), "id": key["id"], "expectedVersion": 1}
    command = """mutation ($input: RevokeIntegrationKeyInput!) { revokeIntegrationKey(input: $input) {
        integrationKey { revokedAt version } } }"""
    revoked = (await house.ask(command, token, input=gone))["data"]["revokeIntegrationKey"]["integrationKey"]
    assert revoked["version"] == 2
    assert (await post(house, made["secret"], {"variables": ONE}))[0] == 401


async def _told(count: int) -> list[dict[str, Any]]:
    """What the log says of keys, once it says so much or has had time to."""
    found: list[dict[str, Any]] = []
    for _ in range(20):
        found = [
            dict(it.event.data) for it in await rights_told() if it.event.subject.noun == "IntegrationKey"
        ]
        if len(found) >= count:
            break
        await asyncio.sleep(0.02)
    return found
