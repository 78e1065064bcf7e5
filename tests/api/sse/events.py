"""Reads server-sent events as a client does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson

EVENTS = "text/event-stream"


@dataclass(frozen=True)
class Event:
    """One event; `id` and `retry` as they were said."""

    kind: str
    data: Any
    id: str | None = None
    retry: int | None = None


class Events:
    """An answer in events."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.comments = 0
        self._lines = response.aiter_lines()

    async def next(self) -> Event:
        """The next event."""
        async with asyncio.timeout(5):
            said: dict[str, str] = {}
            async for line in self._lines:
                if not line and said:
                    return _event(said)
                self.comments += line.startswith(":")
                name, _, value = line.partition(":")
                if name:
                    said[name] = value.removeprefix(" ")
        raise AssertionError("the answer ended without an event")

    async def item(self) -> Any:
        """The item of the next event, which must be one of a stream without errors."""
        event = await self.next()
        assert event.kind == "next", event
        assert "errors" not in event.data, event
        (item,) = event.data["data"].values()
        return item

    async def rest(self) -> list[Event]:
        """Every event until the answer ends."""
        heard = [await self.next()]
        while heard[-1].kind != "complete":
            heard.append(await self.next())
        assert not [line async for line in self._lines if line]
        return heard


@contextlib.asynccontextmanager
async def events(
    port: int,
    document: str,
    *,
    token: str | None = None,
    variables: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Events]:
    """The answer to an operation, in events."""
    given = {"accept": EVENTS, **({"authorization": token} if token else {}), **(headers or {})}
    body = {"query": document, "variables": variables or {}}
    async with (
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
        client.stream("POST", "/graphql", json=body, headers=given) as response,
    ):
        yield Events(response)


def _event(said: Mapping[str, str]) -> Event:
    data = orjson.loads(said["data"]) if said.get("data") else None
    return Event(said["event"], data, said.get("id"), int(said["retry"]) if "retry" in said else None)
