"""A small schema behind the real endpoints on a real uvicorn, for the tests of the protocols."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson
import strawberry
import uvicorn
import websockets
from starlette.requests import HTTPConnection
from strawberry.schema.config import StrawberryConfig

from api.application import Application
from api.bound import Bound
from api.engine import Engine
from api.feed.presence.ended import Ended
from api.http import HttpEndpoint
from api.limits import Limits, Rates
from api.protocol import language_of
from api.scalars import SCALARS, DateTime
from api.sse.endpoint import SseEndpoint
from api.uvicorn_protocol import AbortingWS, WholeHttp, listening_socket
from api.websocket import WebSocketEndpoint
from domain.errors import DomainError, ErrorCode
from domain.term import Language
from domain.viewer import Viewer


@dataclass
class Ledger:
    """What the resolvers did, for the tests to look at."""

    bumps: int = 0
    opened: int = 0
    closed: int = 0
    refreshed: int = 0
    contexts: list["ToyContext"] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class ToyContext:
    ledger: Ledger
    language: Language
    bound: Bound | None = None
    viewer: Viewer | None = None
    signer: Any = None

    async def now(self) -> datetime:
        return datetime.now(UTC)

    def refresh(self) -> None:
        self.ledger.refreshed += 1


@dataclass
class ToySession:
    ledger: Ledger
    holder: str
    language: Language
    ended: Ended = field(default_factory=Ended)

    def context(self) -> ToyContext:
        self.ledger.contexts.append(ToyContext(self.ledger, self.language))
        return self.ledger.contexts[-1]


Info = strawberry.Info[ToyContext, None]


@strawberry.type
class Node:
    name: str = "枫桥"

    @strawberry.field
    def child(self, first: int = 1) -> "Node":
        return Node(name=f"{self.name}{first}")


@strawberry.input
class ProbeInput:
    at: DateTime
    count: int = 1


@strawberry.type
class Query:
    @strawberry.field
    def node(self, first: int = 1) -> Node | None:
        return Node(name=f"枫桥{first}")

    @strawberry.field
    def moment(self, at: DateTime) -> DateTime | None:
        return at

    @strawberry.field
    def probe(self, given: ProbeInput) -> DateTime | None:
        return given.at

    @strawberry.field
    def bug(self) -> str | None:
        raise RuntimeError("password 13800000000")

    @strawberry.field
    def refused(self) -> str | None:
        raise DomainError(ErrorCode.NOT_FOUND, "id", rule="T11", facts={"no": "GCL-1"})

    @strawberry.field
    async def slow(self, seconds: float) -> str | None:
        await asyncio.sleep(seconds)
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def bump(self, info: Info, wait: bool = False) -> int | None:  # noqa: FBT001, FBT002 - a GraphQL argument
        info.context.ledger.opened += 1
        if wait:
            await info.context.ledger.gate.wait()
        info.context.ledger.bumps += 1
        return info.context.ledger.bumps


@strawberry.type
class Reading:
    number: int

    @strawberry.field
    def row(self, fails: int | None = None) -> int | None:
        if self.number == fails:
            raise DomainError(ErrorCode.UNAVAILABLE)
        return self.number


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def readings(self) -> AsyncGenerator[Reading, None]:
        for number in range(4):
            yield Reading(number=number)

    @strawberry.subscription
    async def count(self, info: Info, to: int = 1_000_000) -> AsyncGenerator[int, None]:
        ledger = info.context.ledger
        ledger.opened += 1
        try:
            for number in range(to):
                yield number
                await asyncio.sleep(0.01)
        finally:
            ledger.closed += 1

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("password 13800000000")

    @strawberry.subscription
    async def denied(self, to: int = 0) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number
        raise DomainError(ErrorCode.FORBIDDEN)

    @strawberry.subscription
    async def flood(self, info: Info) -> AsyncGenerator[str, None]:
        try:
            while True:
                yield "枫" * 20_000
        finally:
            info.context.ledger.closed += 1


schema = strawberry.Schema(
    Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True)
)


def checked(token: str | None) -> str:
    """The holder of a token; there is one good prefix."""
    if token is None:
        return "anonymous"
    if token == "Bearer bug":
        raise RuntimeError("password 13800000000")
    if not token.startswith("Bearer good"):
        raise DomainError(ErrorCode.UNAUTHENTICATED)
    return token


@dataclass
class Toy:
    ledger: Ledger
    http: HttpEndpoint
    websocket: WebSocketEndpoint
    sse: SseEndpoint
    engine: Engine
    rates: Rates
    sessions: list[ToySession]
    port: int = 0
    server: uvicorn.Server = field(init=False)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}/graphql"

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=10)

    async def connect(self, **options: Any) -> websockets.ClientConnection:
        options.setdefault("subprotocols", ["graphql-transport-ws"])
        return await websockets.connect(f"ws://{self.address}", **options)

    async def ready(self, payload: dict[str, object] | None = None) -> websockets.ClientConnection:
        """A socket that is initialised."""
        connection = await self.connect()
        await tell(connection, {"type": "connection_init", "payload": payload or {}})
        assert await hear(connection) == {"type": "connection_ack"}
        return connection


async def tell(connection: websockets.ClientConnection, message: object) -> None:
    await connection.send(orjson.dumps(message).decode())


async def hear(connection: websockets.ClientConnection) -> Any:
    text = await asyncio.wait_for(connection.recv(), 5)
    assert isinstance(text, str), "only text frames are sent"
    return orjson.loads(text)


async def ask(connection: websockets.ClientConnection, key: str, query: str) -> None:
    await tell(connection, {"id": key, "type": "subscribe", "payload": {"query": query}})


async def rest(connection: websockets.ClientConnection) -> list[Any]:
    """Every message until the socket closes."""
    async with asyncio.timeout(5):
        heard = []
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                heard.append(orjson.loads(await connection.recv()))
        return heard


async def eventually(fact: Callable[[], object]) -> None:
    """Returns once the fact holds."""
    async with asyncio.timeout(5):
        while not fact():  # noqa: ASYNC110 - looks at plain attributes, which wake nobody
            await asyncio.sleep(0.01)


async def closing(connection: websockets.ClientConnection) -> tuple[int, str]:
    """The code and reason the server closes with, whatever it says before."""
    await rest(connection)
    return connection.close_code or 0, connection.close_reason or ""


def make(limits: Limits) -> Toy:
    ledger, sessions = Ledger(), list[ToySession]()
    engine, rates = Engine(schema, limits), Rates(limits)

    async def open_context(connection: HTTPConnection) -> ToyContext:
        checked(connection.headers.get("authorization"))
        return ToyContext(ledger, language_of(connection.headers.get("accept-language")))

    async def open_session(_: HTTPConnection, payload: Mapping[str, object]) -> ToySession:
        token = payload.get("authorization")
        session = ToySession(ledger, checked(None if token is None else str(token)), Language.EN)
        sessions.append(session)
        return session

    websocket = WebSocketEndpoint(engine, open_session, limits=limits, rates=rates)
    sse = SseEndpoint(engine, open_session, limits=limits, rates=rates, caps=websocket.caps)
    http = HttpEndpoint(engine, open_context, limits=limits, rates=rates, streams=sse.answer)
    return Toy(ledger, http, websocket, sse, engine, rates, sessions)


@contextlib.asynccontextmanager
async def serving(limits: Limits | None = None, **settings: Any) -> AsyncIterator[Toy]:
    toy = make(limits or Limits())
    app = Application(toy.http, toy.websocket)
    config = uvicorn.Config(
        app,
        log_level="critical",
        http=WholeHttp,
        ws=AbortingWS,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
        **settings,
    )
    server = toy.server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # pytest keeps its own
    listener = listening_socket("127.0.0.1", 0)
    toy.port = listener.getsockname()[1]
    running = asyncio.create_task(server.serve(sockets=[listener]))
    await eventually(lambda: server.started)
    try:
        yield toy
    finally:
        toy.ledger.gate.set()
        server.should_exit = True
        await running
