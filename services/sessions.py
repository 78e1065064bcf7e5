"""Signing in, staying signed in and signing out (design §7, R84); tokens live by the wall clock (design §6)."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from db import passwords, people, sessions
from db.unit_of_work import Work, in_transaction
from domain.action import ActionName as A
from domain.errors import DomainError, ErrorCode
from domain.person import Credential, Person
from domain.rules import credential as rules
from domain.rules import rights
from domain.rules.rights import RightsReason
from domain.session import Session
from domain.term import Language
from domain.viewer import Viewer

ISSUER = "fengqiao"
_ALGORITHM = "HS256"
_SEAL = 16  # bytes of the HMAC at the end of a refresh token
_RANDOM = 32
_SESSION_ID = 16


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in or a refresh answers; `expires_at` is the access token's end, wall time.

    `must_change`: the password was set by someone else and waits to be changed.
    """

    access_token: str
    refresh_token: str
    expires_at: datetime
    viewer: Viewer
    must_change: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """What an access token says: who, in which session, until when (wall time)."""

    person_id: UUID
    session_id: UUID
    expires_at: datetime


class Mint:
    """Makes and reads tokens with keys derived from FENGQIAO_SECRET_KEY.

    An access token lives `token_minutes`; a session ends when it was not refreshed for `session_hours`.
    """

    def __init__(self, secret: bytes, *, token_minutes: float = 30, session_hours: float = 12) -> None:
        self._key = OctKey.import_key(hmac.digest(secret, b"access token", hashlib.sha256))
        self._refresh_key = hmac.digest(secret, b"refresh token", hashlib.sha256)
        self._token_life = timedelta(minutes=token_minutes)
        self.session_life = timedelta(hours=session_hours)

    def access(self, session: Session, now: datetime) -> tuple[str, datetime]:
        """An access token for the session, and when it ends."""
        expires_at = (now + self._token_life).replace(microsecond=0)
        claims = {
            "iss": ISSUER,
            "sub": str(session.person_id),
            "sid": str(session.id),
            "exp": int(expires_at.timestamp()),
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key, [_ALGORITHM]), expires_at

    def read(self, token: str, now: datetime) -> Pass:
        """What a token of ours says; UNAUTHENTICATED for any other, and for one that has expired."""
        claims = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": ISSUER},
            sub={"essential": True},
            sid={"essential": True},
            exp={"essential": True},
        )
        try:
            said = jwt.decode(token, self._key, [_ALGORITHM]).claims
            claims.validate(said)
            until = datetime.fromtimestamp(said["exp"], UTC)
            return Pass(UUID(str(said["sub"])), UUID(str(said["sid"])), until)
        except (JoseError, ValueError):  # the second for text that is no token at all
            raise DomainError(ErrorCode.UNAUTHENTICATED) from None

    def refresh(self, session_id: UUID) -> str:
        """A new refresh token: the session's id, 32 random bytes, and a seal that shows it is ours."""
        body = session_id.bytes + secrets.token_bytes(_RANDOM)
        return urlsafe_b64encode(body + self._seal(body)).decode().rstrip("=")

    def session(self, session_id: UUID, person_id: UUID, refresh_token: str, now: datetime) -> Session:
        """A session that begins now."""
        return Session(
            id=session_id,
            person_id=person_id,
            refresh_hash=_digest(refresh_token),
            created_at=now,
            refreshed_at=now,
            expires_at=now + self.session_life,
            ended_at=None,
        )

    def session_of(self, refresh_token: str) -> UUID:
        """The session of a refresh token of ours, used or not; UNAUTHENTICATED for any other."""
        try:
            raw = urlsafe_b64decode(refresh_token + "=" * (-len(refresh_token) % 4))
        except (Base64Error, ValueError):
            raw = b""
        body, seal = raw[:-_SEAL], raw[-_SEAL:]
        if len(body) != _SESSION_ID + _RANDOM or not hmac.compare_digest(seal, self._seal(body)):
            raise DomainError(ErrorCode.UNAUTHENTICATED, "refreshToken")
        return UUID(bytes=body[:_SESSION_ID])

    def _seal(self, body: bytes) -> bytes:
        return hmac.digest(self._refresh_key, body, hashlib.sha256)[:_SEAL]


_mint: Mint | None = None


def install(mint: Mint) -> None:
    """Use these keys for every token of this process."""
    global _mint  # noqa: PLW0603 - one set of keys per process, given at start
    _mint = mint


async def sign_in(
    username: str,
    password: str,
    *,
    now: datetime,
    wall_now: datetime,
    new_id: Callable[[], UUID],
    language: Language = Language.ZH,
) -> Tokens:
    """Open a session. BAD_CREDENTIALS, the same for an unknown name, in the same time; ACCOUNT_LOCKED (R84).

    Every failure and every success is kept: in the credential's count and in the log (R83).
    """
    person = await people.by_username(username) if username.isprintable() else None
    known = await people.credential(person.id) if person else None
    if known is not None:
        rules.check_unlocked(known, wall_now)
    right = await passwords.fits(password, known.password_hash if known else passwords.NOBODY)
    if person is None or known is None:
        raise DomainError(ErrorCode.BAD_CREDENTIALS)
    attempt = _Attempt(person, known, right and person.active, now, wall_now)
    opened = await in_transaction(lambda work: _settle(work, attempt, new_id))
    if opened is None:
        raise DomainError(ErrorCode.BAD_CREDENTIALS)
    session, refresh_token = opened
    return await _tokens(session, refresh_token, now, wall_now, language)


async def refresh(
    refresh_token: str, *, now: datetime, wall_now: datetime, language: Language = Language.ZH
) -> Tokens:
    """New tokens for a session; the refresh token is void afterwards.

    UNAUTHENTICATED when it is none of ours or the session is over; a used one ends the session, for then two
    hold it and one is a thief.
    """
    session_id = _minting().session_of(refresh_token)
    renewed = await in_transaction(lambda work: _renew(work, session_id, refresh_token, now, wall_now))
    if renewed is None:
        raise DomainError(ErrorCode.UNAUTHENTICATED, "refreshToken")
    session, fresh = renewed
    return await _tokens(session, fresh, now, wall_now, language)


async def sign_out(viewer: Viewer, *, now: datetime, wall_now: datetime) -> None:
    """End the viewer's session; ending an ended one changes nothing."""

    async def body(work: Work) -> None:
        session = await sessions.load(work, viewer.session_id) if viewer.session_id else None
        if session is not None and session.live_at(wall_now):
            await _end(work, session, A.signOut, now, wall_now)

    await in_transaction(body)


async def authenticate(
    token: str, *, now: datetime, wall_now: datetime, language: Language = Language.ZH
) -> Viewer:
    """Who holds an access token, with the posts in force at business time `now`.

    UNAUTHENTICATED when it is expired, foreign or tampered, or its session or account has ended. A lock (R84)
    bars new sign-ins alone, or strangers could throw anybody out by guessing.
    """
    said = read_pass(token, wall_now)
    return await _viewer(said, now, wall_now, language)


def read_pass(token: str, wall_now: datetime) -> Pass:
    """What an access token says, without asking whether its session still lives. UNAUTHENTICATED."""
    return _minting().read(token, wall_now)


async def _viewer(said: Pass, now: datetime, wall_now: datetime, language: Language) -> Viewer:
    held = (await sessions.held([said.session_id], now)).get(said.session_id)
    viewer = held.viewer_at(wall_now, said.person_id) if held else None
    if viewer is None:
        raise DomainError(ErrorCode.UNAUTHENTICATED)
    return replace(viewer, language=language)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A sign-in after its password was looked at."""

    person: Person
    known: Credential
    right: bool
    now: datetime
    wall_now: datetime


async def _settle(work: Work, attempt: _Attempt, new_id: Callable[[], UUID]) -> tuple[Session, str] | None:
    """Count the failure, or open the session; None for a failure, which has to be stored all the same."""
    person, wall_now = attempt.person, attempt.wall_now
    before = await people.load_credential(work, person.id)
    if before is None or before.password_hash != attempt.known.password_hash:
        return None  # changed while the old one was looked at
    rules.check_unlocked(before, wall_now)  # of many guesses at once, those after the fifth find it locked
    after = rules.succeeded(before) if attempt.right else rules.failed(before, wall_now)
    await people.save_credential(work, before, after)
    if not attempt.right:
        reason = RightsReason.ACCOUNT_LOCKED if after.locked_until else RightsReason.SIGN_IN_FAILED
        work.append(rights.of_person(person, reason, attempt.now, A.signIn, None))
        return None
    mint, session_id = _minting(), new_id()
    token = mint.refresh(session_id)
    session = mint.session(session_id, person.id, token, wall_now)
    await sessions.insert(work, session)
    signed_in = RightsReason.SIGNED_IN
    work.append(rights.of_session(person.id, session_id, signed_in, attempt.now, A.signIn, person.id))
    return session, token


async def _renew(
    work: Work, session_id: UUID, token: str, now: datetime, wall_now: datetime
) -> tuple[Session, str] | None:
    """Rotate the refresh token; None after a used one has ended the session, or when it was over."""
    session = await sessions.load(work, session_id)
    if session is None or not session.live_at(wall_now):
        return None
    if not hmac.compare_digest(session.refresh_hash, _digest(token)):
        await _end(work, session, A.refreshSession, now, wall_now)
        return None
    mint = _minting()
    fresh = mint.refresh(session_id)
    renewed = replace(
        session,
        refresh_hash=_digest(fresh),
        refreshed_at=wall_now,
        expires_at=wall_now + mint.session_life,
    )
    await sessions.save(work, session, renewed)
    return renewed, fresh


async def _end(work: Work, session: Session, action: A, now: datetime, wall_now: datetime) -> None:
    await sessions.save(work, session, replace(session, ended_at=wall_now))
    ended = RightsReason.SESSION_ENDED
    work.append(rights.of_session(session.person_id, session.id, ended, now, action, session.person_id))


async def _tokens(
    session: Session, refresh_token: str, now: datetime, wall_now: datetime, language: Language
) -> Tokens:
    access_token, expires_at = _minting().access(session, wall_now)
    viewer = await _viewer(Pass(session.person_id, session.id, expires_at), now, wall_now, language)
    credential = await people.credential(session.person_id)
    must_change = credential is not None and credential.must_change
    return Tokens(access_token, refresh_token, expires_at, viewer, must_change)


def _minting() -> Mint:
    if _mint is None:
        raise RuntimeError("no token keys: call sessions.install first")
    return _mint


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
