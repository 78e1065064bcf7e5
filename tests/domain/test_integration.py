"""Secrets of integration keys, and what a key may be bound to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.integration.document import Document, DocumentKind, digest
from domain.integration.key import (
    PREFIX,
    IntegrationKey,
    check_bindable,
    check_expiry,
    digest_of,
    spelled,
    well_formed,
)
from domain.rules import rights
from domain.rules.rights import RightsReason

NOW = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)
SECRET = spelled(bytes(range(32)))
DOCUMENT = Document(
    id=UUID(int=1),
    sha256=digest("{ viewer { id } }"),
    name="值班",
    text="{ viewer { id } }",
    kind=DocumentKind.QUERY,
    operation_name=None,
    created_at=NOW,
    created_by_id=UUID(int=2),
)
KEY = IntegrationKey(
    id=UUID(int=3),
    name="大屏",
    secret_hash=digest_of(SECRET),
    document_id=DOCUMENT.id,
    person_id=UUID(int=4),
    created_at=NOW,
    created_by_id=UUID(int=2),
)


def test_a_secret_is_recognised_whole_and_in_no_other_shape() -> None:
    assert SECRET.startswith(PREFIX)
    assert well_formed(SECRET)
    swapped = SECRET[:10] + SECRET[11] + SECRET[10] + SECRET[12:]
    for spoilt in (
        SECRET[:-1],
        SECRET + "0",
        SECRET.upper(),
        SECRET.replace("fqk_", "fqx_"),
        swapped,
        "",
        "枫",
    ):
        assert not well_formed(spoilt), spoilt


def test_the_hash_of_a_text_is_the_one_clients_compute() -> None:
    assert digest("{ 枫 }") == "a404ff4f16bef5bcf55e6cbc86cdecf0f450ad677ac38094684c4a32607d3dbf"


def test_a_key_lives_until_its_end_or_its_revocation() -> None:
    brief = replace(KEY, expires_at=NOW + timedelta(hours=1))
    assert KEY.live_at(NOW + timedelta(days=10_000))
    assert brief.live_at(NOW + timedelta(minutes=59))
    assert not brief.live_at(NOW + timedelta(hours=1))
    assert not replace(KEY, revoked_at=NOW).live_at(NOW)


def test_a_key_is_bound_to_a_query_or_a_subscription_that_is_not_retired() -> None:
    check_bindable(DOCUMENT)
    check_bindable(replace(DOCUMENT, kind=DocumentKind.SUBSCRIPTION))
    for document, code in (
        (replace(DOCUMENT, kind=DocumentKind.MUTATION), ErrorCode.BAD_INPUT),
        (replace(DOCUMENT, retired_at=NOW), ErrorCode.GUARD_FAILED),
    ):
        with pytest.raises(DomainError) as caught:
            check_bindable(document)
        assert (caught.value.code, caught.value.field) == (code, "documentId")


def test_a_key_ends_after_now_or_never() -> None:
    check_expiry(None, NOW)
    check_expiry(NOW + timedelta(seconds=1), NOW)
    with pytest.raises(DomainError) as caught:
        check_expiry(NOW, NOW)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "expiresAt")


def test_the_log_names_key_document_and_person_and_nothing_of_the_secret() -> None:
    told = rights.of_key(KEY, RightsReason.KEY_REVOKED, NOW, None, KEY.created_by_id, "EXPIRED")
    assert told.kind is EventKind.RIGHTS
    assert (told.subject.noun, told.person_id) == ("IntegrationKey", KEY.person_id)
    assert told.data == {
        "reason": "KEY_REVOKED",
        "key": str(KEY.id),
        "document": str(DOCUMENT.id),
        "why": "EXPIRED",
    }
    assert KEY.secret_hash not in str(told)


def test_only_the_end_of_a_key_touches_the_rights_of_its_person() -> None:
    for reason, touched in (
        (RightsReason.KEY_CREATED, set()),
        (RightsReason.KEY_REFUSED, set()),
        (RightsReason.KEY_REVOKED, {KEY.person_id}),
    ):
        assert rights.touched([rights.of_key(KEY, reason, NOW, None, None)]) == touched
