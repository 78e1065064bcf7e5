"""How events are written: `next` with the cursor of its item as `id`, `complete` with when to come back as `retry`."""

import asyncio
import re
from dataclasses import dataclass, field

import orjson
from starlette.types import Message, Scope, Send

from api.engine import Refused
from api.errors import WireError

HEAD = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
_CURSOR = re.compile(r"[\x21-\x7e]+")


class GoneError(Exception):
    """The reader does not read: the connection was dropped."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a connection ends: with these errors, and after how many milliseconds to come back, if that is said."""

    errors: list[WireError] = field(default_factory=list)
    retry_ms: int | None = None


class Writer:
    """The events of one connection; a reader that does not take one within some seconds is dropped."""

    def __init__(self, scope: Scope, send: Send, seconds: float) -> None:
        self._scope = scope
        self._send = send
        self._seconds = seconds
        self._begun = False

    async def begin(self) -> None:
        """The head of the answer."""
        await self._put({"type": "http.response.start", "status": 200, "headers": HEAD})
        self._begun = True

    async def next(self, payload: bytes) -> None:
        """One response."""
        position = position_of(payload)
        head = b"" if position is None else b"id: %b\n" % position.encode()
        await self._body(b"event: next\n%bdata: %b\n\n" % (head, payload))

    async def comment(self) -> None:
        """Nothing, so that proxies see the connection alive."""
        if self._begun:
            await self._body(b":\n\n")

    async def end(self, ending: Ending) -> None:
        """The errors, if any, and `complete`."""
        if not self._begun:
            await self.begin()
        if ending.errors:
            await self.next(Refused(ending.errors).payload())
        retry = b"" if ending.retry_ms is None else b"retry: %d\n" % ending.retry_ms
        await self._body(b"event: complete\n%bdata:\n\n" % retry, more=False)

    async def _body(self, body: bytes, *, more: bool = True) -> None:
        await self._put({"type": "http.response.body", "body": body, "more_body": more})

    async def _put(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(message)
        except TimeoutError:
            if raw := self._scope.get("extensions", {}).get("raw"):
                raw.abort()
            raise GoneError from None


def position_of(payload: bytes) -> str | None:
    """The cursor of an item, or where to resume after it; empty where it says that it cannot be; None without one."""
    data = orjson.loads(payload).get("data")
    item = next(iter(data.values()), None) if isinstance(data, dict) else None
    if not isinstance(item, dict) or not item.keys() & {"cursor", "resumeAt"}:
        return None
    found = item.get("cursor") or item.get("resumeAt") or ""
    return found if isinstance(found, str) and (not found or _CURSOR.fullmatch(found)) else None
