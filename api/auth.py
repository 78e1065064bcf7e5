"""From a bearer token to the person who asks: the same for headers and `connection_init` (design §10)."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from db.sessions import Held, held
from domain.errors import DomainError, ErrorCode
from domain.event import Event
from domain.rules import rights
from domain.term import Language
from domain.viewer import Viewer
from services import sessions
from services.command import business_now, wall_is_business
from services.sessions import Pass

KEPT = timedelta(seconds=60)
TOKENS = 10_000
TOGETHER = 500  # tokens of one statement
GATHERED, GATHERED_MOST = 0.002, 0.1  # seconds for each token of the last statement that the next one waits
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


@dataclass(frozen=True, slots=True)
class _Question:
    """Who holds a token, by what it says and by what is kept of it."""

    said: Pass
    kept: _Kept | None
    language: Language


class KnownTokens:
    """Who holds which access token, kept for as long as nothing can have changed it, `KEPT` at most.

    `lag` tells how many seconds ago this process had heard the whole log; `hear` takes what it hears.
    """

    def __init__(self, lag: Callable[[], float]) -> None:
        self._lag = lag
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._of_person: dict[UUID, set[bytes]] = {}
        self._inquiry = _Inquiry()
        self._heard = 0
        self._asking = 0
        self._heard_of: dict[UUID, int] = {}  # while anybody is asked for

    def hear(self, events: Iterable[Event]) -> None:
        """Forget everybody whose rights these events may have changed."""
        for person_id in rights.touched(events):
            self._heard += 1
            if self._asking:
                self._heard_of[person_id] = self._heard
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
            known = (await self._looked_up(token, key, kept, language)).known
        if known.viewer.language is language:
            return known
        return replace(known, viewer=replace(known.viewer, language=language))

    async def _looked_up(self, token: str, key: bytes, kept: _Kept | None, language: Language) -> _Kept:
        """By both clocks, and by the store where what is kept does not hold.

        What was heard of the person meanwhile may be missing in the answer: then it is asked for again, so that
        whoever is let in is known as the log says at this moment.
        """
        said = sessions.read_pass(token, datetime.now(UTC))
        self._asking += 1
        try:
            while True:
                heard = self._heard
                found = await self._inquiry.of(_Question(said, kept, language))
                if self._heard_of.get(said.person_id, 0) <= heard:
                    break
                kept = None
        finally:
            self._asking -= 1
            if not self._asking:
                self._heard_of.clear()
        if self._lag() <= LONGEST_LAG:
            self._keep(key, found)
        return found

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


class _Inquiry:
    """Asks the store of all the tokens that wait, in one statement; the more they were, the longer the next gather.

    A storm of consoles that come back is then a few dozen statements, and one that comes alone waits for nobody.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[_Question, asyncio.Future[_Kept]]] = []
        self._busy = False
        self._running: asyncio.Task[None] | None = None

    async def of(self, question: _Question) -> _Kept:
        """The answer. UNAUTHENTICATED where the session or the account has ended."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_Kept] = loop.create_future()
        self._waiting.append((question, answer))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._begin)
        return await answer

    def _begin(self) -> None:
        batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
        self._busy = bool(batch)
        if batch:
            self._running = asyncio.create_task(self._ask(batch), name="access tokens")

    async def _ask(self, batch: Sequence[tuple[_Question, asyncio.Future[_Kept]]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            found = await _read([question for question, _ in batch])
            for (_, answer), known in zip(batch, found, strict=True):
                _settle(answer, known or DomainError(ErrorCode.UNAUTHENTICATED))
        except BaseException as error:
            for _, answer in batch:
                _settle(answer, error)
            if not isinstance(error, Exception):
                raise
        finally:
            loop.call_later(min(len(batch) * GATHERED, GATHERED_MOST), self._begin)


def _settle(answer: asyncio.Future[_Kept], known: _Kept | BaseException) -> None:
    if answer.done():  # whoever asked has gone
        return
    if isinstance(known, Exception):
        answer.set_exception(known)
    elif isinstance(known, BaseException):
        answer.cancel()
    else:
        answer.set_result(known)


async def _read(questions: Sequence[_Question]) -> list[_Kept | None]:
    """What is kept where that holds, else what the store says, and how long nothing but an event changes it."""
    at = _Moment(datetime.now(UTC), await business_now())
    asked = {it.said.session_id for it in questions if it.kept is None or not it.kept.holds(at)}
    found = await held(asked, at.business) if asked else {}
    return [
        it.kept
        if it.kept is not None and it.kept.holds(at)
        else _known(it, found.get(it.said.session_id), at)
        for it in questions
    ]


def _known(question: _Question, found: Held | None, at: _Moment) -> _Kept | None:
    said = question.said
    viewer = found.viewer_at(at.wall, said.person_id) if found else None
    if found is None or viewer is None:
        return None
    if viewer.language is not question.language:
        viewer = replace(viewer, language=question.language)
    wall_until = min(said.expires_at, found.expires_at, at.wall + KEPT)
    return _Kept(SignedIn(viewer, said.expires_at), at, wall_until, found.changes_at)


def _token(authorization: object) -> str:
    if isinstance(authorization, str):
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() == _SCHEME and token:
            return token.strip()
    raise DomainError(ErrorCode.UNAUTHENTICATED)
