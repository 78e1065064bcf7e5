"""From a bearer token to the person who asks: the same for headers and `connection_init` (design §10)."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from db.sessions import spans
from domain.errors import DomainError, ErrorCode
from domain.event import Event
from domain.rules import rights
from domain.term import Language
from domain.viewer import Viewer
from services import sessions
from services.command import business_now, wall_is_business

KEPT = timedelta(seconds=60)
TOKENS = 10_000
LONGEST_LAG = 5.0  # seconds; beyond it another process' events may be missing here
_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks, until when the token lasts (wall time)."""

    viewer: Viewer
    expires_at: datetime


@dataclass(slots=True)
class _Moment:
    """Now, by the wall's clock and by the business clock."""

    wall: datetime
    business: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the store said at `since`; `business_until` is when a post of the person begins or ends next."""

    known: SignedIn
    since: _Moment
    wall_until: datetime
    business_until: datetime | None
    since_second: float = field(init=False)
    until_second: float = field(init=False)

    def __post_init__(self) -> None:
        """The same in seconds of the epoch, which are compared on every request."""
        until = min(self.wall_until, self.business_until or self.wall_until)
        object.__setattr__(self, "since_second", self.since.wall.timestamp())
        object.__setattr__(self, "until_second", until.timestamp())

    def holds_by_wall(self, second: float) -> bool:
        """As `holds`, where the wall's clock is the business clock: at this second of the epoch."""
        return self.since_second <= second < self.until_second

    def holds(self, at: _Moment) -> bool:
        """Whether the store would say the same, as far as time goes; a clock set back asks anew."""
        return self.since.wall <= at.wall < self.wall_until and (
            self.since.business <= at.business
            and (self.business_until is None or at.business < self.business_until)
        )


class KnownTokens:
    """Who holds which access token, kept for as long as nothing can have changed it, `KEPT` at most.

    `lag` tells how many seconds ago this process had heard the whole log; `hear` takes what it hears.
    """

    def __init__(self, lag: Callable[[], float]) -> None:
        self._lag = lag
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._of_person: dict[UUID, set[bytes]] = {}
        self._generation = 0

    def hear(self, events: Iterable[Event]) -> None:
        """Forget everybody whose rights these events may have changed."""
        for person_id in rights.touched(events):
            self._generation += 1
            for key in self._of_person.pop(person_id, ()):
                del self._kept[key]

    async def signed_in(self, authorization: object, language: Language = Language.ZH) -> SignedIn | None:
        """Who holds the token in `Bearer <token>`; None where nothing was given.

        UNAUTHENTICATED for anything that is not a good token of a live session.
        """
        if authorization is None:
            return None
        token = _token(authorization)
        key = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        listening = self._lag() <= LONGEST_LAG
        kept = self._kept.get(key) if listening else None
        if kept is not None and wall_is_business() and kept.holds_by_wall(time.time()):
            self._kept.move_to_end(key)
            known = kept.known
        else:
            known = await self._looked_up(token, key, kept, language, listening=listening)
        if known.viewer.language is language:
            return known
        return replace(known, viewer=replace(known.viewer, language=language))

    async def _looked_up(
        self, token: str, key: bytes, kept: _Kept | None, language: Language, *, listening: bool
    ) -> SignedIn:
        """By both clocks, and by the store where what is kept does not hold."""
        at = _Moment(datetime.now(UTC), await business_now())
        if kept is not None and kept.holds(at):
            return kept.known
        generation = self._generation
        kept = await _read(token, at, language)
        if listening and generation == self._generation:  # otherwise what was read may be old already
            self._keep(key, kept)
        return kept.known

    def _keep(self, key: bytes, kept: _Kept) -> None:
        self._kept[key] = kept
        self._kept.move_to_end(key)
        self._of_person.setdefault(kept.known.viewer.person_id, set()).add(key)
        if len(self._kept) > TOKENS:
            oldest, gone = self._kept.popitem(last=False)
            keys = self._of_person[gone.known.viewer.person_id]
            keys.discard(oldest)
            if not keys:
                del self._of_person[gone.known.viewer.person_id]


async def _read(token: str, at: _Moment, language: Language) -> _Kept:
    """What the store says of a token, and how long nothing but an event changes it. UNAUTHENTICATED."""
    said = sessions.read_pass(token, at.wall)
    viewer = await sessions.authenticate(token, now=at.business, wall_now=at.wall, language=language)
    found = await spans(said.session_id, at.business)
    session_end, business_until = found or (at.wall, None)
    wall_until = min(said.expires_at, session_end, at.wall + KEPT)
    return _Kept(SignedIn(viewer, said.expires_at), at, wall_until, business_until)


def _token(authorization: object) -> str:
    if isinstance(authorization, str):
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() == _SCHEME and token:
            return token.strip()
    raise DomainError(ErrorCode.UNAUTHENTICATED)
