"""Revisions of categories and units that were set for later, and hold from now on (S40): what time alone triggers."""

from collections.abc import Mapping
from datetime import datetime
from types import ModuleType
from uuid import UUID

from db import dictionaries, orgs
from db.rulebook import categories, changes
from db.unit_of_work import Work
from domain.dictionary import DictionaryNoun
from domain.event import Event, EventKind, Subject

_KEPT: Mapping[DictionaryNoun, tuple[str, ModuleType]] = {
    DictionaryNoun.CATEGORY: ("Category", categories),
    DictionaryNoun.ORG_UNIT: ("OrgUnit", orgs),
}


async def take_effect(work: Work, noun: DictionaryNoun, subject_id: UUID, now: datetime) -> bool:
    """The entry becomes what its newest version that holds by now says; False where another was faster.

    Running cases keep the version that they were given (trap 18).
    """
    dictionaries.changing(work)
    await changes.alone(work)
    name, table = _KEPT[noun]
    before = await table.load(work, subject_id)
    data = await changes.planned(work, noun, subject_id, before.version, now)
    if not data:
        return False
    after = table.as_set(before, data)
    await table.save(work, before, after)
    subject = Subject(name, subject_id, after.version)
    work.append(
        Event(at=now, kind=EventKind.DICTIONARY, subject=subject, row="S40", data={"code": after.code})
    )
    return True
