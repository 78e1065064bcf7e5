"""What the resolvers of one operation share; made for one operation and never kept longer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from api.bound import Bound
from api.feed.cursors import Signer
from api.feed.feed import Feed
from api.feed.history import Asked
from api.feed.items import Stretch
from api.feed.presence.attendance import Attendee
from api.limits import Rates
from api.loaders import Loaders, Shared
from db import dictionaries
from db.dictionaries import Rulebook
from domain.errors import DomainError, ErrorCode
from domain.integration.document import Form
from domain.masking import protected_from
from domain.term import Language
from domain.viewer import Viewer
from services.command import Call, business_now, new_id


def _unchecked(_text: str, _language: Language) -> Form:
    """Where no engine checks documents none is stored."""
    raise DomainError(ErrorCode.FEATURE_DISABLED)


@dataclass(slots=True, kw_only=True)
class Context:
    """One operation's viewer (None before sign-in), language, loaders and doors to the rest.

    `address` is the caller's network address, `attendee` the socket it sits on, if it does; `clock` gives the
    business time (design §6). `bound` is what the integration key may run that acts for the viewer, `check_document`
    says what a text is that shall be stored.
    """

    viewer: Viewer | None
    signer: Signer
    feed: Feed
    rates: Rates
    language: Language = Language.ZH
    address: str = ""
    attendee: Attendee | None = None
    bound: Bound | None = None
    check_document: Callable[[str, Language], Form] = _unchecked
    clock: Callable[[], Awaitable[datetime]] = business_now
    _loaders: Loaders | None = field(default=None, init=False)
    _histories: Shared[Asked, Stretch] | None = field(default=None, init=False)
    _now: datetime | None = field(default=None, init=False)
    _rulebook: Rulebook | None = field(default=None, init=False)
    _reading: asyncio.Lock | None = field(default=None, init=False)

    @property
    def loaders(self) -> Loaders:
        """The loaders under the viewer's rights; a compiled read needs none."""
        if self._loaders is None:
            self._loaders = Loaders(self.viewer, self.now)
        return self._loaders

    @property
    def histories(self) -> Shared[Asked, Stretch]:
        """The pages of cases' histories, read in one batch."""
        if self._histories is None:
            self._histories = Shared(load_fn=self.feed.of_incidents)
        return self._histories

    def require_viewer(self) -> Viewer:
        """Who asks; UNAUTHENTICATED before sign-in."""
        if self.viewer is None:
            raise DomainError(ErrorCode.UNAUTHENTICATED)
        return self.viewer

    def require_person(self) -> Viewer:
        """Who asks in person; UNAUTHENTICATED before sign-in, FORBIDDEN where an integration key acts for them."""
        viewer = self.require_viewer()
        if viewer.key_id is not None:
            raise DomainError(ErrorCode.FORBIDDEN)
        return viewer

    def for_class(self, viewer: Viewer) -> "Context":
        """The context in which all of a class read an item of a stream: it holds no socket and no address."""
        return Context(
            viewer=viewer,
            signer=self.signer,
            feed=self.feed,
            rates=self.rates,
            language=self.language,
            check_document=self.check_document,
            clock=self.clock,
        )

    def become(self, viewer: Viewer) -> None:
        """Answer the rest of a sign-in under the rights it gave."""
        self.viewer = viewer
        self._loaders = None

    def keep_out(self, incident_id: UUID) -> None:
        """Read the rest under the rights of before, but offer nothing more of that case: its viewer keeps out (R82)."""
        viewer, loaders = self.require_viewer(), self.loaders
        self.become(replace(viewer, recused=viewer.recused | {incident_id}))
        self._loaders = loaders

    def renew(self, viewer: Viewer, expires_at: datetime) -> None:
        """Answer the rest under renewed rights; a socket of the same session stays open until then."""
        if self.attendee is not None and self.attendee.viewer.session_id == viewer.session_id:
            self.attendee.renew(expires_at)
        self.become(viewer)

    async def now(self) -> datetime:
        """The business time, the same for the whole operation."""
        if self._now is None:
            self._now = await self.clock()
        return self._now

    async def rulebook(self) -> Rulebook:
        """The policy and the calendar in force, read once however many clocks ask."""
        self._reading = self._reading or asyncio.Lock()
        async with self._reading:
            if self._rulebook is None:
                self._rulebook = await dictionaries.rulebook(await self.now())
            return self._rulebook

    async def call(self, key: UUID | None = None) -> Call:
        """Who runs a command, when, with which ids, under which idempotency key; as `require_person`."""
        return Call(actor=self.require_person(), now=await self.now(), new_id=new_id, key=key)

    async def hides_actor(self, incident_id: UUID | None, person_id: UUID) -> bool:
        """Whether naming who acted would name the reporter of a case that complains about the viewer's unit (R81).

        A case that is not visible any more cannot be asked, so it hides who acted.
        """
        if incident_id is None:
            return False
        incident = await self.loaders["Incident"].load(incident_id)
        if incident is None:
            return True
        return person_id == incident.reporter_id and protected_from(
            self.require_viewer(), incident.complained_org_id
        )

    def refresh(self) -> None:
        """Forget rows and time: the next item of a stream shows both as they are then."""
        self._now = self._rulebook = None
        self._loaders = None
        self._histories = None
