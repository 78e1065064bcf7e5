"""What stands at `/graphql`: HTTP, websockets and server-sent events over one engine, one door, one count."""

from dataclasses import dataclass

from api.door import Door
from api.engine import Executes
from api.http import HttpEndpoint
from api.limits import Limits, Rates
from api.sse.endpoint import SseEndpoint
from api.stored_documents import StoredDocuments
from api.websocket import WebSocketEndpoint


@dataclass(frozen=True, slots=True)
class Transports:
    """The three of one process."""

    http: HttpEndpoint
    websocket: WebSocketEndpoint
    sse: SseEndpoint

    def begin_drain(self) -> None:
        """Before the feed's streams end: what completes in events from now on says when to come back."""
        self.sse.draining = True

    async def drain(self) -> None:
        """End sockets and streams politely; returns when no command runs any more."""
        await self.websocket.drain()
        await self.sse.drain()
        await self.http.drain()


def transports_of(
    executes: Executes,
    door: Door,
    *,
    limits: Limits,
    rates: Rates,
    documents: StoredDocuments,
    origins: frozenset[str] = frozenset(),
) -> Transports:
    """The transports over that engine; connections in events count as the sockets of a person do."""
    websocket = WebSocketEndpoint(
        executes, door.open_session, limits=limits, rates=rates, origins=origins, documents=documents
    )
    sse = SseEndpoint(
        executes, door.open_session, limits=limits, rates=rates, caps=websocket.caps, documents=documents
    )
    http = HttpEndpoint(
        executes, door.open_context, limits=limits, rates=rates, documents=documents, streams=sse.answer
    )
    return Transports(http, websocket, sse)
