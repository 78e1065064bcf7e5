"""Who comes in by which token, over HTTP and over a websocket."""

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import websockets

from api.auth import KnownTokens
from domain.errors import DomainError, ErrorCode
from services import sessions
from tests.api.open_door import House, opened
from tests.db.factories import District, a_district
from tests.services.accounts import PASSWORD, let_sign_in, sign_in

VIEWER = "{ viewer { username } }"
SIGN_IN = """mutation($username: String!, $password: String!) {
  signIn(input: {username: $username, password: $password}) {
    accessToken refreshToken expiresAt viewer { username roles } } }"""
REFRESH = """mutation($token: String!) {
  refreshSession(input: {refreshToken: $token}) { accessToken refreshToken viewer { username } } }"""
SIGN_OUT = "mutation { signOut { __typename } }"
_numbers = itertools.count(1)


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open first
    found = await a_district()
    await let_sign_in(found.people["director"].id)
    return found


@pytest.fixture
async def house(district: District, tmp_path: Path) -> AsyncIterator[House]:  # noqa: ARG001 - people come first
    async with opened(tmp_path / "media") as found:
        yield found


async def entered(house: House) -> Any:
    """The answer to a good sign-in over HTTP."""
    return (await house.ask(SIGN_IN, username="director", password=PASSWORD))["data"]["signIn"]


async def hear(connection: websockets.ClientConnection) -> Any:
    return orjson.loads(await asyncio.wait_for(connection.recv(), 5))


async def ask(connection: websockets.ClientConnection, document: str, **variables: object) -> Any:
    """The payload of one answer over a socket."""
    key = str(next(_numbers))
    payload = {"query": document, "variables": variables}
    await connection.send(orjson.dumps({"id": key, "type": "subscribe", "payload": payload}).decode())
    answer = await hear(connection)
    assert (answer["type"], answer["id"]) == ("next", key)
    assert (await hear(connection))["type"] == "complete"
    return answer["payload"]


async def closing(connection: websockets.ClientConnection) -> tuple[int, str]:
    await asyncio.wait_for(connection.wait_closed(), 5)
    return connection.close_code or 0, connection.close_reason or ""


def altered(token: str) -> str:
    """The same token with another person's id in it."""
    head, body, seal = token.split(".")
    said = orjson.loads(base64.urlsafe_b64decode(body + "=="))
    said["sub"] = "0" * 8 + said["sub"][8:]
    return f"{head}.{base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip('=')}.{seal}"


async def test_a_token_opens_the_door_over_http(house: House) -> None:
    tokens = await entered(house)
    assert tokens["viewer"] == {"username": "director", "roles": ["COMMAND_DIRECTOR"]}
    assert tokens["expiresAt"].endswith("+08:00")
    answer = await house.ask(VIEWER, tokens["accessToken"])
    assert answer["data"] == {"viewer": {"username": "director"}}


async def test_without_a_token_one_is_a_stranger(house: House) -> None:
    answer = await house.ask(VIEWER)
    assert answer["data"] == {"viewer": None}
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "errors" not in await house.ask("{ enumLabels { __typename } }")


async def test_a_wrong_password_names_no_field(house: House) -> None:
    answer = await house.ask(SIGN_IN, username="director", password="wrong")
    assert answer["data"] == {"signIn": None}
    assert answer["errors"][0]["extensions"] == {"code": "BAD_CREDENTIALS"}


async def test_a_locked_account_says_until_when(house: House) -> None:
    for _ in range(5):
        await house.ask(SIGN_IN, username="director", password="wrong")
    answer = await house.ask(SIGN_IN, username="director", password=PASSWORD)
    extensions = answer["errors"][0]["extensions"]
    assert extensions["code"] == "ACCOUNT_LOCKED"
    until = datetime.fromisoformat(extensions["retryAt"])
    assert timedelta(minutes=14) < until - datetime.now(UTC) < timedelta(minutes=15)


async def test_a_bad_token_is_refused_before_anything_runs(house: House) -> None:
    token = (await entered(house))["accessToken"]
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    expired = (await sign_in("director", at=long_ago)).access_token
    foreign = sessions.Mint(b"another secret of thirty-two bytes")
    known = sessions.read_pass(token, datetime.now(UTC))
    session = foreign.session(known.session_id, known.person_id, "x", datetime.now(UTC))
    bad = [
        "",
        "Bearer",
        f"Basic {token}",
        token,
        f"Bearer {token} {token}",
        f"Bearer {token}x",
        f"Bearer {altered(token)}",
        f"Bearer {expired}",
        f"Bearer {foreign.access(session, datetime.now(UTC))[0]}",
    ]
    async with house.client() as client:
        for header in bad:
            body = {"query": "{ enumLabels { __typename } }"}
            answer = await client.post("/graphql", json=body, headers={"authorization": header})
            assert answer.status_code == 401, header
            assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
            assert "data" not in answer.json()


async def test_the_scheme_is_read_in_any_case(house: House) -> None:
    token = (await entered(house))["accessToken"]
    async with house.client() as client:
        answer = await client.post(
            "/graphql", json={"query": VIEWER}, headers={"authorization": f"bearer  {token}"}
        )
    assert answer.json()["data"]["viewer"]["username"] == "director"


@pytest.mark.parametrize("given", [1, ["Bearer x"], {}, True], ids=str)
async def test_what_is_no_text_is_no_token(given: object) -> None:
    with pytest.raises(DomainError) as caught:
        await KnownTokens(lambda: 0.0).signed_in(given)
    assert caught.value.code is ErrorCode.UNAUTHENTICATED


async def test_a_token_opens_a_socket(house: House) -> None:
    token = (await entered(house))["accessToken"]
    async with house.socket({"authorization": f"Bearer {token}", "language": "EN"}) as connection:
        assert (await hear(connection))["type"] == "connection_ack"
        assert (await ask(connection, VIEWER))["data"]["viewer"]["username"] == "director"
        refused = await ask(connection, SIGN_IN, username="director", password="wrong")
        assert refused["errors"][0]["message"] == ErrorCode.BAD_CREDENTIALS.en


async def test_a_stranger_may_sit_on_a_socket_and_sign_in_there(house: House) -> None:
    async with house.socket({}) as connection:
        assert (await hear(connection))["type"] == "connection_ack"
        assert (await ask(connection, VIEWER))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        answer = await ask(connection, SIGN_IN, username="director", password=PASSWORD)
        assert answer["data"]["signIn"]["viewer"]["username"] == "director"


@pytest.mark.parametrize("payload", [{"authorization": "Bearer x.y.z"}, {"authorization": 7}], ids=str)
async def test_a_bad_token_closes_the_socket(house: House, payload: dict[str, object]) -> None:
    async with house.socket(payload) as connection:
        assert await closing(connection) == (4403, "UNAUTHENTICATED")


async def test_signing_out_closes_the_sockets_of_that_session_alone(house: House) -> None:
    one, other = await entered(house), await entered(house)
    async with (
        house.socket({"authorization": f"Bearer {one['accessToken']}"}) as ending,
        house.socket({"authorization": f"Bearer {other['accessToken']}"}) as staying,
    ):
        assert (await hear(ending))["type"] == (await hear(staying))["type"] == "connection_ack"
        assert (await house.ask(SIGN_OUT, one["accessToken"]))["data"]["signOut"]
        assert await closing(ending) == (4403, "SESSION_ENDED")
        assert (await ask(staying, VIEWER))["data"]["viewer"]["username"] == "director"


async def test_a_socket_lasts_as_long_as_its_token_unless_it_is_renewed_there(
    district: District, tmp_path: Path
) -> None:
    assert district.people
    async with opened(tmp_path, token_minutes=3 / 60) as house:
        tokens = await entered(house)
        payload: dict[str, object] = {"authorization": f"Bearer {tokens['accessToken']}"}
        async with house.socket(payload) as left, house.socket(payload) as renewed:
            await hear(left)
            await hear(renewed)
            await asyncio.sleep(1)
            fresh = await ask(renewed, REFRESH, token=tokens["refreshToken"])
            assert fresh["data"]["refreshSession"]["viewer"]["username"] == "director"
            assert await closing(left) == (4403, "SESSION_ENDED")
            assert (await ask(renewed, VIEWER))["data"]["viewer"]["username"] == "director"
            assert await closing(renewed) == (4403, "SESSION_ENDED")
