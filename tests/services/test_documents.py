"""Documents are stored once, retired with their keys, and every change is told."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from db import event_log
from db.integration import documents as rows
from db.integration import keys as key_rows
from domain.errors import ErrorCode
from domain.event import Event, EventKind
from domain.integration.document import Document, DocumentKind, Form, digest
from domain.integration.key import IntegrationKey
from services import documents, integration_keys
from services.command import Call, new_id
from services.documents import RetireDocument, StoreDocument
from services.integration_keys import CreateIntegrationKey
from tests.db.factories import NOW, District, a_district
from tests.services.test_people import refused

pytestmark = pytest.mark.usefixtures("store")

TEXT = "query Mine { incidents(first: 5) { nodes { no } } }"


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open first
    return await a_district()


def by(district: District, username: str = "sysadmin", key: UUID | None = None) -> Call:
    return Call(district.viewer(username), NOW, new_id, key or uuid4())


def a_query(_text: str) -> Form:
    return Form(DocumentKind.QUERY, "Mine")


async def stored(district: District, text: str = TEXT) -> Document:
    result = await documents.store(by(district), StoreDocument(text=text, name="值班"), a_query)
    found = await rows.by_id(result.made["document"][0])
    assert found is not None
    return found


async def keyed(district: District, document: Document) -> IntegrationKey:
    person_id = district.people["director"].id
    given = CreateIntegrationKey(name="大屏", document_id=document.id, person_id=person_id)
    result = await integration_keys.create(by(district), given)
    found = await key_rows.by_id(result.made["key"][0])
    assert found is not None
    return found


async def told() -> list[Event]:
    return [it.event for it in await event_log.read(0, 1000) if it.event.subject.noun == "Document"]


async def test_a_document_is_found_by_the_hash_of_its_text(district: District) -> None:
    document = await stored(district)
    assert await rows.by_hash(digest(TEXT)) == document
    assert (document.kind, document.operation_name) == (DocumentKind.QUERY, "Mine")
    assert document.created_by_id == district.people["sysadmin"].id
    (event,) = await told()
    assert (event.kind, event.data) == (EventKind.DICTIONARY, {"sha256": digest(TEXT)})


async def test_the_same_text_is_stored_once_whatever_its_name(district: District) -> None:
    first = await stored(district)
    again = await documents.store(by(district), StoreDocument(text=TEXT, name="另一个"), a_query)
    assert again.made["document"] == (first.id,)
    assert await rows.by_id(first.id) == first
    assert len(await told()) == 1
    assert (await stored(district, TEXT + " ")).id != first.id


async def test_a_retired_document_takes_its_keys_along_and_comes_back_without_them(
    district: District,
) -> None:
    document = await stored(district)
    kept, revoked = await keyed(district, await stored(district, TEXT + " ")), await keyed(district, document)
    await documents.retire(by(district), RetireDocument(id=document.id, expected_version=1))
    gone = await key_rows.by_id(revoked.id)
    assert gone is not None
    assert not gone.live_at(datetime.now(UTC))
    assert await key_rows.by_id(kept.id) == kept
    last = (await event_log.read(0, 1000))[-1].event
    assert (last.kind, last.subject.id, last.person_id) == (EventKind.RIGHTS, revoked.id, revoked.person_id)
    back = await stored(district)
    assert (back.id, back.version, back.retired_at) == (document.id, 3, None)
    assert await key_rows.by_id(revoked.id) == gone
    assert len(await told()) == 4


async def test_a_document_is_retired_once_by_who_saw_its_present_version(district: District) -> None:
    document = await stored(district)
    retired, key = RetireDocument(id=document.id, expected_version=1), uuid4()
    await documents.retire(by(district, key=key), retired)
    await documents.retire(by(district, key=key), retired)
    await refused(documents.retire(by(district), retired), ErrorCode.CONFLICT, "expectedVersion")
    again = RetireDocument(id=document.id, expected_version=2)
    await refused(documents.retire(by(district), again), ErrorCode.GUARD_FAILED)
    nothing = RetireDocument(id=uuid4(), expected_version=1)
    await refused(documents.retire(by(district), nothing), ErrorCode.NOT_FOUND, "id")


async def test_what_cannot_be_kept_or_run_is_not_stored(district: District) -> None:
    for given, field in (
        (StoreDocument(text='{ a(b: """\x00""") }', name="值班"), "text"),
        (StoreDocument(text=TEXT, name=" "), "name"),
        (StoreDocument(text=TEXT, name="长" * 101), "name"),
    ):
        await refused(documents.store(by(district), given, a_query), ErrorCode.BAD_INPUT, field)
    assert await told() == []


async def test_documents_are_for_the_system_administrator_alone(district: District) -> None:
    document = await stored(district)
    given = StoreDocument(text=TEXT, name="值班")
    for username in ("director", "auditor", "resident", "worker"):
        await refused(documents.store(by(district, username), given, a_query), ErrorCode.FORBIDDEN)
        gone = RetireDocument(id=document.id, expected_version=1)
        await refused(documents.retire(by(district, username), gone), ErrorCode.FORBIDDEN)
        viewer = district.viewer(username)
        assert await rows.get([document.id], viewer=viewer) == {}
        assert await rows.count(viewer=viewer) == (0, True)
    assert await rows.get([document.id], viewer=district.viewer("sysadmin")) == {document.id: document}
