"""One batch per kind of row and operation: what keeps a nested page free of one statement per row."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from db import (
    assignments,
    cases,
    clocks,
    complainants,
    dictionaries,
    followups,
    grids,
    incidents,
    media,
    orgs,
    people,
    regions,
    supervisions,
    verifications,
)
from db.integration import documents, keys
from db.loop import merges, requests, scores, statements, whistles
from db.rulebook import changes, entries
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.incident import Incident
from domain.viewer import Viewer

K = TypeVar("K")
V = TypeVar("V")

Read = Callable[..., Awaitable[Mapping[UUID, Any]]]

# One row by its id; None when it is absent or invisible. Named by GraphQL type.
ONE: Mapping[str, Read] = {
    "Assignment": assignments.get,
    "Case": cases.cases,
    "Category": dictionaries.get,
    "Clock": clocks.get,
    "Complainant": complainants.get,
    "DictionaryChange": changes.get,
    "DispatchRule": entries.RULES.get,
    "Document": documents.get,
    "DutyItem": entries.DUTIES.get,
    "FollowUp": followups.get,
    "Grid": grids.get,
    "Incident": incidents.get,
    "IntegrationKey": keys.get,
    "Media": media.get,
    "OrgUnit": orgs.get,
    "Person": people.get,
    "PolicyValue": entries.POLICIES.get,
    "Post": people.get_posts,
    "Region": regions.get,
    "Request": requests.get,
    "RuleUse": entries.uses,
    "Statement": statements.get,
    "Verification": verifications.get,
    "Whistle": whistles.get,
    "WhistleCall": whistles.get_calls,
}

# The rows that hang on another, in their order. Named by both types.
MANY: dict[str, Read] = {
    "Assignment.incident": assignments.of_incidents,
    "Clock.incident": clocks.of_incidents,
    "Clock.assignment": clocks.of_assignments,
    "DictionaryChange.subject": changes.of_subjects,
    "FollowUp.incident": followups.of_incidents,
    "Incident.master": merges.of_masters,
    "Media.incident": media.of_incidents,
    "Pause.clock": clocks.pauses_of,
    "Post.person": people.posts_of,
    "Note.incident": incidents.notes_of,
    "Request.incident": requests.of_incidents,
    "Statement.request": statements.of_requests,
    "ScoreEntry.incident": scores.of_incidents,
    "Supervision.incident": supervisions.of_incidents,
    "Verification.incident": verifications.of_incidents,
    "Whistle.incident": whistles.of_incidents,
    "WhistleCall.whistle": whistles.calls_of,
}

# The same, as they stand at a moment.
DATED: dict[str, Read] = {"Person.grid": people.workers}


class Shared(DataLoader[K, V]):
    """Answers that many fields await: one that is cancelled, as a failed field's siblings are, leaves them whole."""

    def load(self, key: K) -> Awaitable[V]:
        """The answer; the same for whoever asks."""
        return asyncio.shield(super().load(key))


class Loaders:
    """The loaders of one operation, made when first asked for; they read with the viewer's rights."""

    def __init__(self, viewer: Viewer | None, now: Callable[[], Awaitable[datetime]]) -> None:
        self._viewer = viewer
        self._now = now
        self._made: dict[str, Shared[UUID, Any]] = {}
        self._shown: dict[UUID, Incident] = {}

    def __getitem__(self, name: str) -> Shared[UUID, Any]:
        """The loader of that name in `ONE` or `MANY`."""
        if name not in self._made:
            self._made[name] = Shared(load_fn=self._batch(name))
        return self._made[name]

    def case_of(self, incident: Incident) -> Awaitable[Case | None]:
        """The whole case of an incident that was read for the viewer in this operation."""
        self._shown[incident.id] = incident
        return self["Case"].load(incident.id)

    def clear(self) -> None:
        """Forget every row: the next read sees the store as it is then."""
        self._made.clear()
        self._shown.clear()

    def _batch(self, name: str) -> Callable[[Sequence[UUID]], Awaitable[list[Any]]]:
        async def load(ids: Sequence[UUID]) -> list[Any]:
            if self._viewer is None:
                raise DomainError(ErrorCode.UNAUTHENTICATED)
            if name in ONE:
                known = {"shown": self._shown} if name == "Case" else {}
                row = await ONE[name](ids, viewer=self._viewer, **known)
                return [row.get(identity) for identity in ids]
            when = (await self._now(),) if name in DATED else ()
            rows = await (MANY | DATED)[name](ids, *when, viewer=self._viewer)
            return [rows.get(identity, []) for identity in ids]

        return load
