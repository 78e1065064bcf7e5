"""The ASGI application that holds the routes, and what it costs least to ask and to answer with."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Address, Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

GRAPHQL = "/graphql"
WHOLE = "whole"
"""The server's own extension of a scope: `await scope["extensions"]["whole"](head, body)`."""


class Application(Starlette):
    """The routes, but GraphQL goes straight to its endpoints: routing and middleware do nothing for it.

    A websocket would keep what they suspend for as long as it lives.
    """

    def __init__(
        self,
        graphql: ASGIApp,
        websocket: ASGIApp,
        *arguments: Any,  # noqa: ANN401 - Starlette's own
        **named: Any,  # noqa: ANN401 - Starlette's own too
    ) -> None:
        super().__init__(*arguments, **named)
        self._graphql = graphql
        self._websocket = websocket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "websocket" and scope["path"] == GRAPHQL:
            return await self._websocket(scope, receive, send)
        if scope["type"] != "http":
            return await super().__call__(scope, receive, send)
        serves = self._graphql if scope["path"] == GRAPHQL else super().__call__
        try:
            await serves(scope, receive, send)
        finally:  # what sends the answer holds the scope, and only a search for garbage would free the two
            scope.pop("extensions", None)


class _Headers(Headers):
    """Each is found in one step, as they are asked for several times."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        self._first = dict(reversed(self.raw))

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as Starlette has it
        """The first value of that name."""
        found = self._first.get(key.encode("latin-1"))
        return default if found is None else found.decode("latin-1")


class QuickRequest(Request):
    """A request whose headers are asked for several times."""

    @property
    def client(self) -> Address | None:
        """Asked for several times too."""
        if not hasattr(self, "_client"):
            self._client = super().client
        return self._client

    @property
    def headers(self) -> Headers:
        """Made once."""
        if not hasattr(self, "_headers"):
            self._headers: Headers = _Headers(self.scope)
        return self._headers


@dataclass(frozen=True)
class Head:
    """Header lines but for the length; `text` is how they leave."""

    lines: tuple[tuple[bytes, bytes], ...]

    @cached_property
    def text(self) -> bytes:
        """Each with its end."""
        return b"".join([b"%b: %b\r\n" % it for it in self.lines])


class WholeAnswer:
    """An answer with status 200, in one write where the server offers that, else in two messages."""

    def __init__(self, body: bytes, head: "Head") -> None:
        self._body = body
        self._head = head

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        whole = scope.get("extensions", {}).get(WHOLE)
        if whole is not None:
            await whole(self._head.text, self._body)
            return
        headers = [(b"content-length", b"%d" % len(self._body)), *self._head.lines]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})
