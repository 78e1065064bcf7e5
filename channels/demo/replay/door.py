"""The public API as people use it: each signs in, asks, uploads; whoever nobody answers tries again."""

import asyncio
import json
import random
import time
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from channels.demo.cast import COMMAND
from clients.python.session import Session, Unreachable

_NOW = "{ board { at } }"
_LOOK_SECONDS = 2.0  # over which the clock's speed is measured
_SAME = 0.1  # how far the measured speed may be from the one asked for
_TRIES = 60
_KEPT_SECONDS = 20.0  # for which the clock is not asked again


class ClockError(Exception):
    """The server's clock does not run as it was asked for; the message is one sentence for a person."""


class Door:
    """One server, and the sessions of everybody who acts there. `watcher` reads the clock."""

    def __init__(self, url: str, password: str, watcher: str = COMMAND) -> None:
        self.url = url
        self._password = password
        self._watcher = watcher
        self._sessions: dict[str, Session] = {}
        self._signing: dict[str, asyncio.Lock] = {}
        self._speed = 1.0
        self._read: tuple[float, datetime] | None = None

    async def ask(self, who: str, document: str, **variables: object) -> dict[str, Any]:
        """The data of one operation. Raises FeedError when refused, Unreachable after a minute without an answer."""
        for attempt in range(_TRIES):
            try:
                return await (await self._session(who)).ask(document, variables)
            except Unreachable:
                if attempt == _TRIES - 1:
                    raise
                await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - spreads retries, no secret
        raise AssertionError("the last attempt answers or raises")

    async def do(self, who: str, mutation: str, selection: str, key: UUID, **given: object) -> dict[str, Any]:
        """One command under its key; what it answers."""
        name = f"{mutation[0].upper()}{mutation[1:]}Input"
        document = f"mutation ($input: {name}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        answer = await self.ask(who, document, input={"idempotencyKey": str(key), **given})
        made: dict[str, Any] = answer[mutation]
        return made

    async def upload(self, who: str, picture: bytes) -> str:
        """The id of a picture taken by somebody."""
        session = await self._session(who)
        return await asyncio.to_thread(_upload, session, picture)

    async def now(self) -> datetime:
        """The server's business time; read now and again, told on in between by its speed."""
        wall = time.monotonic()
        if self._read is None or wall - self._read[0] > _KEPT_SECONDS:
            _, read, business = await self._look()
            self._read = read, business
        read, business = self._read
        return business + timedelta(seconds=(time.monotonic() - read) * self._speed)

    def wall(self, business: timedelta) -> float:
        """Seconds of ours that so much business time takes."""
        return business.total_seconds() / self._speed

    async def check(self, speed: float) -> datetime:
        """The business time, once the clock was seen to run at that speed. Raises ClockError.

        An answer is of some moment between question and answer, so a slow server leaves a range of speeds.
        """
        await self._look()  # signs in
        before, after, first = await self._look()
        await asyncio.sleep(_LOOK_SECONDS)
        began, ended, second = await self._look()
        passed = (second - first).total_seconds()
        least, most = passed / (ended - before), passed / (began - after)
        if not least * (1 - _SAME) <= speed <= most * (1 + _SAME):
            raise ClockError(
                f"服务器时钟为 {(least + most) / 2:.1f} 倍速，并非 {speed:g} 倍 "
                f"the server's clock runs at {(least + most) / 2:.1f} times, not {speed:g}; "
                f'start it with FENGQIAO_CLOCK="<ISO start> x{speed:g}"'
            )
        self._speed, self._read = speed, (ended, second)
        return second

    async def _look(self) -> tuple[float, float, datetime]:
        """The business time, and the moments of ours before and after the question."""
        began = time.monotonic()
        said = (await self.ask(self._watcher, _NOW))["board"]["at"]
        return began, time.monotonic(), datetime.fromisoformat(said)

    async def _session(self, who: str) -> Session:
        """Somebody's session with a token that is good."""
        async with self._signing.setdefault(who, asyncio.Lock()):
            session = self._sessions.setdefault(who, Session(self.url, who, self._password))
            await session.ensure()
            return session


def _upload(session: Session, picture: bytes) -> str:
    boundary = uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n'
    body = head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + picture + f"\r\n--{boundary}--\r\n".encode()
    headers: Mapping[str, str] = {
        "Authorization": f"Bearer {session.access}",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
    }
    request = urllib.request.Request(f"{session.url}/files/", body, dict(headers))  # noqa: S310 - the address was given by the person at the terminal
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - as above
            return str(json.load(response)["id"])
    except OSError as error:
        raise Unreachable(str(error)) from None
