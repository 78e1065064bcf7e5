"""Keeping out of a case one is related to (R82)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5


@dataclass(frozen=True, slots=True, kw_only=True)
class Recusal:
    """回避: a person who declared an interest in a case neither sees it nor does anything in it."""

    id: UUID
    incident_id: UUID
    person_id: UUID
    reason: str
    at: datetime


def carried(known: Collection[Recusal], one: UUID, other: UUID, at: datetime) -> list[Recusal]:
    """R82, T7: two merged cases are one matter: what is to be added so that who keeps out of one keeps out of both."""
    out = {(it.incident_id, it.person_id) for it in known}
    return [
        replace(it, id=_carried_id(it, target), incident_id=target, at=at)
        for source, target in ((one, other), (other, one))
        for it in known
        if it.incident_id == source and (target, it.person_id) not in out
    ]


def taken_back(known: Collection[Recusal], one: UUID, other: UUID) -> list[Recusal]:
    """T7u: what the merge of these two had carried from one to the other, as if never merged."""
    ids = {
        _carried_id(replace(it, incident_id=source), target)
        for it in known
        for source, target in ((one, other), (other, one))
    }
    return [it for it in known if it.id in ids]


def _carried_id(declared: Recusal, target: UUID) -> UUID:
    """The same for one merge, so that it is known again when that is undone."""
    return uuid5(target, f"carried from {declared.incident_id} for {declared.person_id}")
