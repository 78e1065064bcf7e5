"""Wrong passwords, locked accounts, and tokens that are expired, foreign, tampered with or over."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import websockets

from domain.session import Session
from services.sessions import Mint
from tests.acceptance.desks import Desks, newcomer, posted, refusal, why
from tests.acceptance.town import KEYS, PASSWORD, SIGN_IN, Desk

ME = "{ viewer { username } }"
REFRESH = (
    "mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken refreshToken } }"
)
BOTH = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken } }"
SECRET = KEYS["FENGQIAO_SECRET_KEY"].encode()


async def _public(desks: Desks, document: str, **given: object) -> httpx2.Response:
    """Ask without a token."""
    body = {"query": document, "variables": {"input": given}}
    town = desks.town
    return await town.http.post(f"http://{town.addresses[0]}/graphql", json=body)


async def _sign_in(desks: Desks, username: str, password: str) -> httpx2.Response:
    return await _public(desks, SIGN_IN, username=username, password=password)


async def test_a_wrong_password_and_an_unknown_name_are_refused_alike(desks: Desks) -> None:
    wrong = await _sign_in(desks, "civility", "not-the-password-1")
    unknown = await _sign_in(desks, f"nobody-{uuid4().hex[:6]}", "not-the-password-1")
    assert why(refusal(wrong)) == why(refusal(unknown)) == ("BAD_CREDENTIALS", None)
    assert wrong.json() == unknown.json()
    for username in ("", "a" * 5000, "adm\u0000in", "' OR 1=1 --"):
        assert why(refusal(await _sign_in(desks, username, PASSWORD)))[0] in {"BAD_CREDENTIALS", "BAD_INPUT"}
    for password in ("", "p" * 5000, "\u0000"):
        assert why(refusal(await _sign_in(desks, "civility", password)))[0] in {
            "BAD_CREDENTIALS",
            "BAD_INPUT",
        }


async def test_the_fifth_wrong_password_locks_the_account_for_the_right_one_too(desks: Desks) -> None:
    desk = await newcomer(desks, "CALLBACK")
    username = (await desk.ask(ME))["viewer"]["username"]
    for _ in range(5):
        assert why(refusal(await _sign_in(desks, username, "wrong-password-1"))) == ("BAD_CREDENTIALS", None)
    told = refusal(await _sign_in(desks, username, PASSWORD))
    assert told["code"] == "ACCOUNT_LOCKED"
    left = datetime.fromisoformat(told["retryAt"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    assert (await desk.ask(ME))["viewer"]["username"] == username  # strangers throw nobody out by guessing
    other = await _sign_in(desks, "callback", PASSWORD)
    assert other.json()["data"]["signIn"]["accessToken"]


def _part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return decoded


def _packed(part: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _minted(secret: bytes, token: str, at: datetime, **other: UUID) -> str:
    """A token like this one, made at another time, with another key, or for somebody else."""
    claims = _part(token, 1)
    mint = Mint(secret)
    person_id, session_id = (
        other.get("person", UUID(claims["sub"])),
        other.get("session", UUID(claims["sid"])),
    )
    session = Session(
        id=session_id,
        person_id=person_id,
        refresh_hash=b"",
        created_at=at,
        refreshed_at=at,
        expires_at=at + mint.session_life,
        ended_at=None,
    )
    return mint.access(session, at)[0]


async def _bad_tokens(desks: Desks) -> dict[str, str]:
    """Tokens that are not good, by what is wrong with them."""
    token, other, now = (await desks("command")).token, (await desks("admin")).token, datetime.now(UTC)
    head, body, seal = token.split(".")
    claims = _part(token, 1)
    raised = _packed({**claims, "sub": _part(other, 1)["sub"]})
    return {
        "expired": _minted(SECRET, token, now - timedelta(hours=1)),
        "of a foreign key": _minted(b"another secret " * 4, token, now),
        "of an unknown session": _minted(SECRET, token, now, session=uuid4()),
        "of somebody else's session": _minted(SECRET, token, now, person=UUID(_part(other, 1)["sub"])),
        "with other claims": f"{head}.{raised}.{seal}",
        "with another seal": f"{head}.{body}.{seal[:-4]}AAAA",
        "without a seal": f"{_packed({'alg': 'none'})}.{body}.",
        "cut": token[: len(token) // 2],
        "no token": "not-a-token",
        "of three empty parts": "..",
        "not ASCII": "\u00e9\u00e9\u00e9",
    }


async def test_tokens_that_are_expired_foreign_or_tampered_with_are_refused(desks: Desks) -> None:
    command = await desks("command")
    good = _minted(SECRET, command.token, datetime.now(UTC))
    assert (await Desk(command.address, good, command.http).ask(ME))["viewer"] == {"username": "command"}
    with desks.nothing_changes():
        for wrong, token in (await _bad_tokens(desks)).items():
            answer = await _with_header(desks, f"Bearer {token}".encode())
            assert (answer.status_code, why(refusal(answer))) == (401, ("UNAUTHENTICATED", None)), wrong
        for header in (
            b"Basic YTpi",
            b"Bearer",
            command.token.encode(),
            b"Bearer " + b"x" * 9000,
        ):
            answer = await _with_header(desks, header)
            assert why(refusal(answer)) == ("UNAUTHENTICATED", None), header[:20]


async def _with_header(desks: Desks, header: bytes) -> httpx2.Response:
    town = desks.town
    return await town.http.post(
        f"http://{town.addresses[0]}/graphql", json={"query": ME}, headers={b"Authorization": header}
    )


async def test_without_a_token_only_what_is_public_is_answered(desks: Desks) -> None:
    for document in (
        ME,
        "{ board { open } }",
        "{ incidents(first: 1) { nodes { id } } }",
        "{ categories { id } }",
    ):
        assert why(refusal(await _public(desks, document))) == ("UNAUTHENTICATED", None)
    assert (await _public(desks, "{ enumLabels { enum } }")).json()["data"]["enumLabels"]
    case = await _public(desks, '{ publicCase(code: "000000000000") { publicStatus } }')
    assert case.json()["data"] == {"publicCase": None}


@pytest.mark.parametrize(
    "payload", [{"authorization": "Bearer x"}, {"authorization": 5}, {"authorization": "x"}]
)
async def test_a_socket_with_a_bad_token_is_closed_before_anything_is_asked(
    desks: Desks, payload: dict[str, object]
) -> None:
    protocols = [websockets.Subprotocol("graphql-transport-ws")]
    address = f"ws://{desks.town.addresses[0]}/graphql"
    async with websockets.connect(address, subprotocols=protocols) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()
        assert (socket.close_code, socket.close_reason) == (4403, "UNAUTHENTICATED")


async def test_a_refresh_token_serves_once_and_a_stolen_one_ends_the_session(desks: Desks) -> None:
    signed = (await _public(desks, BOTH, username="civility", password=PASSWORD)).json()["data"]["signIn"]
    renewed = (await _public(desks, REFRESH, refreshToken=signed["refreshToken"])).json()["data"][
        "refreshSession"
    ]
    for forged in ("", "x", signed["refreshToken"][:-2] + "zz"):
        refused = refusal(await _public(desks, REFRESH, refreshToken=forged))
        assert why(refused) == ("UNAUTHENTICATED", "refreshToken")
    stolen = refusal(await _public(desks, REFRESH, refreshToken=signed["refreshToken"]))
    assert why(stolen) == ("UNAUTHENTICATED", "refreshToken")
    thief = Desk(desks.town.addresses[0], renewed["accessToken"], desks.town.http)
    assert why(refusal(await posted(thief, ME))) == ("UNAUTHENTICATED", None)


async def test_a_token_is_void_once_its_session_was_signed_out(desks: Desks) -> None:
    desk = await desks.town.desk("civility")
    await desk.ask("mutation { signOut { __typename } }")
    assert why(refusal(await posted(desk, ME))) == ("UNAUTHENTICATED", None)
