"""Who comes in: the context of each HTTP request, and who sits on each websocket, by the bearer token (design §10)."""

import asyncio
from collections.abc import Mapping

from starlette.requests import HTTPConnection

from api.auth import signed_in
from api.context import Context
from api.feed.attendance import Attendee
from api.feed.cursors import Signer
from api.feed.feed import Feed
from api.limits import Rates
from api.protocol import language_of
from domain.term import Language
from services import sessions


class Door:
    """One per process; `secret` is FENGQIAO_SECRET_KEY, from which the token keys are derived.

    An access token lasts `token_minutes`; a session ends when it was not refreshed for `session_hours`.
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
    ) -> None:
        sessions.install(sessions.Mint(secret, token_minutes=token_minutes, session_hours=session_hours))
        self._signer = signer
        self._feed = feed
        self.rates = rates

    async def open_context(self, connection: HTTPConnection) -> Context:
        """The context of one HTTP request. UNAUTHENTICATED when it bears a bad token."""
        language = language_of(connection.headers.get("accept-language"))
        known = await signed_in(connection.headers.get("authorization"), language)
        return Context(
            viewer=known.viewer if known else None,
            signer=self._signer,
            feed=self._feed,
            rates=self.rates,
            language=language,
            address=address_of(connection),
        )

    async def open_session(
        self, connection: HTTPConnection, payload: Mapping[str, object]
    ) -> "SocketSession":
        """Who sits on a socket, by its `connection_init`. UNAUTHENTICATED for a bad token."""
        given = payload.get("language")
        wanted = given if isinstance(given, str) else connection.headers.get("accept-language")
        language = language_of(wanted)
        known = await signed_in(payload.get("authorization"), language)
        attendee = self._feed.attend(known.viewer, known.expires_at) if known else None
        return SocketSession(self, attendee, language, address_of(connection))

    def seated(self, attendee: Attendee | None, language: Language, address: str) -> Context:
        """The context of one operation on a socket, under the rights its person holds now."""
        return Context(
            viewer=attendee.viewer if attendee else None,
            signer=self._signer,
            feed=self._feed,
            rates=self.rates,
            language=language,
            address=address,
            attendee=attendee,
        )


class SocketSession:
    """One websocket. It ends with the session, and with the access token unless that was renewed on it."""

    def __init__(self, door: Door, attendee: Attendee | None, language: Language, address: str) -> None:
        self._door = door
        self._attendee = attendee
        self._language = language
        self._address = address
        self._never = asyncio.Event()  # whoever did not sign in has no session that could end

    @property
    def holder(self) -> str:
        """Whom sockets and requests are counted for."""
        return str(self._attendee.viewer.person_id) if self._attendee else self._address

    @property
    def ended(self) -> asyncio.Event:
        """Set when the session has ended."""
        return self._attendee.ended if self._attendee else self._never

    def context(self) -> Context:
        """A fresh context, for one operation."""
        return self._door.seated(self._attendee, self._language, self._address)


def address_of(connection: HTTPConnection) -> str:
    """The caller's network address."""
    return connection.client.host if connection.client else "unknown"
