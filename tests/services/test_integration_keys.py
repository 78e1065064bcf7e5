"""Integration keys: made for one document and one person, refused alike from outside, used and refused on record."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from db import people
from db.integration import documents as document_rows
from db.integration import keys as rows
from db.unit_of_work import in_transaction
from domain.errors import ErrorCode
from domain.integration.document import Document, DocumentKind, Form
from domain.integration.key import IntegrationKey
from services import documents, integration_keys
from services.documents import StoreDocument
from services.integration_keys import SECRET, CreateIntegrationKey, KeyRefusedError, RevokeIntegrationKey
from tests.db.factories import NOW, District, a_district
from tests.services.accounts import reasons, rights_told
from tests.services.test_documents import by, stored
from tests.services.test_people import refused

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open first
    return await a_district()


@pytest.fixture
async def document(district: District) -> Document:
    return await stored(district)


def wanted(district: District, document: Document, **changes: object) -> CreateIntegrationKey:
    person_id = district.people["director"].id
    given = CreateIntegrationKey(name="大屏", document_id=document.id, person_id=person_id)
    return replace(given, **changes)  # type: ignore[arg-type]  # fields of any kind


async def made(district: District, document: Document, **changes: object) -> tuple[str, IntegrationKey]:
    result = await integration_keys.create(by(district), wanted(district, document, **changes))
    key = await rows.by_id(result.made["key"][0])
    assert key is not None
    return str(result.facts[SECRET]), key


async def why_not(secret: str, wall_now: datetime | None = None) -> str:
    with pytest.raises(KeyRefusedError) as caught:
        await integration_keys.admit(secret, now=NOW, wall_now=wall_now or datetime.now(UTC))
    assert caught.value.code is ErrorCode.UNAUTHENTICATED
    assert not caught.value.facts
    return caught.value.why


async def test_a_key_acts_for_its_person_with_the_posts_of_the_moment(
    district: District, document: Document
) -> None:
    secret, key = await made(district, document)
    let_in = await integration_keys.admit(secret, now=NOW, wall_now=datetime.now(UTC))
    director = district.viewer("director")
    assert (let_in.viewer.person_id, let_in.viewer.posts) == (director.person_id, director.posts)
    assert (let_in.viewer.key_id, let_in.viewer.session_id) == (key.id, None)
    assert let_in.document == document
    ended = replace(district.posts["director"], ends_at=NOW)
    await in_transaction(lambda work: people.save_post(work, district.posts["director"], ended))
    later = await integration_keys.admit(secret, now=NOW, wall_now=datetime.now(UTC))
    assert later.viewer.posts == ()


async def test_the_secret_is_shown_once_and_kept_nowhere(district: District, document: Document) -> None:
    call = by(district)
    first = await integration_keys.create(call, wanted(district, document))
    again = await integration_keys.create(call, wanted(district, document))
    assert again.made == first.made
    assert SECRET in first.facts
    assert SECRET not in again.facts
    secret = str(first.facts[SECRET])
    key = await rows.by_id(first.made["key"][0])
    assert secret not in repr(key)
    assert secret not in repr(await rights_told())
    assert await reasons() == ["KEY_CREATED"]


async def test_no_two_keys_have_one_secret(district: District, document: Document) -> None:
    (first, _), (second, _) = await made(district, document), await made(district, document)
    assert first != second


async def test_a_key_needs_a_runnable_document_an_active_person_and_a_future(
    district: District, document: Document
) -> None:
    command = StoreDocument(text="mutation { signOut { signedOut } }", name="退出")
    result = await documents.store(by(district), command, lambda _: Form(DocumentKind.MUTATION, None))
    (mutation,) = result.made["document"]
    retired = await stored_but_retired(district)
    idle = replace(district.people["clerk"], active=False, version=2)
    await in_transaction(lambda work: people.save(work, idle))
    past = datetime.now(UTC) - timedelta(minutes=1)
    for changes, code, field in (
        ({"document_id": mutation}, ErrorCode.BAD_INPUT, "documentId"),
        ({"document_id": retired.id}, ErrorCode.GUARD_FAILED, "documentId"),
        ({"document_id": uuid4()}, ErrorCode.NOT_FOUND, "documentId"),
        ({"person_id": uuid4()}, ErrorCode.NOT_FOUND, "personId"),
        ({"person_id": idle.id}, ErrorCode.GUARD_FAILED, "personId"),
        ({"expires_at": past}, ErrorCode.BAD_INPUT, "expiresAt"),
        ({"name": ""}, ErrorCode.BAD_INPUT, "name"),
    ):
        attempt = integration_keys.create(by(district), wanted(district, document, **changes))
        await refused(attempt, code, field)
    assert await rows.count(viewer=district.viewer("sysadmin")) == (0, True)


async def stored_but_retired(district: District) -> Document:
    document = await stored(district, "{ gone }")
    await documents.retire(by(district), documents.RetireDocument(id=document.id, expected_version=1))
    return document


async def test_only_administrators_of_system_and_security_make_and_see_keys(
    district: District, document: Document
) -> None:
    _, key = await made(district, document)
    for username in ("director", "auditor", "resident"):
        attempt = integration_keys.create(by(district, username), wanted(district, document))
        await refused(attempt, ErrorCode.FORBIDDEN)
        gone = RevokeIntegrationKey(id=key.id, expected_version=1)
        await refused(integration_keys.revoke(by(district, username), gone), ErrorCode.FORBIDDEN)
        assert await rows.get([key.id], viewer=district.viewer(username)) == {}
    assert await rows.get([key.id], viewer=district.viewer("sysadmin")) == {key.id: key}


async def test_a_revoked_key_opens_nothing_and_is_revoked_once(
    district: District, document: Document
) -> None:
    secret, key = await made(district, document)
    await integration_keys.revoke(by(district), RevokeIntegrationKey(id=key.id, expected_version=1))
    assert await why_not(secret) == "REVOKED"
    assert await reasons() == ["KEY_CREATED", "KEY_REVOKED"]
    again = RevokeIntegrationKey(id=key.id, expected_version=1)
    await refused(integration_keys.revoke(by(district), again), ErrorCode.CONFLICT, "expectedVersion")
    again = RevokeIntegrationKey(id=key.id, expected_version=2)
    await refused(integration_keys.revoke(by(district), again), ErrorCode.GUARD_FAILED)
    nothing = RevokeIntegrationKey(id=uuid4(), expected_version=1)
    await refused(integration_keys.revoke(by(district), nothing), ErrorCode.NOT_FOUND, "id")


async def test_a_key_is_refused_alike_whatever_is_wrong_with_it(
    district: District, document: Document
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    secret, _ = await made(district, document, expires_at=soon)
    assert await why_not(secret, soon) == "EXPIRED"
    for spoilt in (secret[:-1], secret.replace("fqk_", "fqx_"), "fqk_", "fqk_枫", "\ud800"):
        assert await why_not(spoilt) == "UNKNOWN"
    for_clerk, _ = await made(district, document, person_id=district.people["clerk"].id)
    idle = replace(district.people["clerk"], active=False, version=2)
    await in_transaction(lambda work: people.save(work, idle))
    assert await why_not(for_clerk) == "INACTIVE"
    gone = replace(document, retired_at=NOW)  # as another process leaves it while this one looks
    await in_transaction(lambda work: document_rows.save(work, document, gone))
    assert await why_not(for_clerk) == "RETIRED"


async def test_the_use_of_a_key_is_written_once_a_minute(district: District, document: Document) -> None:
    _, key = await made(district, document)
    began = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (90, 60)):
        await integration_keys.note_use(key, began + timedelta(seconds=seconds))
        now = await rows.by_id(key.id)
        assert now is not None
        assert now.last_used_at == began + timedelta(seconds=noted)
        assert now.version == key.version


async def test_a_refusal_is_told_in_the_log_without_naming_who_tried(
    district: District, document: Document
) -> None:
    _, key = await made(district, document)
    await integration_keys.note_refusal(key, "OTHER_DOCUMENT", NOW)
    entry = (await rights_told())[-1].event
    assert (entry.data["reason"], entry.data["why"]) == ("KEY_REFUSED", "OTHER_DOCUMENT")
    assert (entry.actor_id, entry.person_id) == (None, key.person_id)
