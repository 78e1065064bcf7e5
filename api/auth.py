"""From a bearer token to the person who asks: the same for headers and `connection_init` (design §10)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from domain.errors import DomainError, ErrorCode
from domain.term import Language
from domain.viewer import Viewer
from services import sessions
from services.clocks import business_now

_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks, until when the token lasts (wall time)."""

    viewer: Viewer
    expires_at: datetime


async def signed_in(authorization: object, language: Language = Language.ZH) -> SignedIn | None:
    """Who holds the token in `Bearer <token>`; None where nothing was given.

    UNAUTHENTICATED for anything that is not a good token of a live session.
    """
    if authorization is None:
        return None
    token = _token(authorization)
    wall_now = datetime.now(UTC)
    expires_at = sessions.read_pass(token, wall_now).expires_at
    viewer = await sessions.authenticate(
        token, now=await business_now(), wall_now=wall_now, language=language
    )
    return SignedIn(viewer, expires_at)


def _token(authorization: object) -> str:
    if isinstance(authorization, str):
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() == _SCHEME and token:
            return token.strip()
    raise DomainError(ErrorCode.UNAUTHENTICATED)
