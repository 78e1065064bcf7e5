"""Who comes in: the context of each HTTP request, and who sits on each websocket, by the bearer token (design §10)."""

from collections.abc import Mapping, Sequence

from starlette.requests import HTTPConnection

from api.auth import KnownTokens
from api.bound import Bound
from api.context import Context
from api.feed.cursors import Signer
from api.feed.feed import Feed
from api.feed.presence.attendance import Attendee
from api.feed.presence.ended import Ended
from api.integration_keys import KeyDesk, secret_of
from api.limits import Rates
from api.protocol import language_of
from api.stored_documents import StoredDocuments
from db import unit_of_work
from domain.errors import DomainError, ErrorCode
from domain.event import Event
from domain.term import Language
from domain.viewer import Viewer
from services import sessions


class Door:
    """One per process; `secret` is FENGQIAO_SECRET_KEY, from which the token keys are derived.

    `documents` checks what is to be stored and hears what was. An access token lasts `token_minutes`; a session ends
    when it was not refreshed for `session_hours`.
    """

    def __init__(
        self,
        secret: bytes,
        signer: Signer,
        feed: Feed,
        rates: Rates,
        *,
        token_minutes: float = 30,
        session_hours: float = 12,
        documents: StoredDocuments | None = None,
    ) -> None:
        sessions.install(sessions.Mint(secret, token_minutes=token_minutes, session_hours=session_hours))
        self._signer = signer
        self._feed = feed
        self._tokens = KnownTokens(lambda: feed.lag_seconds)
        self._keys = KeyDesk(rates)
        self._documents = documents
        feed.listen(lambda batch: self._hear([it.event for it in batch]))
        self._unheard = unit_of_work.listen(self._hear)
        self.rates = rates

    def close(self) -> None:
        """Stop hearing of what this process commits."""
        self._unheard()

    async def settle(self) -> None:
        """Returns when the use of integration keys is written down."""
        await self._keys.settle()

    async def open_context(self, connection: HTTPConnection) -> Context:
        """The context of one HTTP request. UNAUTHENTICATED when it bears a bad token or key."""
        language = language_of(connection.headers.get("accept-language"))
        authorization, address = connection.headers.get("authorization"), address_of(connection)
        if (secret := secret_of(authorization)) is not None:
            key = await self._keys.let_in(secret, language, address)
            return self._context(key.viewer, language, address, key.bound)
        known = await self._tokens.signed_in(authorization, language)
        return self._context(known.viewer if known else None, language, address)

    async def open_person(self, connection: HTTPConnection) -> Context:
        """As `open_context`, where nothing is for integration keys: FORBIDDEN."""
        context = await self.open_context(connection)
        if context.bound is not None:
            context.bound.misused()
            raise DomainError(ErrorCode.FORBIDDEN)
        return context

    async def open_session(
        self, connection: HTTPConnection, payload: Mapping[str, object]
    ) -> "SocketSession":
        """Who sits on a socket, by its `connection_init`. UNAUTHENTICATED for a bad token."""
        given = payload.get("language")
        wanted = given if isinstance(given, str) else connection.headers.get("accept-language")
        language = language_of(wanted)
        authorization, address = payload.get("authorization"), address_of(connection)
        if (secret := secret_of(authorization)) is not None:
            key = await self._keys.let_in(secret, language, address)
            attendee = self._feed.attend(key.viewer, key.expires_at)
            return SocketSession(self, attendee, language, address, key.bound)
        known = await self._tokens.signed_in(authorization, language)
        seat = self._feed.attend(known.viewer, known.expires_at) if known else None
        return SocketSession(self, seat, language, address)

    def seated(
        self, attendee: Attendee | None, language: Language, address: str, bound: Bound | None
    ) -> Context:
        """The context of one operation on a socket, under the rights its person holds now."""
        viewer = attendee.viewer if attendee else None
        return self._context(viewer, language, address, bound, attendee)

    def _context(
        self,
        viewer: Viewer | None,
        language: Language,
        address: str,
        bound: Bound | None = None,
        attendee: Attendee | None = None,
    ) -> Context:
        context = Context(
            viewer=viewer,
            signer=self._signer,
            feed=self._feed,
            rates=self.rates,
            language=language,
            address=address,
            attendee=attendee,
            bound=bound,
        )
        if self._documents is not None:
            context.check_document = self._documents.check
        return context

    def _hear(self, events: Sequence[Event]) -> None:
        self._tokens.hear(events)
        if self._documents is not None:
            self._documents.hear(events)


class SocketSession:
    """One websocket. It ends with the session, and with the access token unless that was renewed on it."""

    __slots__ = ("_address", "_attendee", "_bound", "_door", "_language")

    def __init__(
        self,
        door: Door,
        attendee: Attendee | None,
        language: Language,
        address: str,
        bound: Bound | None = None,
    ) -> None:
        self._door = door
        self._bound = bound
        self._attendee = attendee
        self._language = language
        self._address = address

    @property
    def holder(self) -> str:
        """Whom sockets and requests are counted for."""
        if self._attendee is None:
            return self._address
        viewer = self._attendee.viewer
        return str(viewer.key_id or viewer.person_id)

    @property
    def ended(self) -> Ended:
        """Set when the session has ended; whoever did not sign in has none that could."""
        return self._attendee.ended if self._attendee else Ended()

    def context(self) -> Context:
        """A fresh context, for one operation."""
        return self._door.seated(self._attendee, self._language, self._address, self._bound)


def address_of(connection: HTTPConnection) -> str:
    """The caller's network address."""
    return connection.client.host if connection.client else "unknown"
