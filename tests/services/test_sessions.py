"""Signing in, the lock, tokens and their theft."""

import asyncio
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from db import passwords, people
from db import sessions as rows
from db.unit_of_work import in_transaction
from domain.errors import DomainError, ErrorCode
from domain.person import Role
from domain.rules.credential import FAILURES, LOCK, WINDOW
from services import sessions
from tests.db.factories import NOW, District, a_district
from tests.services.accounts import PASSWORD, SECRET, WALL, let_sign_in, reasons, rights_told, sign_in

pytestmark = pytest.mark.usefixtures("store")

MINUTE = timedelta(minutes=1)
WRONG = "Fengqiao-demo-2"


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open first
    found = await a_district()
    await let_sign_in(found.people["acceptor"].id, found.people["housing"].id)
    return found


async def refused(attempt: object, *, at: str | None = None) -> DomainError:
    with pytest.raises(DomainError) as caught:
        await attempt  # type: ignore[misc]  # any awaitable
    assert caught.value.field == at
    return caught.value


async def test_who_signs_in_gets_tokens_and_their_posts(district: District) -> None:
    tokens = await sign_in("acceptor")
    assert tokens.viewer.person_id == district.people["acceptor"].id
    assert tokens.viewer.roles == {Role.ACCEPTOR}
    assert tokens.expires_at == WALL + 30 * MINUTE
    assert not tokens.must_change
    again = await sessions.authenticate(tokens.access_token, now=NOW, wall_now=WALL + 29 * MINUTE)
    assert again == tokens.viewer
    assert await reasons() == ["SIGNED_IN"]


@pytest.mark.usefixtures("district")
async def test_a_refused_sign_in_never_says_what_was_wrong() -> None:
    errors = [
        await refused(sign_in(username, password))
        for username, password in [
            ("acceptor", WRONG),
            ("nobody", PASSWORD),
            ("civil", PASSWORD),  # who has no password
            ("ACCEPTOR", PASSWORD),
            ("a\x00b", "\x00"),
            ("", ""),
            ("acceptor", "\ud800"),
        ]
    ]
    assert {(it.code, str(it.facts), it.message()) for it in errors} == {
        (ErrorCode.BAD_CREDENTIALS, "{}", ErrorCode.BAD_CREDENTIALS.zh)
    }


@pytest.mark.usefixtures("district")
async def test_an_unknown_name_takes_as_long_as_a_known_one() -> None:
    async def best_of_three(username: str) -> float:
        spans = []
        for _ in range(3):
            begin = time.perf_counter()
            await refused(sign_in(username, WRONG))
            spans.append(time.perf_counter() - begin)
        return min(spans)

    assert await best_of_three("nobody") > 0.4 * await best_of_three("acceptor")


def test_the_hash_of_nobody_costs_what_a_real_one_costs() -> None:
    parameters = passwords._hasher.hash("x").split("$")[:4]
    assert passwords.NOBODY.split("$")[:4] == parameters


async def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(district: District) -> None:
    for number in range(FAILURES):
        await refused(sign_in("acceptor", WRONG, at=WALL + number * MINUTE))
    locked_at = WALL + (FAILURES - 1) * MINUTE
    error = await refused(sign_in("acceptor", at=locked_at + LOCK - MINUTE))
    assert error.code is ErrorCode.ACCOUNT_LOCKED
    assert error.facts == {"retryAt": "2025-03-01T16:19:00+08:00"}
    told = await rights_told()
    assert [it.event.data["reason"] for it in told] == ["SIGN_IN_FAILED"] * 4 + ["ACCOUNT_LOCKED"]
    assert {it.event.person_id for it in told} == {district.people["acceptor"].id}
    await sign_in("housing", at=locked_at)
    await sign_in("acceptor", at=locked_at + LOCK)


@pytest.mark.usefixtures("district")
async def test_failures_far_apart_or_before_a_success_do_not_add_up() -> None:
    at = WALL
    for _ in range(FAILURES + 1):
        at += WINDOW
        await refused(sign_in("acceptor", WRONG, at=at))
    await sign_in("acceptor", at=at)
    for _ in range(FAILURES - 1):
        await refused(sign_in("acceptor", WRONG, at=at))
    await sign_in("acceptor", at=at)


@pytest.mark.usefixtures("district")
async def test_of_many_guesses_at_once_only_five_are_looked_at() -> None:
    guesses = [sign_in("acceptor", WRONG) for _ in range(9)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    codes = Counter(it.code for it in answers if isinstance(it, DomainError))
    assert codes == {ErrorCode.BAD_CREDENTIALS: 5, ErrorCode.ACCOUNT_LOCKED: 4}
    assert Counter(await reasons()) == {"SIGN_IN_FAILED": 4, "ACCOUNT_LOCKED": 1}


async def test_a_lock_leaves_those_inside_alone(district: District) -> None:
    tokens = await sign_in("acceptor")
    for _ in range(FAILURES):
        await refused(sign_in("acceptor", WRONG))
    viewer = await sessions.authenticate(tokens.access_token, now=NOW, wall_now=WALL)
    assert viewer.person_id == district.people["acceptor"].id
    await sessions.refresh(tokens.refresh_token, now=NOW, wall_now=WALL)


async def test_a_password_changed_while_it_was_looked_at_opens_nothing(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = passwords.fits

    async def slowly(password: str, stored: str) -> bool:
        found = await people.credential(district.people["acceptor"].id)
        assert found
        changed = replace(found, password_hash=passwords.NOBODY)
        await in_transaction(lambda work: people.save_credential(work, found, changed))
        return await fits(password, stored)

    monkeypatch.setattr(passwords, "fits", slowly)
    assert (await refused(sign_in("acceptor"))).code is ErrorCode.BAD_CREDENTIALS


async def test_who_is_no_longer_active_is_out(district: District) -> None:
    tokens = await sign_in("acceptor")
    gone = replace(district.people["acceptor"], active=False)
    await in_transaction(lambda work: people.save(work, gone))
    assert (await refused(sign_in("acceptor"))).code is ErrorCode.BAD_CREDENTIALS
    asked = sessions.authenticate(tokens.access_token, now=NOW, wall_now=WALL)
    assert (await refused(asked)).code is ErrorCode.UNAUTHENTICATED


@pytest.mark.usefixtures("district")
async def test_a_foreign_tampered_or_expired_token_is_refused() -> None:
    tokens = await sign_in("acceptor")
    token = tokens.access_token
    head, body, seal = token.split(".")
    said = jwt.decode(token, sessions._minting()._key, ["HS256"]).claims
    foreign = jwt.encode({"alg": "HS256"}, said, OctKey.import_key(SECRET), ["HS256"])
    none_head = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    elsewhere = urlsafe_b64encode(
        urlsafe_b64decode(body + "==").replace(said["sub"].encode(), str(uuid4()).encode())
    )
    bad = [
        foreign,
        f"{none_head}.{body}.",
        f"{none_head}.{body}.{seal}",
        f"{head}.{elsewhere.decode().rstrip('=')}.{seal}",
        token[:-4],
        token + "x",
        "",
        "a",
        "a.b.c",
        "..",
        "令牌.a.b",
        "\x00" * 100,
        "." * 10_000,
        "e30.e30.",
    ]
    for text in bad:
        asked = sessions.authenticate(text, now=NOW, wall_now=WALL)
        assert (await refused(asked)).code is ErrorCode.UNAUTHENTICATED, text
    late = sessions.authenticate(token, now=NOW, wall_now=tokens.expires_at)
    assert (await refused(late)).code is ErrorCode.UNAUTHENTICATED


@pytest.mark.usefixtures("district")
async def test_a_token_with_our_seal_and_wrong_claims_is_refused() -> None:
    own = sessions._minting()._key
    said = jwt.decode((await sign_in("acceptor")).access_token, own, ["HS256"]).claims
    bad = [
        *(
            jwt.encode({"alg": "HS256"}, claims, own, ["HS256"])
            for claims in (
                said | {"iss": "elsewhere"},
                said | {"exp": "tomorrow"},
                said | {"sub": "1"},
                said | {"sub": str(uuid4())},
                said | {"sid": str(uuid4())},
                {name: value for name, value in said.items() if name != "exp"},
                {name: value for name, value in said.items() if name != "sid"},
            )
        ),
        jwt.encode({"alg": "HS512"}, said, own, ["HS512"]),
    ]
    for text in bad:
        asked = sessions.authenticate(text, now=NOW, wall_now=WALL)
        assert (await refused(asked)).code is ErrorCode.UNAUTHENTICATED, text


async def test_who_signed_out_is_out_and_the_log_says_so(district: District) -> None:
    one, other = await sign_in("acceptor"), await sign_in("acceptor")
    await sessions.sign_out(one.viewer, now=NOW, wall_now=WALL)
    await sessions.sign_out(one.viewer, now=NOW, wall_now=WALL)
    await refused(sessions.authenticate(one.access_token, now=NOW, wall_now=WALL))
    await refused(sessions.refresh(one.refresh_token, now=NOW, wall_now=WALL), at="refreshToken")
    await sessions.authenticate(other.access_token, now=NOW, wall_now=WALL)
    *_, ended = await rights_told()
    assert await reasons() == ["SIGNED_IN", "SIGNED_IN", "SESSION_ENDED"]
    assert ended.event.data["session"] == str(one.viewer.session_id)
    assert ended.event.person_id == district.people["acceptor"].id


@pytest.mark.usefixtures("district")
async def test_a_refresh_renews_both_tokens_and_prolongs_the_session() -> None:
    first = await sign_in("acceptor")
    later = WALL + timedelta(hours=11)
    second = await sessions.refresh(first.refresh_token, now=NOW, wall_now=later)
    assert second.viewer == first.viewer
    assert second.expires_at == later + 30 * MINUTE
    third = await sessions.refresh(second.refresh_token, now=NOW, wall_now=WALL + timedelta(hours=22))
    too_late = sessions.refresh(third.refresh_token, now=NOW, wall_now=WALL + timedelta(hours=34))
    assert (await refused(too_late, at="refreshToken")).code is ErrorCode.UNAUTHENTICATED


@pytest.mark.usefixtures("district")
async def test_a_used_refresh_token_ends_the_session() -> None:
    first = await sign_in("acceptor")
    second = await sessions.refresh(first.refresh_token, now=NOW, wall_now=WALL)
    stolen = sessions.refresh(first.refresh_token, now=NOW, wall_now=WALL)
    assert (await refused(stolen, at="refreshToken")).code is ErrorCode.UNAUTHENTICATED
    await refused(sessions.authenticate(second.access_token, now=NOW, wall_now=WALL))
    await refused(sessions.refresh(second.refresh_token, now=NOW, wall_now=WALL), at="refreshToken")
    assert await reasons() == ["SIGNED_IN", "SESSION_ENDED"]


@pytest.mark.usefixtures("district")
async def test_of_two_refreshes_at_once_one_wins_and_the_session_ends() -> None:
    first = await sign_in("acceptor")
    both = [sessions.refresh(first.refresh_token, now=NOW, wall_now=WALL) for _ in range(2)]
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert any(isinstance(it, DomainError) for it in answers)
    assert await reasons() == ["SIGNED_IN", "SESSION_ENDED"]


@pytest.mark.usefixtures("district")
async def test_a_refresh_token_that_is_none_of_ours_ends_nothing() -> None:
    tokens = await sign_in("acceptor")
    own = urlsafe_b64decode(tokens.refresh_token + "==")
    made_up = urlsafe_b64encode(own[:16] + bytes(48)).decode().rstrip("=")
    for text in (made_up, "", "x", "令牌", tokens.refresh_token[:-1], tokens.access_token):
        asked = sessions.refresh(text, now=NOW, wall_now=WALL)
        assert (await refused(asked, at="refreshToken")).code is ErrorCode.UNAUTHENTICATED
    await sessions.refresh(tokens.refresh_token, now=NOW, wall_now=WALL)


async def test_only_digests_of_refresh_tokens_are_stored(district: District) -> None:
    tokens = await sign_in("acceptor")
    assert tokens.viewer.session_id
    session = await rows.by_id(tokens.viewer.session_id)
    assert session
    assert len(session.refresh_hash) == 32
    assert session.person_id == district.people["acceptor"].id
    assert urlsafe_b64decode(tokens.refresh_token + "==").find(session.refresh_hash) == -1


@pytest.mark.usefixtures("district")
async def test_nothing_works_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_mint", None)
    with pytest.raises(RuntimeError):
        sessions.read_pass("a.b.c", WALL)
