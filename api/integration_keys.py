"""Integration keys at the door: who comes in by one, and that its use and its refusals are written down."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog

from api.bound import Bound
from api.limits import Rates
from domain.integration.key import NOTED_EVERY, PREFIX, IntegrationKey
from domain.term import Language
from domain.viewer import Viewer
from services import integration_keys
from services.clocks import business_now
from services.integration_keys import KeyRefusedError

log = structlog.get_logger(__name__)

_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class LetIn:
    """Who acts by a key, what it may run, and until when (wall time; None: no end)."""

    viewer: Viewer
    bound: Bound
    expires_at: datetime | None


class KeyDesk:
    """One per process. What it writes down it writes beside the requests, once a minute for each key at most."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._noted: dict[tuple[UUID, str], datetime] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def let_in(self, secret: str, language: Language, address: str) -> LetIn:
        """Who comes in by a secret.

        UNAUTHENTICATED for one that opens nothing; such tries count as sign-ins of the address: RATE_LIMITED.
        """
        wall_now = datetime.now(UTC)
        try:
            known = await integration_keys.admit(
                secret, now=await business_now(), wall_now=wall_now, language=language
            )
        except KeyRefusedError as refusal:
            await self._rates.sign_in(address)
            await self._refused(refusal, address)
            raise
        key = known.key
        self._note(key, "USED", integration_keys.note_use(key, wall_now))
        bound = Bound(known.document, lambda: self._misused(key))
        return LetIn(known.viewer, bound, key.expires_at)

    async def settle(self) -> None:
        """Returns when everything is written down."""
        while self._writing:
            await asyncio.wait(self._writing)

    async def _refused(self, refusal: KeyRefusedError, address: str) -> None:
        key = refusal.key
        log.warning(
            "integration_key_refused", why=refusal.why, key=str(key.id) if key else None, address=address
        )
        if key is not None:
            self._note(
                key, refusal.why, integration_keys.note_refusal(key, refusal.why, await business_now())
            )

    def _misused(self, key: IntegrationKey) -> None:
        why = "OTHER_DOCUMENT"
        log.warning("integration_key_refused", why=why, key=str(key.id))
        self._note(key, why, _told(key, why))

    def _note(self, key: IntegrationKey, what: str, writing: Coroutine[Any, Any, None]) -> None:
        """Begin to write, unless the same was written about the key a moment ago."""
        now, last = datetime.now(UTC), self._noted.get((key.id, what))
        if last is not None and now - last < NOTED_EVERY:
            writing.close()
            return
        self._noted[key.id, what] = now
        task = asyncio.create_task(writing, name="integration key, note")
        self._writing.add(task)
        task.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("integration_key_not_noted", error=type(error).__name__)


def secret_of(authorization: object) -> str | None:
    """The integration key in `Bearer fqk_…`; None for any other credential."""
    if not isinstance(authorization, str) or PREFIX not in authorization:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    secret = token.strip()
    return secret if scheme.lower() == _SCHEME and secret.startswith(PREFIX) else None


async def _told(key: IntegrationKey, why: str) -> None:
    await integration_keys.note_refusal(key, why, await business_now())
