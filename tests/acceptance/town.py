"""A town for the stories: real server processes, and people who use them over HTTP and websockets."""

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import websockets
from PIL import Image

from tests import servers, warm

ROOT = Path(__file__).parents[2]
PASSWORD = "Fengqiao-demo-1"
KEYS = {
    "FENGQIAO_SECRET_KEY": "story-secret-" * 4,
    "FENGQIAO_DATA_KEYS": "story:" + "QUFB" * 10 + "QUE=",
    "FENGQIAO_TOKEN_MINUTES": "120",  # a town serves many tests, on a slow machine for longer than the usual 15
}
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }"


class RefusedError(AssertionError):
    """An answer with errors; `code` is the first one's."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(json.dumps(errors, ensure_ascii=False))
        self.code = errors[0]["extensions"]["code"]
        self.field = errors[0]["extensions"].get("field")


class Desk:
    """One signed-in person at one server."""

    def __init__(self, address: str, token: str, http: httpx2.AsyncClient) -> None:
        self.address = address
        self.token = token
        self.http = http

    async def ask(self, document: str, **variables: object) -> dict[str, Any]:
        """The data of an operation; RefusedError when it has errors."""
        answer = await self.http.post(
            f"http://{self.address}/graphql",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        body = answer.json()
        if body.get("errors"):
            raise RefusedError(body["errors"])
        data: dict[str, Any] = body["data"]
        return data

    async def do(self, mutation: str, selection: str, **given: object) -> dict[str, Any]:
        """Run one mutation with a fresh idempotency key; its payload."""
        name = mutation[0].upper() + mutation[1:] + "Input"
        document = f"mutation ($input: {name}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        given = {"idempotencyKey": str(uuid4()), **given}
        payload: dict[str, Any] = (await self.ask(document, input=given))[mutation]
        return payload

    async def upload(self, colour: str = "grey") -> str:
        """Upload a small photo; the id of its media."""
        photo = io.BytesIO()
        Image.new("RGB", (64, 48), colour).save(photo, "JPEG")
        answer = await self.http.post(
            f"http://{self.address}/files/",
            files={"file": ("photo.jpg", photo.getvalue(), "image/jpeg")},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        return str(answer.json()["id"])

    @asynccontextmanager
    async def watch(self, document: str, **variables: object) -> AsyncIterator["Console"]:
        """Subscribe over a websocket and collect what arrives."""
        async with websockets.connect(
            f"ws://{self.address}/graphql", subprotocols=[websockets.Subprotocol("graphql-transport-ws")]
        ) as socket:
            opening = {"type": "connection_init", "payload": {"authorization": f"Bearer {self.token}"}}
            await socket.send(json.dumps(opening))
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            payload = {"query": document, "variables": variables}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            console = Console(socket)
            reading = asyncio.create_task(console.read(), name="console")
            try:
                yield console
            finally:
                reading.cancel()
                with suppress(asyncio.CancelledError):
                    await reading


class Console:
    """What one subscription has received, in order."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.items: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.completed = False
        self.closed: int | None = None
        self._socket = socket
        self._grown = asyncio.Condition()

    async def read(self) -> None:
        """Collect until the socket closes."""
        with suppress(websockets.ConnectionClosed):
            async for text in self._socket:
                await self._take(json.loads(text))
        self.closed = self._socket.close_code
        async with self._grown:
            self._grown.notify_all()

    async def _take(self, message: dict[str, Any]) -> None:
        async with self._grown:
            if message["type"] == "next" and message["payload"].get("data"):
                (item,) = message["payload"]["data"].values()
                self.items.append(item)
            elif message["type"] in {"next", "error"}:
                self.faults.append(message)
            elif message["type"] == "complete":
                self.completed = True
            self._grown.notify_all()

    async def until(self, seen: Callable[[list[dict[str, Any]]], bool], seconds: float = 15) -> None:
        """Wait until what has arrived satisfies `seen`; fails with everything that arrived."""
        try:
            async with asyncio.timeout(seconds), self._grown:
                await self._grown.wait_for(lambda: seen(self.items))
        except TimeoutError:
            shown = json.dumps(self.items[-20:], ensure_ascii=False)
            raise AssertionError(f"not seen; arrived: {shown}; faults: {self.faults}") from None


class Town:
    """The server processes with their addresses, and the people's desks at them."""

    def __init__(self, addresses: list[str], http: httpx2.AsyncClient, processes: list[warm.Process]) -> None:
        self.addresses = addresses
        self.http = http
        self.processes = processes

    async def desk(self, username: str, *, server: int = 0) -> Desk:
        """Sign a demo account in at one of the servers."""
        address = self.addresses[server % len(self.addresses)]
        given = {"username": username, "password": PASSWORD}
        answer = await self.http.post(
            f"http://{address}/graphql", json={"query": SIGN_IN, "variables": {"input": given}}
        )
        return Desk(address, answer.json()["data"]["signIn"]["accessToken"], self.http)


@asynccontextmanager
async def running(environment: Mapping[str, str], folder: Path, processes: int) -> AsyncIterator[Town]:
    """Start that many servers on one store and bell; end them, and only them, afterwards."""
    started, addresses = [], []
    try:
        for number in range(processes):
            port = servers.free_port()
            addresses.append(f"127.0.0.1:{port}")
            with (folder / f"server-{number}.log").open("wb") as log:
                own = {**os.environ, **KEYS, **environment, "PORT": str(port), "HOST": "127.0.0.1"}
                started.append(await warm.start("serve", cwd=ROOT, env=own, stdout=log, stderr=log))
        async with httpx2.AsyncClient(timeout=30) as http:
            for address in addresses:
                await _ready(http, address, folder)
            yield Town(addresses, http, started)
    finally:
        for process in started:
            with suppress(ProcessLookupError):
                process.terminate()
        await asyncio.gather(*(process.wait() for process in started))


async def _ready(http: httpx2.AsyncClient, address: str, folder: Path) -> None:
    for _ in range(300):
        with suppress(httpx2.TransportError):
            if (await http.get(f"http://{address}/readyz")).is_success:
                return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{address} is not ready\n{_logs(folder)}")


def _logs(folder: Path) -> str:
    return "\n".join(path.read_text()[-3000:] for path in folder.glob("server-*.log"))
