"""GraphQL over WebSocket: the server side of graphql-transport-ws, every rule and close code of it.

Faults of one operation answer that operation alone; only a message that breaks the protocol closes the socket, with a
neutral reason. A reader that does not read is dropped after `send_seconds`; what it asked is cancelled, save commands.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from api import close_codes as codes
from api.engine import Executes
from api.limits import Caps, Limits, Rates
from api.protocol import Session, Shelter, origin_allowed
from api.sockets.conversation import Conversation
from api.stored_documents import StoredDocuments
from api.wire import GONE, Wire

SUBPROTOCOL = "graphql-transport-ws"


class WebSocketEndpoint:
    """The ASGI application behind `/graphql` for websockets.

    `open_session` checks the payload of `connection_init` (`{"authorization": "Bearer …", "language": "EN"}`); a
    DomainError closes with 4403 and its code. `documents` finds the text of an operation that is named by its hash.
    """

    def __init__(
        self,
        executes: Executes,
        open_session: Callable[[HTTPConnection, Mapping[str, object]], Awaitable[Session]],
        *,
        limits: Limits,
        rates: Rates,
        origins: frozenset[str] = frozenset(),
        documents: StoredDocuments | None = None,
    ) -> None:
        self.executes = executes
        self.documents = documents or StoredDocuments(executes)
        self.open_session = open_session
        self.limits = limits
        self.rates = rates
        self.shelter = Shelter()
        self.caps = Caps(limits.sockets_per_user)
        self.draining = False
        self._origins = origins
        self.conversations: set[Conversation] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket from the handshake to its end."""
        websocket = WebSocket(scope, receive, send)
        await websocket.receive()
        if not origin_allowed(websocket.headers, self._origins):
            await websocket.close()  # before accepting: the handshake is answered 403
            return
        with suppress(*GONE):
            if SUBPROTOCOL not in scope["subprotocols"]:
                await websocket.accept()
                await websocket.close(codes.OTHER_SUBPROTOCOL.code, codes.OTHER_SUBPROTOCOL.reason)
                return
            await websocket.accept(SUBPROTOCOL)
            await self._serve(websocket)

    async def drain(self) -> None:
        """End every socket politely: operations in flight finish, streams complete, then 1012 with a retry hint."""
        self.draining = True
        await asyncio.gather(*(it.drain() for it in tuple(self.conversations)))
        await self.shelter.idle()

    async def _serve(self, websocket: WebSocket) -> None:
        wire = Wire(websocket, self.limits)
        conversation = Conversation(self, wire)
        if self.draining:
            conversation.end(codes.restart())
        if not wire.hand_over(conversation):
            await conversation.serve()
