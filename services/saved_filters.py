"""Filters that a person keeps under a name: the owner's alone, so the log of events says nothing of them."""

from dataclasses import dataclass, replace
from uuid import UUID

from db import saved_filters
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.permission import permit
from domain.saved_filter import NAME, FilterNoun, SavedFilter, check_beside, check_noun, check_room
from domain.text import line
from services.command import Call, Result, check_version, perform


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFilter:
    """A filter under a name; `conditions` is the filter's input as canonical JSON."""

    noun: FilterNoun
    name: str
    conditions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseFilter:
    """Another name or other conditions for the filter `id`; `noun` is that of the conditions, if there are any."""

    id: UUID
    expected_version: int
    name: str | None = None
    noun: FilterNoun | None = None
    conditions: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteFilter:
    """Forget the filter `id`."""

    id: UUID
    expected_version: int


async def save(call: Call, given: SaveFilter) -> Result:
    """Keep a filter; `made["saved_filter"]`. BAD_INPUT (name), GUARD_FAILED beyond the most a person keeps."""
    permit(call.actor, A.saveFilter)

    async def body(work: Work) -> Result:
        name = line(given.name, "name", most=NAME)
        others = await saved_filters.load_all(work, call.actor.person_id)
        check_room(others)
        check_beside(name, given.noun, others)
        saved = SavedFilter(
            id=call.new_id(),
            person_id=call.actor.person_id,
            noun=given.noun,
            name=name,
            conditions=given.conditions,
            saved_at=call.now,
        )
        await saved_filters.insert(work, saved)
        return _told(saved)

    return await perform(call, A.saveFilter, given, body)


async def revise(call: Call, given: ReviseFilter) -> Result:
    """Change a filter; `made["saved_filter"]`. NOT_FOUND, CONFLICT, BAD_INPUT (name, or conditions of another noun)."""
    permit(call.actor, A.reviseFilter)

    async def body(work: Work) -> Result:
        before, others = await saved_filters.load(work, call.actor.person_id, given.id)
        check_version(before.version, given.expected_version)
        check_noun(before.noun, given.noun or before.noun)
        name = before.name if given.name is None else line(given.name, "name", most=NAME)
        check_beside(name, before.noun, others)
        conditions = before.conditions if given.conditions is None else given.conditions
        after = replace(
            before, name=name, conditions=conditions, saved_at=call.now, version=before.version + 1
        )
        await saved_filters.save(work, before, after)
        return _told(after)

    return await perform(call, A.reviseFilter, given, body)


async def delete(call: Call, given: DeleteFilter) -> Result:
    """Forget a filter; `made["saved_filter"]`. NOT_FOUND, CONFLICT."""
    permit(call.actor, A.deleteFilter)

    async def body(work: Work) -> Result:
        saved, _ = await saved_filters.load(work, call.actor.person_id, given.id)
        check_version(saved.version, given.expected_version)
        await saved_filters.delete(work, saved)
        return _told(saved)

    return await perform(call, A.deleteFilter, given, body)


def _told(saved: SavedFilter) -> Result:
    return Result(made={"saved_filter": (saved.id,)})
