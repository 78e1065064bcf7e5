"""Documents run by their hash: stored, registered, trusted, and dropped everywhere when they are retired."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.engine import Engine, Refused
from api.limits import Limits
from api.protocol import asked_of
from api.stored_documents import REGISTERED, StoredDocuments
from db import event_log
from db.integration import documents as rows
from domain.errors import DomainError, ErrorCode
from domain.integration.document import DocumentKind, Form, digest
from domain.term import Language
from services import documents
from services.command import Call, new_id
from services.documents import RetireDocument, StoreDocument
from tests.api.client import Client, engine
from tests.api.open_door import House, opened
from tests.api.toy import hear, tell
from tests.db.factories import NOW, District, a_district
from tests.services.accounts import let_sign_in, sign_in

TEXT = "query Labels { enumLabels(lang: EN) { enum } }"
OTHER = "query Others { enumLabels(lang: ZH) { enum } }"


@pytest.fixture
async def district(sqlite_store: str) -> District:  # noqa: ARG001 - the store must be open
    found = await a_district()
    await let_sign_in(found.people["sysadmin"].id)
    return found


@pytest.fixture
async def house(district: District, tmp_path: Path) -> AsyncIterator[House]:  # noqa: ARG001 - people first
    async with opened(tmp_path) as found:
        yield found


async def store(district: District, text: str = TEXT) -> None:
    call = Call(district.viewer("sysadmin"), NOW, new_id, uuid4())
    given = StoreDocument(text=text, name="测试")
    await documents.store(call, given, lambda it: StoredDocuments(engine()).check(it, Language.EN))


async def retire(district: District, text: str = TEXT) -> None:
    found = await rows.by_hash(digest(text))
    assert found is not None
    call = Call(district.viewer("sysadmin"), NOW, new_id, uuid4())
    await documents.retire(call, RetireDocument(id=found.id, expected_version=found.version))


def named(text: str = TEXT) -> dict[str, Any]:
    return {"documentId": f"sha256:{digest(text)}"}


def persisted(text: str = TEXT, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}, **more}


async def post(house: House, body: object, accept: str = "*/*") -> tuple[int, Any]:
    async with house.client() as client:
        answer = await client.post("/graphql", json=body, headers={"accept": accept, "accept-language": "en"})
    return answer.status_code, answer.json()


def code(body: Any) -> tuple[str, str | None]:
    said = body["errors"][0]["extensions"]
    assert "data" not in body
    return said["code"], said.get("field")


async def test_a_stored_document_runs_by_its_hash_over_post_get_and_websocket(
    district: District, house: House
) -> None:
    await store(district)
    status, body = await post(house, named())
    assert (status, body["data"]["enumLabels"][0]["enum"]) == (200, "ActionName")
    async with house.client() as client:
        got = await client.get("/graphql", params=named())
    assert got.json()["data"] == body["data"]
    assert (await post(house, persisted()))[1]["data"] == body["data"]
    async with house.socket({}) as socket:
        assert (await hear(socket))["type"] == "connection_ack"
        await tell(socket, {"id": "1", "type": "subscribe", "payload": named()})
        assert (await hear(socket))["payload"]["data"] == body["data"]


@pytest.mark.parametrize(("accept", "status"), [("*/*", 400), ("application/json", 200)])
async def test_an_unknown_hash_is_told_with_the_words_clients_look_for(
    house: House, accept: str, status: int
) -> None:
    answered, body = await post(house, persisted(), accept)
    assert answered == status
    assert code(body) == ("PERSISTED_QUERY_NOT_FOUND", None)
    assert body["errors"][0]["message"] == "PersistedQueryNotFound"
    answered, body = await post(house, named(), accept)
    assert (answered, body["errors"][0]["message"]) == (status, "No document has this id")
    async with house.socket({}) as socket:
        assert (await hear(socket))["type"] == "connection_ack"
        await tell(socket, {"id": "1", "type": "subscribe", "payload": named()})
        heard = await hear(socket)
        assert heard["type"] == "error"
        assert heard["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_client_registers_a_text_in_the_process_and_never_in_the_store(house: House) -> None:
    assert code((await post(house, persisted()))[1])[0] == "PERSISTED_QUERY_NOT_FOUND"
    status, first = await post(house, persisted(query=TEXT))
    assert status == 200
    assert (await post(house, persisted()))[1] == first
    assert await rows.by_hash(digest(TEXT)) is None


async def test_a_text_is_not_registered_under_the_hash_of_another(house: House) -> None:
    status, body = await post(house, persisted(OTHER, query=TEXT))
    assert (status, code(body)) == (400, ("BAD_INPUT", "extensions.persistedQuery"))
    assert code((await post(house, persisted(OTHER)))[1])[0] == "PERSISTED_QUERY_NOT_FOUND"


async def test_what_clients_register_is_bounded() -> None:
    found = StoredDocuments(engine())
    texts = [f"query Q{number} {{ enumLabels {{ enum }} }}" for number in range(REGISTERED + 1)]
    for text in texts:
        await found.request(asked_of(persisted(text, query=text)), None, Language.EN)
    assert len(found._registered) == REGISTERED
    assert (await found.request(asked_of(persisted(texts[-1])), None, Language.EN)).document == texts[-1]
    long = TEXT + " " * 20_000
    await found.request(asked_of(persisted(long, query=long)), None, Language.EN)
    assert digest(long) not in found._registered


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": 7}, "query"),
        ({"documentId": 7}, "documentId"),
        ({"documentId": ""}, "documentId"),
        ({"documentId": "sha256:"}, "documentId"),
        ({"documentId": digest(TEXT)}, "documentId"),
        ({"documentId": "sha256:" + digest(TEXT).upper()}, "documentId"),
        ({"documentId": "sha256:" + digest(TEXT)[:-1]}, "documentId"),
        ({"documentId": "md5:" + digest(TEXT)}, "documentId"),
        (named() | {"query": TEXT}, "documentId"),
        (named() | persisted(), "documentId"),
        (named() | {"variables": []}, "variables"),
        ({"extensions": {"persistedQuery": True}}, "extensions.persistedQuery"),
        ({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": digest(TEXT)}}}, "extensions.persistedQuery"),
        ({"extensions": {"persistedQuery": {"version": 1}}}, "extensions.persistedQuery"),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "枫" * 64}}}, "extensions.persistedQuery"),
        ([named()], None),
    ],
)  # fmt: skip
async def test_a_document_named_wrongly_is_bad_input_that_names_the_member(
    house: House, body: object, field: str | None
) -> None:
    status, answer = await post(house, body)
    assert (status, code(answer)) == (400, ("BAD_INPUT", field))


async def test_a_websocket_message_that_names_nothing_breaks_the_protocol(house: House) -> None:
    async with house.socket({}) as socket:
        assert (await hear(socket))["type"] == "connection_ack"
        await tell(socket, {"id": "1", "type": "subscribe", "payload": {"variables": {}}})
        await socket.wait_closed()
        assert socket.close_code == 4400


async def test_a_mutation_by_hash_is_refused_over_get(district: District, house: House) -> None:
    text = "mutation { signOut { signedOut } }"
    await store(district, text)
    async with house.client() as client:
        assert (await client.get("/graphql", params=named(text))).status_code == 405


async def _gone(house: House) -> None:
    while (await post(house, named()))[0] == 200:
        pass


async def test_a_retired_document_stops_at_once_here_and_within_seconds_elsewhere(
    district: District, house: House, tmp_path: Path
) -> None:
    await store(district)
    async with opened(tmp_path) as neighbour:
        for server in (house, neighbour, house, neighbour):
            assert (await post(server, named()))[0] == 200
        await retire(district)
        assert code((await post(house, named()))[1])[0] == "PERSISTED_QUERY_NOT_FOUND"
        await asyncio.wait_for(_gone(neighbour), 5)
        await store(district)
        assert (await post(house, named()))[0] == 200


async def test_what_was_read_before_a_change_is_not_kept_after_it(district: District) -> None:
    await store(district)
    found = StoredDocuments(engine(), lag=lambda: 0.0)
    asked = asked_of(named())
    await found.request(asked, None, Language.EN)
    await retire(district)
    assert (await found.request(asked, None, Language.EN)).document == TEXT  # nothing was heard yet
    found.hear([it.event for it in await event_log.read(0, 1000)])
    with pytest.raises(Refused):
        await found.request(asked, None, Language.EN)


async def test_nothing_kept_is_believed_while_the_log_is_not_heard(district: District) -> None:
    lag = [0.0]
    await store(district)
    found = StoredDocuments(engine(), lag=lambda: lag[0])
    asked = asked_of(named())
    await found.request(asked, None, Language.EN)
    await retire(district)
    lag[0] = 60.0
    with pytest.raises(Refused):
        await found.request(asked, None, Language.EN)


async def test_with_the_trusted_list_only_stored_documents_run(district: District, tmp_path: Path) -> None:
    await store(district)
    async with opened(tmp_path, trusted=True) as house:
        for body in (named(), {"query": TEXT}, persisted(), persisted(query=TEXT)):
            assert (await post(house, body))[0] == 200, body
        for body in ({"query": OTHER}, {"query": "{ __typename }"}, persisted(OTHER, query=OTHER)):
            status, answer = await post(house, body)
            assert (status, code(answer)) == (403, ("FORBIDDEN", None))
            assert answer["errors"][0]["message"] == "Only stored documents run on this server"
        assert code((await post(house, persisted(OTHER)))[1])[0] == "PERSISTED_QUERY_NOT_FOUND"
        await retire(district)
        assert (await post(house, {"query": TEXT}))[0] == 403
        async with house.socket({}) as socket:
            assert (await hear(socket))["type"] == "connection_ack"
            await tell(socket, {"id": "1", "type": "subscribe", "payload": {"query": TEXT}})
            assert (await hear(socket))["payload"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Syntax Error"),
        ("query {", "Syntax Error"),
        ("{ nothing }", "Cannot query field 'nothing'"),
        ("query A { __typename } query B { __typename }", "operation"),
        ("fragment F on Query { __typename }", "operation"),
        ("{ " + "a: __typename " * 60 + "}", "costly (aliases: 60 > 50)"),
    ],
)
def test_a_text_that_could_not_run_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(DomainError) as caught:
        StoredDocuments(engine()).check(text, Language.EN)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "text")
    assert words in caught.value.message(Language.EN)


def test_a_text_is_known_by_kind_and_name() -> None:
    found = StoredDocuments(Engine(engine()._strawberry, Limits()))
    assert found.check("{ __typename }", Language.ZH) == Form(DocumentKind.QUERY, None)
    assert found.check("subscription S { board { at } }", Language.ZH) == Form(DocumentKind.SUBSCRIPTION, "S")
    assert found.check(" mutation Out { signOut { signedOut } }", Language.ZH) == Form(
        DocumentKind.MUTATION, "Out"
    )


async def test_an_administrator_stores_lists_and_retires_through_the_schema(house: House) -> None:
    token = (await sign_in("sysadmin", at=datetime.now(UTC))).access_token
    given = {"idempotencyKey": str(uuid4()), "text": TEXT, "name": "标签"}
    command = """mutation ($input: StoreDocumentInput!) { storeDocument(input: $input) { document {
        id hash name text kind operationName createdBy { name } retiredAt version } } }"""
    stored = (await house.ask(command, token, input=given))["data"]["storeDocument"]["document"]
    assert stored["hash"] == "sha256:" + hashlib.sha256(TEXT.encode()).hexdigest()
    assert (stored["kind"], stored["operationName"], stored["version"]) == ("QUERY", "Labels", 1)
    listed = "{ documents(first: 1) { nodes { id } totalCount pageInfo { hasNextPage } } }"
    assert (await house.ask(listed, token))["data"]["documents"]["nodes"] == [{"id": stored["id"]}]
    bad = {**given, "idempotencyKey": str(uuid4()), "text": "{ nothing }"}
    refused = await house.ask(command, token, input=bad)
    assert refused["errors"][0]["extensions"] == {"code": "BAD_INPUT", "field": "text"}
    gone = {"idempotencyKey": str(uuid4()), "id": stored["id"], "expectedVersion": 1}
    command = """mutation ($input: RetireDocumentInput!) { retireDocument(input: $input) {
        document { retiredAt version } } }"""
    retired = (await house.ask(command, token, input=gone))["data"]["retireDocument"]["document"]
    assert retired["version"] == 2
    assert retired["retiredAt"]


async def test_the_lists_are_for_administrators(district: District) -> None:
    await store(district)
    for field in ("documents", "integrationKeys"):
        document = f"{{ {field}(first: 2) {{ totalCount }} }}"
        director = await Client(district.viewer("director")).run(document)
        assert director.refusals == [("FORBIDDEN", None)]
        nobody = await Client().run(document)
        assert nobody.refusals == [("UNAUTHENTICATED", None)]


async def test_pages_of_documents_join_to_the_list(district: District) -> None:
    for number in range(5):
        await store(district, f"query Q{number} {{ __typename }}")
    client, seen, after = Client(district.viewer("sysadmin")), [], None
    page = """query ($after: Cursor) { documents(first: 2, after: $after) {
        nodes { operationName } pageInfo { endCursor hasNextPage } } }"""
    while True:
        found = (await client.ask(page, after=after))["documents"]
        seen += [it["operationName"] for it in found["nodes"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == [f"Q{number}" for number in range(5)]
    other = "query ($after: Cursor) { integrationKeys(first: 2, after: $after) { totalCount } }"
    wrong = await client.run(other, after=after)
    assert wrong.refusals == [("BAD_CURSOR", "after")]
