"""Signing in and staying signed in: tokens over HTTP, with the standard library alone."""

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_TOKENS = (
    "accessToken refreshToken expiresAt viewer { username displayName roles orgUnit { name shortName } }"
)
SIGN_IN = (
    "mutation ($username: String!, $password: String!) "
    f"{{ signIn(input: {{username: $username, password: $password}}) {{ {_TOKENS} }} }}"
)
REFRESH = f"mutation ($token: String!) {{ refreshSession(input: {{refreshToken: $token}}) {{ {_TOKENS} }} }}"
SECONDS = 15.0
EARLY = 0.8  # of a token's life: then it is renewed
AGAIN = frozenset({"UNAVAILABLE", "RATE_LIMITED", "INTERNAL"})  # codes after which another try may succeed


class FeedError(Exception):
    """The server refused, and trying again would not help; `code` is its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


class Unreachable(ConnectionError):  # noqa: N818 - named for the state, like the built-in it extends
    """Nobody answers at the address now, or the server asks to try again."""


@dataclass(slots=True)
class Session:
    """One person's tokens at one server; `url` is `http://host:port`. Raises FeedError for another kind of address."""

    url: str
    username: str
    password: str = field(repr=False)
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    viewer: Mapping[str, Any] = field(default_factory=dict)
    _until: datetime | None = None

    def __post_init__(self) -> None:
        """Keep the address without its end: `/` and `/graphql` may be given."""
        try:
            parts = urllib.parse.urlsplit(self.url)
            known = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            known = False
        if not known:
            raise FeedError("BAD_INPUT", "地址写作 http://host:port Write the address as http://host:port")
        self.url = self.url.rstrip("/").removesuffix("/graphql")

    @property
    def socket_url(self) -> str:
        """The websocket's address: `ws` for `http`, `wss` for `https`."""
        return "ws" + self.url.removeprefix("http") + "/graphql"

    async def ensure(self) -> None:
        """Have a token that is still good. Raises FeedError when refused, Unreachable when nobody answers."""
        if self.access and self.seconds_left() > 0:
            return
        body = {"query": SIGN_IN, "variables": {"username": self.username, "password": self.password}}
        answer = await asyncio.to_thread(self._post, body)
        self.take(answer, "signIn")

    async def ask(self, document: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The data of one query; raises FeedError when it is refused, Unreachable when nobody answers."""
        answer = await asyncio.to_thread(self._post, {"query": document, "variables": dict(variables or {})})
        _check(answer)
        return dict(answer["data"])

    def take(self, answer: Mapping[str, Any], field_name: str) -> None:
        """Keep the tokens of an answer; raises FeedError or Unreachable when it holds a refusal."""
        _check(answer)
        tokens = answer["data"][field_name]
        self.access, self.refresh = tokens["accessToken"], tokens["refreshToken"]
        self.viewer = tokens["viewer"]
        self._until = datetime.fromisoformat(tokens["expiresAt"])

    def forget(self) -> None:
        """Drop the tokens; the next `ensure` signs in again."""
        self.access = self.refresh = ""
        self._until = None

    def seconds_left(self) -> float:
        """How long the token is good; 0 without one."""
        return (self._until - datetime.now(UTC)).total_seconds() if self._until else 0.0

    def renewal(self) -> float:
        """Seconds until the token should be renewed."""
        return max(1.0, self.seconds_left() * EARLY)

    def _post(self, body: Mapping[str, object]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the address was given by the person at the terminal
            self.url + "/graphql",
            json.dumps(body).encode(),
            {
                "Content-Type": "application/json",
                "Accept": "application/graphql-response+json",
                **({"Authorization": f"Bearer {self.access}"} if self.access else {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310 - as above
                return dict(json.load(response))
        except urllib.error.HTTPError as error:
            return self._refused(error)
        except (OSError, ValueError) as error:
            raise Unreachable(why(getattr(error, "reason", error))) from None

    def _refused(self, error: urllib.error.HTTPError) -> dict[str, Any]:
        """The errors inside an HTTP refusal; anything that is not ours counts as nobody there."""
        try:
            body = json.load(error)
        except ValueError:
            raise Unreachable(f"HTTP {error.code}") from None
        if not isinstance(body, dict):
            raise Unreachable(f"HTTP {error.code}")
        return body


def why(error: object) -> str:
    """Why a connection failed, in a few words."""
    if isinstance(error, TimeoutError):
        return "超时 timed out"
    if isinstance(error, ConnectionRefusedError):
        return "无应答 nobody answers"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _check(answer: Mapping[str, Any]) -> None:
    """Raise the first refusal of an answer: Unreachable when another try may succeed, else FeedError."""
    for error in answer.get("errors") or ():
        code = str(error.get("extensions", {}).get("code", "INTERNAL"))
        if code in AGAIN:
            raise Unreachable(code)
        raise FeedError(code, str(error.get("message", "")))
